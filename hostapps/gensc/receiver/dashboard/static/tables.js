// Figures, bars and tables: what the receiver counts and how its stages are.

import { rows } from "./store.js";
import { clock, el, fill, fixed, isNumber, quantile, ratio, short, visible } from "./words.js";

const by = id => document.getElementById(id);

export function drawTiles(store) {
  const { counters } = store;
  const lost = lostOf(counters);
  const delivered = isNumber(counters.delivered) ? counters.delivered : counters.images;
  const all = (delivered ?? 0) + lost;
  const now = store.now();
  const lately = store.arrivals.filter(one => one.at > now - 30).length;
  const images = [...store.images.values()].slice(-24);
  const psnrs = images.map(image => image.psnrs.received).filter(isNumber);
  const better = images.map(image => image.psnrs.refined - image.psnrs.received).filter(isNumber);
  const snr = store.snr.filter(one => one.at > now - 5).map(one => one.db);
  const mean = average(snr.length ? snr : store.snr.slice(-1).map(one => one.db));
  const total = store.latencies.get("total") ?? [];
  const choice = store.choices.at(-1) ?? store.state.choice ?? {};
  const tiles = [
    ["Delivered", short(delivered ?? 0), "", `${fixed(lately / 30, 1)} images/s in 30 s`],
    ["Lost", short(lost), all ? ` ${fixed(100 * lost / all, lost / all < 0.1 ? 1 : 0)} %` : "", worst(counters.lost)],
    ["SNR", fixed(mean), " dB", snr.length > 1 ? `spread ${fixed(spread(snr))} dB in 5 s` : "no burst for 5 s"],
    ["Choice", visible(choice.scheme ?? "–"), "", chosen(choice)],
    ["PSNR", fixed(average(psnrs)), psnrs.length ? " dB" : "", better.length ? `refined ${average(better) >= 0 ? "+" : ""}${fixed(average(better), 2)} dB` : psnrs.length ? "received" : "no original known"],
    ["Latency", fixed(quantile(total, 0.5), 0), total.length ? " ms" : "", total.length ? `p95 ${fixed(quantile(total, 0.95), 0)} ms, to the disk` : "not measured yet"],
  ];
  fill(by("tiles"), tiles.map(([name, value, unit, note]) => {
    const figure = el("dd", "", value, el("small", "", unit), el("span", "note", note));
    figure.title = visible(note);
    return el("div", "tile", el("dt", "", name), figure);
  }));
}

function chosen(choice) {
  const parts = [];
  if (isNumber(choice.point)) parts.push(`Φ ${choice.point}`);
  if (isNumber(choice.alpha)) parts.push(`α ${fixed(choice.alpha, 2)}`);
  if (isNumber(choice.cbr)) parts.push(`CBR ${ratio(choice.cbr)}`);
  if (isNumber(choice.mcs) || choice.mcs) parts.push(`MCS ${choice.mcs}`);
  return parts.join(" · ") || "none told";
}

function lostOf(counters) {
  if (isNumber(counters.lost)) return counters.lost;
  return Object.values(counters.lost ?? {}).filter(isNumber).reduce((sum, value) => sum + value, 0);
}

function worst(lost) {
  const [cause] = Object.entries(lost && typeof lost === "object" ? lost : {}).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  return cause ? `mostly ${cause[0]}` : "nothing lost";
}

export function drawLosses(store) {
  const { lost } = store.counters;
  const causes = Object.entries(lost && typeof lost === "object" ? lost : {}).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  const list = by("losses");
  list.classList.add("losses-bars");
  by("losses-sum").textContent = causes.length ? "by cause, since the start" : "";
  if (!causes.length) return fill(list, [el("li", "empty-note", "Nothing has been lost.")]);
  bars(list, causes.map(([cause, count]) => ({ name: cause, value: short(count), share: count / causes[0][1] })));
}

export function drawLatencies(store) {
  const stages = [...store.latencies].map(([name, values]) => ({ name, half: quantile(values, 0.5), tail: quantile(values, 0.95) }));
  const list = by("latencies");
  if (!stages.length) return fill(list, [el("li", "empty-note", "Nothing has been measured yet.")]);
  const most = Math.max(...stages.map(stage => stage.tail), 1e-9);
  bars(list, stages.map(({ name, half, tail }) => ({ name, value: `${short(half)} · ${short(tail)}`, share: half / most, tail: tail / most })));
}

function bars(list, items) {
  const mark = JSON.stringify(items);
  if (list.dataset.mark === mark) return;
  fill(list, items.map(({ name, value, share, tail }) => {
    const track = el("span", "track");
    if (tail !== undefined) track.append(bar(tail, "tail"));
    track.append(bar(share));
    return el("li", "", el("span", "name", name), el("span", "value", value), track);
  }), mark);
}

function bar(share, kind = "") {
  const made = el("i", kind);
  made.style.width = `${Math.max(0.5, 100 * share).toFixed(1)}%`;
  return made;
}

export function drawStages(store) {
  const stages = [...store.stages.values()];
  table(by("stages"), ["Stage", "State", "Waiting", "Left out", "Failed", "Last"], stages.map(stage => [
    why(stage.name, stage.why), state(stage.state), short(stage.waiting), short(stage.dropped), short(stage.failed),
    isNumber(stage.last_ms) ? `${short(stage.last_ms)} ms` : "–",
  ]), "No stage beside the decoder.");
  table(by("sources"), ["Source", "State", "Bursts"], rows(store.state.sources).map(source => [
    why(source.name, source.why || source.kind || source.place), state(source.state), short(source.bursts),
  ]), "No source.");
}

export function drawUsers(store) {
  const heard = transmitters(store);
  for (const user of rows(store.state.users)) {
    const session = isNumber(user.session) ? hex(user.session) : user.name;
    heard.set(session, { ...heard.get(session), session, ...user });
  }
  table(by("users"), ["Transmitter", "Images", "Lost", "SNR", "Heard"], [...heard.values()].map(user => [
    why(user.name || hex(user.session), user.name && isNumber(user.session) ? `session ${hex(user.session)}` : ""),
    short(user.images), short(user.lost), isNumber(user.snr_db) ? `${fixed(user.snr_db)} dB` : "–", clock(user.last_at),
  ]), "None has been heard yet.");
}

const hex = session => (isNumber(session) ? session.toString(16).padStart(4, "0") : session ?? "");

/** Sessions of the images that are known here, for what the receiver does not say of them. */
function transmitters(store) {
  const found = new Map();
  for (const image of store.images.values()) {
    if (!isNumber(image.session)) continue;
    const key = hex(image.session);
    const user = found.get(key) ?? { session: image.session, images: 0, lost: 0 };
    if (image.files.received) Object.assign(user, { images: user.images + 1, snr_db: image.snr_db, last_at: image.at });
    if (image.lost) user.lost += 1;
    found.set(key, user);
  }
  return found;
}

export function drawMessages(store) {
  const lines = store.messages.slice(-40).reverse();
  const mark = String(lines[0]?.number ?? "none");
  fill(by("messages"), lines.length ? lines.map(message => el("li", "", el("time", "", clock(message.at)), el("span", "", message.line))) : [el("li", "empty-note", "None.")], mark);
}

function table(target, heads, lines, none) {
  if (!lines.length) return fill(target, [el("caption", "empty-note", none)]);
  const head = el("thead", "", el("tr", "", ...heads.map(name => el("th", "", name))));
  const body = el("tbody", "", ...lines.map(line => el("tr", "", ...line.map(cell => el("td", "", cell)))));
  fill(target, [head, body]);
}

function why(name, reason) {
  return el("span", "", name ?? "", reason ? el("span", "why", reason) : null);
}

function state(name) {
  const known = ["ok", "running", "slow", "waiting", "broken", "ended"].includes(name) ? name : "";
  return el("span", `state ${known}`, name ?? "–");
}

const average = values => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN);
const spread = values => Math.sqrt(average(values.map(value => (value - average(values)) ** 2)));
