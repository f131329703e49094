// scoregate.fetch: asks the person for more where the gateway does, then calls again.
(() => {
  const plain = window.fetch.bind(window);
  const words = document.currentScript?.dataset ?? {};
  let asking;

  // No portal can send this field: the gateway takes it out of every answer that is not its own.
  const challenge = async (answer) => {
    if (answer.status !== 401 || !answer.headers.has("x-scoregate-reference")) return;
    try {
      const url = new URL((await answer.clone().json()).challenge_url);
      if (url.origin === location.origin && /^\/\.scoregate\/(confirm|sign-in)$/.test(url.pathname)) return url;
    } catch {}
  };

  const ask = (url) => new Promise((resolve) => {
    const channel = new BroadcastChannel("scoregate");
    const dialog = document.createElement("dialog");
    const add = (kind, textContent, onclick) =>
      dialog.append(Object.assign(document.createElement(kind), { textContent, onclick }));
    const end = (done) => {
      channel.close();
      dialog.remove();
      asking = undefined;
      resolve(done);
    };
    add("p", words.text ?? "Confirm it is you to continue.");
    add("button", words.go ?? "Continue", () => open(url, "_blank", "noopener"));
    add("button", words.stop ?? "Cancel", () => end(false));
    dialog.className = "scoregate";
    dialog.oncancel = () => end(false);
    channel.onmessage = () => end(true);
    document.body.append(dialog);
    dialog.showModal();
  });

  window.scoregate = {
    async fetch(input, init) {
      const call = new Request(input, init);
      const again = call.clone();
      const answer = await plain(call);
      const url = await challenge(answer);
      if (!url) return answer;
      // Whoever signs in may be another: what one person was writing is not sent as somebody else.
      const same = url.pathname.endsWith("/confirm") || /^(GET|HEAD)$/.test(call.method);
      url.searchParams.set("window", 1);
      return (await (asking ??= ask(url))) && same ? plain(again) : answer;
    },
  };
})();
