// Looking through users and helping them, as an administrator in a real browser. Not here: who may do what to
// whom (tests/gateway/users.rs).
import assert from "node:assert/strict";

import { WIDE, administration, assertLooks } from "./administrator.mjs";
import { on } from "./person.mjs";

const rows = (page) => page.locator("tbody tr");

administration("an administrator finds somebody and sees what they can open, in every look", WIDE, async (page) => {
  await page.locator(".side").getByRole("link", { name: "Users" }).click();
  await on(page).heading(/^users$/i).waitFor();
  assert.ok((await rows(page).count()) >= 4);
  await assertLooks(page, "users");
  await page.getByLabel("Search", { exact: true }).fill("bob");
  await on(page).button(/^search$/i).click();
  await page.waitForURL((url) => url.searchParams.get("q") === "bob");
  assert.equal(await rows(page).count(), 1);
  await on(page).link(/bob/i).click();
  await page.getByRole("heading", { name: "Access" }).waitFor();
  await page.getByText(/^can open \d+ of \d+ places$/i).waitFor();
  await assertLooks(page, "user");
});

administration("the list works without JavaScript", { javaScriptEnabled: false }, async (page, demo) => {
  await page.goto(`http://127.0.0.1:${demo.adminPort}/users`);
  await page.getByLabel("Show").selectOption("never");
  await on(page).button(/^search$/i).click();
  await page.waitForURL((url) => url.searchParams.get("show") === "never");
});
