// docs/recipes/dokuwiki.md, followed to the letter, with DokuWiki in a real browser.
import assert from "node:assert/strict";
import { appendFileSync, cpSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { ask, startGateway } from "./gateway.mjs";
import { Finally, confirmSignOut, mustSignInAgain, on, openBrowser, openProfile, signIn } from "./person.mjs";
import { freePort, install, scratch, startPortal } from "./portal.mjs";
import { place, readRecipe } from "./recipe.mjs";

const HOST = "wiki.localhost";
const recipe = readRecipe("dokuwiki");
const ends = new Finally();
let browser;
let gateway;

before(async () => {
  const folder = scratch("dokuwiki");
  ends.add(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(path.join(install("dokuwiki"), "wiki"), folder, { recursive: true });
  const port = await freePort();
  const portal = await startPortal("php", ["-S", `127.0.0.1:${port}`, "-t", folder], { port, cwd: folder });
  ends.add(portal.stop);
  const route = recipe.route.replaceAll("wiki.example.org", HOST).replace("127.0.0.1:8000", `127.0.0.1:${port}`);
  gateway = await startGateway(HOST, route, { roles: ["wiki_admins"] });
  ends.add(gateway.stop);
  for (const file of recipe.files.keys()) {
    place(recipe, file, path.join(folder, file), (text) => text.replace("https://wiki.example.org", gateway.url));
  }
  // This copy keeps its pages beside itself, not where Debian has them.
  appendFileSync(path.join(folder, "conf/local.php"), "$conf['savedir'] = DOKU_INC . 'data';\n");
  browser = await openBrowser();
  ends.add(() => browser.close());
});

after(() => ends.run());

test("anna writes a page and uploads a file under her own name, and signs out for good", async () => {
  const page = await openProfile(browser);
  await signIn(gateway, page, "anna");
  await page.getByText(/Logged in as: Anna de Wit \(anna\)/).waitFor();

  await page.goto(`${gateway.url}/doku.php?id=notes&do=edit`);
  await page.locator("#wiki__text").fill("====== Notes ======\nWritten behind the gate.\n");
  await on(page).button(/^save$/i).click();
  await page.getByText("Written behind the gate.").waitFor();
  assert.equal(new URL(page.url()).host, gateway.host);

  await page.goto(`${gateway.url}/lib/exe/mediamanager.php`);
  await page.locator("input[type=file]").setInputFiles({
    name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("plan\n".repeat(200_000)),
  });
  await on(page).button("Upload", { exact: true }).click();
  // The uploader sends it in the background, and the wiki gives it back when it has all of it.
  await page.waitForFunction(async () => {
    const stored = await fetch("/lib/exe/fetch.php?media=plan.txt");
    return stored.ok && (await stored.text()).length === 1_000_000;
  });

  await page.goto(`${gateway.url}/doku.php?id=start`);
  await page.locator("a.logout, li.logout a").first().click();
  await confirmSignOut(page);
  await mustSignInAgain(page, `${gateway.url}/doku.php?id=notes`);
  await page.context().close();
});

test("no header of the client's makes it somebody else, with a session or without", async () => {
  const page = await openProfile(browser);
  await signIn(gateway, page, "anna");
  const shown = await page.evaluate(async () => {
    const headers = { "X-Scoregate-User": "root", X_Scoregate_User: "root", "X-Scoregate.User": "root" };
    return (await fetch("/doku.php", { headers })).text();
  });
  assert.match(shown, /\(<bdi>anna<\/bdi>\)/);
  assert.doesNotMatch(shown, /<bdi>root<\/bdi>/);
  await page.context().close();
  const refused = await ask(gateway, "/doku.php", { headers: { "x-scoregate-user": "anna" } });
  assert.equal(refused.status, 401);
  assert.doesNotMatch(refused.body, /DokuWiki/);
});
