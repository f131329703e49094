// Reads a recipe of docs/recipes as the tests run it: the files that it tells people to write, and the
// route that it tells them to add. What the page says is what is tried; nothing is kept twice.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../docs/recipes/", import.meta.url));

/** A recipe by its name: `files` by path, and `route`, the TOML under "The gateway". */
export function readRecipe(name) {
  return parseRecipe(readFileSync(path.join(folder, `${name}.md`), "utf8"));
}

/** A line that ends in `` `PATH`: `` names the file that the next block holds. */
export function parseRecipe(text) {
  const blocks = /(?:^|\n)(?:[^\n]*`([^`\n]+)`[^\n`]*:\n\n)?```(\w+)\n([\s\S]*?)\n```/g;
  const files = new Map();
  let route = "";
  for (const [, file, language, body] of text.matchAll(blocks)) {
    if (language === "toml" && body.includes("[route.")) route += `${body}\n`;
    else if (file) files.set(file, `${body}\n`);
  }
  if (route === "") throw new Error("the recipe has no route");
  return { files, route };
}

/** Writes a file of a recipe below `folder`; `change` puts the test's names and ports in. */
export function place(recipe, file, target, change = (text) => text) {
  const text = recipe.files.get(file);
  if (text === undefined) throw new Error(`the recipe has no file ${file}`);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, change(text));
}
