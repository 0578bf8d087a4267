// Words and numbers as they are shown. Whatever a peer wrote goes through `visible` into a text node.

/** Characters that would move a cursor, ring a bell or turn the writing around, as something to see. */
export function visible(text) {
  return String(text)
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421")
    .replace(/[\u0080-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb]/g, "\ufffd")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** An element with classes, text and children; never markup. */
export function el(tag, classes = "", ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  for (const child of children) {
    if (child === null || child === undefined) continue;
    element.append(child instanceof Node ? child : visible(child));
  }
  return element;
}

export const isNumber = value => typeof value === "number" && Number.isFinite(value);

/** A number with so many decimals, or a dash where there is none. */
export function fixed(value, decimals = 1) {
  return isNumber(value) ? value.toFixed(decimals).replace(/^-(?=0(\.0*)?$)/, "") : "–";
}

/** A number with about three digits that count. */
export function short(value) {
  if (!isNumber(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** A bandwidth ratio as people say it: 1/24. */
export function ratio(value) {
  if (!isNumber(value) || value <= 0) return "–";
  return value < 1 ? `1/${short(1 / value)}` : short(value);
}

export function seconds(value) {
  if (!isNumber(value)) return "–";
  const whole = Math.max(0, Math.floor(value));
  const [d, h, m, s] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  if (d) return `${d} d ${h} h`;
  if (h) return `${h} h ${m} min`;
  return m ? `${m} min ${s} s` : `${s} s`;
}

/** Time of day of a Unix time. */
export function clock(at) {
  return isNumber(at) ? new Date(at * 1000).toLocaleTimeString("en-GB") : "–";
}

/** p of 0 … 1 of numbers, by the nearest rank. */
export function quantile(values, p) {
  if (!values.length) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

/** Replace an element's children, unless the new ones read the same. */
export function fill(element, children, mark) {
  const key = mark ?? children.map(child => child.outerHTML).join();
  if (element.dataset.mark === key) return;
  element.dataset.mark = key;
  element.replaceChildren(...children);
}
