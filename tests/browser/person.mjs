// What a person does, in the words on the pages: fields by their labels, buttons by their names. The
// tests and the pictures of the documentation take the same walk.
import { existsSync } from "node:fs";

import { chromium } from "playwright-core";

import { appCode, sentCode } from "./gateway.mjs";

export const PHONE = { width: 360, height: 740 };

/** Debian's Chromium, or the one that CHROMIUM names. */
export function openBrowser() {
  return chromium.launch(browserOptions());
}

/** How that Chromium is started. */
export function browserOptions() {
  const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
  const executablePath = places.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error("Chromium is not there: ./tests/run installs it");
  // Chromium's sandbox refuses to run as root, which is who runs tests in a container.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return { executablePath, args };
}

/** A fresh browser profile, in English unless asked otherwise. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(10_000);
  return context.newPage();
}

export const on = (page) => ({
  heading: (name) => page.getByRole("heading", { level: 1, name }),
  alert: () => page.getByRole("alert").first(),
  username: () => page.getByRole("textbox", { name: /username/i }),
  password: () => page.getByLabel(/^password$/i),
  code: () => page.getByRole("textbox", { name: /^code$/i }),
  button: (name) => page.getByRole("button", { name }),
  link: (name) => page.getByRole("link", { name }),
});

export async function typePassword(page, name, password = `demo-${name}`) {
  await on(page).username().fill(name);
  await on(page).password().fill(password);
  await on(page).button(/^sign in$/i).click();
}

export async function typeCode(page, code) {
  await on(page).code().fill(code);
  await on(page).button(/^continue$/i).click();
}

/** A code that is certainly not the one. */
export function otherThan(code) {
  return code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
}

/** From the portal's front door to the portal: password, then the code that was mailed. */
export async function signIn(demo, page, name) {
  await page.goto(demo.url);
  await typePassword(page, name);
  const email = on(page).button(/^e-mail/i);
  await email.or(on(page).code()).first().waitFor();
  if (await email.isVisible()) await email.click();
  await on(page).code().waitFor();
  await typeCode(page, await sentCode(demo, name));
  await page.waitForURL((url) => !url.pathname.startsWith("/.scoregate/"));
}

/** From the portal up to the page at level 40, with the code of the app. */
export async function stepUp(demo, page, name, visit = async () => {}) {
  await page.goto(`${demo.url}/payments`);
  const app = on(page).button(/^authenticator app/i);
  await app.or(on(page).code()).first().waitFor();
  if (await app.isVisible()) {
    await visit("confirm");
    await app.click();
    await on(page).code().waitFor();
  }
  await visit("app");
  await typeCode(page, appCode(demo, name));
  await page.waitForURL((url) => url.pathname === "/payments");
}

/** From the portal's start page to the page that shows what the portal was told. */
export async function openEcho(page) {
  const link = on(page).link(/what the portal received/i);
  if (await link.count()) await link.first().click();
  await page.getByText(/x-scoregate-user/i).first().waitFor();
}

export async function signOut(demo, page) {
  await page.goto(`${demo.url}/.scoregate/sign-out`);
  await on(page).button(/^sign out$/i).click();
  await page.waitForLoadState();
}

/** Every page that the demo can show, in the order in which a person meets them. */
export async function walk(demo, page, visit) {
  await page.goto(demo.url);
  await visit("sign-in");
  await typePassword(page, "anna", "not-the-password");
  await on(page).alert().waitFor();
  await visit("sign-in-error");

  await typePassword(page, "anna");
  const email = on(page).button(/^e-mail/i);
  await email.waitFor();
  await visit("choose");
  await email.click();
  await on(page).code().waitFor();
  await visit("code");
  const code = await sentCode(demo, "anna");
  await typeCode(page, otherThan(code));
  await on(page).alert().waitFor();
  await visit("code-error");
  await typeCode(page, code);
  await page.waitForURL((url) => !url.pathname.startsWith("/.scoregate/"));
  await visit("portal");
  await openEcho(page);
  await visit("echo");

  await page.goto(`${demo.url}/.scoregate/inbox`);
  await visit("inbox");
  await stepUp(demo, page, "anna", visit);
  await visit("payments");

  await page.goto(`${demo.url}/.scoregate/sign-out`);
  await visit("sign-out");
  await on(page).button(/^sign out$/i).click();
  await page.waitForLoadState();
  await visit("signed-out");

  await page.goto(demo.url);
  await typePassword(page, "carol");
  await on(page).heading(/needs another way to sign in/i).waitFor();
  await visit("stuck");
}

export const PAGES = [
  "sign-in", "sign-in-error", "choose", "code", "code-error", "portal", "echo", "inbox", "app", "payments",
  "sign-out", "signed-out", "stuck",
];

/** From the portal's address to its first page, with 40 points. */
export async function administer(demo, page) {
  await page.goto(`http://127.0.0.1:${demo.adminPort}/`);
  await typePassword(page, "admin");
  await on(page).button(/^authenticator app/i).click();
  await on(page).code().waitFor();
  await typeCode(page, appCode(demo, "admin"));
  const email = on(page).button(/^email|^e-mail/i);
  await email.or(page.getByText(/we sent|mailed|sent a code/i)).first().waitFor();
  if (await email.isVisible()) await email.click();
  await on(page).code().waitFor();
  await typeCode(page, await sentCode(demo, "admin"));
  await page.waitForURL((url) => url.pathname === "/directories");
}
