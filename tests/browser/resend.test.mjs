// Asking for another code. A new one is sent half a minute after the first, so this waits for the
// page to say so; it runs beside the other journeys.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { sentCode, startDemo } from "./gateway.mjs";
import { on, openBrowser, openPage, typeCode, typePassword } from "./person.mjs";

let browser;
let demo;

before(async () => {
  browser = await openBrowser();
});

beforeEach(async () => {
  demo = await startDemo();
});

afterEach(() => demo?.stop());

after(() => browser?.close());

async function toTheCode(page) {
  await page.goto(demo.url);
  await typePassword(page, "bob");
  await on(page).code().waitFor();
  await page.getByText(/problems with the code/i).click();
}

test("asked for at once and without a script, it names the time and sends nothing", async () => {
  const page = await openPage(browser, { javaScriptEnabled: false });
  await toTheCode(page);
  const sent = (await demo.inbox()).length;
  await on(page).button(/send a new code/i).click();
  await page.getByText(/you can ask for a new code at/i).first().waitFor();
  assert.equal((await demo.inbox()).length, sent);
  await page.context().close();
});

test("asked for when the page says so, a new code comes and the old one stays good", async () => {
  const page = await openPage(browser);
  await toTheCode(page);
  const first = await sentCode(demo, "bob");
  const sent = (await demo.inbox()).length;
  await page.getByText(/you can ask for a new code now/i).first().waitFor({ timeout: 75_000 });
  await on(page).button(/send a new code/i).click();
  await page.getByText(/we sent a new code/i).first().waitFor();
  assert.equal((await demo.inbox()).length, sent + 1);
  await typeCode(page, first);
  await page.waitForURL((url) => url.pathname === "/");
  await page.context().close();
});
