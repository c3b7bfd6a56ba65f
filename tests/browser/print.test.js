// The report on paper: white, whole, and with everything that happened.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import test from "node:test";
import { newPage, overflowing, withBrowser } from "./browser.js";
import { address, madeUp, reportOf, shots } from "./pages.js";

// A4 less its margins, in CSS pixels.
const PAPER = { width: 703, height: 1016 };

/** A page as it is printed by somebody whose theme is dark. */
async function onPaper(context, file) {
  const { page } = await newPage(context, PAPER, "dark");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.goto(address(file));
  return page;
}

const PAGES = [
  ["a drill", () => reportOf("full-cycle")],
  ["six hours of six zones", () => madeUp("six-hours")],
];
for (const [what, make] of PAGES) {
  test(`${what} is printed dark on white, and nothing is cut off`, async () => {
    const file = await make();
    await withBrowser(async (context) => {
      const page = await onPaper(context, file);
      const colours = await page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.documentElement);
        return [backgroundColor, color];
      });
      assert.deepEqual(colours, ["rgb(255, 255, 255)", "rgb(27, 31, 36)"]);
      assert.deepEqual(await overflowing(page), [], "sticks out");
      // Somebody who opened the tables wants them on paper.
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      const cut = await page.evaluate(() => {
        const boxes = [...document.querySelectorAll("table, .scroll, pre, svg")];
        const wide = document.documentElement.clientWidth;
        return boxes.map((box) => box.getBoundingClientRect().right).filter((right) => right > wide + 0.5);
      });
      assert.deepEqual(cut, [], "tables are cut off");
    });
  });

  test(`${what} has no chart across two pages, and what happened is not folded away`, async () => {
    const file = await make();
    await withBrowser(async (context) => {
      const page = await onPaper(context, file);
      const torn = await page.evaluate((height) => {
        const whole = [...document.querySelectorAll("figure, .bar, .figures")];
        const avoids = (one) => getComputedStyle(one).breakInside === "avoid";
        return whole.filter((one) => !avoids(one) || one.getBoundingClientRect().height > height).length;
      }, PAPER.height);
      assert.equal(torn, 0, "may be torn");
      const lines = page.locator("#timeline li");
      const count = await lines.count();
      assert.ok(count > 10, `${count} lines`);
      const shown = await lines.evaluateAll((all) => all.filter((one) => one.checkVisibility({ contentVisibilityAuto: true })).length);
      assert.equal(shown, count);
      assert.equal(await page.locator("figure summary:visible").count(), 0, "nothing to click");
      await writeFile(`${shots}/print.pdf`, await page.pdf({ format: "A4" }));
    });
  });
}
