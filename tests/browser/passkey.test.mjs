// Passkeys in a real Chromium with its virtual authenticator: adding one, signing in by button and by
// autofill, one more step, a closed dialog, a passkey that was removed, and no JavaScript at all. Not here:
// what makes an answer right (src/methods/passkey.rs).
import assert from "node:assert/strict";

import { AxeBuilder } from "@axe-core/playwright";

import { journey as byName, shots } from "./journey.mjs";
import { PHONE, on, signIn, signOut, typePassword } from "./person.mjs";

/** A demo by its name `localhost`: browsers have no passkeys on an address. */
function journey(name, options, steps) {
  byName(name, options, (demo, page) => steps({ ...demo, url: `http://localhost:${demo.port}` }, page));
}

/** A device with a finger on it, until it is lifted. */
async function device(page, more = {}) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
    ...more,
  };
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  const set = (method, values) => cdp.send(`WebAuthn.${method}`, { authenticatorId, ...values });
  return {
    touched: (enabled) => set("setAutomaticPresenceSimulation", { enabled }),
    verified: (isUserVerified) => set("setUserVerified", { isUserVerified }),
    credentials: async () => (await set("getCredentials", {})).credentials,
    clear: () => set("clearCredentials", {}),
  };
}

const passkeyButton = (page) => on(page).button(/sign in with a passkey/i);
const inPortal = (page) => page.waitForURL((url) => !url.pathname.startsWith("/.scoregate/"));

async function addPasskey(demo, page) {
  await page.goto(`${demo.url}/.scoregate/me/passkeys`);
  await on(page).link(/^add a passkey$/i).click();
  await on(page).button(/^add passkey$/i).click();
  await page.getByText(/signs you in from now on/i).waitFor();
}

async function assertAccessible(page) {
  const found = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(found.violations.map((one) => [one.id, one.nodes[0]?.html]), []);
}

journey("bob adds a passkey, signs out, and signs in with the button", {}, async (demo, page) => {
  const own = await device(page);
  await signIn(demo, page, "bob");
  await addPasskey(demo, page);
  await assertAccessible(page);
  await page.screenshot({ path: `${shots}passkeys.png`, fullPage: true });
  const [credential] = await own.credentials();
  assert.equal(credential.rpId, "localhost");
  assert.equal(credential.isResidentCredential, true);
  await signOut(demo, page);
  await own.touched(false);
  await page.goto(demo.url);
  await passkeyButton(page).waitFor();
  await assertAccessible(page);
  await page.screenshot({ path: `${shots}sign-in-passkey.png`, fullPage: true });
  await own.touched(true);
  await passkeyButton(page).click();
  await inPortal(page);
  assert.match(await page.locator("body").innerText(), /welcome to the demo portal|bob/i);
});

journey("a passkey that the browser fills in signs in by itself", {}, async (demo, page) => {
  const own = await device(page);
  await signIn(demo, page, "bob");
  await addPasskey(demo, page);
  await signOut(demo, page);
  await own.touched(false);
  await page.goto(demo.url);
  const field = on(page).username();
  assert.equal(await field.getAttribute("autocomplete"), "username webauthn");
  await own.touched(true);
  await page.goto(demo.url);
  await inPortal(page);
});

journey("a passkey and a password open the page at level 40, either way round", {}, async (demo, page) => {
  const own = await device(page);
  await signIn(demo, page, "bob");
  await addPasskey(demo, page);
  // Password and mailed code: the passkey is the one step that is missing.
  await page.goto(`${demo.url}/payments`);
  const choose = on(page).button(/^passkey/i);
  const use = on(page).button(/^use passkey$/i);
  await choose.or(use).first().waitFor();
  if (await choose.isVisible()) await choose.click();
  await use.waitFor();
  await assertAccessible(page);
  await page.screenshot({ path: `${shots}passkey-step.png`, fullPage: true });
  await use.click();
  await page.waitForURL((url) => url.pathname === "/payments");

  await signOut(demo, page);
  await own.touched(false);
  await page.goto(`${demo.url}/payments`);
  await passkeyButton(page).waitFor();
  await own.touched(true);
  await passkeyButton(page).click();
  // The passkey is 30: the password is one of the ways on.
  await page.waitForURL((url) => !url.pathname.endsWith("/sign-in"));
  const password = on(page).button(/^password/i);
  await password.or(on(page).password()).first().waitFor();
  if (await password.isVisible()) await password.click();
  await on(page).password().fill("demo-bob");
  await on(page).button(/^continue$/i).click();
  await page.waitForURL((url) => url.pathname === "/payments");
});

journey("a closed dialog changes nothing, is not counted and is never called an error", {}, async (demo, page) => {
  const own = await device(page);
  await signIn(demo, page, "bob");
  await addPasskey(demo, page);
  await signOut(demo, page);
  await own.touched(false);
  await own.verified(false);
  await page.goto(demo.url);
  const address = page.url();
  for (let n = 0; n < 12; n += 1) {
    await own.touched(true);
    await passkeyButton(page).click();
    await page.getByText(/did not go through, or you closed it/i).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
  }
  assert.equal(page.url(), address);
  await own.touched(false);
  await typePassword(page, "bob");
  await on(page).button(/^e-mail/i).waitFor();
});

journey("a passkey that was removed is no longer known here", {}, async (demo, page) => {
  const own = await device(page);
  await signIn(demo, page, "bob");
  await addPasskey(demo, page);
  await page.locator("summary").click();
  await page.getByLabel(/^name$/i).fill("My laptop");
  await on(page).button(/^save name$/i).click();
  await page.getByText("My laptop").first().waitFor();
  await page.locator("summary").click();
  await on(page).link(/^remove$/i).click();
  await page.getByText("My laptop").first().waitFor();
  // It was not shown in this session: it waits, unless nothing has to wait, as in the demo.
  await on(page).button(/^remove$/i).click();
  await page.getByText(/it is removed/i).waitFor();
  await signOut(demo, page);
  await own.touched(false);
  await page.goto(demo.url);
  await passkeyButton(page).waitFor();
  await own.touched(true);
  await passkeyButton(page).click();
  await page.getByText(/no longer known here/i).waitFor();
  assert.equal(new URL(page.url()).pathname, "/.scoregate/sign-in");
});

journey("one more passkey asks all that bob can show, and a device with one says so", {}, async (demo, page) => {
  const own = await device(page);
  await signIn(demo, page, "bob");
  await addPasskey(demo, page);
  await on(page).link(/^add another passkey$/i).click();
  // Enrolment asks what can be reached now: the passkey has to be shown as well.
  const choose = on(page).button(/^passkey/i);
  const use = on(page).button(/^use passkey$/i);
  await choose.or(use).first().waitFor();
  if (await choose.isVisible()) await choose.click();
  await use.click();
  await on(page).button(/^add passkey$/i).click();
  await page.getByText(/already has a passkey for this account/i).waitFor();
  assert.equal((await own.credentials()).length, 1);
});

journey("a security key is a second step and signs in nobody", {}, async (demo, page) => {
  const key = await device(page, { transport: "usb", hasResidentKey: false, hasUserVerification: false, isUserVerified: false });
  await signIn(demo, page, "bob");
  await page.goto(`${demo.url}/.scoregate/me/passkeys`);
  await on(page).link(/^add a security key$/i).click();
  await on(page).button(/^add security key$/i).click();
  await page.getByText(/signs you in from now on/i).waitFor();
  assert.equal((await key.credentials())[0].isResidentCredential, false);
  await signOut(demo, page);
  await page.goto(demo.url);
  await typePassword(page, "bob");
  await on(page).button(/^security key/i).click();
  await on(page).button(/^use security key$/i).click();
  await inPortal(page);
});

journey("without JavaScript the page says so, and everything else works", { javaScriptEnabled: false }, async (demo, page) => {
  await page.goto(demo.url);
  const said = await page.locator("noscript .note").innerText();
  assert.match(said, /Passkeys need JavaScript\. Choose another way\./);
  assert.equal(await passkeyButton(page).isVisible(), false);
  await signIn(demo, page, "bob");
});

for (const [name, options] of [["light", {}], ["dark", { colorScheme: "dark" }], ["phone", { viewport: PHONE }]]) {
  journey(`the account page is shown whole: ${name}`, options, async (demo, page) => {
    await device(page);
    await signIn(demo, page, "bob");
    await page.goto(`${demo.url}/.scoregate/me/passkeys`);
    await assertAccessible(page);
    await page.screenshot({ path: `${shots}passkeys-none-${name}.png`, fullPage: true });
    await addPasskey(demo, page);
    await assertAccessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false);
    await page.screenshot({ path: `${shots}passkeys-${name}.png`, fullPage: true });
  });
}

byName("at an address where passkeys do not work, their page says where they do", {}, async (demo, page) => {
  await signIn(demo, page, "bob");
  await page.goto(`${demo.url}/.scoregate/me/passkeys`);
  await page.getByText(/do not work at this address.*localhost/i).waitFor();
});
