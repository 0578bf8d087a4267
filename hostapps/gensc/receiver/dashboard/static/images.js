// One image at a time with everything that was made of it, and the latest ones to choose from.

import { el, fill, fixed, isNumber, ratio, short, visible, clock } from "./words.js";

const STAGES = [
  ["original", "Original"],
  ["received", "Received"],
  ["refined", "Refined"],
  ["inpainted", "Inpainted"],
  ["edited", "Edited"],
];
const by = id => document.getElementById(id);

export class Images {
  constructor(store) {
    this.store = store;
    this.key = null;
    this.following = true;
    this.thumbnails = new Map();
    by("older").addEventListener("click", () => this.step(-1));
    by("newer").addEventListener("click", () => this.step(1));
    by("follow").addEventListener("click", () => this.newest());
    this.zoom = by("zoom");
    this.zoom.addEventListener("click", () => this.zoom.close());
  }

  keys() {
    return [...this.store.images.keys()];
  }

  /** The image shown: the one chosen, or the newest there is to see. */
  current() {
    const { images } = this.store;
    if (!this.following && images.has(this.key)) return images.get(this.key);
    const all = [...images.values()];
    const shown = all.findLast(image => image.files.received) ?? all.at(-1);
    this.key = shown?.key ?? null;
    return shown;
  }

  select(key) {
    this.key = key;
    this.following = false;
    this.store.changed = true;
  }

  step(by) {
    const keys = this.keys();
    const at = keys.indexOf(this.key) + by;
    if (at >= keys.length) this.newest();
    else this.select(keys[Math.max(0, at)]);
  }

  oldest() {
    this.select(this.keys()[0]);
  }

  newest() {
    this.following = true;
    this.store.changed = true;
  }

  draw() {
    const image = this.current();
    by("follow").setAttribute("aria-pressed", String(this.following));
    this.drawStrip();
    if (!image) {
      by("images-title").textContent = "Image";
      by("position").textContent = "";
      fill(by("panes"), [el("div", "pane empty", "No image has arrived yet.")], "none");
      fill(by("facts"), [], "none");
      by("caption").hidden = true;
      return;
    }
    by("images-title").textContent = visible(image.name || image.key);
    const keys = this.keys();
    by("position").textContent = `${image.key} · ${keys.length - keys.indexOf(image.key)} of ${keys.length}, ${clock(image.at)}`;
    this.drawPanes(image);
    this.drawCaption(image);
    fill(by("facts"), facts(image).map(([name, value]) => el("div", "", el("dt", "", name), el("dd", "", value))));
  }

  drawPanes(image) {
    const [height, width] = image.shape ?? [2, 3];
    const shape = isNumber(width / height) ? Math.min(4, Math.max(0.25, width / height)) : 1.5;
    const mark = JSON.stringify([image.key, image.files, image.psnrs, image.lost, image.map?.length, image.files.refined ? "" : this.expected() + this.waiting()]);
    const panes = by("panes");
    if (panes.dataset.mark === mark) return;
    const made = [];
    for (const [stage, title] of STAGES) {
      const psnr = isNumber(image.psnrs[stage]) ? `${fixed(image.psnrs[stage], 2)} dB` : "";
      if (image.files[stage]) made.push(this.pane(image, stage, title, psnr, shape));
      else if (stage === "received" && image.lost) made.push(placeholder(title, `Lost: ${image.lost}`, shape));
      else if (stage === "original") made.push(placeholder(title, "not known here", shape));
      else if (stage === "refined" && this.expected() && !image.lost) made.push(placeholder(title, this.waiting(), shape));
    }
    if (image.map?.length && image.files.received) made.push(this.mapPane(image, shape));
    fill(panes, made, mark);
  }

  /** Whether a refined image is to come. */
  expected() {
    const { refiner } = this.store.state;
    return refiner && refiner !== "none" ? refiner : "";
  }

  waiting() {
    const stage = this.store.stages.get("refined");
    if (this.store.state.paused) return "refining is paused";
    if (stage?.state === "broken") return "the refiner does not answer";
    return stage?.busy || stage?.waiting ? "being refined…" : "not refined";
  }

  pane(image, stage, title, note, shape) {
    const picture = el("img");
    picture.src = address(image, stage);
    picture.alt = `${title}: ${visible(image.name || image.key)}`;
    const button = el("button", "pane", picture);
    button.type = "button";
    button.style.setProperty("--shape", shape);
    button.dataset.stage = stage;
    button.addEventListener("click", () => this.enlarge(image, stage));
    picture.addEventListener("error", () => {
      button.replaceWith(el("div", "pane empty", "no longer there"));
    });
    return el("figure", "", button, el("figcaption", "", el("b", "", title), el("span", "", note)));
  }

  mapPane(image, shape) {
    const figure = this.pane(image, "received", "Sent blocks", `${fixed(100 * share(image.map), 0)} %`, shape);
    const canvas = el("canvas");
    const [rows, columns] = [image.map.length, image.map[0].length];
    Object.assign(canvas, { width: columns, height: rows });
    const pixels = new ImageData(columns, rows);
    image.map.forEach((row, y) => row.forEach((value, x) => {
      const kept = Math.min(1, Math.max(0, value ?? 0));
      // What was left out is covered; what mattered stays clear, with a trace of the accent.
      pixels.data.set(kept > 0 ? [255, 154, 87, 90 * (1 - kept)] : [10, 16, 28, 205], 4 * (y * columns + x));
    }));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    figure.firstChild.append(canvas);
    return figure;
  }

  drawCaption(image) {
    const quote = by("caption");
    quote.hidden = !image.text && !image.textState;
    const state = image.textState && !["ok", "exact"].includes(image.textState) ? image.textState : "";
    fill(quote, [el("span", "", image.text ?? ""), ...(state ? [el("small", "", state)] : [])]);
  }

  drawStrip() {
    const strip = by("strip");
    const images = [...this.store.images.values()].reverse();
    const items = images.map(image => {
      const mark = JSON.stringify([image.files.received, image.files.refined, image.lost, image.fragments_received, image.fate]);
      let item = this.thumbnails.get(image.key);
      if (item?.dataset.mark !== mark) {
        item = this.thumbnail(image);
        item.dataset.mark = mark;
        this.thumbnails.set(image.key, item);
      }
      item.firstChild.setAttribute("aria-current", String(image.key === this.key));
      return item;
    });
    for (const key of this.thumbnails.keys()) if (!this.store.images.has(key)) this.thumbnails.delete(key);
    const same = items.length === strip.children.length && items.every((item, i) => strip.children[i] === item);
    if (!same) strip.replaceChildren(...items);
  }

  thumbnail(image) {
    const label = visible(image.name || image.key);
    const button = el("button");
    button.type = "button";
    if (image.files.received) {
      const picture = el("img");
      picture.src = address(image, image.files.refined ? "refined" : "received");
      picture.alt = label;
      picture.loading = "lazy";
      const whole = image.fate !== "damaged" && !(image.fragments > image.fragments_received);
      button.append(picture, el("span", whole ? "mark" : "mark part"));
    } else {
      button.className = image.lost ? "gone" : "";
      button.textContent = image.lost ? "lost" : "…";
    }
    button.title = `${label} (${visible(image.key)})${image.lost ? `: lost, ${visible(image.lost)}` : ""}`;
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", () => this.select(image.key));
    return el("li", "", button);
  }

  /** Show a picture large; asked again, the next one of this image. */
  enlarge(image = this.current(), stage = null) {
    if (!image) return;
    const there = STAGES.filter(([name]) => image.files[name]);
    if (!there.length) return;
    const before = this.zoom.open && this.zoom.dataset.key === image.key ? this.zoom.dataset.stage : null;
    const at = before === null ? there.findIndex(([name]) => name === (stage ?? "received")) : there.findIndex(([name]) => name === before) + 1;
    const [name, title] = there[Math.max(0, at) % there.length];
    Object.assign(this.zoom.dataset, { key: image.key, stage: name });
    const [height, width] = image.shape ?? [2, 3];
    this.zoom.style.setProperty("--shape", width / height);
    by("zoom-image").src = address(image, name);
    by("zoom-image").alt = title;
    const psnr = isNumber(image.psnrs[name]) ? `, PSNR ${fixed(image.psnrs[name], 2)} dB` : "";
    by("zoom-caption").textContent = `${title}${psnr} · ${visible(image.name || image.key)}`;
    if (!this.zoom.open) this.zoom.showModal();
  }
}

function address(image, stage) {
  // The time tells one image from another that had its key before a restart.
  return `/pictures/${encodeURIComponent(image.key)}/${stage}?${image.files[stage]}`;
}

function placeholder(title, line, shape) {
  const pane = el("div", "pane empty", line);
  pane.style.setProperty("--shape", shape);
  return el("figure", "", pane, el("figcaption", "", el("b", "", title)));
}

function share(map) {
  const flat = map.flat();
  return flat.filter(value => value > 0).length / (flat.length || 1);
}

/** What is said below an image, by name. */
function facts(image) {
  const chosen = typeof image.chosen === "object" && image.chosen ? image.chosen : {};
  const scheme = chosen.scheme ?? image.scheme;
  const spread = isNumber(image.spread_db) ? ` ± ${fixed(image.spread_db)}` : "";
  return [
    ["damaged", image.fate === "damaged" ? image.cause : null],
    ["SNR", isNumber(image.snr_db) ? `${fixed(image.snr_db)}${spread} dB` : null],
    ["bursts", isNumber(image.fragments) ? `${image.fragments_received ?? "?"} of ${image.fragments}` : null],
    ["scheme", scheme],
    ["Φ", chosen.point],
    ["α", isNumber(chosen.alpha) ? fixed(chosen.alpha, 2) : null],
    ["CBR", isNumber(chosen.cbr) ? ratio(chosen.cbr) : null],
    ["MCS", chosen.mcs],
    ["GVIF", isNumber(chosen.gvif) ? fixed(chosen.gvif, 3) : null],
    ["because", chosen.reason || image.reason],
    ["size", image.shape ? `${image.shape[1]} × ${image.shape[0]}` : null],
    ["rate", isNumber(chosen.mcs) ? null : image.rate],
    ["weights", image.weights === scheme ? null : image.weights],
    ["from", image.source],
  ].filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [name, typeof value === "number" ? short(value) : value]);
}
