// Comforts only: the administrators' portal works without this file. Asks for the preview of what is
// being typed, a moment after the last key.
(() => {
  const form = document.querySelector("form[data-preview]");
  if (!form) return;
  let waiting;
  let asked = 0;
  const ask = async () => {
    const turn = ++asked;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.preview, { method: "POST", body });
    if (turn !== asked || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["preview", "change"]) {
      const [now, then] = [document.getElementById(id), page.getElementById(id)];
      if (now && then) now.replaceWith(document.importNode(then, true));
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask().catch(() => {}), 250);
  });
})();
