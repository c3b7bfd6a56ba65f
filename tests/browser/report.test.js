// The report in a browser: readable in both themes and on a telephone, one file, and text where text was
// written.

import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import test from "node:test";
import { isSound, newPage, overflowing, SCHEMES, SIZES, violations, withBrowser } from "./browser.js";
import { address, madeUp, reportOf, shots } from "./pages.js";

const MEGABYTE = 1_000_000;

for (const scenario of ["zonal-latency", "full-cycle"]) {
  test(`the report of ${scenario} is sound at every size and in every theme`, async () => {
    const file = await reportOf(scenario);
    assert.ok((await stat(file)).size < MEGABYTE);
    await withBrowser(async (context) => {
      for (const size of SIZES) {
        for (const scheme of SCHEMES) {
          const opened = await newPage(context, size, scheme);
          const { page, requests } = opened;
          await page.goto(address(file));
          await isSound(opened);
          assert.deepEqual(requests, [address(file)], "asks the network for nothing");
          const shown = await page.locator(".chart > div:visible svg").count();
          assert.equal(shown, 3, "one drawing of each chart is shown");
          await page.screenshot({ path: `${shots}/${scenario}-${size.width}-${scheme}.png`, fullPage: true });
          // What is folded away fits too; its markup is the same in every theme, so axe reads it once.
          await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
          assert.deepEqual(await overflowing(page), [], "sticks out, opened");
          if (size === SIZES[0] && scheme === "light") assert.deepEqual(await violations(page), [], "axe, opened");
          await page.close();
        }
      }
    });
  });
}

test("what an account tells of an incident is sound at every size and in every theme", async () => {
  const file = await madeUp("account");
  await withBrowser(async (context) => {
    for (const size of SIZES) {
      for (const scheme of SCHEMES) {
        const opened = await newPage(context, size, scheme);
        const { page } = opened;
        await page.goto(address(file));
        await isSound(opened);
        await page.getByRole("heading", { name: "What is not known" }).waitFor();
        assert.equal(await page.getByRole("heading", { name: "With Evac, and without" }).count(), 0);
        await page.screenshot({ path: `${shots}/account-${size.width}-${scheme}.png`, fullPage: true });
        await page.close();
      }
    }
  });
});

test("charts have their axes labelled with units, and series differ without colour", async () => {
  const file = await reportOf("zonal-latency");
  await withBrowser(async (context) => {
    const { page } = await newPage(context, SIZES[0], "light");
    await page.goto(address(file));
    const charts = page.locator(".chart .wide");
    const texts = await charts.evaluateAll((all) => all.map((one) => one.textContent));
    assert.match(texts[0], /% of requests/);
    assert.match(texts[1], /p99\), ms/);
    assert.match(texts[2], /a minute/);
    for (const text of texts.slice(0, 2)) for (const zone of ["use1-az1", "use1-az2", "use1-az3"]) assert.match(text, new RegExp(zone));
    const dashes = await charts.first().evaluate((chart) => {
      const looks = [...chart.querySelectorAll("polyline")].map((line) => {
        const style = getComputedStyle(line);
        return `${style.stroke} ${style.strokeDasharray}`;
      });
      return [...new Set(looks)];
    });
    const series = dashes.filter((look) => !look.startsWith("rgb(141"));
    const patterns = new Set(series.map((look) => look.replace(/^rgb\([^)]*\) /, "")));
    assert.ok(patterns.size >= 3, `three patterns for three zones: ${dashes.join("; ")}`);
    assert.equal(await page.locator(".chart").evaluateAll((all) => all.filter((one) => one.ariaLabel?.length > 40).length), 3);
    assert.equal(await page.locator("figure details table").count(), 3);
  });
});

test("six hours of six zones fit in a megabyte, and open fast", async () => {
  const file = await madeUp("six-hours");
  const { size } = await stat(file);
  assert.ok(size < MEGABYTE, `${size} bytes`);
  await withBrowser(async (context) => {
    const { page } = await newPage(context, SIZES[0], "light");
    await page.goto(address(file));
    const [elements, loaded] = await page.evaluate(() => [
      document.querySelectorAll("*").length,
      performance.getEntriesByType("navigation")[0].loadEventEnd,
    ]);
    // Time is told and not asserted: a busy machine must not fail the test. What decides it is the size.
    console.log(`six hours, six zones: ${size} bytes, ${elements} elements, loaded in ${loaded.toFixed(0)} ms`);
    assert.ok(elements < 12_000, `${elements} elements`);
  });
});

test("hostile names are text", async () => {
  const file = await madeUp("hostile");
  await withBrowser(async (context) => {
    for (const size of SIZES) {
      const { page, complaints, requests } = await newPage(context, size, "light");
      await page.goto(address(file));
      assert.deepEqual(complaints, [], "nothing was tried that the page's policy forbids");
      assert.deepEqual(requests, [address(file)]);
      assert.equal(await page.locator("script, img, iframe, object, link").count(), 0);
      assert.match(await page.title(), /^<\/title><\/style><script>/);
      assert.match(await page.locator("h1").textContent(), /<img src=x onerror=/);
      assert.equal(await page.evaluate(() => [...document.querySelectorAll("*")].filter((one) => one.getAttributeNames().some((name) => name.startsWith("on"))).length), 0);
      await page.close();
    }
  });
});
