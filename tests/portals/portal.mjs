// A real portal as a process: installed once below the target folder, started on a free port with what
// its recipe says, stopped by its id. Not here: what is in it.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { ended } from "../process.mjs";
import { installs } from "./gateway.mjs";

const START_MS = 60_000;
const here = fileURLToPath(new URL("./", import.meta.url));

/** Runs `tests/portals/NAME/install.sh FOLDER`, unless it has been run as it stands. */
export function install(name) {
  const folder = path.join(installs, name);
  const script = path.join(here, name, "install.sh");
  const stamp = path.join(folder, "installed");
  const wanted = readFileSync(script, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync("bash", [script, folder], { stdio: ["ignore", "inherit", "inherit"] });
  writeFileSync(stamp, wanted);
  return folder;
}

/** A folder for one run of a portal. */
export function scratch(name) {
  return mkdtempSync(path.join(tmpdir(), `scoregate-${name}-`));
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const socket = net.createServer();
    socket.once("error", reject);
    socket.listen(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** A portal that runs, once it answers on `port`. */
export async function startPortal(command, args, { port, cwd, env = {} }) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => lines.push(String(text)));
  }
  const until = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > until) {
      await ended(child);
      throw new Error(`${command} did not answer on ${port}:\n${lines.join("")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { lines, stop: () => ended(child) };
}

function answers(port) {
  return new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, path: "/" }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on("error", () => resolve(false));
  });
}
