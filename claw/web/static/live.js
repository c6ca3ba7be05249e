/** The one connection to the claw: what it told, what was typed and is not taken yet, and touches under way. */

const listeners = new Set();
const sentOn = new Map(); // cid of a typed message -> the socket on which it went: once for each connection
let socket = null, pause = 0, timer = 0, heard = 0, epoch = "", since = 0;

/** What the page shows. signed: undefined until known; busy: key -> what was asked there and is not answered yet. */
export const live = { signed: undefined, up: false, state: null, devices: new Map(), busy: new Map(), toast: null };

/** Call `listener` after every change. */
export const onChange = (listener) => listeners.add(listener);
const changed = () => listeners.forEach((listener) => listener());

/** Values that outlive a reload, where the browser keeps them. */
export const kept = {
  get(key, other) { try { return JSON.parse(localStorage.getItem(`claw.${key}`)) ?? other; } catch { return other; } },
  set(key, value) { try { localStorage.setItem(`claw.${key}`, JSON.stringify(value)); return true; } catch { return false; } }, // only in memory, then
};

/** An id of our own; crypto.randomUUID does not exist over plain http. */
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Say something briefly at the foot of the page; without a text: take it away. */
export function toast(text = "") {
  live.toast = text ? { text, at: Date.now() } : null;
  changed();
}

function send(frame) {
  if (!live.up) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

// ---- what is typed: kept until the claw acknowledges it, sent again with the same cid, so it arrives exactly once

let typed = kept.get("typed", []);

function keep(next) {
  typed = next;
  kept.set("typed", typed) || kept.set("typed", typed.filter((one) => !one.photo)); // browsers keep some 5 MB
}

const mark = (cid, facts) => keep(typed.map((one) => (one.cid === cid ? { ...one, ...facts } : one)));

/** What was typed and is not a message of the chat yet. */
export function unseen() {
  const seen = new Set(live.state.chat.map((message) => message.cid));
  return typed.filter((one) => !seen.has(one.cid));
}

/** Send words to the claw, perhaps with a photo (a data URL), now or as soon as it can be reached. */
export function say(text, photo) {
  keep([...typed, { cid: newId(), text, photo, at: Date.now() / 1000 }]);
  flush();
  changed();
}

/** Send once more what the claw could not take. */
export function again(cid) {
  mark(cid, { error: "" });
  sentOn.delete(cid);
  flush();
  changed();
}

function flush() {
  for (const one of typed) {
    if (one.error || (!one.photo && sentOn.get(one.cid) === socket)) continue;
    const age = Math.max(0, Date.now() / 1000 - one.at); // by this clock alone, which may be wrong
    if (one.photo) return void upload(one, age); // what was typed after it waits
    if (send({ op: "say", cid: one.cid, text: one.text, age })) sentOn.set(one.cid, socket);
  }
}

/** Send a photo, which is too long for the websocket. */
async function upload({ cid, text, photo }, age) {
  const own = socket;
  if (!live.up || sentOn.get(cid) === own) return;
  sentOn.set(cid, own);
  const said = await post("/photo", { cid, text, age, photo: photo.split(",")[1] }).then((reply) => reply.json()).catch(() => null);
  if (!said && own !== socket) return; // it was lost with the connection, and goes again with the next one
  onFrame.ack({ ok: false, error: "It did not get through.", ...said, cid });
  flush();
  changed();
}

// ---- what is touched: at once or not at all

/** Send an operation now; `key` is busy until its result comes. False, with a word about it, while there is no connection. */
function ask(key, frame, facts = {}) {
  const cid = newId();
  if (!send({ ...frame, cid })) {
    toast("Not connected, so nothing was done.");
    return false;
  }
  live.busy.set(key, { cid, ...facts });
  setTimeout(() => done(cid) && toast("No answer yet. Activity will show what came of it."), 30_000);
  changed();
  return true;
}

/** A finger on a device. */
export const touch = (device, command, args = {}) =>
  ask(device.id, { op: "touch", device: device.id, command, args }, { command, args });
/** The answer to an open question. */
export const answer = (question, text) => ask(`question:${question}`, { op: "answer", question, text });
/** Take back what a turn did. */
export const undo = (turn) => ask(`turn:${turn}`, { op: "undo", turn });
/** pause, resume or delete a routine. */
export const routine = (id, verb) => ask(`routine:${id}`, { op: "routine", id, verb }, { verb });

function done(cid) {
  const found = [...live.busy].find(([, one]) => one.cid === cid);
  if (found) live.busy.delete(found[0]);
  return found?.[0] ?? "";
}

// ---- frames

/** Put it into a list where it stood already, or else behind those that come before it. */
function place(list, item, before) {
  const known = list.findIndex((one) => one.id === item.id);
  list.splice(known < 0 ? list.filter(before).length : known, known < 0 ? 0 : 1, item);
}

const onFrame = {
  hello(frame) {
    [live.signed, live.up, pause, epoch] = [true, true, 0, frame.epoch];
    if (!frame.resumed) {
      since = frame.seq;
      live.state = frame.state;
      live.devices = new Map(frame.state.devices.map((device) => [device.id, device]));
    }
    flush();
  },
  device: ({ device }) => live.devices.set(device.id, device),
  gone: ({ id }) => live.devices.delete(id),
  chat({ message }) {
    place(live.state.chat, message, (one) => one.at <= message.at); // what others wrote is told when it was answered
  },
  thinking({ on }) { live.state.thinking = on; },
  waiting({ waiting }) { live.state.waiting = waiting; },
  routines({ routines }) { live.state.routines = routines; },
  turn({ turn }) {
    place(live.state.log, turn, (one) => one.at > turn.at);
    live.state.log.splice(200);
  },
  ack({ cid, ok, error, message }) {
    if (message) {
      keep(typed.filter((one) => one.cid !== cid));
      if (!live.state.chat.some((one) => one.id === message.id)) this.chat({ message }); // the answer may have come before
    } else if (typed.some((one) => one.cid === cid)) mark(cid, { error: error || "It was not taken." });
    else if (!ok) {
      done(cid);
      toast(error);
    } else if ([...live.busy].some(([key, one]) => one.cid === cid && key.startsWith("question:"))) done(cid);
  },
  result({ cid, ok, reply }) {
    const key = done(cid);
    if (reply && (!ok || /^(turn|routine):/.test(key))) toast(reply);
  },
};

function take(frame) {
  heard = Date.now();
  if (frame.seq !== undefined && frame.type !== "hello") {
    if (frame.seq <= since) return;
    since = frame.seq;
  }
  onFrame[frame.type]?.(frame);
  changed();
}

// ---- the connection

function connect() {
  clearTimeout(timer);
  if (socket) return;
  const resume = live.state ? `?epoch=${encodeURIComponent(epoch)}&since=${since}` : "";
  const own = (socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/live${resume}`));
  own.onmessage = (event) => own === socket && take(JSON.parse(event.data));
  own.onclose = () => own === socket && lost();
  setTimeout(() => own === socket && !live.up && drop(), 8000);
}

function drop() {
  const old = socket;
  lost();
  old?.close();
}

/** Try again later, or show the way in: browsers hide why a websocket was refused, so a plain request asks. */
async function lost() {
  const was = live.up;
  socket = null;
  live.up = false;
  live.busy.clear();
  changed();
  pause = Math.min(pause * 2 || 300, 10_000);
  timer = setTimeout(connect, pause * (0.8 + Math.random() * 0.4));
  if (was) return;
  const status = await fetch("/live", { cache: "no-store" }).then((reply) => reply.status, () => 0);
  if (status === 401 && !socket) locked();
}

function locked() {
  clearTimeout(timer);
  Object.assign(live, { signed: false, state: null, devices: new Map() });
  changed();
}

/** Try now: the network is back, or somebody looks at the page again. */
function wake() {
  if (live.signed === false || document.visibilityState === "hidden") return;
  if (!socket) connect();
  else if (send({ op: "ping" })) {
    const before = heard;
    setTimeout(() => heard === before && drop(), 4000);
  }
}

const post = (path, body) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Trade a one-time code for a place at this table; returns what is wrong with it, or "". */
export async function pair(code) {
  const reply = await post("/pair", { code: code.toUpperCase().replace(/[^A-Z0-9]/g, ""), name: phone() }).catch(() => null);
  if (!reply) return "The claw cannot be reached just now. Is this phone on the same network?";
  if (reply.status !== 204) return (await reply.json().catch(() => ({}))).error || "That did not work. Please ask for a new code.";
  live.signed = undefined;
  changed();
  socket ? drop() : connect();
  return "";
}

const phone = () => /iPhone|iPad|Android|Mac|Windows|Linux/.exec(navigator.userAgent)?.[0] ?? "Browser";

/** Whether this browser can be notified here: only over trusted https, and on an iPhone only from the home screen. */
export const notifiable = () => Boolean(live.state.push) && isSecureContext && "serviceWorker" in navigator && "PushManager" in window;

/** Let the claw notify this phone, also while the page is closed. */
export async function notify() {
  if ((await Notification.requestPermission()) !== "granted") return toast("This browser lets nothing of this page notify you: see its settings.");
  try {
    await navigator.serviceWorker.register("/worker.js");
    const { pushManager } = await navigator.serviceWorker.ready;
    await (await pushManager.getSubscription())?.unsubscribe(); // it may be for another key
    const { key } = await (await fetch("/push")).json();
    const said = await (await post("/push", await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }))).json();
    toast(said.reply || said.error);
  } catch { toast("This browser could not sign up with its push service. Is the phone online?"); }
}

/** Sign this phone out. */
export async function leave() {
  const reply = await post("/leave", {}).catch(() => null);
  if (!reply?.ok) return toast("Not connected, so this phone is still signed in.");
  keep([]);
  const old = socket;
  socket = null;
  live.up = false;
  old?.close();
  locked();
}

/** The code of an invitation, taken out of the address and the history at once. */
function invited() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) history.replaceState(null, "", location.pathname);
  return code;
}

/** Begin; what is wrong with the invitation in the address, if there was one. */
export async function start() {
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  setInterval(wake, 25_000);
  addEventListener("hashchange", async () => {
    const code = invited();
    if (code) toast(await pair(code));
  });
  const code = invited();
  const wrong = code ? await pair(code) : "";
  if (!code || wrong) connect();
  return wrong;
}
