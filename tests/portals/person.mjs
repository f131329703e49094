// What a person does in front of a real portal, in the words on the pages. The rest is in
// ../browser/person.mjs.
import { on, openBrowser, openPage, signIn } from "../browser/person.mjs";

export { on, openBrowser, signIn };

/** A fresh profile that believes the development certificate. */
export function openProfile(browser) {
  return openPage(browser, { ignoreHTTPSErrors: true });
}

/** Sign-out where the portal's own button led to. */
export async function confirmSignOut(page) {
  await on(page).button(/^sign out$/i).click();
  await on(page).heading(/signed out/i).waitFor();
}

/** The portal's page asks to sign in again: nothing of the portal outlives the session. */
export async function mustSignInAgain(page, url) {
  await page.goto(url);
  await on(page).heading(/^sign in/i).waitFor();
}

/** Ends what a test has started, last first, whatever happened in between. */
export class Finally {
  #steps = [];

  add(stop) {
    this.#steps.unshift(stop);
  }

  async run() {
    for (const stop of this.#steps) await stop();
  }
}
