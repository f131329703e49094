// Sign-ins whose cookies do not come back, in a real browser: one that takes none, and one between which and
// the gateway something removes the session's. Not here: the causes that need no browser
// (tests/gateway/clients.rs).
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

import { journey, shots } from "./journey.mjs";
import { browserOptions, on, typePassword } from "./person.mjs";

/** Something between browser and gateway that keeps the session's cookie to itself. */
async function thief(demo) {
  const server = http.createServer((asked, answered) => {
    const own = `${demo.host}:${server.address().port}`;
    const headers = Object.fromEntries(
      Object.entries(asked.headers).map(([name, value]) => [
        name,
        name === "cookie" ? value : String(value).replaceAll(own, `${demo.host}:${demo.port}`),
      ]),
    );
    const { method, url: path } = asked;
    const request = http.request({ host: "127.0.0.1", port: demo.port, method, path, headers }, (answer) => {
      const cookies = answer.headers["set-cookie"] ?? [];
      const kept = cookies.filter((cookie) => !cookie.startsWith("__Host-scoregate="));
      answered.writeHead(answer.statusCode, { ...answer.headers, "set-cookie": kept });
      answer.pipe(answered);
    });
    asked.pipe(request);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const close = () => new Promise((done) => server.close(done) && server.closeAllConnections());
  return { url: `http://${demo.host}:${server.address().port}`, close };
}

journey("a sign-in that does not hold ends after three rounds, with a cause", {}, async (demo, page) => {
  const between = await thief(demo);
  try {
    await page.goto(between.url);
    // What the password was worth is lost on the way to the next page.
    for (const round of [1, 2, 3]) {
      await on(page).heading(/sign in/i).waitFor();
      assert.equal(await on(page).heading(/does not hold/i).count(), 0, `round ${round}`);
      await Promise.all([page.waitForEvent("load"), typePassword(page, "bob")]);
    }
    await on(page).heading(/the sign-in does not hold/i).waitFor();
    const text = await page.locator("main").innerText();
    assert.match(text, /without the cookie that says who you are/i);
    const found = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(found.violations.map((one) => [one.id, one.nodes[0]?.html]), []);
    await page.screenshot({ path: `${shots}rounds.png`, fullPage: true });
    await on(page).link(/try again/i).click();
    await on(page).heading(/sign in/i).waitFor();
  } finally {
    await between.close();
  }
});

journey("a browser that takes no cookie is told so, and not asked again", {}, async (demo) => {
  const folder = mkdtempSync(join(tmpdir(), "scoregate-browser-"));
  const no = { profile: { default_content_setting_values: { cookies: 2 } } };
  mkdirSync(join(folder, "Default"));
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify(no));
  const context = await chromium.launchPersistentContext(folder, { ...browserOptions(), locale: "en-GB" });
  try {
    const page = await context.newPage();
    await page.goto(demo.url);
    assert.deepEqual(await context.cookies(), [], "cookies are blocked indeed");
    await typePassword(page, "bob");
    await on(page).heading(/your browser refuses our cookie/i).waitFor();
    await page.screenshot({ path: `${shots}cookies-blocked.png`, fullPage: true });
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
