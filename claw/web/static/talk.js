/** What waits for a person, and the chat. */
import { html, useEffect, useRef, useState } from "./preact.js";
import { Icon, Round } from "./icons.js";
import { again, answer, kept, live, say, toast, unseen } from "./live.js";
import { Picture, scaled } from "./pictures.js";
import { clock, day } from "./words.js";

/** Buttons for the choices of a question, or a field where it takes words. */
export function Answers({ question, compact }) {
  const [words, setWords] = useState("");
  const busy = live.busy.has(`question:${question.id}`);
  const give = (text) => answer(question.id, text);
  if (question.kind === "ask" && !question.choices.length)
    return html`<form class="row" onSubmit=${(event) => { event.preventDefault(); if (words.trim() && give(words.trim())) setWords(""); }}>
      <input class="field" aria-label="Your answer" placeholder="Your answer" autocomplete="off" value=${words} onInput=${(event) => setWords(event.target.value)} />
      <button class="button strong" disabled=${busy || !words.trim()}>${busy ? "…" : "Send"}</button>
    </form>`;
  if (question.kind === "approval" && !live.state.approves)
    return html`<p class="note">A yes does not count over this connection. Answer where claw runs, with <code>claw chat</code>.</p>
      <div class="row"><button class="button" disabled=${busy} onClick=${() => give("no")}>No</button></div>`;
  const chosen = question.kind === "approval" ? (label) => label : (label, at) => String(at + 1);
  return html`<div class=${compact || question.kind === "approval" ? "row" : "column"} role="group" aria-label="Answers">
    ${question.choices.map((label, at) => html`<button key=${at} class=${label === "yes" ? "button strong" : "button"} disabled=${busy} onClick=${() => give(chosen(label, at))}>
      ${label === "yes" ? "Yes" : label === "no" ? "No" : label}
    </button>`)}
  </div>`;
}

/** The words of a question, without those that its buttons say already. */
export const asked = ({ kind, text }) =>
  kind === "approval" ? text.replace(/ ?Yes or no\?$/, "") : kind === "which" ? text.replace(/: 1 [^]*\?$/, "?") : text;

/** One thing that waits. */
export const Question = ({ question }) => html`<section class="card question">
  <p class="text">${asked(question)}</p>
  <${Answers} question=${question} />
</section>`;

/** The newest message that somebody has seen in the chat. */
export const seen = {
  get last() { return kept.get("seen", ""); },
  get fresh() { const chat = live.state.chat; return chat.length > 0 && chat.at(-1).from === "claw" && chat.at(-1).id !== this.last; },
  mark() { const last = live.state.chat.at(-1)?.id ?? ""; if (last !== this.last) kept.set("seen", last); },
};

/** The conversation with the claw. */
export function Chat() {
  const end = useRef(null);
  const mine = unseen();
  const messages = live.state.chat;
  const thinking = live.up && (live.state.thinking || messages.some((one) => one.answered === false));
  useEffect(() => {
    seen.mark();
    const bottom = () => end.current?.scrollIntoView({ block: "end" });
    bottom();
    visualViewport?.addEventListener("resize", bottom);
    return () => visualViewport?.removeEventListener("resize", bottom);
  }, [messages.length, mine.length, thinking, live.state.waiting.length]);
  return html`<div class="chat">
    <div class="bubbles" role="log" aria-live="polite">
      ${!messages.length && !mine.length && html`<p class="empty">Say what you would like.<br /><em>“Turn on the kitchen lights”, “Is the front door locked?”, “Every weekday at 7 open the shades”</em></p>`}
      ${messages.map((message, at) => html`<${Bubble} key=${message.id} message=${message} before=${messages[at - 1]} />`)}
      ${mine.map((one) => html`<${Typed} key=${one.cid} typed=${one} />`)}
      <div role="status" aria-live="polite">${thinking && html`<p class="bubble claw typing"><span class="unseen">The claw is thinking …</span><i></i><i></i><i></i></p>`}</div>
      <div ref=${end}></div>
    </div>
    <${Composer} />
  </div>`;
}

function Bubble({ message, before }) {
  const open = live.state.waiting.find((one) => one.id === message.question);
  const newDay = !before || day(before.at) !== day(message.at);
  return html`${newDay && html`<p class="day">${day(message.at)}</p>`}
    <div class=${`bubble ${message.from === "you" ? "you" : "claw"}`}>
      ${message.pictures.map((name) => html`<${Picture} key=${name} src=${`/media/${name}`} label=${message.from === "you" ? "your photo" : "the picture"} />`)}
      ${message.text && html`<p class="text">${open ? asked({ ...open, text: message.text }) : message.text}</p>`}
      ${open && html`<${Answers} question=${open} />`}
      <time>${clock(message.at)}</time>
    </div>`;
}

function Typed({ typed }) {
  return html`<div class="bubble you unsent">
    ${typed.photo && html`<${Picture} src=${typed.photo} label="your photo" />`}
    ${typed.text && html`<p class="text">${typed.text}</p>`}
    ${typed.error
      ? html`<p class="note">${typed.error}</p><button class="button" onClick=${() => again(typed.cid)}>Try again</button>`
      : html`<time>${live.up ? "sending …" : "waiting for the connection"}</time>`}
  </div>`;
}

function Composer() {
  const [words, setWords] = useState("");
  const [photo, setPhoto] = useState("");
  const [field, files] = [useRef(null), useRef(null)];
  const submit = (event) => {
    event.preventDefault();
    if (!words.trim() && !photo) return;
    say(words.trim(), photo || undefined);
    setWords("");
    setPhoto("");
    field.current.focus();
  };
  const choose = async ({ target }) => {
    const [file] = target.files;
    if (file) await scaled(file).then(setPhoto, () => toast("This browser cannot read that picture."));
    target.value = ""; // so that the same one can be chosen again
  };
  return html`<form class="composer" onSubmit=${submit}>
    ${photo && html`<div class="chosen"><img src=${photo} alt="The photo to send" /><${Round} icon="close" label="Leave the photo out" onClick=${() => setPhoto("")} /></div>`}
    <input ref=${files} type="file" accept="image/jpeg,image/png,image/webp" hidden onChange=${choose} />
    <${Round} plain icon="camera" label="Add a photo" onClick=${() => files.current.click()} />
    <input ref=${field} class="field" aria-label="Message" placeholder="Message" enterkeyhint="send" autocomplete="off" maxlength="2000"
      value=${words} onInput=${(event) => setWords(event.target.value)} />
    <button class="round strong" aria-label="Send" disabled=${!words.trim() && !photo}><${Icon} name="send" /></button>
  </form>`;
}

/** What was just said about a touch; a question that it led to is answered right there. */
export function Toast() {
  const said = live.toast;
  const question = said && live.state?.waiting.find((one) => one.kind === "approval" && said.text.endsWith(one.text));
  const [id, wasAsked] = [question?.id, said?.asked];
  if (said && id) said.asked = true;
  useEffect(() => {
    if (!said || id) return undefined;
    const timer = setTimeout(toast, wasAsked ? 0 : 6000);
    return () => clearTimeout(timer);
  }, [said, id]);
  return html`<div class="toasts" role="status">
    ${said && !(wasAsked && !id) && html`<div class="toast">
      <p class="text">${question ? asked(question) : said.text}</p>
      ${question && html`<${Answers} question=${question} compact />`}
      <${Round} plain icon="close" label="Close" onClick=${() => toast()} />
    </div>`}
  </div>`;
}
