// The journeys of the demo in a real browser. Every test has a demo of its own, so that none lives on
// what another has used up. Not here: what needs half a minute (resend.test.mjs).
import assert from "node:assert/strict";
import { test } from "node:test";

import { AxeBuilder } from "@axe-core/playwright";

import { appCode, ask, base32, sentCode, totp } from "./gateway.mjs";
import { journey, shots } from "./journey.mjs";
import {
  PAGES, PHONE, on, openEcho, otherThan, signIn, signOut, stepUp, typeCode,
  typePassword, walk,
} from "./person.mjs";

async function bodyText(page) {
  return page.locator("body").innerText();
}

/** The portal itself, and told by the gateway who is there. */
async function assertInPortal(page, demo, path, name) {
  assertAt(page, demo, path);
  const echo = await page.context().newPage();
  await echo.goto(page.url());
  await openEcho(echo);
  const told = await bodyText(echo);
  assert.match(told, new RegExp(`x-scoregate-user\\s+${name}\\b`, "i"));
  await echo.close();
}

function assertAt(page, demo, path) {
  const url = new URL(page.url());
  assert.equal(url.origin + url.pathname, demo.url + path);
}

/** Nothing that only a signed-in person may read. */
async function assertTellsNothing(page) {
  const text = await bodyText(page);
  assert.doesNotMatch(text, /x-scoregate-user|welcome to the demo portal|you see this because/i);
}

test("the app codes computed here are those of RFC 6238, appendix B", () => {
  const secret = Buffer.from("12345678901234567890");
  assert.equal(totp(secret, Math.floor(59 / 30)), "287082");
  assert.equal(totp(secret, Math.floor(1111111109 / 30)), "081804");
  assert.deepEqual(base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), secret);
});

journey("a password and a mailed code lead anna to the portal", {}, async (demo, page) => {
  await page.goto(`${demo.url}/?from=a%20link`);
  assert.match(page.url(), /\/\.scoregate\/sign-in/);
  assert.equal(await on(page).username().getAttribute("name"), "username");
  await typePassword(page, "anna");
  await on(page).heading(/one more step/i).waitFor();
  assert.equal((await demo.inbox()).length, 0, "nothing is sent before the person chooses");
  await on(page).button(/^e-mail/i).click();
  await on(page).heading(/check your e-mail/i).waitFor();
  const code = await sentCode(demo, "anna");

  const inbox = await page.context().newPage();
  await inbox.goto(`${demo.url}/.scoregate/inbox`);
  assert.ok((await bodyText(inbox)).replace(/(?<=\d) (?=\d)/g, "").includes(code));
  await inbox.close();

  await typeCode(page, code);
  await page.waitForURL((url) => url.pathname === "/");
  await assertInPortal(page, demo, "/", "anna");
  assert.match(page.url(), /\?from=a%20link$/, "the query of the address survives the sign-in");
});

journey("bob has one way, so he is not asked to choose", {}, async (demo, page) => {
  await page.goto(demo.url);
  await typePassword(page, "bob");
  await on(page).code().waitFor();
  await typeCode(page, await sentCode(demo, "bob"));
  await page.waitForURL((url) => url.pathname === "/");
  await assertInPortal(page, demo, "/", "bob");
});

journey("carol is told what her account lacks, and no error", {}, async (demo, page) => {
  await page.goto(demo.url);
  await typePassword(page, "carol");
  await on(page).heading(/needs another way to sign in/i).waitFor();
  assert.match(await bodyText(page), /reference/i);
  await page.goto(demo.url);
  await assertTellsNothing(page);
});

journey("the payments page asks for one more step, and only that page", {}, async (demo, page) => {
  await signIn(demo, page, "anna");
  await page.goto(`${demo.url}/payments`);
  assert.match(page.url(), /\/\.scoregate\//, "level 40 is not reached by password and e-mail");
  await assertTellsNothing(page);
  await stepUp(demo, page, "anna");
  assertAt(page, demo, "/payments");
  await on(page).heading(/payments/i).waitFor();
  await page.goto(demo.url);
  await assertInPortal(page, demo, "/", "anna");
});

journey("a code of the app is good for once", {}, async (demo, page) => {
  await signIn(demo, page, "anna");
  const used = appCode(demo, "anna");
  await stepUp(demo, page, "anna");
  await signOut(demo, page);
  await page.goto(demo.url);
  await typePassword(page, "anna");
  await on(page).button(/^authenticator app/i).click();
  await typeCode(page, used);
  await on(page).alert().waitFor();
  await assertTellsNothing(page);
});

journey("a wrong password says so, keeps the name and drops the password", {}, async (demo, page) => {
  await page.goto(demo.url);
  const texts = [];
  for (const name of ["anna", "nobody-of-this-name"]) {
    await typePassword(page, name, "not-the-password");
    await on(page).alert().waitFor();
    texts.push((await bodyText(page)).replaceAll(name, "NAME"));
    assert.match(texts.at(-1), /the username or password is not right/i);
    assert.match(await page.title(), /^Error: /);
    assert.equal(await on(page).username().inputValue(), name);
    assert.equal(await on(page).password().inputValue(), "");
  }
  assert.equal(texts[0], texts[1], "an unknown user cannot be told from a known one");
});

journey("a wrong code stays on its page, and the right one still works", {}, async (demo, page) => {
  await page.goto(demo.url);
  await typePassword(page, "bob");
  await on(page).code().waitFor();
  const code = await sentCode(demo, "bob");
  for (const [typed, answer] of [
    ["", /enter the code/i],
    ["12 34", /the code has 6 digits/i],
    [otherThan(code), /that code is not right/i],
  ]) {
    await typeCode(page, typed);
    await on(page).alert().filter({ hasText: answer }).waitFor();
    assert.equal(await on(page).code().inputValue(), "", "a code is never shown again");
  }
  await typeCode(page, ` ${code.slice(0, 3)}-${code.slice(3)} `);
  await page.waitForURL((url) => url.pathname === "/");
});

journey("after signing out, the back button shows nothing", {}, async (demo, page) => {
  await signIn(demo, page, "anna");
  await assertInPortal(page, demo, "/", "anna");
  await signOut(demo, page);
  assert.match(await bodyText(page), /signed out/i);
  for (let steps = 0; steps < 3; steps += 1) {
    await page.goBack();
    await assertTellsNothing(page);
  }
  await page.goto(demo.url);
  assert.match(page.url(), /\/\.scoregate\/sign-in/);
});

journey("a finished sign-in is not repeated by going back", {}, async (demo, page) => {
  await signIn(demo, page, "bob");
  await page.goBack();
  assert.doesNotMatch(await bodyText(page), /document expired|ERR_CACHE_MISS/i);
  await page.goto(demo.url);
  await assertInPortal(page, demo, "/", "bob");
});

journey("everything works without JavaScript", { javaScriptEnabled: false }, async (demo, page) => {
  const seen = [];
  await walk(demo, page, async (name) => {
    seen.push(name);
    await page.screenshot({ path: `${shots}no-script-${name}.png`, fullPage: true });
  });
  assert.deepEqual(seen.filter((name) => name !== "confirm"), PAGES);
});

journey("the keyboard alone is enough", {}, async (demo, page) => {
  await page.goto(demo.url);
  await on(page).username().waitFor();
  await page.keyboard.type("bob");
  await page.keyboard.press("Tab");
  await page.keyboard.type("demo-bob");
  await page.keyboard.press("Enter");
  await on(page).code().waitFor();
  await page.keyboard.type(await sentCode(demo, "bob"));
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/");
  await assertInPortal(page, demo, "/", "bob");
});

journey("no page scrolls sideways on a phone", { viewport: PHONE }, async (demo, page) => {
  await walk(demo, page, async (name) => {
    await page.screenshot({ path: `${shots}phone-${name}.png`, fullPage: true });
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(over <= 0, `${name} is ${over} px too wide`);
  });
});

for (const colorScheme of ["light", "dark"]) {
  journey(`axe finds nothing to complain about (${colorScheme})`, { colorScheme }, async (demo, page) => {
    const complaints = [];
    await walk(demo, page, async (name) => {
      await page.screenshot({ path: `${shots}${colorScheme}-${name}.png`, fullPage: true });
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, nodes } of violations) {
        complaints.push(`${name}: ${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
      }
    });
    assert.deepEqual(complaints, []);
  });
}

journey("the pages are Dutch for who reads Dutch", { locale: "nl-NL" }, async (demo, page) => {
  await page.goto(demo.url);
  assert.equal(await page.locator("html").getAttribute("lang"), "nl");
  await page.getByRole("heading", { level: 1, name: /^inloggen bij/i }).waitFor();
});

journey("a script is told in JSON what is missing, and never sent to a page", {}, async (demo) => {
  const host = `${demo.host}:${demo.port}`;
  const answer = await ask(demo.port, "/payments", { host, accept: "application/json" });
  assert.equal(answer.status, 401);
  assert.match(answer.headers["content-type"], /^application\/problem\+json/);
  assert.match(answer.headers["www-authenticate"], /insufficient_user_authentication/);
  const problem = JSON.parse(answer.body);
  assert.equal(problem.required_level, 40);
  assert.deepEqual(problem.ways, [], "nobody in particular is told no ways");
});

journey("a header of the client's own reaches no portal", {}, async (demo, page) => {
  await page.setExtraHTTPHeaders({ "X-Scoregate-User": "forged", X_Scoregate_User: "forged" });
  await signIn(demo, page, "anna");
  await assertInPortal(page, demo, "/", "anna");
  await openEcho(page);
  assert.doesNotMatch(await bodyText(page), /forged/);
});
