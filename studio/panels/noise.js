// Panel 5: noise becomes a ring of points, by diffusion and by flow matching side by side.
const ids = ["ring_diffusion", "ring_flow_matching"], edge = 3.4, many = 600, paths = 48, counts = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50];

register("noise", {
  defaults: { seed: 1, steps: 20, t: 0, arrows: 1, trails: 1, seconds: 5 },
  create(panel) {
    const { engine } = panel, canvas = (name) => panel.find(`[data-canvas="${name}"]`);
    let stages = [[], []], fields = [[], []], data = [], scores = [[], []], opened = null, measured = 0;

    // ---- the samples: stages[which][i] are the points after i steps ----
    const sampled = (which, start, steps) => {
      const all = [start];
      for (let i = 0; i < steps; ++i) all.push(engine.call("noise_step", which, all[i], i, steps));
      return all;
    };
    const open = () => (opened ??= Promise.all(ids.map(async (id, which) => engine.call("noise_open", which, WEIGHTS[id].source, await safetensors(WEIGHTS[id])))));
    const quality = (points) => engine.call("noise_modes", points);
    // A task that is not written stops its network only.
    const each = (act) => [0, 1].forEach((which) => panel.attempt(() => act(which)));
    function sample() {
      panel.notice();
      const start = engine.call("noise_points", panel.settings.seed, many);
      stages = [[], []], fields = [[], []];
      each((which) => { stages[which] = sampled(which, start, steps()); });
    }
    // One number of steps at a time: all of them take a second.
    function measure() {
      const own = ++measured, left = [...counts], start = engine.call("noise_points", panel.settings.seed, 300);
      scores = [[], []];
      const next = () => {
        if (own !== measured || left.length === 0) return;
        const n = left.shift();
        each((which) => { scores[which].push([n, 100 * quality(sampled(which, start, n).at(-1))[2]]); });
        drawScores();
        setTimeout(next);
      };
      setTimeout(next, 300);
    }

    // ---- time: t goes from 0 to 1, over the steps ----
    const steps = () => Math.min(100, Math.max(1, Math.round(panel.settings.steps)));
    const at = () => Math.round(1000 * Math.min(1, Math.max(0, panel.settings.t)) * steps()) / 1000;
    const go = (step) => panel.set("t", Math.min(steps(), Math.max(0, step)) / steps());
    const gridSide = 15, grid = Array.from({ length: 2 * gridSide * gridSide }, (_, i) => {
      const cell = i >> 1, k = i % 2 ? Math.floor(cell / gridSide) : cell % gridSide;
      return edge * (2 * (k + 0.5) / gridSide - 1);
    });
    // The moves of the next step on a grid; each is computed once.
    const field = (which, i) => (fields[which][i] ??= engine.call("noise_step", which, grid, i, steps()).map((x, k) => x - grid[k]));

    // ---- drawing ----
    function drawStage(which) {
      const { c, width } = sheet(canvas(which), 1), place = (x, y) => [width * (x / edge + 1) / 2, width * (1 - y / edge) / 2];
      for (let i = 0; i < data.length; i += 2) ring(c, ...place(data[i], data[i + 1]), 2.5, color("real"), 1.2);
      const all = stages[which];
      if (all.length <= steps()) {  // not sampled yet
        for (let k = 0; all[0] && k < all[0].length; k += 2) disc(c, ...place(all[0][k], all[0][k + 1]), 2.2, color("fake"));
        return;
      }
      const whole = Math.min(Math.floor(at()), steps()), part = stillness.matches ? 0 : at() - whole, next = all[Math.min(whole + 1, steps())];
      const now = all[whole].map((x, k) => (1 - part) * x + part * next[k]);
      if (panel.settings.arrows && whole < steps()) {
        const moves = field(which, whole), lengths = Array.from({ length: moves.length / 2 }, (_, i) => Math.hypot(moves[2 * i], moves[2 * i + 1]));
        const scale = (1.7 * edge / gridSide) / Math.max(...lengths, 1e-6);
        lengths.forEach((_, i) => {
          const [x, y] = [grid[2 * i], grid[2 * i + 1]];
          arrow(c, ...place(x, y), ...place(x + scale * moves[2 * i], y + scale * moves[2 * i + 1]), color("soft"), 1.1);
        });
      }
      if (panel.settings.trails)
        for (let k = 0; k < 2 * paths; k += 2)
          curve(c, [...all.slice(0, whole + 1), now].map((x) => place(x[k], x[k + 1])), color("fourth"), 1);
      for (let k = 0; k < now.length; k += 2) disc(c, ...place(now[k], now[k + 1]), 2.2, color("fake"));
      const [modes, allModes, share] = quality(now);
      panel.find(`[data-text="${which}"]`).textContent = `Step ${whole} of ${steps()}. Modes reached: ${modes} of ${allModes}; within three deviations of a mode: ${Math.round(100 * share)} % of the points.${which === 0 && whole === 0 ? " The first guess of the data is clipped to a square, so the first arrows point to its corners." : ""}`;
    }
    function draw() {
      if (data.length === 0) return;
      each(drawStage);
      drawScores();
    }
    function drawScores() {
      plot(canvas("scores"), { low: 0, high: 100, x: "steps", series: scores.map((points, which) => ({ points, ink: color(which ? "fake" : "real") })),
        references: [{ y: 100 * quality(data)[2], text: "", ink: color("soft") }] });
    }

    // ---- controls ----
    const loop = new Loop((time) => {
      if (at() >= steps()) loop.pause();
      else panel.set("t", Number(Math.min(1, panel.settings.t + time / (1000 * panel.settings.seconds)).toFixed(4)));
    }, () => { play.textContent = loop.playing ? "Pause" : "Play"; });
    const start = () => { if (!loop.playing && at() >= steps()) go(0); loop.toggle(); };
    const single = (step) => { loop.pause(); go(step); };
    const forward = () => single(Math.floor(at()) + 1), backward = () => single(Math.ceil(at()) - 1);
    const play = button("Play", start);
    panel.find("[data-place=buttons]").append(play, button("One step", forward), button("One step back", backward), button("Rewind", () => single(0)),
      button("Other noise", () => panel.set("seed", panel.settings.seed % 99 + 1)));
    for (const which of [0, 1]) canvas(which).addEventListener("keydown", (event) => {
      const act = { " ": start, ArrowRight: forward, ArrowLeft: backward, r: () => single(0) }[event.key];
      if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
    });
    panel.add("[data-place=time]",
      slider(panel, "steps", { label: "Number of steps", values: [...counts, 100] }),
      slider(panel, "t", { label: "From noise to data", low: 0, high: 1, step: 0.001, format: () => `step ${Math.floor(at())}` }));
    panel.add("[data-place=controls]",
      choice(panel, "arrows", { label: "Arrows", options: [[1, "show the field"], [0, "hide"]] }),
      choice(panel, "trails", { label: "Paths", options: [[1, "of 48 points"], [0, "hide"]] }),
      slider(panel, "seconds", { label: "Play takes", values: [2, 5, 10, 20], format: (s) => `${s} s` }),
      slider(panel, "seed", { label: "Seed of the noise", low: 1, high: 99, step: 1 }));

    async function reset() {
      loop.pause();
      try {
        await open();
        data = engine.call("noise_data", 400);
        stages = [0, 1].map(() => [engine.call("noise_points", panel.settings.seed, many)]);
        draw();
        setTimeout(() => { panel.attempt(sample); draw(); measure(); });  // after the first picture: they take longer
      } catch (error) { opened = null; panel.notice(error); }
    }
    return {
      reset,
      draw,
      hide: () => loop.pause(),
      changed(key) {
        if (data.length === 0) return;
        if (key === "steps" || key === "seed") sample();
        if (key === "seed") measure();
        draw();
      },
      // A file of 34_diffusion takes the place of the network of its name.
      drop(bytes, name) {
        panel.notice();
        panel.attempt(() => {
          engine.call("noise_open", name.includes("flow") ? 1 : 0, name, bytes);
          sample(), measure(), draw();
        });
      },
    };
  },
});
