/** Pictures in the chat: what the claw shows, and photos that are sent. */
import { html, useEffect, useRef, useState } from "./preact.js";
import { Round } from "./icons.js";

const LARGEST = 1600; // pixels of the longer side

/** A photo as a JPEG in a data URL, scaled down; where and when it was taken stays behind. Fails for what is no picture. */
export async function scaled(file) {
  const photo = Object.assign(new Image(), { src: await read(file) }); // turned upright by every browser, other than a bitmap
  await photo.decode();
  const scale = Math.min(1, LARGEST / Math.max(photo.naturalWidth, photo.naturalHeight));
  const [width, height] = [photo.naturalWidth, photo.naturalHeight].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = Object.assign(canvas.getContext("2d"), { fillStyle: "#fff", imageSmoothingQuality: "high" });
  pen.fillRect(0, 0, width, height);
  pen.drawImage(photo, 0, 0, width, height);
  return canvas.toDataURL("image/jpeg", 0.85);
}

const read = (file) => new Promise((done, failed) => {
  const reader = Object.assign(new FileReader(), { onload: () => done(reader.result), onerror: failed });
  reader.readAsDataURL(file);
});

/** A picture of the chat; a tap enlarges it. */
export function Picture({ src, label }) {
  const [gone, setGone] = useState(false);
  const [large, setLarge] = useState(false);
  if (gone) return html`<p class="note">This picture is not kept any more.</p>`;
  return html`<button type="button" class="picture" aria-label=${`Enlarge ${label}`} onClick=${() => setLarge(true)}>
      <img src=${src} alt=${label} onError=${() => setGone(true)} />
    </button>
    ${large && html`<${Large} src=${src} label=${label} onClose=${() => setLarge(false)} />`}`;
}

function Large({ src, label, onClose }) {
  const dialog = useRef(null);
  useEffect(() => { dialog.current.showModal(); }, []);
  return html`<dialog ref=${dialog} class="large" aria-label=${label} onClose=${onClose} onClick=${() => dialog.current.close()}>
    <img src=${src} alt=${label} />
    <${Round} icon="close" label="Close" />
  </dialog>`;
}
