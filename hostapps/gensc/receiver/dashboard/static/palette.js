// The page's colours for what is drawn on canvases, and canvases at the screen's resolution.

const dark = matchMedia("(prefers-color-scheme: dark)");
let colours = null;

/** Calls back when light becomes dark, or dark light. */
export function onTheme(callback) {
  dark.addEventListener("change", () => {
    colours = null;
    callback();
  });
}

export function isDark() {
  return dark.matches;
}

/** A colour of the style sheet by its name. */
export function colour(name) {
  if (!colours) colours = getComputedStyle(document.documentElement);
  return colours.getPropertyValue(`--${name}`).trim();
}

/** The drawing of a canvas, emptied, in CSS pixels; null where it is not shown. */
export function drawing(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return null;
  const scale = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = '11.5px system-ui, "DejaVu Sans", sans-serif';
  return { pen, width, height };
}
