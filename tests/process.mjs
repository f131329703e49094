// A program as a test runs it: the one that was built, waited for until it says that it is ready, ended
// by its id. Not here: what it serves.
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const top = fileURLToPath(new URL("../", import.meta.url));
export const target = path.resolve(top, process.env.CARGO_TARGET_DIR ?? "target");
const START_MS = 30_000;
const END_MS = 10_000;

/** scoregate, as built for the tests. */
export function program() {
  const built = path.join(target, "debug/scoregate");
  if (!existsSync(built)) throw new Error(`${built} is not there: run ./tests/run, or cargo build, first`);
  return built;
}

/** The ports of a gateway by its listeners, once it has printed a line for each of `listeners`. `lines` gets
 *  all that it says. A child that does not get there is killed. */
export function ready(child, listeners, lines) {
  return new Promise((resolve, reject) => {
    const ports = {};
    const failed = (why) => {
      child.kill("SIGKILL");
      reject(new Error(`the gateway ${why}. It said:\n${lines.join("\n")}`));
    };
    const timer = setTimeout(() => failed(`was not ready in ${START_MS} ms`), START_MS);
    child.once("error", (error) => failed(`did not start: ${error.message}`));
    child.once("exit", (code) => failed(`ended with ${code} before it was ready`));
    createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const said = /^ready (\w+) 127\.0\.0\.1:(\d+)$/.exec(line);
      if (said) ports[said[1]] = Number(said[2]);
      if (!listeners.every((name) => ports[name])) return;
      clearTimeout(timer);
      resolve(ports);
    });
  });
}

/** Ends a child, softly first. */
export function ended(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const hard = setTimeout(() => child.kill("SIGKILL"), END_MS);
    child.once("exit", () => {
      clearTimeout(hard);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
