// The demo portal's own script: a call at level 40 from a page at level 30.
const button = document.querySelector("[data-pay]");
const state = document.querySelector("[data-paid]");

// Without this script the button would do nothing, so without it there is none.
document.querySelector("[data-shop]").hidden = false;
button.onclick = async () => {
  button.disabled = true;
  const order = { method: "POST", body: JSON.stringify({ amount: "12.50" }) };
  const answer = await scoregate.fetch("/payments/orders", order);
  const { user, amount } = answer.ok ? await answer.json() : {};
  state.textContent = answer.ok ? `${state.dataset.yes} ${amount} (${user})` : state.dataset.no;
  button.disabled = false;
};
