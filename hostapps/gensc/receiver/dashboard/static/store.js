// What is known of the receiver, made of its state and its events. Drawing reads it; nothing here draws.

import { isNumber } from "./words.js";

const MOST_IMAGES = 64;
const MOST_POINTS = 16000;
const MOST_ROWS = 160;
const MOST_MESSAGES = 100;
const LATENCIES = 200;
const SILENT_S = 0.5;

export class Store {
  constructor() {
    this.clear();
  }

  clear() {
    this.images = new Map(); // key → what is known of an image, oldest first
    this.lostKeys = new Map();
    this.state = {};
    this.snr = []; // {at, db, source}
    this.choices = []; // {at, scheme, point, alpha, cbr, mcs, gvif, reason, key}
    this.losses = []; // {at, key, cause}
    this.arrivals = []; // {at, db}
    this.stages = new Map();
    this.counters = {};
    this.latencies = new Map(); // stage → ms of the latest images
    this.constellations = [];
    this.spectra = [];
    this.messages = [];
    this.clockOffset = 0;
    this.number = 0; // of the newest event taken
    this.changed = true;
  }

  /** Everything anew, from an answer of /state. */
  reset(snapshot) {
    this.clear();
    this.clockOffset = snapshot.now - Date.now() / 1000;
    this.setState(snapshot.state);
    for (const event of snapshot.events) this.take(event.kind, event);
  }

  setState(state) {
    this.state = state ?? {};
    this.stateAt = Date.now() / 1000;
    for (const stage of rows(this.state.stages)) this.stages.set(stage.name, stage);
    this.counters = this.state.counters ?? {};
    this.changed = true;
  }

  /** The receiver's time now. */
  now() {
    return Date.now() / 1000 + this.clockOffset;
  }

  uptime() {
    const { uptime_s } = this.state;
    return isNumber(uptime_s) ? uptime_s + Date.now() / 1000 - this.stateAt : NaN;
  }

  /** Take an event; one that was taken already (told by /state and by the stream) changes nothing. */
  take(kind, event) {
    // Those of earlier runs have no number of their own.
    if (event.number && event.number <= this.number) return;
    this.number = Math.max(this.number, event.number);
    this.changed = true;
    this[`take_${kind}`]?.(event);
  }

  image(key) {
    let image = this.images.get(key);
    if (!image) {
      image = { key, files: {}, psnrs: {} };
      this.images.set(key, image);
      if (this.images.size > MOST_IMAGES) this.images.delete(this.images.keys().next().value);
    }
    return image;
  }

  take_image(event) {
    const image = this.image(event.key);
    Object.assign(image, event, { files: image.files, psnrs: image.psnrs });
    if (event.file) image.files.received = event.at;
    if (event.original) image.files.original = event.at;
    image.psnrs.received = event.psnr;
    if (event.choice && !image.choiceTold) image.chosen = event.choice;
    const stages = Object.entries(event.latency_ms ?? {}).filter(([, ms]) => isNumber(ms));
    for (const [stage, ms] of stages) this.addLatency(stage, ms);
    // They follow each other, from the last sample to the file.
    if (stages.length && !event.latency_ms.total) this.addLatency("total", stages.reduce((sum, [, ms]) => sum + ms, 0));
    push(this.arrivals, { at: event.at, db: event.snr_db }, MOST_POINTS);
    // What bursts before the page was opened are not told by, their image tells.
    const silent = !this.snr.length || event.at - this.snr.at(-1).at > SILENT_S;
    if (silent && isNumber(event.snr_db)) push(this.snr, { at: event.at, db: event.snr_db, source: event.source }, MOST_POINTS);
  }

  take_refined(event) {
    const name = ["inpainted", "edited"].includes(event.stage) ? event.stage : "refined";
    const image = this.image(event.key);
    if (event.file) image.files[name] = event.at;
    image.psnrs[name] = event.psnr;
    this.addLatency(name, event.ms);
  }

  take_text(event) {
    Object.assign(this.image(event.key), { text: event.text, textState: event.state });
  }

  take_choice(event) {
    push(this.choices, event, 4000);
    if (event.key && this.images.has(event.key)) this.image(event.key).chosen = event;
  }

  take_lost(event) {
    push(this.losses, event, 4000);
    const image = this.image(event.key);
    Object.assign(image, { at: event.at, ...pick(event, ["session", "name", "source"]), lost: event.cause });
  }

  take_burst(event) {
    if (isNumber(event.snr_db)) push(this.snr, { at: event.at, db: event.snr_db, source: event.source }, MOST_POINTS);
    if (event.symbols?.length) push(this.constellations, event, 4);
  }

  take_spectrum(event) {
    if (event.db?.length) push(this.spectra, event, MOST_ROWS);
  }

  take_stage(event) {
    this.stages.set(event.name, event);
  }

  take_problem(event) {
    push(this.messages, event, MOST_MESSAGES);
  }

  addLatency(stage, ms) {
    if (!isNumber(ms)) return;
    if (!this.latencies.has(stage)) this.latencies.set(stage, []);
    push(this.latencies.get(stage), ms, LATENCIES);
  }
}

export function rows(value) {
  return Array.isArray(value) ? value.filter(row => row && typeof row === "object") : [];
}

function pick(event, names) {
  return Object.fromEntries(names.filter(name => event[name] !== undefined).map(name => [name, event[name]]));
}

function push(list, item, most) {
  list.push(item);
  if (list.length > most) list.splice(0, list.length - most);
}
