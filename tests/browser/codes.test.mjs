// Codes by text message in a real browser: sent, masked, filled in, and without JavaScript.
import assert from "node:assert/strict";

import { AxeBuilder } from "@axe-core/playwright";

import { journey } from "./journey.mjs";
import { PHONE, on, otherThan, typeCode, typePassword } from "./person.mjs";

async function textedCode(demo) {
  const [text] = (await demo.inbox()).filter((message) => message.channel === "sms");
  assert.match(text.text, /\n\n@(localhost|127\.0\.0\.1) #\d{6}$/);
  assert.equal(text.to, "+31612345689");
  assert.equal(text.subject, null);
  return text.code;
}

async function toTextMessage(demo, page) {
  await page.goto(demo.url);
  await typePassword(page, "anna");
  const choice = on(page).button(/^text message/i);
  assert.match(await choice.innerText(), /number ending in 89/i);
  await choice.click();
  await on(page).heading(/check your phone/i).waitFor();
}

for (const [how, options] of [
  ["with JavaScript", {}],
  ["without JavaScript", { javaScriptEnabled: false }],
  ["on a phone in the dark", { viewport: PHONE, colorScheme: "dark" }],
]) {
  journey(`a text message leads anna to the portal, ${how}`, options, async (demo, page) => {
    await toTextMessage(demo, page);
    const code = await textedCode(demo);
    const field = on(page).code();
    assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
    assert.equal(await field.getAttribute("inputmode"), "numeric");
    assert.equal(await field.getAttribute("type"), "text");
    assert.equal(await field.getAttribute("maxlength"), null);
    assert.doesNotMatch(await page.locator("body").innerText(), /612345689/);
    if (options.javaScriptEnabled !== false) {
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map((violation) => violation.id), []);
    }
    await typeCode(page, otherThan(code));
    await on(page).alert().waitFor();
    const spaced = `${code.slice(0, 3)} \u2013 ${code.slice(3)}`;
    await typeCode(page, spaced);
    await page.waitForURL((url) => !url.pathname.startsWith("/.scoregate/"));
  });
}

journey("a browser that reads text messages fills the code in and does not send it", {}, async (demo, page) => {
  // Chromium on a desktop has no phone: what it would hand over is put in its place.
  await page.addInitScript(() => {
    window.OTPCredential = class {};
    window.asked = [];
    const get = (options) => {
      window.asked.push(JSON.stringify(options.otp));
      return new Promise((resolve, reject) => {
        window.arrive = (code) => resolve({ code });
        options.signal.addEventListener("abort", () => {
          window.asked.push("stopped");
          reject(new DOMException("", "AbortError"));
        });
      });
    };
    Object.defineProperty(navigator, "credentials", { value: { get } });
  });
  await toTextMessage(demo, page);
  assert.deepEqual(await page.evaluate(() => window.asked), ['{"transport":["sms"]}']);
  await page.evaluate(() => window.arrive("123456"));
  assert.equal(await on(page).code().inputValue(), "123456");
  assert.match(page.url(), /code\/sms/);
});

journey("in Dutch the page and the message are Dutch", { locale: "nl-NL" }, async (demo, page) => {
  await page.goto(demo.url);
  await page.getByRole("textbox", { name: /gebruikersnaam/i }).fill("anna");
  await page.getByLabel(/^wachtwoord$/i).fill("demo-anna");
  await on(page).button(/^inloggen$/i).click();
  await on(page).button(/^sms/i).click();
  await on(page).heading(/kijk op je telefoon/i).waitFor();
  const [text] = (await demo.inbox()).filter((message) => message.channel === "sms");
  assert.match(text.text, /^\d{6} is je inlogcode voor Example\. Deel de code met niemand\./);
});
