// One Chromium for a file of tests, and what every page has to keep.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const SIZES = [
  { width: 1280, height: 900 },
  { width: 400, height: 800 },
];
export const SCHEMES = ["light", "dark"];

/** Opens a browser with a profile of its own, gives it to `use`, and clears everything away. */
export async function withBrowser(use) {
  const profile = await mkdtemp(join(tmpdir(), "evac-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: ARGUMENTS,
  });
  try {
    await use(context);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** A new page that notes what the console complains of and what is asked of the network. */
export async function newPage(context, size, scheme) {
  const page = await context.newPage();
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: scheme });
  const complaints = [];
  const requests = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  return { page, complaints, requests };
}

/** The elements that stick out of the page to the right, outside of boxes that scroll by themselves. */
export async function overflowing(page) {
  return page.evaluate(() => {
    const wide = document.documentElement.clientWidth;
    const scrolls = (element) => {
      for (let one = element.parentElement; one; one = one.parentElement) {
        const overflow = getComputedStyle(one).overflowX;
        if (one !== document.documentElement && one !== document.body && overflow !== "visible") return true;
      }
      return false;
    };
    const out = [];
    for (const element of document.querySelectorAll("body *")) {
      const box = element.getBoundingClientRect();
      if (box.width > 0 && box.right > wide + 0.5 && !scrolls(element)) {
        out.push(`${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} to ${box.right}`);
      }
    }
    if (document.documentElement.scrollWidth > wide) out.push(`the page: ${document.documentElement.scrollWidth} of ${wide}`);
    return out;
  });
}

/** Texts of a chart that lie over one another. */
export async function overlapping(page) {
  return page.evaluate(() => {
    const out = [];
    for (const svg of document.querySelectorAll("svg")) {
      const boxes = [...svg.querySelectorAll("text")]
        .map((text) => ({ text: text.textContent.trim(), box: text.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0);
      for (const [index, one] of boxes.entries()) {
        for (const other of boxes.slice(index + 1)) {
          const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
          const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
          if (across > 1 && down > 4) out.push(`${one.text} over ${other.text}`);
        }
      }
    }
    return out;
  });
}

/** What axe finds wrong. */
export async function violations(page) {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.map(
    (violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
}

/** What every page has to keep. */
export async function isSound({ page, complaints }) {
  assert.deepEqual(await overflowing(page), [], "sticks out");
  assert.deepEqual(await overlapping(page), [], "overlaps");
  assert.deepEqual(await violations(page), [], "axe");
  assert.deepEqual(complaints, [], "console");
}
