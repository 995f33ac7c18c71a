// The conversation beside the pages: only verified statements arrive, and an excerpt opens at its place.
const $ = (q, from = document) => from.querySelector(q);
const base = `/packets/${$(".desk").dataset.packet}/chat`, panel = $("#talk"), log = $("#talk-log"), field = $("#talk-q");
const headers = JSON.parse(document.body.getAttribute("hx-headers"));
let earlier = null, busy = false, from = null;

function make(tag, name, text) {
  const e = document.createElement(tag);
  e.className = name; e.textContent = text;
  return e;
}
function cited(c) {
  const b = make(c.place ? "button" : "p", "cited", "");
  b.append(make("q", "", c.quote), make("span", "soft", ` ${c.document_id}, page ${c.page}`));
  if (c.place) Object.assign(b.dataset, { do: "hit", place: c.place, start: c.start, end: c.end });
  if (c.place) b.type = "button";
  return b;
}
function show(element) { log.append(element); log.scrollTop = log.scrollHeight; }
// Where a statement's excerpts go: a group beneath its words, or the log itself where they stand alone.
function statement(says) {
  if (!says) return log;
  const group = make("div", "statement", "");
  group.append(make("p", "lead", says));
  show(group);
  return group;
}
async function load() {
  const answer = await fetch(`${base}/turns`);
  for (const turn of answer.ok ? await answer.json() : []) {
    show(make("p", "asked", turn.q));
    for (const part of turn.told) {
      const group = statement(part.says);
      part.citations.forEach((c) => group.append(cited(c)));
    }
  }
  log.scrollTop = log.scrollHeight;
}
function open() {
  from = document.activeElement;
  panel.hidden = false;
  field.focus();
  earlier ??= load().catch(() => show(make("p", "problem", "What was asked before could not be read.")));
}
function close() { panel.hidden = true; from?.focus?.(); }
async function ask(q) {
  busy = true;
  await earlier; // so that a question asked at once stands after the turns before it
  show(make("p", "asked", q));
  const waiting = make("p", "soft", "Reading the record…");
  show(waiting);
  let group = log;
  const seen = { says: (d) => { group = statement(d.says); }, citation: (d) => { group.append(cited(d)); log.scrollTop = log.scrollHeight; },
    problem: (d) => show(make("p", "problem", d.says)) };
  try {
    const answer = await fetch(`${base}/ask`, { method: "POST", headers, body: new URLSearchParams({ q }) });
    if (!answer.ok) throw new Error("refused");
    for await (const [name, data] of events(answer.body)) seen[name]?.(data);
  } catch { show(make("p", "problem", "No answer came. Load the page again.")); }
  waiting.remove();
  busy = false;
}
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = "", part; !(part = await reader.read()).done;) {
    const blocks = (text + part.value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const [, name, data] = block.match(/^event: (.*)\ndata: (.*)$/) ?? [];
      if (name) yield [name, JSON.parse(data)];
    }
  }
}
document.addEventListener("talk", () => panel.hidden ? open() : close());
panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } });
panel.addEventListener("click", async (event) => {
  const act = event.target.closest("[data-talk]")?.dataset.talk;
  if (act === "close") close();
  if (act === "forget" && (await fetch(`${base}/forget`, { method: "POST", headers })).ok) { log.replaceChildren(); field.focus(); }
});
$("#talk-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const q = field.value.trim();
  if (q && !busy) { field.value = ""; ask(q); }
});
