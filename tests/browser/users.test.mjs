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

administration("an administrator adds somebody, changes their phone, and a mistake keeps what was typed", WIDE, async (page) => {
  await page.locator(".side").getByRole("link", { name: "Users" }).click();
  await on(page).link(/^add user$/i).click();
  await page.getByLabel("Username").fill("No Name");
  await page.getByLabel("What people call them").fill("Fenna Bakker");
  await page.getByLabel("E-mail", { exact: true }).fill("fenna@example.org");
  await on(page).button(/^add user$/i).click();
  await page.getByText("This is no username").waitFor();
  assert.equal(await page.getByLabel("What people call them").inputValue(), "Fenna Bakker");
  await assertLooks(page, "user-new");
  await page.getByLabel("Username").fill("fenna");
  await on(page).button(/^add user$/i).click();
  await page.getByText("on its way to their mailbox").waitFor();
  await page.getByText("Change the phone number…").click();
  await page.getByLabel("Phone", { exact: true }).fill("+31612345699");
  await on(page).button(/^save$/i).click();
  await page.getByText(/^changed\./i).waitFor();
  await page.getByText("+31612345699").first().waitFor();
  await page.getByText("Disable…").click();
  await assertLooks(page, "user-deeds");
  await on(page).button(/^disable$/i).click();
  await page.getByText("Disabled, and signed out everywhere").waitFor();
  await on(page).button(/^enable$/i).click();
  await page.getByText(/^enabled\./i).waitFor();
});

administration("the list works without JavaScript", { javaScriptEnabled: false }, async (page, demo) => {
  await page.goto(`http://127.0.0.1:${demo.adminPort}/users`);
  await page.getByLabel("Show").selectOption("never");
  await on(page).button(/^search$/i).click();
  await page.waitForURL((url) => url.searchParams.get("show") === "never");
  await on(page).link(/bob/i).click();
  await page.getByLabel("A role to give").fill("finance");
  await on(page).button(/^give$/i).click();
  await on(page).button(/take finance away/i).waitFor();
});
