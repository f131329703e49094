// Comforts only: every page works without this file.
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const summary = document.querySelector("[role=alert][tabindex]");
  if (summary) summary.focus();

  for (const field of all("input[data-show]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link show";
    button.textContent = field.dataset.show;
    button.setAttribute("aria-label", field.dataset.showLabel);
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-controls", field.id);
    button.onclick = () => {
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
    };
    field.after(button);
    field.form.addEventListener("submit", () => { field.type = "password"; });
  }

  for (const hint of all("[data-caps]")) {
    document.addEventListener("keyup", (event) => {
      if (!event.getModifierState) return;
      const on = event.target.type === "password" && event.getModifierState("CapsLock");
      hint.textContent = on ? hint.dataset.caps : "";
    });
  }

  for (const field of all("input[name=fragment]")) field.value = location.hash;

  for (const button of all("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.onclick = () => navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText.trim()).then(
      () => { button.textContent = button.dataset.done; },
    );
  }
  for (const button of all("[data-save]")) {
    button.hidden = false;
    button.onclick = () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([document.getElementById(button.dataset.save).innerText.trim() + "\n"]));
      link.download = "recovery-codes.txt";
      link.click();
    };
  }
  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.onclick = () => print();
  }

  // WebOTP: fills in what came by text message; the person presses the button.
  const texted = document.querySelector("input[data-texted]");
  if (texted && "OTPCredential" in window) {
    const stop = new AbortController();
    texted.form.addEventListener("submit", () => stop.abort());
    addEventListener("pagehide", () => stop.abort());
    navigator.credentials.get({ otp: { transport: ["sms"] }, signal: stop.signal }).then(
      (otp) => { if (otp && !texted.value) texted.value = otp.code; },
      () => {},
    );
  }

  for (const note of all("[data-wait]")) {
    const end = Date.now() + note.dataset.wait * 1000;
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left > 0) {
        const time = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
        note.textContent = note.dataset.text.replace("#", time);
        setTimeout(tick, 1000);
      } else {
        note.setAttribute("role", "status");
        note.textContent = note.dataset.ready;
      }
    };
    note.setAttribute("aria-live", "off");
    tick();
  }
})();
