/** A device as a tile that can be touched, and as a sheet with everything that it can do. */
import { html, useEffect, useRef, useState } from "./preact.js";
import { Icon, Round } from "./icons.js";
import { live, touch } from "./live.js";
import { Toast } from "./talk.js";
import { active, degrees, plain, short, status } from "./words.js";

const WIDE = new Set(["shade", "player", "thermostat", "alarm", "list"]);
const WARM = new Set(["light", "thermostat", "heater"]);
const SHARES = { brightness: "Brightness", speed: "Speed", position: "Position", volume: "Volume", tilt: "Tilt" };
const WHITES = { 2200: "Candle", 2700: "Warm", 4000: "Neutral", 6500: "Daylight" };
const COLORS = ["red", "orange", "gold", "limegreen", "deepskyblue", "blue", "purple", "hotpink"];

const can = (device, command) => device.commands.includes(command);
const toggles = (device) => can(device, "turn_on") && can(device, "turn_off") && device.kind !== "thermostat" && device.kind !== "player";

const button = (device, label, command) => can(device, command) &&
  html`<button type="button" class="button" disabled=${!device.online} aria-label=${`${label} ${device.name}`} onClick=${() => touch(device, command)}>${label}</button>`;

/** One device in its room. A touch on its face toggles it, or opens its sheet where there is nothing to toggle. */
export function Tile({ device, onMore }) {
  const busy = live.busy.get(device.id);
  const on = active(device);
  const flips = toggles(device) && device.online;
  const wanted = { turn_on: true, turn_off: false }[busy?.command] ?? on; // a second tap takes the first back
  const look = [
    "tile", WIDE.has(device.kind) && "wide", on && "on", !device.online && "offline", busy && "busy",
    WARM.has(device.kind) ? "warm" : "cool",
  ];
  const [about, more] = [status(device, busy), () => onMore(device.id)];
  return html`<article class=${look.filter(Boolean).join(" ")} aria-busy=${Boolean(busy)} data-device=${device.id}>
    <button type="button" class="face" aria-pressed=${flips ? on : undefined} aria-haspopup=${flips ? undefined : "dialog"}
      onClick=${() => (flips ? touch(device, wanted ? "turn_off" : "turn_on") : more())}>
      <span class="badge-icon"><${Icon} name=${device.kind === "lock" && on ? "unlock" : device.kind} /></span>
      <span class="names"><span class="title">${short(device)}</span><span class="note">${about}</span></span>
    </button>
    ${flips && html`<${Round} plain icon="more" label=${`More of ${device.name}`} onClick=${more} />`}
    <${Controls} device=${device} />
  </article>`;
}

/** The few controls that stand on a tile. */
function Controls({ device }) {
  const { kind, state } = device;
  const go = (icon, label, command, args) => can(device, command) &&
    html`<${Round} icon=${icon} label=${`${label} ${device.name}`} disabled=${!device.online} onClick=${() => touch(device, command, args)} />`;
  const word = (label, command) => button(device, label, command);
  const row = (...parts) => html`<div class="controls">${parts}</div>`;
  switch (kind) {
    case "shade": return row(html`<${Share} device=${device} field="position" />`, go("up", "Open", "open"), go("stop", "Stop", "stop"), go("down", "Close", "close"));
    case "door": return row(state.open === false ? word("Open", "open_door") : word("Close", "close_door"));
    case "valve": return row(state.open ? word("Close", "close_valve") : word("Open", "open_valve"));
    case "lock": return row(state.locked ? word("Unlock", "unlock") : word("Lock", "lock"));
    case "thermostat": return row(html`<${Target} device=${device} />`);
    case "player": return row(
      html`<${Share} device=${device} field="volume" />`,
      state.playback === "playing" ? go("pause", "Pause", "pause") : go("play", "Play", "play"),
      go("next", "Next on", "next_track"),
    );
    case "vacuum": return row(state.activity === "cleaning" ? go("pause", "Pause", "pause_cleaning") : go("play", "Start", "start"), go("dock", "Send home", "return_home"));
    case "alarm": return html`<${Chips} device=${device} label="Alarm" chosen=${state.mode} options=${["disarmed", "home", "night", "away"]}
      onChoose=${(mode) => (mode === "disarmed" ? touch(device, "disarm") : touch(device, "arm", { mode }))} />`;
    case "list": return html`<${Items} state=${state} />`;
    default: {
      const field = ["brightness", "speed"].find((name) => can(device, `set_${name}`));
      return field ? row(html`<${Share} device=${device} field=${field} />`) : "target" in state && can(device, "set_target") ? row(html`<${Target} device=${device} />`) : null;
    }
  }
}

/** A slider in percent; what it was set to is sent when the finger leaves it, and by keys when they rest: motors are slow. */
function Share({ device, field }) {
  const command = `set_${field}`;
  const [drag, setDrag] = useState(null);
  const [timer, keyed] = [useRef(0), useRef(false)];
  const set = (value) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => { touch(device, command, { [field]: value }); setDrag(null); }, keyed.current ? 700 : 0);
  };
  if (!can(device, command)) return null;
  const busy = live.busy.get(device.id);
  const off = device.state.on === false && field !== "volume";
  const value = drag ?? (busy?.command === command ? busy.args[field] : off ? 0 : Math.round(device.state[field] ?? 0));
  return html`<input type="range" class=${off ? "slider off" : "slider"} min="0" max="100" step="1" value=${value} disabled=${!device.online}
    style=${{ "--at": value / 100 }} aria-label=${`${SHARES[field]} of ${device.name}`} aria-valuetext=${`${value} %`}
    onInput=${(event) => setDrag(Number(event.target.value))}
    onKeyDown=${() => { keyed.current = true; }} onPointerDown=${() => { keyed.current = false; }}
    onChange=${(event) => set(Number(event.target.value))} />`;
}

/** The temperature to reach; several taps in a row are one wish. */
function Target({ device }) {
  const [wish, setWish] = useState(null);
  const timer = useRef(0);
  const busy = live.busy.get(device.id);
  const value = wish ?? (busy?.command === "set_target" ? busy.args.target : device.state.target);
  const step = (by) => () => {
    const next = Math.min(35, Math.max(5, Math.round(((value ?? 20) + by) * 2) / 2));
    setWish(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => { touch(device, "set_target", { target: next }); setWish(null); }, 600);
  };
  return html`<${Round} icon="minus" label=${`${device.name}: cooler`} disabled=${!device.online} onClick=${step(-0.5)} />
    <output class="target" aria-label=${`${device.name} is to reach`}>${value === undefined ? "–" : degrees(value)}</output>
    <${Round} icon="plus" label=${`${device.name}: warmer`} disabled=${!device.online} onClick=${step(0.5)} />`;
}

const Chips = ({ device, label, options, chosen, onChoose }) => html`<div class="chips" role="group" aria-label=${`${label} of ${device.name}`}>
  ${options.map((option) => html`<button type="button" key=${option} class="chip" aria-pressed=${option === chosen} disabled=${!device.online} onClick=${() => onChoose(option)}>
    ${option === "disarmed" ? "Off" : option === "heat_cool" ? "Auto" : plain(option)}
  </button>`)}
</div>`;

function Items({ state, all }) {
  const [items, done] = [state.items ?? [], all ? (state.done ?? []) : []];
  const shown = all ? items : items.slice(0, 5);
  return html`<ul class="items">
    ${shown.map((item, at) => html`<li key=${at}>${item}</li>`)}
    ${done.map((item, at) => html`<li key=${`done${at}`} class="done">${item}</li>`)}
    ${shown.length < items.length && html`<li class="note">and ${items.length - shown.length} more</li>`}
  </ul>`;
}

function Swatches({ device }) {
  const { state } = device;
  const near = (kelvin) => state.color === undefined && Math.abs((state.color_temperature ?? 0) - kelvin) < kelvin * 0.04;
  const swatch = (label, background, chosen, command, args) => html`<button type="button" key=${label} class="swatch" style=${{ background }} aria-label=${label}
    aria-pressed=${chosen} disabled=${!device.online} onClick=${() => touch(device, command, args)}></button>`;
  const tints = { 2200: "#ffb46b", 2700: "#ffd19a", 4000: "#fff1dd", 6500: "#e3eeff" };
  return html`<div class="swatches" role="group" aria-label="Colour">
    ${can(device, "set_color_temperature") && Object.entries(WHITES).map(([kelvin, label]) => swatch(`${label} white`, tints[kelvin], near(Number(kelvin)), "set_color_temperature", { color_temperature: Number(kelvin) }))}
    ${can(device, "set_color") && COLORS.map((color) => swatch(plain(color), color, state.color === color, "set_color", { color }))}
  </div>`;
}

/** Everything about one device, from the foot of the page. */
export function Sheet({ device, onClose }) {
  const dialog = useRef(null);
  useEffect(() => { dialog.current.showModal(); }, []);
  const { state } = device;
  const field = (name) => can(device, `set_${name}`) && html`<label class="line"><span>${SHARES[name]}</span><${Share} device=${device} field=${name} /></label>`;
  const word = (label, command) => button(device, label, command);
  const words = [
    toggles(device) && (state.on ? word("Turn off", "turn_off") : word("Turn on", "turn_on")),
    word("Open", "open"), word("Stop", "stop"), word("Close", "close"), word("Open", "open_door"), word("Close", "close_door"),
    word("Lock", "lock"), word("Unlock", "unlock"), word("Open", "open_valve"), word("Close", "close_valve"),
    word("Previous", "previous_track"), state.playback === "playing" ? word("Pause", "pause") : word("Play", "play"), word("Next", "next_track"),
    state.muted ? word("Unmute", "unmute") : word("Mute", "mute"),
    word("Start", "start"), word("Pause", "pause_cleaning"), word("Send home", "return_home"),
  ].filter(Boolean);
  const made = [device.area, [device.maker, device.model].filter(Boolean).join(" ")].filter(Boolean).join(" · ");
  return html`<dialog ref=${dialog} class=${WARM.has(device.kind) ? "sheet warm" : "sheet"} aria-label=${device.name} onClose=${onClose} onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
    <div class="sheet-body">
      <header><div><h2>${device.name}</h2><p class="note" aria-live="polite">${status(device, live.busy.get(device.id))}</p></div>
        <${Round} icon="close" label="Close" onClick=${() => dialog.current.close()} /></header>
      ${words.length > 0 && html`<div class="row">${words}</div>`}
      ${Object.keys(SHARES).map(field)}
      ${(can(device, "set_color") || can(device, "set_color_temperature")) && html`<${Swatches} device=${device} />`}
      ${can(device, "set_target") && html`<div class="line"><span>Temperature</span><span class="row"><${Target} device=${device} /></span></div>`}
      ${can(device, "set_mode") && html`<${Chips} device=${device} label="Mode" chosen=${state.mode} options=${["off", "heat", "cool", "heat_cool"]} onChoose=${(mode) => touch(device, "set_mode", { mode })} />`}
      ${device.kind === "list" && html`<${Items} state=${state} all />`}
      <dl class="facts">
        ${Object.entries({ Humidity: state.humidity !== undefined && `${Math.round(state.humidity)} %`, Source: state.source, About: made, Skill: device.skill })
          .filter(([, fact]) => fact).map(([name, fact]) => html`<div key=${name}><dt>${name}</dt><dd>${fact}</dd></div>`)}
      </dl>
    </div>
    <${Toast} />
  </dialog>`;
}
