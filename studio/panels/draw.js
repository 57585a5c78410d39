// Panel 2: a drawing, encoded by the VAE with two units; the test digits near it; its outlier scores.
// Strokes are lists of [x, y] in 0 .. 1, in the address two letters per number.
const packed = (strokes) => strokes.map((stroke) => stroke.flat().map((x) => Math.round(1000 * x).toString(36).padStart(2, "0")).join("")).join("_");
const unpacked = (words) => words.split("_").map((word) => {
  const numbers = (word.match(/../g) || []).map((pair) => parseInt(pair, 36) / 1000);
  return numbers.flatMap((x, i) => (i % 2 === 1 && Number.isFinite(numbers[i - 1] + x) ? [[numbers[i - 1], x]] : []));
}).filter((stroke) => stroke.length > 0);
const samples = {
  zero: { name: "A zero", strokes: [Array.from({ length: 25 }, (_, i) => [0.5 + 0.22 * Math.sin(i * Math.PI / 12), 0.5 - 0.32 * Math.cos(i * Math.PI / 12)])] },
  one: { name: "A one", strokes: [[[0.56, 0.15], [0.5, 0.5], [0.45, 0.85]]] },
  seven: { name: "A seven", strokes: [[[0.28, 0.2], [0.5, 0.19], [0.72, 0.2], [0.58, 0.5], [0.48, 0.85]]] },
  scribble: { name: "A scribble", strokes: [[[0.15, 0.2], [0.85, 0.3], [0.2, 0.45], [0.8, 0.1], [0.75, 0.9], [0.3, 0.15], [0.2, 0.85], [0.9, 0.6], [0.15, 0.65], [0.6, 0.9]]] },
};
const names = ["zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines"];
const size = 28, box = 20, pen = 2.6, reach = 4;  // pixels; the map shows codes in -reach .. reach

register("draw", {
  defaults: { strokes: packed(samples.one.strokes), test: -1, k: 9 },
  limits: { test: within(-1, 9999, 1) },
  create(panel) {
    const { engine } = panel, canvas = (name) => panel.find(`[data-canvas=${name}]`);
    let codes = null, labels = [], strokes = [], held = null, x = new Float32Array(size * size);

    async function open() {
      for (const part of ["encoder", "digits"]) engine.call("draw_open", await safetensors(WEIGHTS[part]));
      codes = engine.call("draw_test", await safetensors(WEIGHTS.test_digits));
      labels = engine.call("draw_labels");
    }

    // ---- the drawing, as MNIST makes its pictures: fitted to a box of 20 pixels, then centred by mass ----
    function trace(c, at, thick) {
      c.lineWidth = thick; c.lineCap = c.lineJoin = "round";
      for (const stroke of strokes) {
        c.beginPath();
        [stroke[0], ...stroke].forEach(([px, py], i) => (i ? c.lineTo(...at(px, py)) : c.moveTo(...at(px, py))));
        c.stroke();
      }
    }
    function rendered(at) {
      const small = element("canvas", { width: size, height: size }), c = small.getContext("2d", { willReadFrequently: true });
      c.fillRect(0, 0, size, size);
      c.strokeStyle = "#fff";
      trace(c, at, pen);
      const { data } = c.getImageData(0, 0, size, size);
      return Float32Array.from({ length: size * size }, (_, i) => data[4 * i] / 255);
    }
    function centred() {
      if (strokes.length === 0) return new Float32Array(size * size);
      const points = strokes.flat(), [xs, ys] = [0, 1].map((k) => points.map((point) => point[k]));
      const middle = (v) => (Math.min(...v) + Math.max(...v)) / 2, extent = (v) => Math.max(...v) - Math.min(...v);
      const scale = (box - pen) / Math.max(extent(xs), extent(ys), 0.1);  // a dot stays a dot
      const at = (dx, dy) => (px, py) => [size / 2 + scale * (px - middle(xs)) + dx, size / 2 + scale * (py - middle(ys)) + dy];
      const first = rendered(at(0, 0)), mass = first.reduce((sum, v) => sum + v, 0);
      const mean = (place) => first.reduce((sum, v, i) => sum + v * (place(i) + 0.5), 0) / mass;
      return rendered(at(size / 2 - mean((i) => i % size), size / 2 - mean((i) => Math.floor(i / size))));
    }

    // ---- drawing ----
    function drawPad() {
      const { c, width } = sheet(canvas("pad"), 1);
      c.fillStyle = "#000"; c.fillRect(0, 0, width, width);
      if (panel.settings.test >= 0) { c.imageSmoothingEnabled = false; c.drawImage(picture(x, size, size), 0, 0, width, width); return; }
      c.strokeStyle = "#fff";
      trace(c, (px, py) => [px * width, py * width], 0.07 * width);
    }
    function drawPicture(name, values) {
      const { c, width } = sheet(canvas(name), 1);
      c.imageSmoothingEnabled = false;
      c.drawImage(picture(values, size, size), 0, 0, width, width);
    }
    function drawMap(mu, deviation, near) {
      const { c, width, height } = sheet(canvas("map"), 0.86), scale = width / (2 * reach);
      const at = (a, b) => [width / 2 + scale * a, height / 2 - scale * b];
      line(c, ...at(-reach, 0), ...at(reach, 0), color("line")); line(c, width / 2, 0, width / 2, height, color("line"));
      c.font = "bold 11px ui-sans-serif, system-ui, sans-serif"; c.textAlign = "center"; c.textBaseline = "middle";
      labels.forEach((label, i) => { c.fillStyle = digitInks[label]; c.fillText(label, ...at(codes[2 * i], codes[2 * i + 1])); });
      if (!mu) return;
      for (const i of near) ring(c, ...at(codes[2 * i], codes[2 * i + 1]), 8, color("ink"), 1.5);
      const inside = (v, end) => Math.min(Math.max(v, 12), end - 12), [px, py] = at(...mu);
      const place = [inside(px, width), inside(py, height)];
      c.beginPath(); c.ellipse(...place, 2 * scale * deviation[0], 2 * scale * deviation[1], 0, 0, 7);
      c.strokeStyle = color("accent"); c.lineWidth = 2; c.stroke();
      disc(c, ...place, 6, color("paper")); disc(c, ...place, 5, color("accent"));
    }
    function drawNear(near) {
      const columns = Math.max(near.length, 5), { c, width } = sheet(canvas("near"), 1 / columns + 20 / canvas("near").clientWidth), side = width / columns;
      c.textAlign = "center"; c.textBaseline = "top"; c.font = "bold 13px ui-sans-serif, system-ui, sans-serif";
      near.forEach((i, place) => {
        c.drawImage(picture(engine.call("draw_picture", i), size, size), place * side, 0, side - 2, side - 2);
        c.fillStyle = color("ink"); c.fillText(labels[i], (place + 0.5) * side, side + 1);
      });
    }
    function say(near, scores) {
      const cells = [...panel.root.querySelectorAll("tbody td")];
      cells.forEach((cell, i) => { cell.textContent = !scores ? "" : i % 3 === 2 ? `${(100 * scores[i]).toFixed(0)} %` : scores[i].toFixed(1); });
      const put = (name, text) => { panel.find(`[data-text=${name}]`).textContent = text; };
      const counts = Array(10).fill(0);
      for (const i of near) ++counts[labels[i]];
      const most = Math.max(...counts), classes = names.filter((_, label) => counts[label] === most);
      put("near", scores ? `${most} of ${near.length} are ${classes.join(", as many ")}.` : "Nothing is drawn yet.");
      put("verdict", !scores ? "" : scores[5] > 0.99 ? "Strange: 99 of 100 test digits are reconstructed better, so the neighbours of the code say little." :
        scores[5] > 0.9 ? "Unusual: nine of ten test digits are reconstructed better." : "Usual: at least a tenth of the test digits are reconstructed worse.");
      put("map", `${labels.length} test digits as their numerals at μ(x). Dot and ellipse: the drawing's μ and 2σ. Rings: its neighbours.`);
    }
    function draw() {
      if (!codes) return;
      panel.attempt(() => {
        const { test, k } = panel.settings;
        x = test >= 0 ? engine.call("draw_picture", test) : centred();
        const empty = test < 0 && strokes.length === 0, code = empty ? [] : [...engine.call("draw_encode", x)], mu = code.slice(0, 2);
        const near = empty ? [] : [...engine.call("draw_near", mu, k + (test >= 0 ? 1 : 0))].filter((i) => i !== test).slice(0, k);
        drawPad();
        drawPicture("seen", x);
        drawPicture("recon", empty ? x : engine.call("draw_reconstruct", x));
        drawMap(empty ? null : mu, code.slice(2), near);
        drawNear(near);
        say(near, empty ? null : engine.call("draw_scores", x));
      });
    }

    // ---- controls ----
    function show(settings) {
      Object.assign(panel.settings, { test: -1 }, settings);
      strokes = unpacked(panel.settings.strokes);
      panel.update();
      draw();
    }
    const pad = canvas("pad");
    const place = (event) => {
      const area = pad.getBoundingClientRect(), within = (v) => Math.min(1, Math.max(0, v));
      return [within((event.clientX - area.left) / area.width), within((event.clientY - area.top) / area.height)];
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      if (panel.settings.test >= 0) strokes = [];
      panel.settings.test = -1;
      strokes.push(held = [place(event)]);
      draw();
    });
    pad.addEventListener("pointermove", (event) => {
      if (!held) return;
      const next = place(event), last = held[held.length - 1];
      if (Math.hypot(next[0] - last[0], next[1] - last[1]) < 0.01) return;
      held.push(next);
      draw();
    });
    for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => {
      if (!held) return;
      held = null;
      panel.set("strokes", packed(strokes));
    });
    panel.find("[data-place=buttons]").append(
      button("Erase", () => show({ strokes: "" })),
      button("Undo a stroke", () => show({ strokes: packed(strokes.slice(0, -1)) })),
      ...Object.values(samples).map((sample) => button(sample.name, () => show({ strokes: packed(sample.strokes) }))),
      button("Next test digit", () => show({ strokes: "", test: (panel.settings.test + 1) % labels.length })));
    panel.add("[data-place=near]", slider(panel, "k", { label: "Neighbours", low: 1, high: 15, step: 1 }));

    return {
      async reset() {
        panel.notice();
        try {
          if (!codes) await open();
          panel.settings.test = Math.min(Math.max(-1, Math.round(panel.settings.test)), labels.length - 1);
          show({ test: panel.settings.test });
        } catch (error) { panel.notice(error); }
      },
      changed: draw,
      draw,
    };
  },
});
