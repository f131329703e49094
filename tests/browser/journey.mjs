// The frame of every journey: one browser for a file, and for each test a demo and a profile of its own, so
// that none lives on what another has used up. Not here: the steps.
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startDemo } from "./gateway.mjs";
import { openBrowser, openPage } from "./person.mjs";

/** Where pictures of pages are kept, to be looked at. */
export const shots = fileURLToPath(new URL("shots/", import.meta.url));

let browser;

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await openBrowser();
});

after(() => browser?.close());

/** A test with a demo and a fresh browser profile; both end with it. */
export function journey(name, options, steps) {
  test(name, { timeout: 180_000 }, async () => {
    const demo = await startDemo();
    try {
      const page = await openPage(browser, options);
      try {
        await steps(demo, page);
      } finally {
        await page.context().close();
      }
    } finally {
      await demo.stop();
    }
  });
}
