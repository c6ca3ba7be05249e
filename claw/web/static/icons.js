/** Small drawings, 24 x 24, drawn with one pen. */
import { html } from "./preact.js";

const PATHS = {
  light: "M9 18h6M10 21h4M8.5 14.5A6 6 0 1 1 15.5 14.5Q15 15.2 15 16H9Q9 15.2 8.5 14.5Z",
  switch: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0ZM12 17v4",
  fan: "M12 12C12 6 10 3 13 3s5 5-1 9c6 0 9-2 9 1s-5 5-9-1c0 6 2 9-1 9s-5-5 1-9c-6 0-9 2-9-1s5-5 9 1",
  shade: "M3 4h18M5 4v9h14V4M5 8.5h14M12 13v4M12 17a1.5 1.5 0 1 0 .01 0",
  door: "M3 20V9l9-5 9 5v11M7 20v-8h10v8M7 16h10",
  lock: "M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
  unlock: "M6 11h12v9H6ZM8.5 11V7a3.5 3.5 0 0 1 6.8-1.2M12 14.5v2",
  thermostat: "M10 13.5V5.5a2.5 2.5 0 0 1 5 0v8a4.5 4.5 0 1 1-5 0ZM12.5 9v8M19 6h2M19 10h2",
  player: "M6 3h12v18H6ZM12 11a3.5 3.5 0 1 0 .01 0M12 6.5v.01",
  vacuum: "M12 3a9 9 0 1 0 .01 0M12 9a3 3 0 1 0 .01 0M5.5 8.5C8 5.5 16 5.5 18.5 8.5",
  valve: "M12 3c4 5 6 7.5 6 11a6 6 0 0 1-12 0c0-3.5 2-6 6-11Z",
  camera: "M3 8h4l2-3h6l2 3h4v11H3ZM12 10a3.5 3.5 0 1 0 .01 0",
  alarm: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6ZM9 12l2 2 4-4",
  list: "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01",
  sensor: "M12 11a1 1 0 1 0 .01 0M8 16a6 6 0 0 1 0-8M16 8a6 6 0 0 1 0 8M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14",
  home: "M4 11l8-7 8 7v9h-5.5v-6h-5v6H4Z",
  chat: "M4 5h16v11h-9l-4.5 4v-4H4Z",
  activity: "M12 4a8 8 0 1 0 .01 0M12 8v4.5l3 2",
  up: "M6 15l6-6 6 6", down: "M6 9l6 6 6-6", stop: "M7 7h10v10H7Z", right: "M9 6l6 6-6 6",
  play: "M8 5l11 7-11 7Z", pause: "M8 5v14M16 5v14", next: "M6 5l9 7-9 7ZM18 5v14",
  plus: "M12 5v14M5 12h14", minus: "M5 12h14", more: "M6 12h.01M12 12h.01M18 12h.01", send: "M12 20V5M6 11l6-6 6 6",
  dock: "M4 20h16M12 4v11M7 10l5 5 5-5", close: "M6 6l12 12M18 6L6 18", timer: "M12 6a7.5 7.5 0 1 0 .01 0M12 9.5v4M9.5 3h5M12 3v3", reminder: "M6 17v-6a6 6 0 0 1 12 0v6M4 17h16M10.5 20h3M12 5V3.5",
  routine: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
};

/** One of them; decoration, so the words beside it or the button's label tell what it is. */
export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name] ?? PATHS.sensor} /></svg>`;

/** A round button with a drawing and a label for those who do not see it. */
export const Round = ({ icon, label, onClick, disabled = false, pressed, plain }) =>
  html`<button type="button" class=${plain ? "round plain" : "round"} aria-label=${label} aria-pressed=${pressed} disabled=${disabled} onClick=${onClick}>
    <${Icon} name=${icon} />
  </button>`;
