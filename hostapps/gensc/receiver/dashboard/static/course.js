// The channel over time, and below it what was chosen: SNR, Φ, α, CBR, on one axis of time.

import { colour, drawing } from "./palette.js";
import { fixed, isNumber, ratio, short } from "./words.js";

const LEFT = 62, RIGHT = 54, BOTTOM = 20, GAP = 16, LEAST_S = 30;
const SOURCES = ["series-1", "series-3", "series-4", "series-2"];

export function drawCourse(canvas, store, span) {
  const on = drawing(canvas);
  if (!on) return;
  const { pen, width, height } = on;
  const end = store.now();
  // While there is less than was asked for, what there is fills the chart.
  span = Math.min(span, Math.max(LEAST_S, 1.05 * (end - Math.min(store.snr[0]?.at ?? end, store.choices[0]?.at ?? end))));
  const start = end - span;
  const x = at => LEFT + (width - LEFT - RIGHT) * (at - start) / span;
  const recent = list => list.filter(one => one.at >= start - 1);
  const choices = carried(store.choices, start);
  const rows = [
    { name: "Φ", values: choices.map(c => [c.at, c.point]), label: short, whole: true },
    { name: "α", values: choices.map(c => [c.at, c.alpha]), label: v => fixed(v, 2) },
    { name: "CBR", values: choices.map(c => [c.at, c.cbr]), label: ratio, floor: 0 },
  ].filter(row => row.values.some(([, value]) => isNumber(value)));
  const free = height - BOTTOM;
  const first = rows.length ? Math.round(free * 0.46) : free;
  timeAxis(pen, x, start, end, span, height - BOTTOM, width);
  drawSnr(pen, { top: 6, bottom: first - GAP / 2, x, width }, recent(store.snr), recent(store.losses), store);
  const each = (free - first) / (rows.length || 1);
  rows.forEach((row, i) => {
    const top = first + i * each + GAP / 2;
    drawSteps(pen, { top, bottom: top + each - GAP, x, width, end }, row);
  });
}

/** Choices since `start`, and the last one before it, which still holds there. */
function carried(choices, start) {
  const after = choices.findIndex(choice => choice.at >= start);
  if (after < 0) return choices.slice(-1);
  return choices.slice(Math.max(0, after - 1));
}

function timeAxis(pen, x, start, end, span, bottom, width) {
  const step = [5, 10, 15, 30, 60, 120, 300, 600].find(s => (span / s) * 64 <= width - LEFT - RIGHT) ?? 900;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (let ago = 0; ago <= span; ago += step) {
    const at = x(end - ago);
    pen.fillStyle = colour("grid");
    pen.fillRect(Math.round(at), 4, 1, bottom - 4);
    pen.fillStyle = colour("soft");
    const label = ago === 0 ? "now" : step >= 60 ? `−${ago / 60} min` : `−${ago} s`;
    pen.fillText(label, at, bottom + 5);
  }
}

function drawSnr(pen, box, points, losses, store) {
  const all = [...points.map(p => p.db)];
  let [low, high] = all.length ? [min(all), max(all)] : [0, 20];
  [low, high] = [Math.floor((low - 1) / 5) * 5, Math.ceil((high + 1) / 5) * 5];
  const y = db => box.bottom - (box.bottom - box.top) * (db - low) / (high - low);
  const step = high - low > 30 ? 10 : 5;
  labels(pen, box, "SNR", "dB");
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (let db = low; db <= high; db += step) {
    pen.fillStyle = colour("grid");
    pen.fillRect(LEFT, Math.round(y(db)), box.width - LEFT - RIGHT, 1);
    pen.fillStyle = colour("soft");
    pen.fillText(fixed(db, 0), LEFT - 7, y(db));
  }
  pen.fillStyle = colour("bad");
  for (const loss of losses) pen.fillRect(Math.round(box.x(loss.at)) - 1, box.bottom - 9, 2.5, 9);
  const sources = [...new Set(points.map(p => p.source))];
  clipped(pen, box, () => {
    sources.forEach((source, i) => {
      const own = points.filter(p => p.source === source);
      pen.fillStyle = pen.strokeStyle = colour(SOURCES[i % SOURCES.length]);
      pen.globalAlpha = own.length > 600 ? 0.22 : 0.4;
      for (const p of own) pen.fillRect(box.x(p.at) - 1, y(p.db) - 1, 2.2, 2.2);
      pen.globalAlpha = 1;
      line(pen, smoothed(own).map(([at, db]) => [box.x(at), y(db)]));
      const last = own.at(-1);
      if (i === 0 && last) tag(pen, box, y(smoothed(own).at(-1)[1]), fixed(last.db, 1), colour(SOURCES[0]));
    });
  });
}

function drawSteps(pen, box, row) {
  const values = row.values.filter(([, value]) => isNumber(value));
  let low = row.floor ?? min(values.map(v => v[1])), high = max(values.map(v => v[1]));
  if (high - low < (row.whole ? 2 : 1e-6)) [low, high] = row.whole ? [low - 1, high + 1] : [low - Math.abs(low) * 0.2, high + Math.abs(high) * 0.2 || 1];
  const y = value => box.bottom - 4 - (box.bottom - box.top - 8) * (value - low) / (high - low);
  labels(pen, box, row.name, "");
  pen.fillStyle = colour("grid");
  pen.fillRect(LEFT, Math.round(box.bottom), box.width - LEFT - RIGHT, 1);
  pen.strokeStyle = colour("series-2");
  const corners = [];
  values.forEach(([at, value], i) => {
    if (i) corners.push([box.x(at), y(values[i - 1][1])]);
    corners.push([box.x(at), y(value)]);
  });
  const last = values.at(-1);
  corners.push([box.x(box.end), y(last[1])]);
  clipped(pen, box, () => line(pen, corners));
  tag(pen, box, y(last[1]), row.label(last[1]), colour("series-2"));
}

function labels(pen, box, name, unit) {
  pen.fillStyle = colour("ink");
  pen.textAlign = "left";
  pen.textBaseline = "top";
  pen.fillText(name, 0, box.top);
  pen.fillStyle = colour("soft");
  if (unit) pen.fillText(unit, 0, box.top + 14);
}

/** The newest value, at the right of its line. */
function tag(pen, box, y, text, fill) {
  pen.fillStyle = fill;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.font = '600 12px system-ui, "DejaVu Sans", sans-serif';
  pen.fillText(text, box.width - RIGHT + 7, Math.min(box.bottom - 5, Math.max(box.top + 6, y)));
  pen.font = '11.5px system-ui, "DejaVu Sans", sans-serif';
}

function clipped(pen, box, draw) {
  pen.save();
  pen.beginPath();
  pen.rect(LEFT, box.top - 4, box.width - LEFT, box.bottom - box.top + 8);
  pen.clip();
  draw();
  pen.restore();
}

function line(pen, points) {
  pen.lineWidth = 1.8;
  pen.lineJoin = "round";
  pen.beginPath();
  points.forEach(([px, py], i) => {
    const x = Math.max(LEFT, px);
    if (i) pen.lineTo(x, py);
    else pen.moveTo(x, py);
  });
  pen.stroke();
}

/** Means of about a hundredth of the points each, so that fades do not hide the walk. */
function smoothed(points) {
  const size = Math.max(1, Math.round(points.length / 120));
  const means = [];
  for (let i = 0; i < points.length; i += size) {
    const some = points.slice(i, i + size);
    means.push([mean(some.map(p => p.at)), mean(some.map(p => p.db))]);
  }
  return means;
}

const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
const min = values => values.reduce((a, b) => Math.min(a, b), Infinity);
const max = values => values.reduce((a, b) => Math.max(a, b), -Infinity);
