// The pages that the tests look at: made anew for each run, by the program itself.

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = process.env.EVAC_BIN ?? `${root}/target/debug`;

export const evac = `${bin}/evac`;
export const shots = `${root}/target/browser`;

/** The page of a scenario, as a file; its address. */
export async function reportOf(scenario) {
  await mkdir(shots, { recursive: true });
  const file = `${shots}/${scenario}.html`;
  await run(evac, ["drill", "--scenario", scenario, "--speed", "2000", "--report", file], { maxBuffer: 1 << 26 });
  return file;
}

/** The page of an incident that never was. */
export async function madeUp(name) {
  await mkdir(shots, { recursive: true });
  const file = `${shots}/${name}.html`;
  const { stdout } = await run(`${bin}/examples/made-up`, [name], { maxBuffer: 1 << 26 });
  await writeFile(file, stdout);
  return file;
}

export const address = (file) => `file://${file}`;
