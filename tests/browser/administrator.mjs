// An administrator of the demo in a real browser: signed in with 40 points, and what every page of theirs is
// held to. Not here: what a page is for.
import assert from "node:assert/strict";

import { AxeBuilder } from "@axe-core/playwright";

import { journey, shots } from "./journey.mjs";
import { PHONE, administer } from "./person.mjs";

/** A demo with an administrator signed in: a code of an app is good once. */
export function administration(name, options, steps) {
  journey(name, options, async (demo, page) => {
    try {
      await administer(demo, page);
      await steps(page, demo);
    } finally {
      await page.screenshot({ path: `${shots}admin-last.png`, fullPage: true });
    }
  });
}

export async function assertAccessible(page, where) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((one) => [where, one.id, one.nodes[0].html]), []);
}

/** Light and dark, on a wide screen and at 360 px: nothing is too wide, and axe finds nothing. */
export async function assertLooks(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const [size, viewport] of [["wide", WIDE.viewport], ["phone", { ...PHONE, width: 360 }]]) {
      await page.setViewportSize(viewport);
      await page.screenshot({ path: `${shots}${name}-${colorScheme}-${size}.png`, fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} ${size} ${colorScheme}: ${overflow} px too wide`);
      await assertAccessible(page, `${name} ${size} ${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(WIDE.viewport);
}

export const WIDE = { viewport: { width: 1280, height: 900 } };
