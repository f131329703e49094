// docs/recipes/django-admin.md, followed to the letter, with Django's admin in a real browser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { ask, startGateway } from "./gateway.mjs";
import { Finally, confirmSignOut, mustSignInAgain, on, openBrowser, openProfile, signIn } from "./person.mjs";
import { freePort, install, scratch, startPortal } from "./portal.mjs";
import { place, readRecipe } from "./recipe.mjs";

const HOST = "portal.localhost";
const recipe = readRecipe("django-admin");
const ours = (text) => text.replaceAll("portal.example.org", HOST);
const ends = new Finally();
let browser;
let gateway;

before(async () => {
  const folder = install("django");
  const site = scratch("django");
  ends.add(() => rmSync(site, { recursive: true, force: true }));
  const port = await startSite(path.join(folder, "venv/bin"), site);
  gateway = await startGateway(HOST, ours(recipe.route).replace("127.0.0.1:3000", `127.0.0.1:${port}`));
  ends.add(gateway.stop);
  browser = await openBrowser();
  ends.add(() => browser.close());
});

after(() => ends.run());

async function startSite(bin, site) {
  const python = (...args) => execFileSync(path.join(bin, "python"), args, { cwd: site, stdio: "pipe" });
  execFileSync(path.join(bin, "django-admin"), ["startproject", "site1", site]);
  const settings = path.join(site, "site1/settings.py");
  appendFileSync(settings, ours(recipe.files.get("site1/settings.py")));
  // Styles without a web server beside gunicorn; no part of what the recipe is about.
  appendFileSync(settings, 'MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")\nWHITENOISE_USE_FINDERS = True\n');
  for (const file of ["site1/middleware.py", "site1/urls.py"]) place(recipe, file, path.join(site, file));
  python("manage.py", "migrate", "--verbosity", "0");
  python("manage.py", "shell", "-c", "from django.contrib.auth.models import User; User.objects.create_superuser('anna')");
  const port = await freePort();
  const portal = await startPortal(path.join(bin, "gunicorn"), ["-b", `127.0.0.1:${port}`, "site1.wsgi"], { port, cwd: site });
  ends.add(portal.stop);
  return port;
}

test("anna works in Django's admin under her own name, and nothing outlives her session", async () => {
  const page = await openProfile(browser);
  await signIn(gateway, page, "anna");
  await page.goto(`${gateway.url}/admin/`);
  assert.match(await page.locator("#user-tools").innerText(), /anna/i);

  await page.goto(`${gateway.url}/admin/auth/group/add/`);
  await page.getByLabel("Name:").fill("Editors");
  await on(page).button("Save", { exact: true }).first().click();
  await page.getByText(/was added successfully/).waitFor();
  assert.equal(new URL(page.url()).pathname, "/admin/auth/group/");

  await page.locator("#logout-form button").click();
  await confirmSignOut(page);
  await mustSignInAgain(page, `${gateway.url}/admin/`);
  await page.goBack();
  assert.doesNotMatch(await page.locator("body").innerText(), /Site administration/);
  await page.context().close();
});

test("a header that the browser sends itself changes nothing", async () => {
  const page = await openProfile(browser);
  await signIn(gateway, page, "anna");
  const shown = await page.evaluate(async () => {
    const names = ["X-Scoregate-User", "x_scoregate_user", "X-Forwarded-User", "Remote-User"];
    const headers = Object.fromEntries(names.map((name) => [name, "root"]));
    return (await fetch("/admin/", { headers })).text();
  });
  assert.match(shown, /anna/);
  assert.doesNotMatch(shown, /root/);
  await page.context().close();
});

test("whoever has no session sees styles and nothing else, whatever header they send", async () => {
  const forged = { "x-scoregate-user": "anna" };
  for (const headers of [{}, forged]) {
    const refused = await ask(gateway, "/admin/", { headers });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers["content-type"], "application/problem+json");
    assert.doesNotMatch(refused.body, /Django|csrfmiddlewaretoken/);
  }
  assert.equal((await ask(gateway, "/static/admin/css/base.css", { headers: forged })).status, 200);
});
