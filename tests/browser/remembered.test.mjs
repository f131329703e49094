// Remembering a device in a real browser: the box beside the code, the next sign-in, and forgetting it.
import assert from "node:assert/strict";

import { AxeBuilder } from "@axe-core/playwright";

import { sentCode } from "./gateway.mjs";
import { journey, shots } from "./journey.mjs";
import { PHONE, on, signOut, typeCode, typePassword } from "./person.mjs";

async function assertNothingFound(page, options) {
  if (options.javaScriptEnabled === false) return;
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((violation) => violation.id), []);
}

for (const [how, options] of [
  ["with JavaScript", {}],
  ["without JavaScript", { javaScriptEnabled: false }],
  ["on a phone in the dark", { viewport: PHONE, colorScheme: "dark" }],
]) {
  journey(`a remembered device asks for the password alone, ${how}`, options, async (demo, page) => {
    const arrived = () => page.waitForURL((url) => !url.pathname.startsWith("/.scoregate/"));
    await page.goto(demo.url);
    await typePassword(page, "anna");
    await on(page).button(/^e-mail/i).click();
    const box = page.getByLabel(/do not ask for the second step on this device for 30 days/i);
    assert.equal(await box.isChecked(), false);
    await assertNothingFound(page, options);
    await page.screenshot({ path: `${shots}remember-${how.replaceAll(" ", "-")}.png`, fullPage: true });
    await box.check();
    await typeCode(page, await sentCode(demo, "anna"));
    await arrived();
    await signOut(demo, page);
    await page.goto(demo.url);
    await typePassword(page, "anna");
    await arrived();
    await page.goto(`${demo.url}/.scoregate/me/devices`);
    await page.getByRole("heading", { name: /remembered devices/i }).waitFor();
    await assertNothingFound(page, options);
    await page.screenshot({ path: `${shots}remembered-${how.replaceAll(" ", "-")}.png`, fullPage: true });
    await on(page).button(/^forget/i).click();
    // This session leaned on it: the second step is asked for at once.
    await page.waitForURL((url) => /\/\.scoregate\/(next|confirm|code)/.test(url.pathname));
    await page.goto(demo.url);
    assert.match(page.url(), /\/\.scoregate\//);
  });
}
