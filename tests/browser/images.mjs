// Makes the pictures of the documentation from the running demo: `npm run images`. The tests never
// write there, so that a picture changes only when somebody means it to.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { startDemo } from "./gateway.mjs";
import { PHONE, administer, openBrowser, openPage, walk } from "./person.mjs";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const wide = { width: 960, height: 720 };
const looks = [
  { suffix: "light", options: { colorScheme: "light", viewport: wide } },
  { suffix: "dark", options: { colorScheme: "dark", viewport: wide } },
  { suffix: "phone", options: { colorScheme: "light", viewport: PHONE } },
];
const wanted = new Set(["sign-in", "choose", "code", "confirm", "echo", "stuck"]);

/** The administrators' portal: the users, and a draft that would stop some of them. */
async function administration(demo, page) {
  const picture = async (name) => {
    await page.mouse.move(0, 0);
    await page.screenshot({ path: `${folder}${name}.png`, animations: "disabled" });
  };
  await administer(demo, page);
  await page.locator(".side").getByRole("link", { name: "Users" }).click();
  await page.getByText("bob@example.org").waitFor();
  await picture("admin-users");
  await page.goto(`http://127.0.0.1:${demo.adminPort}/directories/demo/authentication`);
  await page.getByLabel("Required Authentication Level score").fill("40");
  await page.locator("#preview").getByText("2 cannot").waitFor();
  await picture("admin-authentication");
}

mkdirSync(folder, { recursive: true });
const browser = await openBrowser();
try {
  const demo = await startDemo();
  try {
    await administration(demo, await openPage(browser, { viewport: { width: 1280, height: 1240 } }));
  } finally {
    await demo.stop();
  }
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
