// Panel 3: a GAN on the line or in the plane, trained step by step by the engine.
const edges = { 1: 4.5, 2: 3 };  // the shown part of the line and of the plane
const base = { hidden: 32, averaging: 0, follow: 0, z_mean: 0, z_deviation: 1, loss: 1, lr_d: 0.001, lr_g: 0.001, beta1: 0.5, penalty: 0.1, d_steps: 1, noise: 0, noise_end: 0 };
const noiseAtData = { z_mean: -1.2, z_deviation: 0.7, follow: 1 };
// The slides' frames: which network trains for how many steps (lecture program 22_gan_1d).
const story = [["d", 25, "D learns to separate"], ["d", 50, "D becomes confident"], ["g", 10, "G follows D's gradient"], ["g", 24, "G fools D"],
  ["d", 60, "D learns again"], ["g", 14, "G follows"], ["d", 60, "D learns again"], ["both", 600, "One step of each in turn: D ends at 1/2"]];
const presets = {
  story: { name: "The slides' story", settings: { ...base, ...noiseAtData, data: 0, lr_d: 0.004, lr_g: 0.004, speed: 20 } },
  clusters: { name: "Two clusters", settings: { ...base, data: 1, averaging: 0.98, speed: 0 } },
  ring: { name: "The ring, with care", settings: { ...base, data: 2, hidden: 64, averaging: 0.99, penalty: 0, noise: 0.5, noise_end: 3000, speed: 0 } },
  collapse: { name: "The collapse", settings: { ...base, data: 2, hidden: 64, penalty: 0, lr_g: 0.002, lr_d: 0.0002, speed: 0 } },
  mix: { name: "Two editions mixed", settings: { ...base, ...noiseAtData, data: 0, loss: 3, lr_g: 0.0005, speed: 20 } },
};
const captions = {
  mix: "D is trained as P(real), but G's loss is that of the other edition, min E log D with D = P(fake). The arrows point away from the data: G helps D.",
  collapse: "G is ten times as fast as D: all points move to one place, D learns to reject it, and they move on. The losses do not reveal it.",
  ring: "Noise on D's input connects the eight modes at first; it falls to 0 at round 3000.",
  clusters: "Two clusters; a penalty on D's slope keeps the game from oscillating.",
};
const dimsOf = (data) => (data <= 1 || data === 5 ? 1 : 2);
const engineKeys = Object.keys(base).filter((key) => key !== "d_steps");  // the order of the steps is the script's

register("gan", {
  defaults: { seed: 1, preset: "story", ...presets.story.settings, points: "", at: 0, arrows: 1 },
  limits: { preset: oneOf([...Object.keys(presets), "own"]), at: within(0, 20000, 1), hidden: within(4, 128, 1), follow: within(0, 1, 1),
    z_mean: within(-3, 3), z_deviation: within(0, 3), noise_end: within(0, 100000, 1) },
  create(panel) {
    const { engine } = panel, canvas = (name) => panel.find(`[data-canvas=${name}]`);
    let dims = 1, done = 0, rounds = 0, real = [], fakes = [], shown = [], before = null, surface = null, pulls = [], losses = [], scores = [], last = { d: NaN, g: NaN };
    let waiting = 0, glide = 1, edited = false, sinceScores = 0, sinceSurface = 0, rate = 0, act = "", drawn = [], curvesDrawn = 0, repeats = 0, repeated = 0;

    // ---- the training ----
    // The network of the next step: by the story, or d_steps of D and then one of G.
    function turn() {
      const { preset, d_steps } = panel.settings;
      let first = 0;
      if (preset === "story")
        for (const [who, count, title] of story) {
          if (done < first + count || who === "both") {
            const inner = done - first;
            return { who: who === "both" ? (inner % (d_steps + 1) < d_steps ? "d" : "g") : who, title, alternates: who === "both" };
          }
          first += count;
        }
      return { who: done % (d_steps + 1) < d_steps ? "d" : "g", title: "", alternates: true };
    }
    function step(who) {
      const [loss] = engine.call("gan_step", who === "d" ? 0 : 1);
      last[who] = loss;
      ++done;
      act = who;
      if (who === "g") ++rounds;
      if (who === "g" || panel.settings.preset === "story") keepLosses();
    }
    function keepLosses() {
      losses.push([done, last.d, last.g]);
      if (losses.length > 1200) losses = losses.filter((_, i) => i % 2 === 0);
    }
    function advance() { step(turn().who); }

    function start() {
      const { settings } = panel;
      stopRepeating();
      panel.notice();
      dims = dimsOf(settings.data);
      for (const key of engineKeys) engine.call("gan_set", key, settings[key]);
      engine.call("gan_set", "z_size", dims);
      drawn = unpacked(settings.points);
      setData();
      engine.call("gan_reset", settings.seed);
      done = rounds = 0, losses = [], scores = [], last = { d: NaN, g: NaN }, waiting = 0, before = null, edited = false, act = "", rate = 0;
      real = engine.call("gan_points");
      look(true);
      shown = fakes;
      measure();
    }
    function setData() {
      const { data } = panel.settings;
      if (data >= 5 && drawn.length >= dims) engine.call("gan_draw", drawn, dims);
      else engine.call("gan_data", data === 5 ? 0 : data === 6 ? 2 : data);
    }
    // What the stage shows; the surface and the arrows cost more than the points.
    function look(all) {
      fakes = engine.call("gan_fakes");
      if (all) {
        surface = engine.call("gan_surface", dims === 1 ? 181 : 44, edges[dims]);
        if (panel.settings.arrows) pulls = panel.attempt(() => engine.call("gan_pulls")) || [];
        sinceSurface = 0;
      }
    }
    function measure() {
      sinceScores = 0;
      const put = (name, text) => { panel.find(`[data-text=${name}]`).textContent = text; };
      const score = (name, run) => {
        const [now, floor] = panel.attempt(run) || [NaN, NaN], text = (x) => (Number.isNaN(x) ? "-" : x.toFixed(3));
        put(name, text(now)); put(name + "-floor", text(floor));
        return [now, floor];
      };
      const [w1, w1Floor] = score("w1", () => engine.call("gan_w1")), [js, jsFloor] = score("js", () => engine.call("gan_js"));
      scores.push([done, w1, js, w1Floor, jsFloor]);
      if (scores.length > 600) scores = scores.filter((_, i) => i % 2 === 0);
      const modes = panel.settings.data < 5 && panel.settings.data !== 3 ? panel.attempt(() => engine.call("gan_modes")) : null;
      put("modes", modes ? `${modes[0]} of ${modes[1]}` : "-"); put("modes-all", modes ? modes[1] : "-");
      put("w1-name", dims === 1 ? "W1, units of x" : "W1, mean over 24 directions");
      put("rounds", rounds); put("rate", rate > 0 ? `${Math.round(rate)} per s` : "");
    }

    // ---- the loop ----
    const slow = () => panel.settings.speed > 0;
    const loop = new Loop((time) => panel.attempt(() => {
      try { frame(time); } catch (error) { loop.pause(); throw error; }
    }), () => {
      play.textContent = loop.playing ? "Pause" : "Play";
      if (!loop.playing) { settle(); panel.update(); }
      if (!loop.playing) { look(true); measure(); draw(); }
    });
    function frame(time) {
      const begin = done, from = rounds;
      if (slow()) {
        waiting += time * panel.settings.speed / 1000;
        if (waiting >= 1) before = shown;
        for (; waiting >= 1; --waiting) advance();
        if (done !== begin) { look(true); glide = 0; }
        glide = Math.min(1, glide + time * Math.max(1.6 * panel.settings.speed, 4) / 1000);
      } else {
        const end = performance.now() + Math.max(11, 0.7 * time);  // of a frame of 16 ms, or of a longer one
        do advance(); while (performance.now() < end);
        const now = (rounds - from) * 1000 / Math.max(time, 1);
        rate = rate > 0 ? 0.95 * rate + 0.05 * now : now;
        look((sinceSurface += time) > 120);
        glide = 1;
      }
      if (slow()) rate = 0;
      if ((sinceScores += time) > 400) measure();
      draw();
    }
    function single(who) {
      loop.pause();
      stopRepeating();
      panel.attempt(() => {
        before = shown;
        step(who);
        edited = true;  // the order of the steps is no longer that of the scene
        settle();
        look(true);
        glide = 1;
        measure();
        draw();
      });
    }

    // ---- drawing ----
    const at = (width, height) => (dims === 1 ? (x) => width * (x / edges[1] + 1) / 2 : (x, y) => [width * (x / 3 + 1) / 2, height * (1 - y / 3) / 2]);
    function tween() {
      if (!before || before.length !== fakes.length || glide >= 1 || stillness.matches) return fakes;
      const t = glide * (2 - glide);
      return fakes.map((x, i) => (1 - t) * before[i] + t * x);
    }
    function drawSurface(c, width, height) {
      const n = 44, image = new ImageData(n, n), half = channels(color("half")), high = channels(color("real")), low = channels(color("fake"));
      for (let i = 0; i < n * n; ++i) {
        const side = 2 * surface[i] - 1, ink = side > 0 ? high : low, weight = 0.62 * Math.abs(side);
        for (let k = 0; k < 3; ++k) image.data[4 * i + k] = half[k] + weight * (ink[k] - half[k]);
        image.data[4 * i + 3] = 255;
      }
      const small = element("canvas", { width: n, height: n });
      small.getContext("2d").putImageData(image, 0, 0);
      c.imageSmoothingEnabled = true;
      c.drawImage(small, 0, 0, width, height);
    }
    function drawPlane() {
      const { c, width, height } = sheet(canvas("stage"), 1), place = at(width, height);
      drawSurface(c, width, height);
      for (let i = 0; i < real.length; i += 2) ring(c, ...place(real[i], real[i + 1]), 3, color("real"), 1.3);
      if (panel.settings.arrows) drawPulls(c, (i) => place(shown[2 * i], shown[2 * i + 1]), width);
      for (let i = 0; i < shown.length; i += 2) disc(c, ...place(shown[i], shown[i + 1]), 2.8, color("fake"));
    }
    // Arrows at some of the points; the longest is a tenth of the stage.
    function drawPulls(c, place, width) {
      const count = pulls.length / dims, every = Math.ceil(count / (dims === 1 ? 24 : 96));
      let longest = 1e-9;
      for (let i = 0; i < count; i += every) longest = Math.max(longest, Math.hypot(...pulls.slice(i * dims, (i + 1) * dims)));
      const scale = (0.1 * width) / Math.max(longest, 0.02);
      for (let i = 0; i < count; i += every) {
        const [x, y] = place(i);
        arrow(c, x, y, x + scale * pulls[i * dims], y - (dims === 2 ? scale * pulls[2 * i + 1] : 0), color("ink"), 1.2);
      }
    }
    // A smooth density of points on the line.
    function density(points, x) {
      let sum = 0;
      for (const p of points) sum += Math.exp(-0.5 * ((x - p) / 0.15) ** 2);
      return sum / (points.length * 0.15 * Math.sqrt(2 * Math.PI));
    }
    function drawLine() {
      const { c, width, height } = sheet(canvas("stage"), Math.min(0.62, Math.max(0.5, 320 / canvas("stage").clientWidth)));
      const x = at(width), floor = height * 0.66, top = 16, up = (p) => floor - (floor - top) * p, ink = color("soft");
      for (const [p, text] of [[0, "0"], [0.5, "1/2"], [1, "1"]]) {
        line(c, 0, up(p), width, up(p), color("line"), 1, p === 0.5 ? [4, 4] : []);
        c.fillStyle = ink; c.textAlign = "left"; c.textBaseline = "bottom"; c.fillText(p === 1 ? "1  P(real)" : text, 3, up(p) - 2);
      }
      c.textAlign = "center"; c.textBaseline = "bottom";
      for (let k = -4; k <= 4; ++k) c.fillText(String(k), x(k), height - 2);
      for (const [points, name] of [[real, "real"], [shown, "fake"]]) {
        c.beginPath(); c.moveTo(0, floor);
        for (let px = 0; px <= width; px += 5) c.lineTo(px, up(0.85 * density(points, edges[1] * (2 * px / width - 1))));
        c.lineTo(width, floor); c.globalAlpha = 0.22; c.fillStyle = color(name); c.fill(); c.globalAlpha = 1;
      }
      curve(c, [...surface].map((p, i) => [width * (i + 0.5) / surface.length, up(p)]), color("fourth"), 3);
      const row = (i, y) => y + 0.05 * height * (((i * 0.618034) % 1) - 0.5) * 2;
      for (let i = 0; i < real.length; ++i) ring(c, x(real[i]), row(i, floor + 0.08 * height), 3, color("real"), 1.2);
      for (let i = 0; i < shown.length; ++i) disc(c, x(shown[i]), row(i, floor + 0.21 * height), 2.8, color("fake"));
      if (panel.settings.arrows) drawPulls(c, (i) => [x(shown[i]), row(i, floor + 0.21 * height)], width);
    }
    function drawCurves() {
      curvesDrawn = performance.now();
      const ls = panel.settings.loss === 2, top = ls ? 1.2 : 2.2;
      const low = Math.max(-6, Math.min(ls || panel.settings.loss === 1 ? 0 : -1, ...losses.map(([, , g]) => g || 0)));
      plot(canvas("losses"), { low, high: top, x: "steps",
        series: [{ points: losses.map(([k, d]) => [k, d]), ink: color("fourth") }, { points: losses.map(([k, , g]) => [k, g]), ink: color("fake") }],
        references: ls ? [] : [{ y: 1.3863, text: "2 log 2", ink: color("fourth") },
          panel.settings.loss === 1 ? { y: 0.6931, text: "log 2", ink: color("fake") } : { y: -0.6931, text: "-log 2", ink: color("fake") }] });
      const floors = scores[scores.length - 1] || [0, 0, 0, 0, 0];
      const high = Math.max(0.8, Math.min(12, 1.1 * Math.max(...scores.map(([, w1]) => w1 || 0), 0)));
      plot(canvas("scores"), { low: 0, high, x: "steps",
        series: [{ points: scores.map(([k, w1]) => [k, w1]), ink: color("real") }, { points: scores.map(([k, , js]) => [k, js]), ink: color("third") }],
        references: [{ y: floors[3], text: "", ink: color("real") }, { y: floors[4], text: "", ink: color("third") }] });
    }
    function draw() {
      if (!surface) return;
      shown = tween();
      if (dims === 1) drawLine(); else drawPlane();
      if (!loop.playing || performance.now() - curvesDrawn > 150) drawCurves();
      panel.find("[data-key=curve]").hidden = dims === 2;
      const { title } = turn(), words = { d: "D has learned: its output moved.", g: "G has learned: its points moved along the arrows." };
      const plane = dims === 2 ? " Background: D above 1/2 (blue), below (orange)." : "";
      const usual = drawing() && drawn.length === 0 ? "Draw the data here with the mouse or a finger." : captions[panel.settings.preset] || "";
      canvas("stage").classList.toggle("still", !drawing());  // a finger scrolls where it cannot draw
      panel.find("[data-text=caption]").textContent = `Step ${done}. ` + (done < repeated ? `The steps of the link are repeated, up to ${repeated}. ` : "") + (title || usual || (slow() && act ? words[act] : "")) + plane;
    }

    // ---- data drawn by hand: two letters per number, in steps of a thousandth of the shown part ----
    const drawing = () => panel.settings.data >= 5;
    const packedPoints = () => drawn.map((x) => Math.round(500 * (x / edges[dims] + 1)).toString(36).padStart(2, "0")).join("");
    const unpacked = (words) => (words.match(/../g) || []).map((pair) => (parseInt(pair, 36) / 500 - 1) * edges[dims]).filter(Number.isFinite);
    function put(event) {
      const box = canvas("stage").getBoundingClientRect();
      const x = edges[dims] * (2 * (event.clientX - box.left) / box.width - 1), y = 3 * (1 - 2 * (event.clientY - box.top) / box.height);
      const point = dims === 1 ? [x] : [x, y], end = drawn.slice(-dims);
      if (drawn.length > 0 && Math.hypot(...point.map((p, k) => p - end[k])) < 0.06) return;
      drawn = [...drawn, ...point].slice(-400 * dims);
      panel.settings.points = packedPoints();
      panel.attempt(() => { setData(); real = engine.call("gan_points"); });
      edited = true;
      draw();
    }
    const stage = canvas("stage");
    stage.addEventListener("pointerdown", (event) => { if (drawing()) { stage.setPointerCapture(event.pointerId); put(event); } });
    stage.addEventListener("pointermove", (event) => { if (drawing() && stage.hasPointerCapture(event.pointerId)) put(event); });
    stage.addEventListener("pointerup", () => { if (drawing()) { panel.update(); panel.attempt(measure); } });
    stage.addEventListener("keydown", (event) => {
      const act = { " ": () => { stopRepeating(); loop.toggle(); }, d: () => single("d"), g: () => single("g"), r: () => rewind() }[event.key];
      if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
    });

    // ---- controls ----
    function rewind() {
      loop.pause();
      panel.settings.at = 0;
      panel.attempt(start);
      panel.update();
      draw();
    }
    const play = button("Play", () => { stopRepeating(); loop.toggle(); });
    const clear = button("Erase the drawing", () => { drawn = []; panel.settings.points = ""; rewind(); });
    panel.find("[data-place=buttons]").append(play, button("One step of D", () => single("d")), button("One step of G", () => single("g")), button("Rewind", rewind), clear);
    for (const [id, { name }] of Object.entries(presets)) panel.find("[data-place=presets]").append(button(name, () => {
      loop.pause();
      Object.assign(panel.settings, presets[id].settings, { preset: id, at: 0, points: "" });
      rewind();
      if (!stillness.matches) loop.play();
    }, { "data-preset": id }));

    panel.controls.push({ update() {
      for (const one of panel.root.querySelectorAll("[data-preset]")) one.setAttribute("aria-pressed", one.dataset.preset === panel.settings.preset);
      clear.hidden = !drawing();
    } });

    const rates = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.02];
    const short = (x) => String(Number(x.toPrecision(2)));
    panel.add("[data-place=speed]",
      slider(panel, "speed", { label: "Speed", values: [1, 2, 5, 20, 60, 0], format: (s) => (s ? `${s} per s` : "all") }));
    panel.add("[data-place=controls]",
      choice(panel, "data", { label: "Data", options: [[0, "one cluster, on the line"], [1, "two clusters, on the line"], [2, "ring of eight, in the plane"], [4, "grid of nine, in the plane"], [3, "two moons, in the plane"], [5, "draw on the line"], [6, "draw in the plane"]] }),
      choice(panel, "loss", { label: "Loss", options: [[1, "non-saturating: G minimises -log D"], [0, "the slide's: G minimises log(1 - D)"], [2, "least squares"], [3, "two editions mixed (wrong)"]] }),
      slider(panel, "lr_d", { label: "Rate of D", values: rates, format: short }),
      slider(panel, "lr_g", { label: "Rate of G", values: rates, format: short }),
      slider(panel, "d_steps", { label: "Steps of D per G", low: 1, high: 10, step: 1 }),
      slider(panel, "beta1", { label: "Adam's beta1", values: [0, 0.25, 0.5, 0.7, 0.9, 0.95] }),
      slider(panel, "penalty", { label: "Penalty on D's slope", values: [0, 0.01, 0.03, 0.1, 0.3, 1, 3] }),
      slider(panel, "noise", { label: "Noise on D's input", low: 0, high: 1, step: 0.05, format: short }),
      slider(panel, "averaging", { label: "Average of G", values: [0, 0.9, 0.98, 0.99, 0.999] }),
      choice(panel, "arrows", { label: "Arrows", options: [[1, "show the pull on the points"], [0, "hide"]] }),
      slider(panel, "seed", { label: "Seed", low: 1, high: 99, step: 1 }));

    // The number of steps that a link to this scene repeats; 0 when their order or a setting was changed on the way.
    function settle() { panel.settings.at = edited ? 0 : done; return !edited; }
    function stopRepeating() { ++repeats; repeated = 0; }
    // A link to a scene that has trained: repeats its steps, a part per frame.
    function repeat(wanted) {
      const own = ++repeats;
      repeated = wanted;
      const part = () => {
        if (own !== repeats) return;
        const end = performance.now() + 30;
        const fine = panel.attempt(() => { while (done < wanted && performance.now() < end) advance(); look(done >= wanted); return true; });
        if (done < wanted && fine) requestAnimationFrame(part);
        else panel.attempt(measure);
        draw();
      };
      part();
    }
    return {
      reset() {
        loop.pause();
        const wanted = panel.settings.at;
        panel.attempt(start);
        if (wanted > 0) repeat(wanted);
      },
      changed(key) {
        if (key === "speed" || key === "arrows") { if (key === "arrows") panel.attempt(() => look(true)); draw(); return; }
        if (key === "data" || key === "seed") {
          const playing = loop.playing;
          if (key === "data" && (panel.settings.preset === "story" || dimsOf(panel.settings.data) !== dims))
            Object.assign(panel.settings, { preset: "own", follow: 0, z_mean: 0, z_deviation: 1, hidden: dimsOf(panel.settings.data) === 1 ? 32 : 64 });
          rewind();
          if (playing && !stillness.matches) loop.play();
          return;
        }
        if (captions[panel.settings.preset]) panel.settings.preset = "own";  // the caption no longer describes it
        if (key === "noise") panel.settings.noise_end = 0, engine.call("gan_set", "noise_end", 0);  // it would be 0 after that round
        edited = edited || done > 0;
        settle();
        panel.update();
        panel.attempt(() => { if (engineKeys.includes(key)) engine.call("gan_set", key, panel.settings[key]); look(true); });
        draw();
      },
      draw,
      settle,
      hide: () => { loop.pause(); stopRepeating(); },
    };
  },
});
