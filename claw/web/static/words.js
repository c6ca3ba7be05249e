/** What the page says about devices and times. Every name and text comes from elsewhere and is only ever text. */
import { live } from "./live.js";

/** With a capital letter at the beginning. */
export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");
const number = (value, digits = 1) => (Number.isInteger(value) ? `${value}` : Number(value).toFixed(digits));

/** 21.5° */
export const degrees = (value) => `${Number(value).toFixed(1)}°`;
/** heat_cool -> Heat cool */
export const plain = (word) => sentence(String(word).replaceAll("_", " "));

const DOING = {
  turn_on: "Turning on …", turn_off: "Turning off …", open: "Opening …", close: "Closing …", stop: "Stopping …",
  open_door: "Opening …", close_door: "Closing …", open_valve: "Opening …", close_valve: "Closing …", lock: "Locking …",
  unlock: "Unlocking …", play: "Starting …", pause: "Pausing …", start: "Starting …", return_home: "Going home …",
  arm: "Arming …", disarm: "Disarming …",
};

/** Its name inside its room, which need not be said again. */
export function short({ name, area, kind }) {
  if (name === area) return kind === "player" ? "Speaker" : plain(kind);
  return area && name.startsWith(`${area} `) ? sentence(name.slice(area.length + 1)) : name;
}

/** What a device is doing, in a few words. */
export function status(device, busy) {
  if (!device.online) return device.trouble ? sentence(device.trouble) : "Not reachable";
  if (busy?.command) return DOING[busy.command] ?? "One moment …";
  const state = device.state;
  const about = {
    door: () => moving(state, "open") ?? (state.open ? "Open" : state.open === false ? "Closed" : ""),
    valve: () => (state.open ? "Open" : state.open === false ? "Closed" : ""),
    lock: () => moving(state, "locked") ?? (state.locked ? "Locked" : state.locked === false ? "Unlocked" : ""),
    shade: () => shade(state),
    thermostat: () => climate(state),
    heater: () => climate(state),
    player: () => [plain(state.playback ?? ""), state.title].filter(Boolean).join(" · "),
    vacuum: () => plain(state.activity ?? ""),
    alarm: () => (state.mode === "disarmed" ? "Off" : state.mode ? `Armed: ${state.mode}` : ""),
    list: () => `${(state.items ?? []).length} to do`,
    sensor: () => reading(device),
    camera: () => "Camera",
  }[device.kind];
  return about?.() || power(state) || "Nothing reported yet";
}

function power(state) {
  if (state.on === undefined) return "";
  const share = state.brightness ?? state.speed;
  return !state.on ? "Off" : share === undefined ? "On" : `On · ${Math.round(share)} %`;
}

function moving(state, field) {
  const target = state[`target_${field}`];
  if (target === undefined || target === state[field]) return undefined;
  return field === "locked" ? (target ? "Locking …" : "Unlocking …") : target ? "Opening …" : "Closing …";
}

function shade({ position, target_position: target }) {
  if (position === undefined) return "";
  const here = position <= 0 ? "Closed" : position >= 100 ? "Open" : `${Math.round(position)} % open`;
  return target === undefined || Math.abs(target - position) < 1 ? here : `${target > position ? "Opening" : "Closing"} … ${Math.round(position)} %`;
}

function climate(state) {
  const now = state.temperature === undefined ? "" : degrees(state.temperature);
  return state.mode === "off" || state.on === false ? ["Off", now].filter(Boolean).join(" · ") : now && `Now ${now}`;
}

/** The reading of a sensor with its unit. */
export function reading({ state }) {
  if (state.value === undefined) return "";
  if (typeof state.value !== "number") return plain(state.value);
  return state.unit === "°C" || state.unit === "C" ? degrees(state.value) : `${number(state.value)} ${state.unit ?? ""}`.trim();
}

/** Whether it is on, open or playing: what lights up on the page. */
export function active({ online, kind, state }) {
  if (!online) return false;
  if (kind === "player") return state.playback === "playing";
  if (kind === "lock") return state.locked === false;
  if (kind === "alarm") return Boolean(state.mode) && state.mode !== "disarmed";
  if (kind === "vacuum") return state.activity === "cleaning";
  if (kind === "shade" || kind === "valve") return false;
  if (kind === "sensor") return ["detected", "open", "wet", "smoke", "motion"].includes(String(state.value).toLowerCase());
  return state.on ?? state.open ?? (state.mode !== undefined && state.mode !== "off");
}

const ajar = ({ kind, state }) => (state.locked === false ? "unlocked" : state.open && kind !== "valve" ? "open" : "");

/** A summary of some devices: "2 on · 1 open · 21.5°"; of the whole house, without the warmth: "2 on · Garage Door open". */
export function summary(devices, house = false) {
  const here = devices.filter((one) => one.online);
  const on = here.filter((one) => one.state.on).length;
  const measured = here.map(({ state }) => state.temperature ?? (/^°?C$/.test(state.unit) ? state.value : undefined));
  const known = measured.filter((value) => typeof value === "number");
  const loose = (word) => {
    const some = here.filter((one) => ajar(one) === word);
    return house && some.length < 3 ? some.map(({ name }) => `${name.replace(/ lock$/i, "")} ${word}`) : [some.length && `${some.length} ${word}`];
  };
  return [
    on && `${on} on`, ...loose("open"), ...loose("unlocked"),
    !house && known.length > 0 && degrees(known.reduce((sum, value) => sum + value, 0) / known.length),
  ].filter(Boolean).join(" · ");
}

// ---- times, in the zone of the house

function show(seconds, options) {
  const date = new Date(seconds * 1000);
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: live.state.zone, ...options }).format(date);
  } catch {
    return new Intl.DateTimeFormat("en-GB", options).format(date);
  }
}

/** 07:00 */
export const clock = (seconds) => show(seconds, { hour: "2-digit", minute: "2-digit" });

/** Today, Tomorrow, Yesterday, Friday, or 3 March. */
export function day(seconds) {
  const date = (at) => Date.parse(show(at, { year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-"));
  const ahead = (date(seconds) - date(Date.now() / 1000)) / 86400e3;
  return ["Yesterday", "Today", "Tomorrow"][ahead + 1] ?? show(seconds, Math.abs(ahead) < 7 ? { weekday: "long" } : { day: "numeric", month: "long" });
}

/** In mid-sentence: "07:00", or with its day when that is not today: "tomorrow 07:00". */
export const when = (seconds) => `${day(seconds).replace("Today", "").replace(/^(Tom|Yes)/, (word) => word.toLowerCase())} ${clock(seconds)}`.trim();

/** Good morning, at the house. */
export function greeting() {
  const hour = Number(show(Date.now() / 1000, { hour: "2-digit", hourCycle: "h23" }));
  return hour < 5 || hour >= 22 ? "Good night" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
}
