// What the radio hears: the symbols of the latest bursts, the spectrum, and the spectrum over time.

import { colour, drawing, isDark } from "./palette.js";
import { fixed, quantile, visible } from "./words.js";

const MARGIN = 10, AXIS = 20, LINE_SHARE = 0.36, AVERAGED = 8, LEAST_ROWS = 40, MOST_ROWS = 120;

export function drawConstellation(canvas, store) {
  const on = drawing(canvas);
  if (!on) return "";
  const { pen, width, height } = on;
  const bursts = store.constellations;
  const sizes = bursts.flatMap(burst => burst.symbols.map(([re, im]) => Math.max(Math.abs(re), Math.abs(im))));
  const reach = Math.max(1.25, 1.15 * (quantile(sizes, 0.98) || 1));
  const half = Math.min(width, height) / 2 - MARGIN;
  const [cx, cy] = [width / 2, height / 2];
  pen.strokeStyle = colour("grid");
  pen.lineWidth = 1;
  for (const radius of [0.5, 1, 1.5, 2, 2.5]) {
    if (radius > reach) break;
    pen.beginPath();
    pen.arc(cx, cy, half * radius / reach, 0, 2 * Math.PI);
    pen.strokeStyle = colour(radius === 1 ? "line" : "grid");
    pen.stroke();
  }
  pen.fillStyle = colour("line");
  pen.fillRect(cx - half, Math.round(cy), 2 * half, 1);
  pen.fillRect(Math.round(cx), cy - half, 1, 2 * half);
  pen.fillStyle = colour("soft");
  pen.textAlign = "left";
  pen.textBaseline = "top";
  pen.fillText("I", cx + half - 4, cy + 4);
  pen.fillText("Q", cx + 5, cy - half);
  pen.fillStyle = colour("series-1");
  bursts.forEach((burst, i) => {
    pen.globalAlpha = 0.75 * (i + 1) / bursts.length;
    for (const [re, im] of burst.symbols) {
      if (Math.abs(re) > reach || Math.abs(im) > reach) continue;
      pen.beginPath();
      pen.arc(cx + half * re / reach, cy - half * im / reach, 1.7, 0, 2 * Math.PI);
      pen.fill();
    }
  });
  pen.globalAlpha = 1;
  const last = bursts.at(-1);
  return last ? `SNR ${fixed(last.snr_db)} dB, offset ${fixed(last.cfo_hz / 1000, 2)} kHz` : "no burst yet";
}

export function drawWaterfall(canvas, store) {
  const on = drawing(canvas);
  if (!on) return "";
  const { pen, width, height } = on;
  const last = store.spectra.at(-1);
  if (!last) return "no spectrum yet";
  const rows = store.spectra.filter(row => row.source === last.source && row.db.length === last.db.length);
  const levels = rows.slice(-24).flatMap(row => row.db).filter(level => level !== null);
  const low = Math.floor(quantile(levels, 0.03) - 3), high = Math.ceil(quantile(levels, 0.995) + 3);
  const split = Math.round((height - AXIS) * LINE_SHARE);
  drawLine(pen, lately(rows), width, split - 6, low, high);
  drawRows(pen, rows, width, split, height - AXIS, low, high);
  drawFrequencies(pen, last.rate, width, height);
  return `${fixed(low, 0)} … ${fixed(high, 0)} dB, ${visible(last.source ?? "")}`;
}

function drawLine(pen, db, width, bottom, low, high) {
  const x = i => width * i / (db.length - 1);
  const y = level => bottom - (bottom - 4) * Math.min(1, Math.max(0, ((level ?? low) - low) / (high - low)));
  pen.fillStyle = colour("grid");
  for (let level = Math.ceil(low / 10) * 10; level <= high; level += 10) pen.fillRect(0, Math.round(y(level)), width, 1);
  pen.beginPath();
  db.forEach((level, i) => pen.lineTo(x(i), y(level)));
  pen.strokeStyle = colour("series-1");
  pen.lineWidth = 1.5;
  pen.lineJoin = "round";
  pen.stroke();
  pen.lineTo(width, bottom);
  pen.lineTo(0, bottom);
  pen.globalAlpha = 0.13;
  pen.fillStyle = colour("series-1");
  pen.fill();
  pen.globalAlpha = 1;
}

/** The mean of the latest spectra, dB: one alone is mostly noise. */
function lately(rows) {
  const latest = rows.slice(-AVERAGED);
  return latest[0].db.map((_, i) => {
    const levels = latest.map(row => row.db[i]).filter(level => level !== null);
    return levels.length ? levels.reduce((sum, level) => sum + level, 0) / levels.length : null;
  });
}

let scratch = null;

/** Newest row on top, older ones below. */
function drawRows(pen, rows, width, top, bottom, low, high) {
  const bins = rows[0].db.length, shown = Math.min(rows.length, MOST_ROWS);
  const lines = Math.max(LEAST_ROWS, shown);
  scratch ??= document.createElement("canvas");
  Object.assign(scratch, { width: bins, height: lines });
  const pixels = new ImageData(bins, lines);
  const table = ramp();
  for (let row = 0; row < shown; row++) {
    const { db } = rows[rows.length - 1 - row];
    for (let i = 0; i < bins; i++) {
      const share = Math.min(1, Math.max(0, ((db[i] ?? low) - low) / (high - low)));
      pixels.data.set(table[Math.round(255 * share)], 4 * (row * bins + i));
    }
  }
  scratch.getContext("2d").putImageData(pixels, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(scratch, 0, top, width, bottom - top);
}

const RAMPS = {
  dark: [[22, 28, 39], [18, 66, 122], [52, 142, 205], [122, 214, 196], [255, 226, 138]],
  light: [[250, 251, 253], [196, 219, 242], [96, 158, 216], [20, 92, 170], [96, 20, 92]],
};
const tables = {};

function ramp() {
  const name = isDark() ? "dark" : "light";
  return (tables[name] ??= Array.from({ length: 256 }, (_, i) => {
    const at = i / 255 * (RAMPS[name].length - 1), before = Math.min(RAMPS[name].length - 2, Math.floor(at));
    return [...RAMPS[name][before].map((a, c) => a + (RAMPS[name][before + 1][c] - a) * (at - before)), 255];
  }));
}

function drawFrequencies(pen, rate, width, height) {
  if (!rate) return;
  const unit = rate >= 2e6 ? [1e6, "MHz"] : [1e3, "kHz"];
  pen.fillStyle = colour("soft");
  pen.textBaseline = "bottom";
  for (const share of [-0.5, -0.25, 0, 0.25, 0.5]) {
    pen.textAlign = share === -0.5 ? "left" : share === 0.5 ? "right" : "center";
    const value = rate * share / unit[0];
    pen.fillText(`${value > 0 ? "+" : ""}${Number(value.toPrecision(3))}${share === 0 ? ` ${unit[1]}` : ""}`.replace("-", "−"), width * (share + 0.5), height - 2);
  }
}
