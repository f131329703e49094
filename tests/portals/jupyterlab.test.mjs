// docs/recipes/jupyterlab.md, followed to the letter, with JupyterLab in a real browser.
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { ask, startGateway } from "./gateway.mjs";
import { Finally, on, openBrowser, openProfile } from "./person.mjs";
import { freePort, install, scratch, startPortal } from "./portal.mjs";
import { place, readRecipe } from "./recipe.mjs";
import { typeCode, typePassword } from "../browser/person.mjs";
import { sentCode } from "../browser/gateway.mjs";

const HOST = "lab.localhost";
const recipe = readRecipe("jupyterlab");
const ends = new Finally();
let browser;
let gateway;

before(async () => {
  const bin = path.join(install("jupyterlab"), "venv/bin");
  const folder = scratch("jupyterlab");
  ends.add(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  place(recipe, "jupyter_server_config.py", path.join(folder, "config/jupyter_server_config.py"), (text) =>
    text.replace("c.ServerApp.port = 8888", `c.ServerApp.port = ${port}`),
  );
  mkdirSync(path.join(folder, "work"));
  const args = ["lab", "--allow-root", `--ServerApp.root_dir=${path.join(folder, "work")}`];
  const env = { JUPYTER_CONFIG_DIR: path.join(folder, "config"), HOME: folder };
  const portal = await startPortal(path.join(bin, "jupyter"), args, { port, cwd: folder, env });
  ends.add(portal.stop);
  // A password opens the page here, so that the rule for terminals has a step to ask for.
  const route = recipe.route.replaceAll("lab.example.org", HOST).replace("127.0.0.1:8888", `127.0.0.1:${port}`);
  gateway = await startGateway(HOST, route.replace('directory = "staff"\n', 'directory = "staff"\nlevel = 20\n'));
  ends.add(gateway.stop);
  browser = await openBrowser();
  ends.add(() => browser.close());
});

after(() => ends.run());

/** A call as JupyterLab makes it, with the token against forged requests that it keeps in a cookie. */
function call(page, method, target, body) {
  return page.evaluate(
    async ([method, target, body]) => {
      const xsrf = /(?:^|; )_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
      const headers = { "content-type": "application/json", "X-XSRFToken": xsrf };
      const answer = await fetch(target, { method, headers, body: body && JSON.stringify(body) });
      const type = answer.headers.get("content-type") ?? "";
      return { status: answer.status, type, body: type.includes("json") ? await answer.json() : await answer.text() };
    },
    [method, target, body],
  );
}

/** Opens a terminal's socket, types, and resolves with what the shell says once it has said `wanted`. */
function typeInTerminal(page, name, line, wanted) {
  return page.evaluate(
    ([name, line, wanted]) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`wss://${location.host}/terminals/websocket/${name}`);
        window.terminal = { closed: null };
        let said = "";
        socket.onmessage = (event) => {
          const [kind, text] = JSON.parse(event.data);
          if (kind === "setup") socket.send(JSON.stringify(["stdin", line]));
          said += kind === "stdout" ? text : "";
          if (said.includes(wanted)) resolve(said);
        };
        socket.onclose = (event) => {
          window.terminal.closed = event.code;
          reject(new Error(`closed with ${event.code} after: ${said}`));
        };
      }),
    [name, line, wanted],
  );
}

test("anna opens the lab, moves files, steps up for a terminal, and loses it with her session", async () => {
  const page = await openProfile(browser);
  await page.goto(`${gateway.url}/lab`);
  await typePassword(page, "anna");
  await page.locator("#jp-top-panel, #top-panel-wrapper, .jp-LabShell").first().waitFor({ timeout: 60_000 });
  const me = await call(page, "GET", "/api/me");
  assert.deepEqual([me.body.identity.username, me.body.identity.display_name], ["anna", "Anna de Wit"]);

  const content = "line of a table\n".repeat(100_000);
  const saved = await call(page, "PUT", "/api/contents/table.txt", { type: "file", format: "text", content });
  assert.equal(saved.status, 201);
  const read = await call(page, "GET", "/files/table.txt");
  assert.equal(read.body, content);

  const refused = await call(page, "POST", "/api/terminals");
  assert.deepEqual([refused.status, refused.type], [401, "application/problem+json"]);
  assert.deepEqual([refused.body.score, refused.body.required_level, refused.body.ways], [20, 30, [["email"]]]);

  await page.goto(refused.body.challenge_url);
  const email = on(page).button(/^e-mail/i);
  await email.or(on(page).code()).first().waitFor();
  if (await email.isVisible()) await email.click();
  await on(page).code().waitFor();
  await typeCode(page, await sentCode(gateway, "anna"));
  await page.waitForURL((url) => !url.pathname.startsWith("/.scoregate/"));
  await page.goto(`${gateway.url}/lab`);
  const made = await call(page, "POST", "/api/terminals");
  assert.equal(made.status, 200, JSON.stringify(made));
  assert.match(await typeInTerminal(page, made.body.name, "echo $((40+2))\r", "42"), /42/);

  await gateway.command(["session", "end", "--user", "anna", "--directory", "staff", "--yes"]);
  await page.waitForFunction(() => window.terminal.closed !== null, null, { timeout: 5_000 });
  assert.equal((await call(page, "GET", "/api/me")).status, 401);
  await page.context().close();
});

test("whoever has no session gets an answer for programs, whatever they send", async () => {
  const forged = [{}, { "x-scoregate-user": "anna" }, { authorization: "token " }, { authorization: "Bearer x" }];
  for (const headers of forged) {
    const refused = await ask(gateway, "/api/me", { headers });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers["content-type"], "application/problem+json");
    assert.doesNotMatch(refused.body, /identity/);
  }
});
