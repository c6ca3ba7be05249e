/** What was done, by whom, and how to take it back; and what will be done by itself. */
import { html, useState } from "./preact.js";
import { Icon } from "./icons.js";
import { leave, live, notifiable, notify, routine, undo } from "./live.js";
import { clock, day, plain, sentence, when } from "./words.js";

const SIGN = { done: "✓", failed: "✗", refused: "✗", declined: "–", unknown: "?" };

/** The page of everything that happened. */
export function Activity() {
  const { routines, log } = live.state;
  const days = new Map();
  for (const turn of log) days.set(day(turn.at), [...(days.get(day(turn.at)) ?? []), turn]);
  return html`<div class="column-page">
    <h1>Activity</h1>
    <${Routines} routines=${routines} />
    ${[...days].map(([name, turns]) => html`<section key=${name}>
      <h2>${name}</h2>
      <ul class="card list">${turns.map((turn) => html`<${Turn} key=${turn.id} turn=${turn} />`)}</ul>
    </section>`)}
    ${!log.length && html`<p class="note">Nothing was done yet.</p>`}
    <${Leave} />
  </div>`;
}

/** A deed that asks once more, in place. */
function Twice({ label, question, onSure, disabled }) {
  const [sure, setSure] = useState(false);
  if (!sure) return html`<button class="button quiet" disabled=${disabled} onClick=${() => setSure(true)}>${label}</button>`;
  return html`<span class="row" role="group" aria-label=${question}>
    <button class="button danger" onClick=${() => { setSure(false); onSure(); }}>${question}</button>
    <button class="button quiet" onClick=${() => setSure(false)}>Keep</button>
  </span>`;
}

/** The next three, or all. */
function Routines({ routines }) {
  const [all, setAll] = useState(false);
  const sorted = [...routines].sort((one, other) => (one.next ?? Infinity) - (other.next ?? Infinity));
  return html`<section>
    <h2>Routines</h2>
    ${routines.length
      ? html`<ul class="card list">${sorted.slice(0, all ? undefined : 3).map((one) => html`<${Routine} key=${one.id} routine=${one} />`)}</ul>`
      : html`<p class="note">None yet. Say “every weekday at 7 open the shades” in the chat.</p>`}
    ${routines.length > 3 && html`<button class="button quiet" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Show fewer" : `Show all ${routines.length}`}</button>`}
  </section>`;
}

function Routine({ routine: one }) {
  const busy = live.busy.has(`routine:${one.id}`);
  const paused = one.status === "paused";
  const recurs = /\bevery /.test(one.when);
  const last = one.last && `last ${when(one.last.at ?? one.last.due)}: ${one.last.outcome}`;
  const well = ["done", "fired", "asked"].includes(one.last?.outcome);
  const told = one.when.includes(clock(one.next)) && ["Today", ...one.when.split(/\W+/)].includes(day(one.next)); // said already
  const next = paused ? "paused" : recurs && one.next && !told && `next ${when(one.next)}`;
  const does = one.name && one.do && one.name.toLowerCase() !== one.do.toLowerCase() && one.do;
  return html`<li><details>
    <summary class=${paused ? "entry dim" : "entry"}>
      <span class="badge-icon"><${Icon} name=${one.kind !== "deed" ? one.kind : recurs ? "routine" : "activity"} /></span>
      <div class="body"><p class="title">${sentence(one.name || one.do)}</p><p class="note">${[one.when, next, !well && last].filter(Boolean).join(" · ")}</p></div>
      <${Icon} name="down" />
    </summary>
    <p class="note">${[does, well && last].filter(Boolean).join(" · ")}</p>
    <div class="row">
      <button class="button quiet" disabled=${busy} onClick=${() => routine(one.id, paused ? "resume" : "pause")}>${busy ? "…" : paused ? "Resume" : "Pause"}</button>
      <${Twice} label="Delete" question="Delete it" disabled=${busy} onSure=${() => routine(one.id, "delete")} />
    </div>
  </details></li>`;
}

function Turn({ turn }) {
  const busy = live.busy.has(`turn:${turn.id}`);
  const who = { you: "You", routine: "Routine", claw: "Claw" }[turn.who];
  const telling = turn.calls.length > 1 || turn.calls.some((call) => call.outcome !== "done"); // of one that went well the reply tells
  return html`<li class=${turn.undone ? "entry dim" : "entry"}>
    <div class="body">
      <p class="note">${[clock(turn.at), who, turn.undone && "undone"].filter(Boolean).join(" · ")}</p>
      <p class="title">${sentence(turn.say)}</p>
      ${turn.reply && html`<p class="text">${turn.reply}</p>`}
      ${telling && html`<ul class="calls">${turn.calls.map((call, at) => html`<${Call} key=${at} call=${call} />`)}</ul>`}
    </div>
    ${turn.undo && html`<button class="button quiet" disabled=${busy} onClick=${() => undo(turn.id)}>${busy ? "…" : turn.redo ? "Redo" : "Undo"}</button>`}
  </li>`;
}

function Call({ call: { command, names, args, outcome } }) {
  const words = [`${names.join(", ")}:`, plain(command).toLowerCase(), ...Object.values(args), outcome !== "done" && `(${outcome})`];
  return html`<li class=${outcome === "done" ? "call" : "call bad"}><b aria-hidden="true">${SIGN[outcome] ?? "·"}</b> ${words.filter((one) => one !== false).join(" ")}</li>`;
}

const Leave = () => html`<footer class="leave"><p class="note">${live.state.name}</p>
  ${notifiable() && html`<button type="button" class="button quiet" onClick=${notify}>Notify this phone</button>`}
  <${Twice} label="Sign out this phone" question="Sign out" onSure=${leave} /></footer>`;
