// A gateway as an operator runs it: from a file, over TLS, with a store on disk. Codes are written to
// files. Not here: the portals (portal.mjs), and what a person does (../browser/person.mjs).
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";

import { ended, program, ready, target, top } from "../process.mjs";

/** Where portals are installed once, and found again. */
export const installs = path.join(target, "portals");

/** A running gateway for `host` with the route of a recipe, and anna in directory `staff`. */
export async function startGateway(host, route, { roles = [] } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "scoregate-portal-"));
  const file = path.join(folder, "scoregate.toml");
  mkdirSync(path.join(folder, "outbox"));
  const command = (args, input = "") => run([...args, "--config", file], input);
  await run(["certs", "dev", "--host", host, "--out", path.join(folder, "certs")]);
  writeFileSync(file, configuration(route));
  const who = ["user", "add", "anna", "--directory", "staff", "--email", "anna@example.org", "--name", "Anna de Wit"];
  const having = roles.flatMap((role) => ["--role", role]);
  await command([...who, ...having, "--password-stdin"], "demo-anna\n");
  const child = spawn(program(), ["run", "--config", file], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const { https: port } = await ready(child, ["https"], lines);
  return {
    url: `https://${host}:${port}`,
    host: `${host}:${port}`,
    port,
    lines,
    command,
    inbox: async () => messages(path.join(folder, "outbox")),
    stop: async () => {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const configuration = (route) => `
[listen.https]
address  = "127.0.0.1:0"
tls.cert = "certs/cert.pem"
tls.key  = "certs/key.pem"

[listen.ops]
address = "127.0.0.1:0"

[store]
path = "store"

[notifier.mail]
kind = "file"
path = "outbox"

[directory.staff.authentication]
accept_risk = ["email"]

${route}`;

/** One command of scoregate; rejects with what it printed where it ends with anything but 0. */
function run(args, input = "") {
  return new Promise((resolve, reject) => {
    const child = execFile(program(), args, { cwd: top }, (error, out, err) =>
      error ? reject(new Error(`scoregate ${args.join(" ")}: ${err}${out}`)) : resolve(out),
    );
    child.stdin.end(input);
  });
}

/** What was sent, newest first: names of the files begin with the instant. */
function messages(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names
    .sort()
    .reverse()
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), "utf8")));
}

/** One request without a browser, over TLS, to the gateway's own socket. */
export function ask(gateway, target, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1", port: gateway.port, servername: gateway.host.split(":")[0], path: target, method,
      headers: { host: gateway.host, ...headers }, rejectUnauthorized: false,
    };
    const request = https.request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}
