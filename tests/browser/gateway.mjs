// Starts the demo as its own process and stops it again, by its id; reads the codes that it would
// have mailed. Not here: what a person does in a browser (person.mjs).
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import http from "node:http";

import { ended, program, ready, top } from "../process.mjs";

/** A running demo: `url`, the port of the administrators' portal (`adminPort`), what it has printed (`lines`),
 *  its `inbox`, and `stop`. */
export async function startDemo() {
  const child = spawn(program(), ["demo", "--listen", "127.0.0.1:0"], {
    cwd: top,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines = [];
  const { http: port, admin: adminPort } = await ready(child, ["http", "admin"], lines);
  const host = await servedName(port);
  const demo = { url: `http://${host}:${port}`, port, host, lines, adminPort };
  demo.inbox = () => inbox(demo);
  demo.stop = () => ended(child);
  return demo;
}

/** The loopback name that the demo has a route for: any other is answered 421. */
async function servedName(port) {
  for (const host of ["127.0.0.1", "localhost"]) {
    const answer = await ask(port, "/.scoregate/sign-in", { host: `${host}:${port}` });
    if (answer.status !== 421) return host;
  }
  throw new Error("the demo answers to neither 127.0.0.1 nor localhost");
}

/** One request without a browser. `Host` is what the caller says. */
export function ask(port, target, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path: target, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (body += part));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body }),
      );
    });
    request.on("error", reject);
  });
}

/** The messages of the demo, newest first. */
async function inbox(demo) {
  const headers = { host: `${demo.host}:${demo.port}`, accept: "application/json" };
  const answer = await ask(demo.port, "/.scoregate/inbox", headers);
  if (answer.status !== 200) throw new Error(`the inbox answered ${answer.status}`);
  const said = JSON.parse(answer.body);
  const messages = Array.isArray(said) ? said : said.messages;
  return [...messages].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

/** The newest code that was sent to somebody. A code is the only run of six digits in a text. */
export async function sentCode(demo, name) {
  for (const message of await demo.inbox()) {
    const code = /(?<!\d)\d{6}(?!\d)/.exec(message.text ?? "");
    if (code && String(message.to).includes(name)) return code[0];
  }
  throw new Error(`no code was sent to ${name}`);
}

/** What somebody's authenticator app shows. The demo prints the `otpauth://` link that is in it. */
export function appCode(demo, name) {
  const link = demo.lines
    .flatMap((line) => line.match(/otpauth:\/\/totp\/\S+/g) ?? [])
    .find((found) => decodeURIComponent(found).includes(name));
  if (!link) throw new Error(`the demo printed no otpauth:// link for ${name}`);
  const secret = base32(new URL(link).searchParams.get("secret"));
  return totp(secret, Math.floor(Date.now() / 30_000));
}

/** RFC 6238 with SHA-1, 30 s and 6 digits. */
export function totp(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 0x0f) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

export function base32(text) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const letter of text.replace(/=+$/, "").toUpperCase()) {
    bits += alphabet.indexOf(letter).toString(2).padStart(5, "0");
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}
