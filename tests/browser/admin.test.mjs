// The administrators' portal in a real browser: from sign-in to a required score of 40, whom it stops,
// saved and undone. Not here: the sign-in itself (demo.test.mjs).
import assert from "node:assert/strict";

import { WIDE, administration, assertAccessible } from "./administrator.mjs";
import { shots } from "./journey.mjs";
import { PHONE, on } from "./person.mjs";

administration("an administrator sees whom 40 points stop before saving, saves, and undoes it", WIDE, async (page) => {
  await assertAccessible(page, "directories");
  await on(page).link(/^demo$/).click();
  await on(page).heading(/set what/i).waitFor();
  const score = page.getByLabel("Required Authentication Level score");
  assert.equal(await score.inputValue(), "30");
  for (const method of ["Credentials", "SMS", "Email", "Passkey"]) {
    await page.getByLabel(`Points of ${method}`, { exact: true }).waitFor();
  }
  assert.equal(await page.getByText("not available").count(), 0, "the demo can do all of them");
  // Without a press of any button: the preview follows what is typed.
  await score.fill("40");
  const preview = page.locator("#preview");
  await preview.getByText("2 cannot").waitFor();
  await preview.getByText("2 cannot").click();
  await preview.getByText("bob, carol").waitFor();
  await page.getByText("Required score 30 → 40").waitFor();
  await page.screenshot({ path: `${shots}admin-authentication.png`, fullPage: true });
  await assertAccessible(page, "authentication");
  await on(page).button(/^save…$/i).click();
  await on(page).heading(/save for/i).waitFor();
  await assertAccessible(page, "review");
  await page.screenshot({ path: `${shots}admin-review.png`, fullPage: true });
  await page.getByLabel("Reason").fill("The auditors asked");
  await on(page).button(/^save$/i).click();
  await page.getByText("type the directory's name").waitFor();
  await page.getByLabel(/type demo to go on/i).fill("demo");
  await on(page).button(/^save$/i).click();
  await page.getByText("Saved. It holds").waitFor();
  await page.getByText(/running: revision 1 \(admin/).waitFor();
  await on(page).link("History").click();
  await page.getByText("The auditors asked").waitFor();
  await assertAccessible(page, "history");
  await on(page).link(/go back to files and defaults/i).click();
  assert.equal(await score.inputValue(), "30");
  await on(page).button(/^save…$/i).click();
  await on(page).button(/^save$/i).click();
  await page.getByText(/running: revision 2/).waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const [name, size] of [["wide", { width: 1280, height: 900 }], ["phone", PHONE]]) {
      await page.setViewportSize(size);
      await page.screenshot({ path: `${shots}admin-${colorScheme}-${name}.png`, fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} ${colorScheme}: ${overflow} px too wide`);
      await assertAccessible(page, `${name} ${colorScheme}`);
    }
  }
});

const PLAIN = { javaScriptEnabled: false };

administration("without JavaScript the preview comes by its button, and bad points are told what to do", PLAIN, async (page) => {
  await on(page).link(/^demo$/).click();
  await page.getByLabel("Points of Email", { exact: true }).fill("1.5");
  await on(page).button(/^preview$/i).click();
  await page.getByText("“1.5” is not a whole number from 0 to 1000").waitFor();
  await page.getByLabel("Points of Email", { exact: true }).fill("0");
  await on(page).button(/^preview$/i).click();
  await page.locator("#preview").getByText(/cannot$/).first().waitFor();
});
