/* The examples page: sends a form, then asks for the result until it is there. Without JavaScript the browser sends
   the same forms and shows the JSON. What it says stands in the page, in the page's language. */
"use strict";

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;
const SLOWDOWN = 1.5;
const MOST_FAILURES = 5;
const TEXTS = document.getElementById("examples").dataset;
const runs = new Map(); // outcome's id → what runs there; a newer run replaces an older one

for (const form of document.querySelectorAll("form[data-outcome]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form, document.getElementById(form.dataset.outcome));
  });
}

async function run(form, outcome) {
  const mine = Symbol(form.action);
  runs.set(outcome.id, mine);
  const show = (...parts) => {
    if (runs.get(outcome.id) !== mine) return;
    outcome.ariaLive = parts.length > 1 ? "off" : "polite"; // a screen reader need not read each step
    outcome.replaceChildren(...parts);
  };
  show(note("", TEXTS.sending));
  try {
    const sent = await ask(form.action, { method: "POST", body: new FormData(form) });
    show(note("", TEXTS.sent));
    await poll(TEXTS.results + sent.result_id, show, () => runs.get(outcome.id) === mine);
  } catch (error) {
    show(note("bad", error.message));
  }
}

/* Asks soon at first, less often later: a page that asks for ever must not load the server. */
async function poll(url, show, wanted) {
  let pause = FIRST_PAUSE;
  let failures = 0;
  let shown = "";
  while (wanted()) {
    await rest(pause);
    pause = Math.min(pause * SLOWDOWN, LONGEST_PAUSE);
    let found;
    try {
      found = await ask(url);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === MOST_FAILURES || error.final) throw error;
      continue;
    }
    if (found.ready) return show(ending(found));
    const text = JSON.stringify(found);
    if (text !== shown) {
      show(...progress(found));
      pause = Math.min(pause, 1000); // it moves, so look more often
      shown = text;
    }
  }
}

function ending(found) {
  if (!found.successful) return note("bad", found.error);
  if (found.value === null) return note("ok", TEXTS.nothing);
  return note("ok", fill(TEXTS.result, { value: JSON.stringify(found.value) }));
}

function progress(found) {
  if (found.worker === false) return [note("warn", found.error)];
  if (found.total === undefined) {
    return [note("", found.state === "STARTED" ? TEXTS.started : TEXTS.sent)];
  }
  const bar = document.createElement("progress");
  bar.max = found.total;
  bar.value = found.current;
  bar.setAttribute("aria-label", TEXTS.steps);
  return [note("", fill(TEXTS.step, found)), bar];
}

function fill(text, values) {
  return text.replace(/{(\w+)}/g, (_, name) => values[name]);
}

function note(kind, text) {
  const line = document.createElement("p");
  line.className = `note ${kind}`.trim();
  line.textContent = text;
  return line;
}

/* The server's JSON, or an error in words. An answer of 4xx is final: asking again cannot help. */
async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { ...options, cache: "no-store", headers: { Accept: "application/json" } });
  } catch {
    throw new Error(TEXTS.away);
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const error = new Error(body.error || fill(TEXTS.refused, { status: response.status }));
  error.final = response.status < 500;
  throw error;
}

/* A hidden page does not ask at all. */
async function rest(milliseconds) {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (document.hidden) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}
