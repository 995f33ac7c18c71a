// The packet's page: keys, highlights both ways, what was in view, and selecting words. The server decides everything.
const $ = (q, from = document) => from.querySelector(q);
const $$ = (q, from = document) => [...from.querySelectorAll(q)];
const SVG = "http://www.w3.org/2000/svg";
const desk = $(".desk"), pages = $("#pages"), list = $("#criteria"), editable = desk.dataset.editable === "yes";
const base = `/packets/${desk.dataset.packet}`;
const seen = new Map(), words = new Map(); // criterion -> ids of excerpts in view once; page -> its words
let now = null, here = null, since = performance.now(), zoom = 100, choice = null;

const say = (text) => { $("#say").textContent = text; clearTimeout(say.t); say.t = setTimeout(() => { $("#say").textContent = ""; }, 4000); };
const row = (id) => document.getElementById(`c-${id}`);
const rows = () => $$(".criterion", list).filter((li) => !li.hidden);
const seenOf = (id) => seen.get(id) ?? seen.set(id, new Set()).get(id);
const deciding = (li) => li.dataset.deciding.split(",").filter(Boolean);
const unseen = (li) => deciding(li).filter((e) => !seenOf(li.dataset.id).has(e));

// Highlights: drawn from the excerpts on the left, so that what is decided and what is shown are one thing.
const drawn = new Map(); // criterion -> what its highlights were drawn from: most decisions change none
function draw(li) {
  const from = $$(".excerpt", li).map((x) => JSON.stringify(x.dataset)).join();
  if (drawn.get(li.dataset.id) === from) return;
  drawn.set(li.dataset.id, from);
  $$(`.marks g[data-c="${li.dataset.id}"]`).forEach((g) => g.remove());
  for (const x of $$(".excerpt", li)) {
    const page = document.getElementById(x.dataset.place); // none while the pages are still being made
    if (!page) continue;
    const layer = $(".marks", page);
    const g = document.createElementNS(SVG, "g");
    g.dataset.c = li.dataset.id; g.dataset.e = x.dataset.e;
    g.setAttribute("class", `${x.dataset.stance}${x.dataset.dropped ? " dropped" : ""}`);
    for (const [x0, top, x1, bottom] of JSON.parse(x.dataset.boxes)) g.append(rect(x0 - 1, top - 1, x1 - x0 + 2, bottom - top + 2));
    layer.append(g);
    watcher.observe(g);
  }
}
function rect(x, y, w, h, kind = "") {
  const r = document.createElementNS(SVG, "rect");
  for (const [k, v] of Object.entries({ x, y, width: w, height: h, rx: 1.5 })) r.setAttribute(k, v);
  if (kind) r.setAttribute("class", kind);
  return r;
}
// Evidence counts as seen when its rectangle was in view while its criterion was open.
const inView = new Set();
const watcher = new IntersectionObserver((found) => {
  for (const f of found) f.isIntersecting ? inView.add(f.target) : inView.delete(f.target);
  if (found.some((f) => f.isIntersecting)) note();
}, { threshold: 0.6 }); // in the window, not only in the pages' own box: at 200 % they stand below the criteria
function note() {
  if (!now) return;
  for (const g of inView) if (g.dataset.c === now && g.isConnected) seenOf(now).add(g.dataset.e);
  showSeen(row(now));
}
function showSeen(li) {
  const left = unseen(li).length, all = deciding(li).length;
  for (const x of $$(".excerpt", li)) x.classList.toggle("seen", seenOf(li.dataset.id).has(x.dataset.e));
  $("[data-do=confirm]", li)?.classList.toggle("waiting", left > 0);
  const told = $(".seen[aria-live]", li);
  if (told) told.textContent = left ? `${all - left} of ${all} excerpts seen: c shows the next` : "";
}
function open(id, { show = true, focus = true } = {}) {
  const li = row(id);
  if (!li) return;
  for (const other of $$(".criterion.now", list)) if (other !== li) fold(other);
  if (now !== id) since = performance.now();
  now = id; here = null;
  li.classList.add("now"); $(".inside", li).hidden = false; $(".head", li).setAttribute("aria-expanded", "true");
  $$(".marks g").forEach((g) => g.classList.toggle("active", g.dataset.c === id));
  const first = show && $(".excerpt", li);
  if (first) point(first); // everything is marked before anything is measured or scrolled: one layout, not three
  li.scrollIntoView({ block: "nearest" });
  if (focus) $(".head", li).focus({ preventScroll: true });
  if (first) reveal(first); else note();
}
function fold(li) { li.classList.remove("now"); $(".inside", li).hidden = true; $(".head", li).setAttribute("aria-expanded", "false"); }
function showExcerpt(x) { point(x); reveal(x); }
function point(x) {
  here = x.dataset.e;
  $$(".excerpt.here, .marks g.here").forEach((o) => o.classList.remove("here"));
  x.classList.add("here");
  const page = document.getElementById(x.dataset.place);
  if (page) $(`.marks g[data-c="${now}"][data-e="${here}"]`, page)?.classList.add("here");
}
function reveal(x) {
  x.scrollIntoView({ block: "nearest" });
  const page = document.getElementById(x.dataset.place);
  if (!page) { seenOf(now).add(here); return showSeen(row(now)); } // no page to show: the quote itself was read
  centre(page, JSON.parse(x.dataset.boxes)[0]);
  seeSoon();
  const [shown, of] = [here, now];
  setTimeout(() => { // its page was scrolled to and is in view
    const b = page.getBoundingClientRect(), port = visible();
    if (now === of && here === shown && b.top < port.bottom && b.bottom > port.top) { seenOf(of).add(shown); showSeen(row(of)); }
  }, 200);
}
// The part of the pages' box that the window shows.
function visible() {
  const b = pages.getBoundingClientRect();
  return { top: Math.max(b.top, 0), bottom: Math.min(b.bottom, innerHeight) };
}
// layout first, then what is in view: an excerpt just scrolled to counts without waiting for the observer
function seeSoon() {
  requestAnimationFrame(() => {
    const port = visible();
    for (const g of $$(`.marks g[data-c="${now}"]`)) {
      const b = g.getBoundingClientRect();
      if (b.height && b.top >= port.top - 2 && b.bottom <= port.bottom + 2) seenOf(now).add(g.dataset.e);
    }
    if (now) showSeen(row(now));
  });
}
// From rectangles, not offsets: content-visibility makes a page the parent that its paper's offset counts from.
const topOf = (page) => page.getBoundingClientRect().top - pages.getBoundingClientRect().top + pages.scrollTop;
function centre(page, box) {
  pages.scrollIntoView({ block: "nearest" });
  const paper = $(".paper", page), top = topOf(page);
  const scale = paper.clientWidth / page.dataset.width, head = paper.getBoundingClientRect().top - page.getBoundingClientRect().top;
  pages.scrollTo({ top: top + (box ? head + box[1] * scale - pages.clientHeight / 3 : 0), left: box ? Math.max(0, box[0] * scale - 60) : 0 });
  if (Math.abs(topOf(page) - top) > 2) requestAnimationFrame(() => centre(page, box)); // pages above may have got their real height by now
  $("#jump").value = page.id;
}
function step(by) {
  const all = rows(), at = all.findIndex((li) => li.dataset.id === now);
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next) open(next.dataset.id);
}
function moveOn() {
  const all = rows(), at = all.findIndex((li) => li.dataset.id === now);
  const next = [...all.slice(at + 1), ...all.slice(0, at)].find((li) => !li.dataset.decided);
  if (next) return open(next.dataset.id);
  open(now, { show: false });
  say("Everything is decided. Finish closes the review.");
  $("#finish")?.focus();
}
function excerptStep(by) {
  const all = $$(".excerpt", row(now) ?? list), at = all.findIndex((x) => x.dataset.e === here);
  if (all.length) showExcerpt(all[(at + by + all.length) % all.length]);
}
function pageStep(by) {
  const all = $$(".page"), at = all.findIndex((p) => p.id === $("#jump").value), next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next) { centre(next); seeSoon(); }
}
// Deciding
function send(action, extra = {}) {
  const li = row(now), form = li && $("form.decide", li);
  if (!form) return editable ? undefined : say("Start the review first.");
  const set = (name, value) => { form.elements[name].value = value; };
  set("action", action); set("seen", [...seenOf(now)].join(",")); set("seconds", ((performance.now() - since) / 1000).toFixed(1));
  for (const [name, value] of Object.entries({ of: "", place: "", ...extra })) set(name, value);
  htmx.trigger(form, "submit");
}
function confirm() {
  const li = row(now);
  if (!li || !editable) return editable ? undefined : say("Start the review first.");
  seeSoon();
  const left = unseen(li);
  if (left.length) { const x = $(`.excerpt[data-e="${left[0]}"]`, li); return x && !here ? showExcerpt(x) : (showExcerpt(x), say(`${left.length} excerpts to look at first`)); }
  if (li.dataset.status === "conflicting" && !$("[name=reason]", li).value.trim()) return ask(li, "confirm");
  send("confirm");
}
function ask(li, action) {
  const form = $("form.decide", li);
  if (!form) return say("Start the review first.");
  form.dataset.asking = action;
  $(".fields", form).hidden = false; $(".status-field", form).hidden = action !== "correct";
  (action === "correct" ? form.elements.status : form.elements.reason).focus();
  say(action === "reject" ? "Why does it not count? Enter rejects." : "Say why; Enter saves.");
}
const acts = {
  next: () => step(1), previous: () => step(-1), confirm, undo: () => send("undo"),
  reject: () => row(now)?.dataset.status === "insufficient" ? say("Nothing was suggested: correct it instead (e).") : row(now) && ask(row(now), "reject"),
  correct: () => row(now) && ask(row(now), "correct"),
  note: () => { const f = row(now) && $("form.decide", row(now)); if (!f) return; f.dataset.asking = "note"; $(".note-field", f).hidden = false; f.elements.note.focus(); },
  evidence: () => excerptStep(1), "evidence-back": () => excerptStep(-1), page: () => pageStep(1), "page-back": () => pageStep(-1),
  jump: () => $("#jump").focus(), search: () => $("#q").focus(), talk: () => document.dispatchEvent(new Event("talk")), help: () => $("#help").showModal(),
  highlights: () => { const off = pages.classList.toggle("no-marks"); $("[data-do=highlights]").setAttribute("aria-pressed", String(!off)); },
  "zoom-in": () => setZoom(zoom + 20), "zoom-out": () => setZoom(zoom - 20), add: () => choose(), take, leave,
  open: (b) => { const li = b.closest(".criterion"); li.dataset.id === now && !$(".inside", li).hidden ? fold(li) : open(li.dataset.id); },
  show: (b) => { const li = b.closest(".criterion"); if (li.dataset.id !== now) open(li.dataset.id, { show: false }); showExcerpt(b.closest(".excerpt")); },
  drop: (b) => send("drop", { of: b.closest(".excerpt").dataset.e }),
  hit: (b) => mark(b.dataset.place, Number(b.dataset.start), Number(b.dataset.end)),
  "close-hits": () => { $("#hits").textContent = ""; pages.focus(); },
};
function setZoom(to) { zoom = Math.min(Math.max(to, 40), 240); pages.style.setProperty("--zoom", `${zoom}%`); }
const keys = new Map($$(".keys [data-key]").map((d) => [d.dataset.key, d.dataset.action]));
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (field) {
    const form = field.closest("form.decide");
    if (event.key === "Escape") { event.preventDefault(); field.blur(); leave(); if (now) $(".head", row(now)).focus({ preventScroll: true }); }
    if (form && event.key === "Enter" && (field.tagName !== "TEXTAREA" || event.ctrlKey)) { event.preventDefault(); send(form.dataset.asking || "confirm"); }
    return;
  }
  if (choice && chooseKey(event)) return event.preventDefault();
  if (event.ctrlKey || event.metaKey || event.altKey || $("#help").open) return;
  if (event.key === "Escape") return leave();
  if (!$("#keys-on").checked) return;
  const action = keys.get(event.key);
  if (action) { event.preventDefault(); acts[action](); }
});
document.addEventListener("click", (event) => {
  const b = event.target.closest("[data-do]");
  if (b) { event.preventDefault(); acts[b.dataset.do]?.(b); }
  const f = event.target.closest("[data-filter]");
  if (f) filter(f);
});
$("#jump").addEventListener("change", (event) => { centre(document.getElementById(event.target.value)); seeSoon(); });
$("#keys-on").checked = localStorage.getItem("keys") !== "off";
$("#keys-on").addEventListener("change", (event) => localStorage.setItem("keys", event.target.checked ? "on" : "off"));
function filter(button) {
  $$("[data-filter]").forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
  const f = button.dataset.filter;
  for (const li of $$(".criterion", list)) li.hidden = !(f === "all" || (f === "open" ? !li.dataset.decided : li.dataset.status === f));
  if (!rows().some((li) => li.dataset.id === now) && rows()[0]) open(rows()[0].dataset.id);
}
// A criterion came back from the server: draw it, and after a decision go on.
document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.elt?.closest?.("li.criterion") ?? (event.detail.elt?.matches?.("li.criterion") ? event.detail.elt : null);
  if (!target || target.dataset.drawn) return;
  target.dataset.drawn = "yes";
  draw(target);
  const path = event.detail.requestConfig?.parameters, action = path?.get ? path.get("action") : path?.action;
  const decidedNow = ["confirm", "reject", "correct"].includes(action) && !target.dataset.problem;
  say(target.dataset.problem ? $(".problem", target)?.textContent ?? "Not saved." : action === "undo" ? "Undone." : "Saved.");
  if (decidedNow && target.dataset.id === now) moveOn(); else open(target.dataset.id, { show: false });
});
document.addEventListener("htmx:sendError", () => say("Not saved: the server does not answer. Try again."));
document.addEventListener("htmx:responseError", () => say("Not saved. Load the page again."));

// Words: from the stored boxes, never the browser's own selection
async function wordsOf(page) {
  if (!words.has(page.id)) words.set(page.id, fetch(`${base}/pages/${page.dataset.position}/${page.dataset.number}.json`).then((r) => r.ok ? r.json() : []));
  return words.get(page.id);
}
async function mark(id, start, end) {
  const page = document.getElementById(id), found = (await wordsOf(page)).filter((w) => w[0] < end && w[1] > start);
  $$(".choice").forEach((g) => g.replaceChildren());
  for (const w of found) $(".choice", page).append(rect(w[2] - 1, w[3] - 1, w[4] - w[2] + 2, w[5] - w[3] + 2));
  centre(page, found[0]?.slice(2, 6));
}
async function choose(page = document.getElementById($("#jump").value), from = null) {
  if (!editable || !now) return say("Start the review first.");
  const all = await wordsOf(page);
  if (!all.length) return say("No words were read on this page.");
  let first = from, last = from, of = null;
  const x = here && $(`.excerpt[data-e="${here}"]`, row(now));
  if (from === null) {
    first = last = 0;
    if (x && x.dataset.place === page.id) { // an excerpt is shown: its edges are moved
      of = here; first = all.findIndex((w) => w[1] > x.dataset.start); last = all.findLastIndex((w) => w[0] < x.dataset.end);
    }
  }
  choice = { page, all, first, last, anchor: first, of };
  $("#stance").value = x && of ? x.dataset.stance : "supports";
  $("#selecting").hidden = false; paint(); pages.focus({ preventScroll: true });
}
function paint() {
  const { page, all, anchor, last } = choice, [a, b] = [Math.min(anchor, last), Math.max(anchor, last)];
  const layer = $(".choice", page);
  layer.replaceChildren(...all.slice(a, b + 1).map((w) => rect(w[2] - 1, w[3] - 1, w[4] - w[2] + 2, w[5] - w[3] + 2)));
  const w = all[last]; layer.append(rect(w[2] - 2, w[3] - 2, w[4] - w[2] + 4, w[5] - w[3] + 4, "caret"));
  $("#selected").textContent = `${choice.of ? "Moving: " : ""}“${all.slice(a, b + 1).map((x) => x[6]).join(" ").slice(0, 160)}”`;
}
function chooseKey(event) {
  const { all } = choice, by = { ArrowRight: 1, ArrowLeft: -1 }[event.key], down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Enter") { take(); return true; }
  if (event.key === "Escape") { leave(); return true; }
  if (!by && !down) return false;
  let to = choice.last + (by ?? 0);
  if (down) { // the nearest word in the next line that way
    const w = all[choice.last], other = all.map((v, i) => [v, i]).filter(([v]) => down > 0 ? v[3] >= w[5] - 1 : v[5] <= w[3] + 1);
    const best = other.sort(([p], [q]) => Math.abs(p[3] - w[3]) * 4 + Math.abs(p[2] - w[2]) - Math.abs(q[3] - w[3]) * 4 - Math.abs(q[2] - w[2]))[0];
    to = best ? best[1] : choice.last;
  }
  choice.last = Math.min(Math.max(to, 0), all.length - 1);
  if (!event.shiftKey) { choice.anchor = choice.last; choice.of = null; }
  paint(); centre(choice.page, choice.all[choice.last].slice(2, 6));
  return true;
}
function take() {
  if (!choice) return;
  const { page, all, anchor, last, of } = choice, a = Math.min(anchor, last), b = Math.max(anchor, last);
  const place = [page.dataset.position, page.dataset.number, all[a][0], all[b][1], $("#stance").value].join(",");
  leave();
  send(of ? "move" : "add", of ? { of, place } : { place });
}
function leave() { if (choice) $(".choice", choice.page).replaceChildren(); choice = null; $("#selecting").hidden = true; }
// Pointer: a click on a highlight goes to it (again: to the one beneath), a drag selects words
const pointed = (page, event) => { const b = $(".paper", page).getBoundingClientRect(), k = page.dataset.width / b.width; return [(event.clientX - b.left) * k, (event.clientY - b.top) * k]; };
const nearest = (all, [x, y]) => all.reduce((best, w, i) => { const d = Math.max(w[2] - x, 0, x - w[4]) + 3 * Math.max(w[3] - y, 0, y - w[5]); return d < best[0] ? [d, i] : best; }, [1e9, -1])[1];
let drag = null;
pages.addEventListener("pointerdown", (event) => {
  const page = event.target.closest("svg") && event.target.closest(".page");
  if (page && event.button === 0) { drag = { page, x: event.clientX, y: event.clientY, at: pointed(page, event), live: false, shift: event.shiftKey }; if (editable) wordsOf(page); }
});
pages.addEventListener("pointermove", async (event) => {
  if (!drag || !editable || (!drag.live && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 5)) return;
  const mine = drag, all = await wordsOf(mine.page);
  if (!all.length || drag !== mine) return;
  if (!mine.live) { mine.live = true; await choose(mine.page, nearest(all, mine.at)); }
  if (choice) { choice.last = nearest(all, pointed(mine.page, event)); paint(); }
});
addEventListener("pointerup", async (event) => {
  const d = drag; drag = null;
  if (!d || d.live) return;
  if (choice && choice.page === d.page) { // click the first word, Shift+click the last
    choice.last = nearest(choice.all, d.at); if (!event.shiftKey) { choice.anchor = choice.last; choice.of = null; } return paint();
  }
  const hit = document.elementsFromPoint(event.clientX, event.clientY).map((e) => e.closest(".marks g")).filter(Boolean);
  if (!hit.length) return;
  const at = hit.findIndex((g) => g.dataset.c === now && g.dataset.e === here), g = hit[(at + 1) % hit.length];
  open(g.dataset.c, { show: false, focus: false });
  const x = $(`.excerpt[data-e="${g.dataset.e}"]`, row(g.dataset.c));
  point(x); x.scrollIntoView({ block: "nearest" }); seenOf(now).add(here); showSeen(row(now));
});
// Pages without a picture (plain text) are drawn from their words when they come near
const near = new IntersectionObserver((found) => found.filter((f) => f.isIntersecting).forEach(async (f) => {
  near.unobserve(f.target);
  for (const w of await wordsOf(f.target)) {
    const e = document.createElementNS(SVG, "text");
    e.setAttribute("x", w[2]); e.setAttribute("y", w[5] - (w[5] - w[3]) / 4); e.setAttribute("textLength", w[4] - w[2]); e.setAttribute("lengthAdjust", "spacingAndGlyphs"); e.textContent = w[6];
    $(".text", f.target).append(e);
  }
}), { root: pages, rootMargin: "800px" });
$$(".page").filter((p) => !$("img", p)).forEach((p) => near.observe(p));
pages.addEventListener("scroll", () => { // the page at the top third is the page in the jump list
  clearTimeout(pages.t);
  pages.t = setTimeout(() => { const y = pages.getBoundingClientRect(), p = document.elementFromPoint(y.left + y.width / 2, y.top + y.height / 3)?.closest(".page"); if (p) $("#jump").value = p.id; note(); }, 80);
}, { passive: true });
for (const li of $$(".criterion", list)) { li.dataset.drawn = "yes"; draw(li); }
const start = $$(".criterion", list).find((li) => !li.dataset.decided) ?? $(".criterion", list);
if (start) open(start.dataset.id, { focus: editable });
document.documentElement.dataset.ready = "yes";
