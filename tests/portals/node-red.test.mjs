// docs/recipes/node-red.md, followed to the letter, with Node-RED in a real browser.
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ask, startGateway } from "./gateway.mjs";
import { Finally, openBrowser, openProfile, signIn } from "./person.mjs";
import { freePort, install, scratch, startPortal } from "./portal.mjs";
import { place, readRecipe } from "./recipe.mjs";

const HOST = "flows.localhost";
const flows = fileURLToPath(new URL("node-red/flows.json", import.meta.url));
const recipe = readRecipe("node-red");
const ends = new Finally();
let browser;
let gateway;

before(async () => {
  const program = path.join(install("node-red"), "node_modules/node-red/red.js");
  const folder = scratch("node-red");
  ends.add(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  place(recipe, "settings.js", path.join(folder, "settings.js"));
  cpSync(flows, path.join(folder, "flows.json"));
  const args = [program, "--userDir", folder, "--settings", path.join(folder, "settings.js"), path.join(folder, "flows.json")];
  const portal = await startPortal(process.execPath, args, { port, cwd: folder, env: { PORT: String(port) } });
  ends.add(portal.stop);
  const route = recipe.route.replaceAll("flows.example.org", HOST).replace("127.0.0.1:1880", `127.0.0.1:${port}`);
  gateway = await startGateway(HOST, route, { roles: ["operations"] });
  ends.add(gateway.stop);
  browser = await openBrowser();
  ends.add(() => browser.close());
});

after(() => ends.run());

/** Opens a socket in the page and keeps what it says under a name. */
function openSocket(page, name, path, first) {
  return page.evaluate(
    ([name, path, first]) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`wss://${location.host}${path}`);
        const kept = { socket, closed: null, heard: [] };
        window[name] = kept;
        socket.onopen = () => socket.send(first);
        socket.onmessage = (event) => {
          kept.heard.push(event.data);
          resolve(event.data);
        };
        socket.onclose = (event) => {
          kept.closed = event.code;
          reject(new Error(`closed with ${event.code}`));
        };
      }),
    [name, path, first],
  );
}

test("the editor knows anna, its live view runs, and both sockets end when her session is ended", async () => {
  const page = await openProfile(browser);
  await signIn(gateway, page, "anna");
  await page.goto(gateway.url);
  await page.locator("#red-ui-header").waitFor();
  const settings = await page.evaluate(async () => (await fetch("/settings")).json());
  assert.equal(settings.user.username, "anna");

  assert.match(await openSocket(page, "live", "/comms", '{"subscribe":"debug"}'), /tick|debug|auth|\[/);
  await page.waitForFunction(() => window.live.heard.some((text) => text.includes('"tick"')));
  assert.equal(await openSocket(page, "echo", "/ws/echo", "hello"), "hello");

  await gateway.command(["session", "end", "--user", "anna", "--directory", "staff", "--yes"]);
  await page.waitForFunction(() => window.live.closed !== null && window.echo.closed !== null, null, { timeout: 5_000 });
  const after = await page.evaluate(async () => {
    const answer = await fetch("/settings");
    return [answer.status, answer.headers.get("content-type")];
  });
  assert.deepEqual(after, [401, "application/problem+json"]);
  await page.context().close();
});

test("what flows publish is as closed as the editor", async () => {
  const upgrade = {
    connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "x-scoregate-user": "anna",
  };
  for (const target of ["/ws/echo", "/comms"]) {
    assert.equal((await ask(gateway, target, { headers: upgrade })).status, 401, target);
  }
  for (const target of ["/", "/settings", "/flows", "/red/red.min.js"]) {
    const refused = await ask(gateway, target, { headers: { "x-scoregate-user": "anna" } });
    assert.equal(refused.status, 401, target);
  }
});
