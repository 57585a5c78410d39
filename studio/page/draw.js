// Drawing: a canvas in CSS pixels at the screen's resolution, and plots.
const colors = new Map();  // of the current scheme: asking the browser for each point of a picture takes longer than drawing it
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => colors.clear());
function color(name) {
  if (!colors.has(name)) colors.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
  return colors.get(name);
}

// The classes of digits.
const digitInks = ["#0072b2", "#c44e00", "#007a5a", "#8f4a86", "#b8860b", "#56a0d9", "#a4262c", "#5c616b", "#3d8b37", "#d0609a"];

// The channels of a colour "#rrggbb".
function channels(hex) { return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)); }

// Prepares the canvas: {c, width, height}; `ratio` is height / width.
function sheet(canvas, ratio) {
  const width = canvas.clientWidth, height = Math.round(width * ratio), scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale), canvas.height = Math.round(height * scale);
    canvas.style.height = height + "px";
  }
  const c = canvas.getContext("2d");
  c.setTransform(scale, 0, 0, scale, 0, 0);
  c.clearRect(0, 0, width, height);
  c.font = "12px ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
  return { c, width, height };
}

function line(c, x1, y1, x2, y2, ink, thick = 1, dash = []) {
  c.beginPath(); c.moveTo(x1, y1); c.lineTo(x2, y2);
  c.strokeStyle = ink; c.lineWidth = thick; c.setLineDash(dash); c.stroke(); c.setLineDash([]);
}
function curve(c, points, ink, thick = 2) {
  points = points.filter(([, y]) => Number.isFinite(y));
  c.beginPath();
  points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.strokeStyle = ink; c.lineWidth = thick; c.lineJoin = "round"; c.stroke();
}
function disc(c, x, y, radius, ink) { c.beginPath(); c.arc(x, y, radius, 0, 7); c.fillStyle = ink; c.fill(); }
function ring(c, x, y, radius, ink, thick = 1.5) { c.beginPath(); c.arc(x, y, radius, 0, 7); c.strokeStyle = ink; c.lineWidth = thick; c.stroke(); }
function arrow(c, x1, y1, x2, y2, ink, thick = 1.5) {
  const dx = x2 - x1, dy = y2 - y1, size = Math.hypot(dx, dy);
  if (size < 1) return;
  const head = Math.min(6, size), ux = dx / size, uy = dy / size;
  line(c, x1, y1, x2, y2, ink, thick);
  c.beginPath(); c.moveTo(x2, y2);
  c.lineTo(x2 - head * ux - head / 2 * uy, y2 - head * uy + head / 2 * ux);
  c.lineTo(x2 - head * ux + head / 2 * uy, y2 - head * uy - head / 2 * ux);
  c.fillStyle = ink; c.fill();
}

// A grey picture of `values` in 0 .. 1 as a canvas of its own, 1 pixel per value.
function picture(values, width, height, offset = 0) {
  const canvas = document.createElement("canvas");
  canvas.width = width, canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; ++i) {
    const grey = 255 * values[offset + i];
    image.data.set([grey, grey, grey, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// Round numbers between low and high.
function ticks(low, high, wanted = 4) {
  const raw = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
  const out = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9 * step; ++k) out.push(Number((k * step).toPrecision(6)));
  return out;
}

// A plot of curves over the same x; the area down to the points `above` is filled: series = [{points: [[x, y], ..], ink, above?}], references = [{y, text, ink}].
function plot(canvas, { series, references = [], low, high, x, ratio = 0.42 }) {
  const { c, width, height } = sheet(canvas, ratio);
  const left = 38, right = width - 8, top = 8, bottom = height - 30;
  const last = Math.max(10, ...series.map((s) => (s.points.length ? s.points[s.points.length - 1][0] : 0)));
  const at = (px, py) => [left + (right - left) * px / last, bottom - (bottom - top) * (Math.min(Math.max(py, low), high) - low) / (high - low)];
  c.textBaseline = "middle"; c.textAlign = "right"; c.fillStyle = color("soft");
  for (const y of ticks(low, high)) {
    line(c, left, at(0, y)[1], right, at(0, y)[1], color("line"));
    c.fillText(String(y), left - 6, at(0, y)[1]);
  }
  c.textBaseline = "top"; c.textAlign = "center";
  for (const k of ticks(0, last)) c.fillText(String(k), Math.min(at(k, 0)[0], right - 10), bottom + 5);
  c.textAlign = "right"; c.fillText(x, right, bottom + 18);
  for (const { y, text, ink } of references.filter((reference) => Number.isFinite(reference.y))) {
    const py = at(0, y)[1];
    line(c, left, py, right, py, ink, 1.2, [5, 4]);
    c.fillStyle = ink; c.textAlign = "right"; c.textBaseline = "bottom"; c.fillText(text, right - 2, py - 1);
  }
  for (const s of series) {
    const points = s.points.map((p) => at(...p));
    if (s.above) {
      curve(c, [...points, ...s.above.map((p) => at(...p)).reverse()], "transparent");
      c.fillStyle = s.ink; c.globalAlpha = 0.4; c.fill(); c.globalAlpha = 1;
    }
    curve(c, points, s.ink);
  }
}
