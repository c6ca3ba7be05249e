/** The page: home, chat and activity of one house. */
import { html, render, useEffect, useReducer, useState } from "./preact.js";
import { Activity } from "./activity.js";
import { Sheet, Tile } from "./device.js";
import { Icon } from "./icons.js";
import { kept, live, onChange, pair, start, toast } from "./live.js";
import { Chat, Question, seen, Toast } from "./talk.js";
import { greeting, sentence, summary } from "./words.js";

const TABS = { home: ["Home", Home], chat: ["Chat", Chat], activity: ["Activity", Activity] };
const KINDS = ["light", "switch", "fan", "heater", "sensor", "camera", "door", "lock", "valve", "vacuum", "thermostat", "shade", "player", "alarm", "list"];
const here = () => (location.hash.slice(1) in TABS ? location.hash.slice(1) : "home");

/** Devices by room, in the order of the house; those without a room come last. */
function rooms() {
  const found = new Map(live.state.areas.map((area) => [area, []]));
  for (const device of live.devices.values()) found.set(device.area, [...(found.get(device.area) ?? []), device]);
  const homeless = found.get("") ?? [];
  found.delete("");
  const order = (one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind) || one.name.localeCompare(other.name);
  return [...found, ["", homeless]].filter(([, devices]) => devices.length).map(([area, devices]) => [area, devices.sort(order)]);
}

function Home() {
  const [open, setOpen] = useState(null);
  const { waiting } = live.state;
  const device = live.devices.get(open);
  const all = [...live.devices.values()];
  const doors = all.filter((one) => one.kind === "door" || one.kind === "lock");
  const shut = doors.length > 0 && doors.every((one) => one.online && (one.state.open === false || one.state.locked));
  return html`<div class="home-page">
    <header class="hello"><h1>${greeting()}</h1><p class="note">${sentence([summary(all, true), shut && "doors closed"].filter(Boolean).join(" · ")) || "All is calm"}</p></header>
    ${waiting.length > 0 && html`<section class="waiting" aria-label="Waiting for you">${waiting.map((one) => html`<${Question} key=${one.id} question=${one} />`)}</section>`}
    <div class="rooms">${rooms().map(([area, devices]) => html`<${Room} key=${area} area=${area} devices=${devices} onMore=${setOpen} />`)}</div>
    ${live.state.links.map((one) => html`<${Link} key=${one} bridge=${one} />`)}
    ${!live.devices.size && html`<p class="empty">No devices yet. The claw is looking around; what it finds appears here.</p>`}
    ${device && html`<${Sheet} key=${open} device=${device} onClose=${() => setOpen(null)} />`}
  </div>`;
}

function Room({ area, devices, onMore }) {
  const [shut, setShut] = useState(() => kept.get("shut", []).includes(area));
  const turn = () => {
    setShut(!shut);
    kept.set("shut", [...kept.get("shut", []).filter((one) => one !== area), ...(shut ? [] : [area])]);
  };
  return html`<section class="room">
    <h2><button type="button" class="room-name" aria-expanded=${!shut} onClick=${turn}>
      <span>${area || "No room yet"}</span><span class="note">${summary(devices)}</span><${Icon} name=${shut ? "right" : "down"} />
    </button></h2>
    ${!shut && html`<div class="tiles">${devices.map((device) => html`<${Tile} key=${device.id} device=${device} onMore=${onMore} />`)}</div>`}
  </section>`;
}

/** What another phone scans to link its account to a bridge; a new picture comes every 20 s. */
function Link({ bridge }) {
  const [at, look] = useState(0);
  const [shown, show] = useState(false);
  useEffect(() => {
    const timer = at && at < 100 && setTimeout(() => look(at + 1), 3000);
    return () => clearTimeout(timer);
  }, [at]);
  if (!at) return html`<button type="button" class="button" onClick=${() => look(1)}>${`Link ${bridge === "whatsapp" ? "WhatsApp" : bridge}`}</button>`;
  return html`<figure class="link">
    <img src=${`/link/${bridge}.svg?${at}`} alt="QR code" hidden=${!shown} onLoad=${() => show(true)} onError=${() => show(false)} />
    <figcaption class="note">${shown ? "On the other phone: Linked devices, Link a device, and scan this." : "One moment …"}</figcaption>
  </figure>`;
}

/** The way in, for a phone that the claw does not know yet. */
function SignIn({ wrong }) {
  const [code, setCode] = useState("");
  const [error, setError] = useState(wrong);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(await pair(code));
    setBusy(false);
  };
  return html`<main class="sign-in"><form onSubmit=${submit}>
    <img src="/icon.svg" alt="" width="72" height="72" />
    <h1>Welcome home</h1>
    <p>This phone does not know your house yet. On the machine where claw runs, type <code>claw web</code>, then scan the picture or type the code here.</p>
    <input class="field code" aria-label="Code" placeholder="ABCD 2345" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="9"
      value=${code} onInput=${(event) => setCode(event.target.value)} />
    ${error && html`<p class="error" role="alert">${error}</p>`}
    <button class="button strong" disabled=${busy || code.replace(/\W/g, "").length < 8}>${busy ? "…" : "Come in"}</button>
  </form></main>`;
}

const Tab = ({ name, at, badge }) => html`<a href=${`#${name}`} class="tab" aria-current=${name === at ? "page" : undefined}>
  <${Icon} name=${name} /><span>${TABS[name][0]}</span>
  ${badge && html`<b class="badge" aria-label=${badge === true ? "new" : `${badge} waiting`}>${badge === true ? "" : badge}</b>`}
</a>`;

function App({ wrong }) {
  const [, update] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    onChange(update);
    addEventListener("hashchange", () => toast());
  }, []);
  if (live.signed === false) return html`<${SignIn} wrong=${wrong} />`;
  if (!live.state) return html`<p class="empty" role="status">Looking for your house …</p>`;
  const at = here();
  return html`<div class="page">
    <div class=${live.up ? "bar" : "bar down"} role="status">${!live.up && "Not connected. Trying again …"}</div>
    <main class=${at} key=${at}><${TABS[at][1]} /></main>
    <${Toast} />
    <nav class="tabs" aria-label="Pages">
      <${Tab} name="home" at=${at} badge=${live.state.waiting.length || null} />
      <${Tab} name="chat" at=${at} badge=${at !== "chat" && seen.fresh} />
      <${Tab} name="activity" at=${at} />
    </nav>
  </div>`;
}

/** The height that a keyboard leaves free, where the browser lays it over the page. */
function fit() {
  if (visualViewport.scale !== 1) return;
  document.documentElement.style.setProperty("--height", `${visualViewport.height}px`);
  scrollTo(0, 0);
}
visualViewport?.addEventListener("resize", fit);
document.body.addEventListener("touchstart", () => {}, { passive: true }); // lets :active work on iOS

const root = document.getElementById("app");
const wrong = await start();
root.replaceChildren();
render(html`<${App} wrong=${wrong} />`, root);
if (wrong && live.signed) toast(wrong);
