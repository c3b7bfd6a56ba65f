// The live view: somebody injects a fault, sees the verdict, acts as an operator, and Evac respects it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { createInterface } from "node:readline";
import test from "node:test";
import { isSound, newPage, SIZES, withBrowser } from "./browser.js";
import { evac, shots } from "./pages.js";

// What is waited for comes by the Region's clock; on a busy machine that may take long.
const PATIENCE = { timeout: 300_000 };

/** A live drill in which nothing goes wrong by itself; gives its address to `use`. */
async function withDrill(use) {
  const drill = spawn(evac, ["drill", "--serve", "--scenario", "healthy", "--speed", "60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const lines = createInterface({ input: drill.stdout });
    const [first] = await once(lines, "line");
    const [address] = first.match(/http:\/\/127\.0\.0\.1:\d+\//);
    await use(address);
  } finally {
    drill.kill("SIGINT");
    await once(drill, "exit");
  }
}

const incident = async (page, address) => (await page.request.get(`${address}incident`)).json();

test("a fault is injected, the verdict appears, and what an operator does is respected", async () => {
  await withDrill(async (address) => {
    await withBrowser(async (context) => {
      const opened = await newPage(context, SIZES[0], "light");
      const { page } = opened;
      page.setDefaultTimeout(PATIENCE.timeout);
      await page.goto(address);
      const news = page.getByRole("log", { name: "News" });
      const said = page.getByRole("status");

      await page.getByRole("group", { name: "Clock" }).getByLabel("Speed").selectOption("300");
      await page.getByRole("button", { name: "Set speed" }).click();
      await said.getByText("300 times").waitFor();

      // However busy the machine is, the operator acts before the alarm recovers.
      await page.getByLabel("Pause when traffic or capacity is changed").check();
      await said.getByText("stands still as soon as").waitFor();

      const customers = page.getByRole("group", { name: "Customers" });
      await customers.getByLabel("Zone").selectOption("use1-az2");
      // By keyboard, as well as by mouse.
      await customers.getByRole("button", { name: "Inject fault" }).focus();
      await page.keyboard.press("Enter");
      await said.getByText("A fault begins.").waitFor();
      await news.getByText(/fault begins: 60% of the requests to all of use1-az2/).waitFor();

      await news.getByText(/evacuate use1-az2: .* requests failed or were slow/).first().waitFor();
      await news.getByText(/traffic moves away from use1-az2/).waitFor();
      await page.locator("#verdicts").getByText(/requests failed or were slow/).first().waitFor();

      await page.locator("#state").getByText("paused").waitFor();
      await page.getByLabel("Pause when traffic or capacity is changed").uncheck();
      await said.getByText("goes on whatever").waitFor();

      const operator = page.getByRole("group", { name: "Operator" });
      await operator.getByRole("button", { name: "Cancel every shift" }).click();
      await news.getByText(/traffic returns to use1-az2/).waitFor();
      await page.getByRole("button", { name: "Go on" }).click();
      await news.getByText(/hold use1-az2: .* was ended/).first().waitFor();

      // Whatever comes again, Evac does not start anew what a person ended.
      await page.getByRole("button", { name: "Send the last event again" }).click();
      await news.getByText(/the event that came last comes again/).waitFor();
      const before = (await incident(page, address)).end;
      await assertLater(page, address, before);
      const after = await incident(page, address);
      const shifts = after.mutatingCalls.filter((call) => call.operation === "StartZonalShift");
      assert.equal(shifts.length, 1, "one shift, and none after the person's");
      assert.equal(after.invariants.find((one) => one.id === 7).holds, true);

      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator("#state").getByText("paused").waitFor();
      await isSound(opened);
      await page.screenshot({ path: `${shots}/live-1280.png`, fullPage: false });
      await page.setViewportSize(SIZES[1]);
      await isSound(opened);
      await page.screenshot({ path: `${shots}/live-400.png`, fullPage: false });
    });
  });
});

/** Waits until three more minutes of the Region's clock have passed. */
async function assertLater(page, address, before) {
  const until = Date.parse(before) + 180_000;
  for (;;) {
    const now = Date.parse((await incident(page, address)).end);
    if (now >= until) return;
    await page.waitForTimeout(200);
  }
}

/** A request as any program can make it, with these headers. */
const ask = (address, method, path, headers, body = "") =>
  new Promise((resolve, reject) => {
    const { port } = new URL(address);
    const asked = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    asked.on("error", reject);
    asked.end(body);
  });

test("nobody but the page itself may change the drill", async () => {
  await withDrill(async (address) => {
    const page = await fetch(address);
    const [, token] = (await page.text()).match(/name="evac-token" content="([0-9a-f]+)"/);
    const { host, origin } = new URL(address);
    const deed = JSON.stringify({ do: "pause" });
    const own = { host, origin, "x-evac-token": token };
    for (const [told, headers, status] of [
      ["its own page", own, 200],
      ["another origin", { ...own, origin: "http://evil.example" }, 403],
      ["no origin", { host, "x-evac-token": token }, 403],
      ["no token", { host, origin }, 403],
      ["another token", { ...own, "x-evac-token": "0".repeat(32) }, 403],
      ["another host", { ...own, host: "evil.example" }, 403],
    ]) {
      assert.equal(await ask(address, "POST", "/do", headers, deed), status, told);
    }
    for (const path of ["/", "/parts", "/incident", "/events"]) {
      assert.equal(await ask(address, "GET", path, { host: "evil.example" }), 403, path);
    }
    assert.equal(await ask(address, "GET", "/do", own), 405);
    assert.equal(await ask(address, "GET", "/elsewhere", own), 404);
    assert.equal(await ask(address, "POST", "/do", own, "{}"), 400);
    assert.equal(await ask(address, "POST", "/do", own, "x".repeat(10_000)), 413);
  });
});
