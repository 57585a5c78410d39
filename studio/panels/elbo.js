// Panel 4: a VAE of points in the plane or of digits; the codes' ellipses and the two terms while it trains.
const edges = { codes: 3.5, plane: 3 };  // the shown part of the codes' plane and of the data's
const digits = 3, side = 28;  // the choice "digits", and the width of a picture

const short = (nats) => String(Number(nats.toPrecision(3)));

register("elbo", {
  defaults: { seed: 1, data: 0, units: 2, beta: 1, C: 10, speed: 60, at: 0 },
  limits: { at: within(0, 20000, 1) },
  create(panel) {
    const { engine } = panel, canvas = (name) => panel.find(`[data-canvas=${name}]`);
    let done = 0, edited = false, terms = [], latest = null, waiting = 0, looked = 0, points = [], inks = [], labels = [], codes = [], recons = [], samples = [];

    // ---- the training ----
    function step() {
      const now = engine.call("elbo_step", panel.settings.beta, panel.settings.C);
      latest = latest ? latest.map((mean, i) => 0.95 * mean + 0.05 * now[i]) : [...now];  // a batch is noisy
      terms.push([++done, ...latest]);
      if (terms.length > 1200) terms = terms.filter((_, i) => i % 2 === 0);
    }
    function start() {
      const { seed, data, units } = panel.settings;
      panel.notice();
      engine.call("elbo_reset", seed, data, units);
      done = waiting = 0, edited = false, terms = [], latest = null;
      points = engine.call("elbo_examples");
      const mix = (t) => `hsl(${t < 0.5 ? 205 : 25}, ${Math.round(20 + 130 * Math.abs(t - 0.5))}%, 50%)`;  // blue, grey, orange: left to right
      labels = [...engine.call("elbo_labels")];
      inks = data === digits ? labels.map((label) => digitInks[label])
        : Array.from({ length: points.length / 2 }, (_, i) => mix(Math.min(Math.max((points[2 * i] + 2.4) / 4.8, 0), 1)));
      look();
    }
    function look() {
      looked = performance.now();
      codes = engine.call("elbo_codes"), recons = engine.call("elbo_reconstructions"), samples = engine.call("elbo_samples");
    }
    // The steps of a scene are repeated, a part per frame.
    let wanted = 0;
    function repeat() {
      const end = performance.now() + 30;
      const fine = panel.attempt(() => { while (done < wanted && performance.now() < end) step(); look(); return true; });
      draw();
      if (fine && done < wanted) requestAnimationFrame(repeat);
    }
    const loop = new Loop((time) => panel.attempt(() => {
      const { speed } = panel.settings, end = performance.now() + 14;
      try {
        if (speed > 0) {
          for (waiting += time * speed / 1000; waiting >= 1 && performance.now() < end; --waiting) step();
          waiting = Math.min(waiting, 1);  // a slow machine drops the others
        }
        else do step(); while (performance.now() < end);
        if (panel.settings.data !== digits || performance.now() > looked + 150) look();
      } catch (error) { loop.pause(); throw error; }
      draw();
    }), () => {
      play.textContent = loop.playing ? "Pause" : "Play";
      if (!loop.playing) { settle(); panel.update(); }
    });
    // The number of steps that a link to this scene repeats; 0 when a setting was changed on the way.
    function settle() { panel.settings.at = edited ? 0 : done; return !edited; }

    // ---- drawing ----
    const tall = 0.8, at = (edge, width) => (x, y) => [width * (x / edge + 1) / 2, width * (tall - y / edge) / 2];
    function drawCodes() {
      const { c, width, height } = sheet(canvas("codes"), tall), place = at(edges.codes, width), scale = width / (2 * edges.codes), { units } = panel.settings;
      line(c, 0, height / 2, width, height / 2, color("line")); line(c, width / 2, 0, width / 2, height, color("line"));
      c.setLineDash([5, 4]);
      for (const sigma of [1, 2])
        if (units === 2) ring(c, width / 2, height / 2, sigma * scale, color("soft"), 1.2);
        else for (const x of [-sigma, sigma]) line(c, place(x, 0)[0], 0, place(x, 0)[0], height, color("soft"), 1.2, [5, 4]);
      c.setLineDash([]);
      const n = inks.length;
      for (let i = 0; i < n; ++i) {
        const [x, y] = units === 2 ? place(codes[2 * i], codes[2 * i + 1]) : [place(codes[i], 0)[0], height * (i + 0.5) / n];
        const [rx, ry] = units === 2 ? [codes[2 * (n + i)] * scale, codes[2 * (n + i) + 1] * scale] : [codes[n + i] * scale, 1.5];
        c.beginPath(); c.ellipse(x, y, rx, ry, 0, 0, 7);
        c.globalAlpha = 0.12; c.fillStyle = inks[i]; c.fill();
        c.globalAlpha = 0.8; c.strokeStyle = inks[i]; c.lineWidth = 1; c.stroke();
        c.globalAlpha = 1;
        if (labels.length === 0) disc(c, x, y, 2, inks[i]);
        else { c.fillStyle = inks[i]; c.font = "bold 10px system-ui, sans-serif"; c.textAlign = "center"; c.textBaseline = "middle"; c.fillText(labels[i], x, y); }
      }
      panel.find("[data-text=codes]").textContent = (units === 2 ? "Ellipse: μ and 1σ of q(z|x), in the colour of its example." :
        "Interval: μ and 1σ of q(z|x), in the colour of its example; one row per example.") + " Dashed: 1σ and 2σ of the prior.";
    }
    // Rows of pictures: the shown digits, their reconstructions, samples.
    function drawDigits() {
      const columns = 10, rows = [[points, 0], [recons, 0], [points, 10], [recons, 10], [samples, 0], [samples, 10], [samples, 20], [samples, 30]];
      const { c, width } = sheet(canvas("plane"), (rows.length + 0.4) / columns), cell = width / columns;
      rows.forEach(([values, first], row) => {
        for (let i = 0; i < columns; ++i)
          c.drawImage(picture(values, side, side, (first + i) * side * side), i * cell, (row + (row > 1) * 0.1 + (row > 3) * 0.3) * cell, cell - 1, cell - 1);
      });
    }
    function drawPlane() {
      const pictures = panel.settings.data === digits;
      panel.find("[data-place=keys]").hidden = pictures;
      panel.find("[data-text=plane]").textContent = pictures ? "Two times: digits, below them their reconstructions from μ. Then 40 decoded samples of the prior. Left: each code is the numeral of its digit." : "";
      if (pictures) { drawDigits(); return; }
      const { c, width } = sheet(canvas("plane"), tall), place = at(edges.plane, width);
      c.globalAlpha = 0.5;
      for (let i = 0; i < samples.length; i += 2) disc(c, ...place(samples[i], samples[i + 1]), 2, color("third"));
      c.globalAlpha = 1;
      inks.forEach((ink, i) => {
        const from = place(points[2 * i], points[2 * i + 1]);
        line(c, ...from, ...place(recons[2 * i], recons[2 * i + 1]), ink, 1);
        ring(c, ...from, 3, ink, 1.5);
      });
    }
    function drawTerms() {
      const sums = terms.map(([, recon, kl]) => recon + kl).sort((a, b) => a - b);
      const high = Math.max(4, 1.15 * (sums[Math.floor(0.97 * sums.length)] || 0));  // the first steps may be far above
      const floor = terms.map(([k]) => [k, 0]), low = terms.map(([k, , kl]) => [k, kl]);
      plot(canvas("terms"), { low: 0, high, x: "steps", series: [
        { points: terms.map(([k, recon, kl]) => [k, recon + kl]), ink: color("fake"), above: low },
        { points: low, ink: color("real"), above: floor }] });
      panel.find("[data-text=terms]").textContent = !latest ? "Nothing is trained yet." :
        `Step ${done}: reconstruction ${short(latest[0])} + KL ${short(latest[1])} = -ELBO ${short(latest[0] + latest[1])} nats, without a constant that depends on C: compare values at the same C. Means over about 20 steps; the loss weights KL by β.`;
    }
    function draw() {
      if (points.length === 0) return;
      drawCodes(); drawPlane(); drawTerms();
    }

    // ---- controls ----
    function reset() {
      loop.pause();
      wanted = panel.settings.at;
      if (panel.attempt(() => { start(); return true; })) repeat();
    }
    function rewind() { loop.pause(); panel.settings.at = 0; reset(); panel.update(); }
    const play = button("Play", () => { wanted = 0; loop.toggle(); });
    panel.find("[data-place=buttons]").append(play,
      button("One step", () => { loop.pause(); wanted = done + 1; repeat(); if (!edited) { panel.settings.at = done; panel.update(); } }), button("Rewind", rewind));
    panel.add("[data-place=controls]",
      slider(panel, "beta", { label: "β, weight of KL", values: [0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16] }),
      slider(panel, "C", { label: "C = 1 / (2c)", values: [0.5, 1, 2, 5, 10, 20, 50, 100] }),
      choice(panel, "data", { label: "Data", options: [[0, "two moons"], [1, "ring of eight"], [2, "three clusters"], [digits, "digits (generated)"]] }),
      choice(panel, "units", { label: "Units of z", options: [[2, "two"], [1, "one"]] }),
      slider(panel, "speed", { label: "Speed", values: [5, 20, 60, 200, 0], format: (s) => (s ? `${s} per s` : "all") }),
      slider(panel, "seed", { label: "Seed", low: 1, high: 99, step: 1 }));

    return {
      reset,
      changed(key) {
        if (key === "speed") return;
        if (["data", "units", "seed"].includes(key)) {
          const playing = loop.playing;
          rewind();
          if (playing && !stillness.matches) loop.play();
          return;
        }
        edited = edited || done > 0;  // the order of the settings is not in the link
        settle();
        panel.update();
      },
      draw,
      settle,
      hide: () => { wanted = 0; loop.pause(); },
    };
  },
});
