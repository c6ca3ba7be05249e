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

/** A summary of some devices: "2 on · 21.5°"; `warmth`: with the temperature that they measure. */
export function summary(devices, warmth = true) {
  const on = devices.filter((one) => one.state.on && one.online).length;
  const measured = devices.filter((one) => one.online).map(({ state }) => state.temperature ?? (/^°?C$/.test(state.unit) ? state.value : undefined));
  const known = measured.filter((value) => typeof value === "number");
  const open = devices.filter((one) => one.online && ((one.state.open === true && one.kind !== "valve") || one.state.locked === false)).length;
  return [
    on && `${on} on`,
    open && `${open} open`,
    warmth && known.length > 0 && degrees(known.reduce((sum, value) => sum + value, 0) / known.length),
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
  const date = (at) => show(at, { year: "numeric", month: "2-digit", day: "2-digit" });
  const now = Date.now() / 1000;
  for (const [word, days] of [["Today", 0], ["Tomorrow", 1], ["Yesterday", -1]]) if (date(seconds) === date(now + days * 86400)) return word;
  return Math.abs(seconds - now) < 6 * 86400 ? show(seconds, { weekday: "long" }) : show(seconds, { day: "numeric", month: "long" });
}

/** "07:00", or with its day when that is not today. */
export const when = (seconds) => (day(seconds) === "Today" ? clock(seconds) : `${day(seconds)} ${clock(seconds)}`);

/** Good morning, at the house. */
export function greeting() {
  const hour = Number(show(Date.now() / 1000, { hour: "2-digit", hourCycle: "h23" }));
  return hour >= 5 && hour < 12 ? "Good morning" : hour >= 12 && hour < 18 ? "Good afternoon" : "Good evening";
}
