/** What was done, by whom, and how to take it back; and what will be done by itself. */
import { html, useState } from "./preact.js";
import { Icon } from "./icons.js";
import { leave, live, routine, undo } from "./live.js";
import { clock, day, plain, sentence, when } from "./words.js";

const SIGN = { done: "✓", failed: "✗", refused: "✗", declined: "–", unknown: "?" };

/** The page of everything that happened. */
export function Activity() {
  const { routines, log } = live.state;
  const days = new Map();
  for (const turn of log) days.set(day(turn.at), [...(days.get(day(turn.at)) ?? []), turn]);
  return html`<div class="column-page">
    <h1>Activity</h1>
    <section>
      <h2>Routines</h2>
      ${routines.length
        ? html`<ul class="card list">${routines.map((one) => html`<${Routine} key=${one.id} routine=${one} />`)}</ul>`
        : html`<p class="note">None yet. Say “every weekday at 7 open the shades” in the chat.</p>`}
    </section>
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

function Routine({ routine: one }) {
  const busy = live.busy.has(`routine:${one.id}`);
  const paused = one.status === "paused";
  const last = one.last && `last ${when(one.last.at ?? one.last.due)}: ${one.last.outcome}`;
  const next = paused ? "paused" : one.next ? `next ${when(one.next)}` : "";
  return html`<li class=${paused ? "entry dim" : "entry"}>
    <span class="badge-icon"><${Icon} name="routine" /></span>
    <div class="body">
      <p class="title">${sentence(one.name || one.do)}</p>
      <p class="note">${one.when}${one.name && one.do && one.name.toLowerCase() !== one.do.toLowerCase() ? ` · ${one.do}` : ""}</p>
      <p class="note">${[next, last].filter(Boolean).join(" · ")}</p>
      <div class="row">
        <button class="button quiet" disabled=${busy} onClick=${() => routine(one.id, paused ? "resume" : "pause")}>${busy ? "…" : paused ? "Resume" : "Pause"}</button>
        <${Twice} label="Delete" question="Delete it" disabled=${busy} onSure=${() => routine(one.id, "delete")} />
      </div>
    </div>
  </li>`;
}

function Turn({ turn }) {
  const busy = live.busy.has(`turn:${turn.id}`);
  const who = { you: "You", routine: "Routine", claw: "Claw" }[turn.who] ?? turn.who;
  return html`<li class="entry">
    <div class="body">
      <p class="note">${clock(turn.at)} · ${who}</p>
      <p class="title">${sentence(turn.say)}</p>
      ${turn.reply && html`<p class="text">${turn.reply}</p>`}
      ${turn.calls.length > 0 && html`<ul class="calls">${turn.calls.map((call, at) => html`<${Call} key=${at} call=${call} />`)}</ul>`}
    </div>
    ${turn.undo && html`<button class="button quiet" disabled=${busy} onClick=${() => undo(turn.id)}>${busy ? "…" : "Undo"}</button>`}
  </li>`;
}

const Call = ({ call }) => html`<li class=${call.outcome === "done" ? "call" : "call bad"}>
  <b aria-hidden="true">${SIGN[call.outcome] ?? "·"}</b> ${call.names.join(", ")}: ${plain(call.command).toLowerCase()}
  ${Object.values(call.args).map(String).join(" ")}${call.outcome === "done" ? "" : ` (${call.outcome})`}
</li>`;

const Leave = () => html`<footer class="leave"><p class="note">${live.state.name}</p>
  <${Twice} label="Sign out this phone" question="Sign out" onSure=${leave} /></footer>`;
