// A page that calls an address at a higher level, in a real browser: the gateway's script opens the challenge
// in a window and calls again. Not here: the challenge itself (demo.test.mjs).
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";

import { AxeBuilder } from "@axe-core/playwright";

import { appCode, ask, sentCode } from "./gateway.mjs";
import { journey, shots } from "./journey.mjs";
import { PHONE, on, signIn, signOut, typeCode, typePassword } from "./person.mjs";

const paid = (page) => page.locator("[data-paid]");
const dialog = (page) => page.locator("dialog.scoregate");

async function assertAccessible(page) {
  const found = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(found.violations.map((one) => [one.id, one.nodes[0]?.html]), []);
}

/** Presses the button, and Continue in the dialog; gives the window that opens. */
async function challenge(page) {
  await on(page).button(/^pay/i).click();
  const opened = page.context().waitForEvent("page");
  await dialog(page).getByRole("button", { name: /continue/i }).click();
  const window = await opened;
  await window.waitForLoadState();
  return window;
}

async function typeApp(demo, window, name) {
  const app = on(window).button(/^authenticator app/i);
  await app.or(on(window).code()).first().waitFor();
  if (await app.isVisible()) await app.click();
  await on(window).code().waitFor();
  await typeCode(window, appCode(demo, name));
}

journey("a call at level 40 is made again once the person has shown more, and the page stays", {}, async (demo, page) => {
  await signIn(demo, page, "anna");
  await page.evaluate(() => { window.stayed = "yes"; });
  const calls = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/payments/orders")) calls.push(request.method());
  });
  await on(page).button(/^pay/i).click();
  await dialog(page).waitFor();
  await assertAccessible(page);
  await page.screenshot({ path: `${shots}step-up.png` });
  assert.equal(page.context().pages().length, 1, "no window opens by itself");
  await dialog(page).getByRole("button", { name: /cancel/i }).click();
  await paid(page).getByText(/not paid/i).waitFor();

  const window = await challenge(page);
  assert.match(new URL(window.url()).pathname, /^\/\.scoregate\/confirm$/);
  assert.equal(await window.evaluate(() => window.opener), null, "the challenge has no handle on the page");
  await typeApp(demo, window, "anna");
  await paid(page).getByText(/paid: 12\.50 \(anna\)/i).waitFor();
  assert.deepEqual(calls, ["POST", "POST", "POST"], "refused, refused, and made again");
  assert.equal(await page.evaluate(() => window.stayed), "yes");
  await on(page).button(/^pay/i).click();
  await paid(page).getByText(/paid/i).waitFor();
  assert.equal(await dialog(page).count(), 0, "what was shown is not asked again");
});

journey("the end of a window's journey says what to do, on a small and dark screen too", {
  viewport: PHONE, colorScheme: "dark",
}, async (demo, page) => {
  await page.goto(`${demo.url}/.scoregate/sign-in?window=1&next=/`);
  await typePassword(page, "bob");
  await on(page).code().waitFor();
  await typeCode(page, await sentCode(demo, "bob"));
  await on(page).heading(/you are done/i).waitFor();
  assert.equal(new URL(page.url()).pathname, "/.scoregate/done");
  await on(page).button(/close this window/i).waitFor();
  await assertAccessible(page);
  await page.screenshot({ path: `${shots}step-up-done.png`, fullPage: true });
  await page.goto(demo.url);
  await on(page).button(/^pay/i).click();
  await dialog(page).waitFor();
  await assertAccessible(page);
  await page.screenshot({ path: `${shots}step-up-dark.png`, fullPage: true });
});

journey("after a session has ended, what was to be written is not sent as whoever signs in", {}, async (demo, page) => {
  await signIn(demo, page, "anna");
  const other = await page.context().newPage();
  await signOut(demo, other);
  await other.close();
  const answers = [];
  page.on("response", (answer) => {
    if (answer.url().endsWith("/payments/orders")) answers.push(answer.status());
  });
  const window = await challenge(page);
  assert.match(new URL(window.url()).pathname, /^\/\.scoregate\/sign-in$/);
  await page.evaluate(() => new BroadcastChannel("scoregate").postMessage("done"));
  await paid(page).getByText(/not paid/i).waitFor();
  assert.deepEqual(answers, [401]);
});

journey("a script that says it is done gets the same refusal", {}, async (demo, page) => {
  await signIn(demo, page, "anna");
  await on(page).button(/^pay/i).click();
  await dialog(page).waitFor();
  await page.evaluate(() => new BroadcastChannel("scoregate").postMessage("done"));
  await paid(page).getByText(/not paid/i).waitFor();
  assert.equal(await dialog(page).count(), 0, "it is asked once for a call");
});

journey("an answer that only looks like the gateway's opens nothing", {}, async (demo, page) => {
  await signIn(demo, page, "anna");
  const fakes = [
    [{}, `${demo.url}/.scoregate/confirm?tx=x`],
    [{ "x-scoregate-reference": "7F3K-Q2" }, "https://evil.test/.scoregate/confirm?tx=x"],
    [{ "x-scoregate-reference": "7F3K-Q2" }, `${demo.url}/evil/.scoregate/confirm`],
    [{ "x-scoregate-reference": "7F3K-Q2" }, `${demo.url}/.scoregate/sign-out`],
    [{ "x-scoregate-reference": "7F3K-Q2" }, "javascript:alert(1)"],
    [{ "x-scoregate-reference": "7F3K-Q2" }, undefined],
  ];
  for (const [headers, challenge_url] of fakes) {
    const body = JSON.stringify({ status: 401, challenge_url });
    await page.unrouteAll();
    await page.route("**/payments/orders", (route) => route.fulfill({ status: 401, headers, body }));
    assert.equal(await page.evaluate(async () => (await scoregate.fetch("/payments/orders")).status), 401);
    assert.equal(await dialog(page).count(), 0, challenge_url);
  }
  await page.unrouteAll();
});

journey("the script is small, public and the same for everybody", {}, async (demo) => {
  const file = new URL("../../src/web/assets/step-up.js", import.meta.url);
  assert.ok(statSync(file).size <= 2048, "at most 2 KiB");
  const answer = await ask(demo.port, "/.scoregate/step-up.js", { host: `${demo.host}:${demo.port}` });
  assert.equal(answer.status, 200);
  assert.equal(answer.body, readFileSync(file, "utf8"));
  assert.match(answer.headers["content-type"], /^text\/javascript/);
  assert.equal(answer.headers["set-cookie"], undefined);
});
