// Asks the browser for a passkey, or to make one, and sends what it says as a form. Decides nothing.
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const button = form.querySelector("[data-start]");
  const stopped = form.querySelector("[data-stopped]");
  const create = form.dataset.passkey === "create";
  const show = (element, shown) => { if (element) element.hidden = !shown; };

  // Nothing here works without; pages say so where scripts are off.
  if (!window.PublicKeyCredential) {
    show(form.querySelector("[data-none]"), true);
    return;
  }
  show(button, true);

  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : null;
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const asked = () => {
    const options = JSON.parse(form.dataset.options).publicKey;
    options.challenge = bytes(options.challenge);
    if (options.user) options.user = { ...options.user, id: bytes(options.user.id) };
    if (options.excludeCredentials) options.excludeCredentials = named(options.excludeCredentials);
    if (options.allowCredentials) options.allowCredentials = named(options.allowCredentials);
    return options;
  };

  const said = (credential) => {
    const { response } = credential;
    const answer = { clientDataJSON: text(response.clientDataJSON) };
    if (create) {
      answer.attestationObject = text(response.attestationObject);
      answer.transports = response.getTransports ? response.getTransports() : [];
    } else {
      answer.authenticatorData = text(response.authenticatorData);
      answer.signature = text(response.signature);
      answer.userHandle = text(response.userHandle);
    }
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: answer,
    });
  };

  let waiting = new AbortController();
  let sent = false;
  const ask = async (mediation) => {
    const mine = waiting = (waiting.abort(), new AbortController());
    const request = { publicKey: asked(), signal: mine.signal };
    if (mediation) request.mediation = mediation;
    const credential = create
      ? await navigator.credentials.create(request) : await navigator.credentials.get(request);
    if (!credential || sent || mine !== waiting) return;
    sent = true;
    form.elements.credential.value = said(credential);
    form.submit();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(stopped, false);
    // Closed, timed out, not allowed: it looks the same, and nothing has changed. The message of a
    // credential that is here already is the only other one that helps.
    ask().catch((error) => {
      const known = form.querySelector("[data-known]");
      show(error.name === "InvalidStateError" && known ? known : stopped, true);
      autofill();
    });
  });

  const autofill = async () => {
    if (create || !("conditional" in form.dataset)) return;
    try {
      if (await PublicKeyCredential.isConditionalMediationAvailable?.()) await ask("conditional");
    } catch { /* Another way was begun. */ }
  };
  autofill();

  // Another way was chosen.
  for (const other of document.forms) {
    if (other !== form) other.addEventListener("submit", () => waiting.abort());
  }

  // A page that was left open: its question is too old to be answered.
  const opened = Date.now();
  document.addEventListener("visibilitychange", () => {
    const typed = [...document.querySelectorAll("input:not([type=hidden])")].some((field) => field.value);
    if (!document.hidden && !sent && !typed && Date.now() - opened > 240000) location.reload();
  });

  const gone = document.querySelector("[data-forget]");
  if (gone && gone.dataset.forget) {
    PublicKeyCredential.signalUnknownCredential?.({
      rpId: gone.dataset.rp, credentialId: gone.dataset.forget,
    })?.catch?.(() => {});
  }
})();
