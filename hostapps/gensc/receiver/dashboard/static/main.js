// The page: what arrives goes into the store, and what has changed is drawn, at most ten times a second.

import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { drawCourse } from "./course.js";
import { Images } from "./images.js";
import { onTheme } from "./palette.js";
import { drawConstellation, drawWaterfall } from "./radio.js";
import { Store } from "./store.js";
import { drawLatencies, drawLosses, drawMessages, drawStages, drawTiles, drawUsers } from "./tables.js";
import { el, fill, isNumber, seconds, visible } from "./words.js";

const EVERY_MS = 100;
const by = id => document.getElementById(id);
const store = new Store();
const connection = new Connection(store, say);
const controls = new Controls(store, connection);
const images = new Images(store);
let span = 300;
let link = "connecting";

function say(state) {
  link = state;
  store.changed = true;
  const login = by("login");
  if (state === "locked" && !login.open) login.showModal();
  if (state === "live" && login.open) login.close();
}

function drawLink() {
  const { paused } = store.state;
  const words = { live: paused ? "refining paused" : "live", lost: "connection lost, trying again", locked: "locked", connecting: "connecting…" };
  const pill = by("connection");
  if (pill.textContent !== words[link]) pill.textContent = words[link];
  pill.className = `pill ${link === "live" && paused ? "paused" : link}`;
}

function drawLegend() {
  const sources = new Set(store.snr.map(point => point.source));
  const items = [["", "SNR, mean"], ["dots", "single bursts"]];
  if (store.choices.length) items.push(["choice", "chosen for the next image"]);
  if (store.losses.length) items.push(["lost", "image lost"]);
  if (sources.size > 1) items[0][1] = `SNR, mean, of ${sources.size} sources`;
  fill(by("course-legend"), items.map(([kind, words]) => el("li", kind, words)));
}

function draw() {
  drawLink();
  controls.draw();
  images.draw();
  drawTiles(store);
  by("constellation-note").textContent = drawConstellation(by("constellation"), store);
  by("waterfall-note").textContent = drawWaterfall(by("waterfall"), store);
  drawCourse(by("course"), store, span);
  drawLegend();
  const reason = store.choices.at(-1)?.reason;
  by("reason").textContent = reason ? visible(reason) : "";
  drawLatencies(store);
  drawLosses(store);
  drawStages(store);
  drawUsers(store);
  drawMessages(store);
  const up = store.uptime();
  by("uptime").textContent = isNumber(up) ? `Running for ${seconds(up)}.` : "";
}

let drawnAt = 0;
function tick(at) {
  // Time goes on in the chart also while nothing arrives.
  if (at - drawnAt >= (store.changed ? EVERY_MS : 1000)) {
    drawnAt = at;
    store.changed = false;
    draw();
  }
  requestAnimationFrame(tick);
}

function show(seconds) {
  span = seconds;
  for (const button of by("span").children) button.setAttribute("aria-pressed", String(Number(button.dataset.seconds) === seconds));
  store.changed = true;
}

for (const button of by("span").children) button.addEventListener("click", () => show(Number(button.dataset.seconds)));
by("help-open").addEventListener("click", () => by("help").showModal());
by("login-form").addEventListener("submit", async event => {
  event.preventDefault();
  const right = await connection.login(by("token").value.trim()).catch(() => null);
  by("token").value = "";
  by("login-error").textContent = right ? "" : right === false ? "That is not the token." : "The receiver does not answer.";
});
addEventListener("resize", () => { store.changed = true; });
onTheme(() => { store.changed = true; });

const KEYS = {
  ArrowLeft: () => images.step(-1),
  ArrowRight: () => images.step(1),
  Home: () => images.oldest(),
  End: () => images.newest(),
  z: () => images.enlarge(),
  p: () => controls.pause(),
  r: () => by("refiner").focus(),
  l: () => by("latency").select(),
  1: () => show(60),
  2: () => show(300),
  3: () => show(1800),
  "?": () => by("help").showModal(),
};

addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
  if (by("login").open || by("help").open) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
});

/** The token of a link (#token=…), which then leaves the address. */
async function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    history.replaceState(null, "", location.pathname);
    if (await connection.login(token).catch(() => false)) return;
  }
  await connection.open();
}

requestAnimationFrame(tick);
begin();
