// Panel 1: the sheet of decoded pictures, one unit at a time, and what lies between two codes.
const steps = 9, activations = ["relu", "tanh"];
const decoders = Object.fromEntries(Object.entries(WEIGHTS).filter(([, { size }]) => size));  // the weights that draw pictures

register("latent", {
  defaults: { seed: 1, model: "digits", u: 0.3, v: 0.4, u2: 0.75, v2: 0.7, code: "", t: 0.5, between: "relu" },
  limits: { seed: within(1, 1e6, 1), ...Object.fromEntries(["u", "v", "u2", "v2"].map((key) => [key, within(0.005, 0.995)])) },
  create(panel) {
    const { engine } = panel, models = new Map();  // name -> {K, size, note}
    const canvas = (name) => panel.find(`[data-canvas=${name}]`);
    let a = [0, 0], b = [0, 0], tiles = null, way = { line: [], arc: [] }, rising = 1, own = null, placed = "", times = [], decodes = 0;

    const model = () => models.get(panel.settings.model);
    const decode = (z) => engine.call("latent_decode", panel.settings.model, z);
    const numbers = (z) => [...z].map((x) => x.toFixed(2)).join(", ");

    // ---- models ----
    async function open(name) {
      if (models.has(name)) return;
      const { title, bits, activation, size, source, data_note } = decoders[name];
      const file = await safetensors(decoders[name]);
      const [K] = engine.call("latent_open", name, source, file, activations.indexOf(activation));
      models.set(name, { K, size, note: `${title}. Trained by ${source.split("/")[0]}${data_note ? " on " + data_note : ""}; the page has its weights rounded to ${bits} bits.` });
    }
    // A file of the user: pictures are square, or of a size that the lecture uses.
    function sizeOf(pixels) {
      const known = Object.values(decoders).map(({ size }) => size).find(([h, w]) => h * w === pixels), side = Math.round(Math.sqrt(pixels));
      if (known) return known;
      if (side * side !== pixels) throw new StudioError(`${own.name}: the decoder has ${pixels} outputs; the panel shows square grey pictures`);
      return [side, side];
    }
    function openOwn() {
      const load = (name) => engine.call("latent_open", name, own.name, own.bytes, activations.indexOf(panel.settings.between));
      const [K, pixels] = load("trial"), size = sizeOf(pixels);  // a file that does not fit leaves the one before it in place
      load("own");
      models.set("own", { K, size, note: `${own.name}: ${K} units, ${pixels} pixels.` });
    }
    const names = [...Object.entries(decoders).map(([id, { title }]) => [id, title]), ["own", "Your own file (drop it here)"]];
    panel.add("[data-place=model]", choice(panel, "model", { label: "Decoder", options: names }));
    const between = choice(panel, "between", { label: "Between layers", options: activations.map((name) => [name, name]) });
    panel.add("[data-place=model]", between);
    const input = element("input", { type: "file", accept: ".safetensors", "aria-label": "A safetensors file with a decoder" });
    input.addEventListener("change", async () => { const file = input.files[0]; if (file) take(new Uint8Array(await file.arrayBuffer()), file.name); });
    panel.find("[data-place=model]").append(element("div", { class: "row" }, input));

    function take(bytes, name) {
      panel.notice();
      const before = own;
      own = { bytes, name };
      if (panel.attempt(() => { openOwn(); return true; })) panel.set("model", "own");
      else own = before;
    }

    // ---- the code: two units are a place on the sheet, more are sliders ----
    let sliders = [];
    function makeSliders(K) {
      const place = panel.find("[data-place=units]");
      place.replaceChildren();
      sliders = Array.from({ length: K }, (_, k) => {
        const id = `unit-${k}`, output = element("output", { for: id });
        const range = element("input", { id, type: "range", min: -3, max: 3, step: 0.05 });
        range.addEventListener("input", () => { a[k] = range.valueAsNumber; keepCode(); });
        place.append(element("div", { class: "control" }, element("label", { for: id }, `Unit ${k + 1}`), range, output));
        return { range, output };
      });
    }
    function keepCode() { panel.set("code", a.map((x) => Number(x.toFixed(2))).join("_")); }
    // A reproducible code: a sine of the seed is random enough to choose a picture.
    function randomCode(K, seed) {
      const uniform = (i) => { const x = Math.sin(12.9898 * (seed + 1) + 78.233 * (i + 1)) * 43758.5453; return x - Math.floor(x); };
      return Array.from({ length: K }, (_, k) => Math.sqrt(-2 * Math.log(uniform(2 * k) + 1e-9)) * Math.cos(2 * Math.PI * uniform(2 * k + 1)));
    }
    function placeCodes() {
      const { settings } = panel, { K } = model();
      if (K === 2) {
        a = [...engine.call("latent_at", settings.u, settings.v)];
        b = [...engine.call("latent_at", settings.u2, settings.v2)];
      } else {
        const words = settings.code.split("_").map(Number);
        a = words.length === K && words.every(Number.isFinite) ? words : Array(K).fill(0);
        b = randomCode(K, settings.seed);
      }
    }

    // ---- drawing ----
    const tall = () => model().size[0] / model().size[1];
    function makeSheet() {
      const { K, size: [height, width] } = model();
      tiles = null;
      if (K !== 2) return;
      const n = 14, pictures = decode(engine.call("latent_sheet", n));
      tiles = element("canvas", { width: n * width, height: n * height });
      const c = tiles.getContext("2d");
      for (let i = 0; i < n * n; ++i) c.drawImage(picture(pictures, width, height, i * width * height), (i % n) * width, Math.floor(i / n) * height);
    }
    function mark(c, x, y, name, ink) {
      disc(c, x, y, 10, "#000c"); disc(c, x, y, 8.5, ink);
      c.fillStyle = "#fff"; c.textAlign = "center"; c.textBaseline = "middle"; c.font = "bold 11px system-ui, sans-serif"; c.fillText(name, x, y + 0.5);
    }
    function drawSheet() {
      if (!tiles) return;
      const { c, width, height } = sheet(canvas("sheet"), tall());
      c.drawImage(tiles, 0, 0, width, height);
      const at = (z) => [...engine.call("latent_places", z)].map((p, i) => p * (i % 2 === 0 ? width : height));
      for (const [codes, ink] of [[way.line, "#e69f00"], [way.arc, "#56b4e9"]]) {
        const places = at(codes), points = [];
        for (let i = 0; i < places.length; i += 2) points.push([places[i], places[i + 1]]);
        curve(c, points, "#000", 5); curve(c, points, ink, 2.5);
      }
      const t = at(between_code()), [xa, ya] = at(a), [xb, yb] = at(b);
      disc(c, t[0], t[1], 5, "#000"); disc(c, t[0], t[1], 4, "#e69f00");
      mark(c, xa, ya, "A", "#b4480a"); mark(c, xb, yb, "B", "#00659c");
    }
    const between_code = () => { const t = panel.settings.t; return a.map((x, k) => (1 - t) * x + t * b[k]); };
    function drawPicture(name, values) {
      const { size: [height, width] } = model(), { c, width: w, height: h } = sheet(canvas(name), height / width);
      c.imageSmoothingEnabled = false;
      c.drawImage(picture(values, width, height), 0, 0, w, h);
    }
    function drawStrips() {
      const { size: [height, width] } = model(), { c, width: w } = sheet(canvas("strips"), (2 * tall()) / steps + 0.02);
      const side = w / steps;
      [way.line, way.arc].forEach((codes, row) => {
        const pictures = codes.length ? decode(codes) : [];
        for (let i = 0; i < codes.length / a.length; ++i)
          c.drawImage(picture(pictures, width, height, i * width * height), i * side, row * (side * tall() + 0.02 * w), side, side * tall());
      });
    }
    function drawUnits() {
      const effects = [...engine.call("latent_effects", panel.settings.model, a)];
      sliders.forEach(({ range, output }, k) => { range.value = a[k]; output.textContent = effects[k].toFixed(3); });
      const strongest = effects.map((effect, k) => [effect, k]).sort((one, two) => two[0] - one[0]).slice(0, 5).map(([, k]) => k);
      const { size: [height, width] } = model(), { c, width: w } = sheet(canvas("traversals"), (strongest.length * tall()) / steps), side = w / steps;
      const codes = engine.call("latent_traversals", a, steps), K = a.length;
      strongest.forEach((k, row) => {
        const pictures = decode(codes.subarray(k * steps * K, (k + 1) * steps * K));
        for (let i = 0; i < steps; ++i)
          c.drawImage(picture(pictures, width, height, i * width * height), i * side, row * side * tall(), side, side * tall());
      });
      panel.find("[data-text=traversals]").textContent = "From the top: units " + strongest.map((k) => k + 1).join(", ") + ". Which unit turns the head, and what else changes with it?";
    }
    // The mean time of a decode, over the latest ones: a browser's clock is too coarse for one.
    function timed(decoded) {
      const start = performance.now(), values = decoded();
      if (++decodes > 5) times.push(performance.now() - start);  // the browser compiles during the first calls
      if (times.length > 200) times.shift();
      return values;
    }
    function draw() {
      if (!model() || placed !== panel.settings.model) return;  // its codes are not there yet
      panel.attempt(() => {
        const { K } = model();
        panel.find("[data-part=sheet]").hidden = K !== 2;
        for (const part of ["units", "traversals"]) panel.find(`[data-part=${part}]`).hidden = K === 2;
        drawPicture("big", timed(() => decode(a)));
        const spent = times.length > 0 ? `, decoded in ${(times.reduce((sum, t) => sum + t, 0) / times.length).toFixed(2)} ms` : "";
        panel.find("[data-text=a]").textContent = `A = (${numbers(a.slice(0, 2))}${K > 2 ? ", …" : ""})${spent}`;
        drawPicture("between", decode(between_code()));
        panel.find("[data-text=between]").textContent = `Between, at t = ${panel.settings.t.toFixed(2)} of the line`;
        panel.find("[data-text=model]").textContent = model().note;
        for (const arc of [0, 1]) way[arc ? "arc" : "line"] = panel.attempt(() => engine.call("latent_path", a, b, steps, arc)) || [];
        drawStrips();
        if (K === 2) drawSheet(); else drawUnits();
      });
    }

    // ---- controls ----
    panel.add("[data-place=path]", slider(panel, "t", { label: "From A to B", low: 0, high: 1, step: 0.01, format: (t) => t.toFixed(2) }));
    const loop = new Loop((time) => {
      let t = panel.settings.t + (rising * time) / 4000;
      if (t >= 1 || t <= 0) rising = -rising;
      panel.set("t", Number(Math.min(1, Math.max(0, t)).toFixed(3)));
    }, () => { play.textContent = loop.playing ? "Pause" : "Play"; });
    const play = button("Play", () => loop.toggle());
    const other = button("Another B", () => {
      const seed = panel.settings.seed + 1, [x, y] = randomCode(2, seed);
      if (model().K === 2) [panel.settings.u2, panel.settings.v2] = [...engine.call("latent_places", [x, y])].map((p) => Number(p.toFixed(3)));
      panel.set("seed", seed);
    });
    panel.find("[data-place=buttons]").append(play, other, button("Back to the start", () => {
      const { model: name, between: kind } = panel.settings;
      loop.pause();
      Object.assign(panel.settings, panel.defaults, { model: name, between: kind });
      reset();
      panel.update();
    }));

    const stage = canvas("sheet");
    let held = "";
    function move(event) {
      const box = stage.getBoundingClientRect(), within = (x) => Number(Math.min(0.995, Math.max(0.005, x)).toFixed(3));
      const u = within((event.clientX - box.left) / box.width), v = within((event.clientY - box.top) / box.height);
      if (event.type === "pointerdown") {
        const [ua, va, ub, vb] = engine.call("latent_places", [...a, ...b]);
        held = Math.hypot(u - ub, v - vb) < Math.min(0.06, Math.hypot(u - ua, v - va)) ? "2" : "";
      }
      panel.settings["u" + held] = u;
      panel.set("v" + held, v);
    }
    stage.addEventListener("pointerdown", (event) => { stage.setPointerCapture(event.pointerId); move(event); });
    stage.addEventListener("pointermove", (event) => { if (stage.hasPointerCapture(event.pointerId)) move(event); });
    stage.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: ["u", -0.02], ArrowRight: ["u", 0.02], ArrowUp: ["v", -0.02], ArrowDown: ["v", 0.02] }[event.key];
      if (!step) return;
      event.preventDefault();
      const key = step[0] + (event.shiftKey ? "2" : "");
      panel.set(key, Number(Math.min(0.99, Math.max(0.01, panel.settings[key] + step[1])).toFixed(3)));
    });

    async function reset() {
      panel.notice();
      const name = panel.settings.model;
      try {
        if (name === "own" && !own) throw new StudioError("Drop a safetensors file onto the page, or choose one: the file of a VAE that a program of the lecture has saved, for example.");
        if (name === "own") openOwn();
        else if (!models.has(name)) await open(name);
        if (panel.settings.model !== name) return;  // another was chosen meanwhile
        between.hidden = name !== "own";
        placeCodes();
        placed = name;
        if (model().K !== 2 && sliders.length !== model().K) makeSliders(model().K);
        panel.attempt(makeSheet);
        draw();
      } catch (error) { panel.notice(error); }
    }
    return {
      reset,
      draw,
      hide: () => loop.pause(),
      drop: take,
      changed(key) {
        if (key === "model" || key === "between") reset();
        else if (model()) { placeCodes(); draw(); }
      },
    };
  },
});
