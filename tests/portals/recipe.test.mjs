// The reader of recipes, by itself: what it finds, and that it says so where it finds nothing.
import assert from "node:assert/strict";
import { test } from "node:test";

import { parseRecipe } from "./recipe.mjs";

const page = [
  "# A portal", "", "At the end of `a/settings.py`:", "", "```python", "X = 1", "```", "",
  "```console", "$ run", "```", "", "```toml", "[route.x]", 'host = "x"', "```", "",
].join("\n");

test("a recipe's files and its route are what stands in its blocks", () => {
  const { files, route } = parseRecipe(page);
  assert.deepEqual([...files], [["a/settings.py", "X = 1\n"]]);
  assert.equal(route, '[route.x]\nhost = "x"\n');
});

test("a recipe without a route is no recipe", () => {
  assert.throws(() => parseRecipe("```toml\n[listen]\n```\n"), /no route/);
});
