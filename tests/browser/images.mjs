// Makes the pictures of the documentation from the running demo: `npm run images`. The tests never
// write there, so that a picture changes only when somebody means it to.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { startDemo } from "./gateway.mjs";
import { PHONE, openBrowser, openPage, walk } from "./person.mjs";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const wide = { width: 960, height: 720 };
const looks = [
  { suffix: "light", options: { colorScheme: "light", viewport: wide } },
  { suffix: "dark", options: { colorScheme: "dark", viewport: wide } },
  { suffix: "phone", options: { colorScheme: "light", viewport: PHONE } },
];
const wanted = new Set(["sign-in", "choose", "code", "confirm", "echo", "stuck"]);

mkdirSync(folder, { recursive: true });
const browser = await openBrowser();
try {
  for (const { suffix, options } of looks) {
    const demo = await startDemo();
    try {
      const page = await openPage(browser, options);
      await walk(demo, page, async (name) => {
        if (wanted.has(name)) {
          await page.screenshot({ path: `${folder}${name}-${suffix}.png`, animations: "disabled" });
        }
      });
      await page.context().close();
    } finally {
      await demo.stop();
    }
  }
} finally {
  await browser.close();
}
