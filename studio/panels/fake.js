// Panel 7: which digit of a pair is generated? The pairs with the GAN are those of 37_fake_or_real: not selected, and of one
// class. The VAE's digits are decoded here.
const generators = { gan: "the GAN of 25_dcgan", vae: "a VAE with two units (panel 1)" }, rounds = WEIGHTS.pairs.tensors.find(({ name }) => name === "pairs.fake").shape[0], side = 28, size = side * side;

register("fake", {
  defaults: { seed: 1, generator: "gan", answers: "" },
  limits: { seed: within(1, 99, 1) },
  create(panel) {
    const { engine } = panel, canvas = (name) => panel.find(`[data-canvas=${name}]`);
    const put = (name, text) => { panel.find(`[data-text=${name}]`).textContent = text; };
    let pictures = null, fakes = [], machine = 0, decoded = null, sides = [], revealed = false;

    async function open() {
      if (pictures) return;
      const pairs = await numbersOf(WEIGHTS.pairs);
      fakes = [...pairs["pairs.fake"]].map(Math.round), machine = Math.round(100 * pairs["pairs.machine"][0]);
      pictures = pairs["pairs.pictures"];
    }
    async function deal() {
      panel.notice();
      sides = [];  // nothing is drawn before all is there
      await open();
      if (panel.settings.generator === "vae") await decode();
      sides = engine.call("fake_sides", panel.settings.seed, rounds);
    }
    async function decode() {
      const [K] = engine.call("latent_open", "digits", WEIGHTS.digits.source, await safetensors(WEIGHTS.digits), 0);
      decoded = engine.call("latent_decode", "digits", engine.call("fake_codes", panel.settings.seed, rounds, K));
    }
    // The picture at a side (0 or 1) of a round; the seed chooses the order of the pairs.
    function shown(round, at) {
      const pair = (round + panel.settings.seed - 1) % rounds, fake = at === sides[round];
      if (fake && panel.settings.generator === "vae") return picture(decoded, side, side, round * size);
      return picture(pictures, side, side, (2 * pair + (fake ? fakes[pair] : 1 - fakes[pair])) * size);
    }

    const answers = () => [...panel.settings.answers].slice(0, rounds).map(Number);
    const found = () => answers().filter((at, round) => at === sides[round]).length;
    const over = () => answers().length === rounds;
    const now = () => answers().length - (revealed || over() ? 1 : 0);

    function drawRounds() {
      const perRow = 5, cell = canvas("rounds").clientWidth / perRow, rows = Math.ceil(rounds / perRow);
      const { c } = sheet(canvas("rounds"), rows * 0.56 / perRow), width = 0.44 * cell;
      c.imageSmoothingEnabled = false;
      answers().forEach((answer, round) => {
        const x = (round % perRow) * cell + 0.03 * cell, y = Math.floor(round / perRow) * 0.56 * cell + 0.04 * cell, right = answer === sides[round];
        for (const at of [0, 1]) c.drawImage(shown(round, at), x + at * width, y, width, width);
        c.strokeStyle = color("fake"); c.lineWidth = 3; c.strokeRect(x + sides[round] * width + 1.5, y + 1.5, width - 3, width - 3);
        line(c, x, y + width + 3, x + 2 * width, y + width + 3, color(right ? "real" : "bad"), 3, right ? [] : [4, 3]);
      });
    }
    function draw() {
      if (!sides.length) return;
      const round = now(), open = revealed || over(), count = answers().length;
      ["left", "right"].forEach((name, at) => {
        const { c, width, height } = sheet(canvas(name), 1);
        c.imageSmoothingEnabled = false;
        c.drawImage(shown(round, at), 0, 0, width, height);
        const press = panel.find(`[data-side="${at}"]`), fake = open && at === sides[round];
        press.style.outline = open ? `4px ${fake ? "solid" : "dotted"} ${color(fake ? "fake" : "real")}` : "";
        press.disabled = open, press.style.opacity = 1;
      });
      const where = sides[round] ? "right" : "left", right = answers()[round] === sides[round];
      put("verdict", `Round ${round + 1} of ${rounds}. ` + (open ? `${right ? "Found" : "Missed"}: the ${where} one is generated, by ${generators[panel.settings.generator]}; the other is real.` : "Which one is generated?"));
      put("score", count ? `${found()} found in ${count} ${count === 1 ? "round" : "rounds"}: ${Math.round(100 * found() / count)} %. Guessing finds 50 % on average.` + (over() ? " That was all." : "") : `${rounds} rounds. Guessing finds half of them on average.`);
      put("about", panel.settings.generator === "gan"
        ? `Pictures of 37_fake_or_real: the first ${rounds} digits of the GAN, not selected, each with a real digit of the same class. A nearest-neighbour test in a classifier's features is right about ${machine} % of such digits.`
        : "Decoded here, with codes from N(0, I), not selected. A pair may be of two classes. Look at the edges of the strokes: the mean of many digits is blurred.");
      next.disabled = !revealed || over();
      drawRounds();
    }
    function choose(at) {
      if (revealed || over() || !sides.length) return;
      revealed = true;
      panel.set("answers", panel.settings.answers + at);
      next.focus();
    }
    function proceed() {
      if (over()) return;
      revealed = false;
      draw();
      panel.find('[data-side="0"]').focus();
    }
    const again = () => { revealed = false; panel.set("answers", ""); };
    const next = button("Next pair", proceed);
    panel.find("[data-place=buttons]").append(next, button("Begin again", again), button("Other order", () => { panel.settings.answers = ""; panel.set("seed", panel.settings.seed % 99 + 1); }));
    for (const press of panel.root.querySelectorAll("[data-side]")) press.addEventListener("click", () => choose(Number(press.dataset.side)));
    addEventListener("keydown", (event) => {
      const at = { ArrowLeft: 0, ArrowRight: 1 }[event.key];
      if (at !== undefined && !panel.root.hidden && event.target.tagName !== "SELECT") { event.preventDefault(); choose(at); }
    });
    panel.add("[data-place=controls]", choice(panel, "generator", { label: "Generator", options: Object.entries(generators) }));

    async function reset() {
      revealed = false;
      if (!generators[panel.settings.generator]) panel.settings.generator = panel.defaults.generator;
      if (!/^[01]*$/.test(panel.settings.answers)) panel.settings.answers = "";
      try { await deal(); draw(); } catch (error) { panel.notice(error); }
    }
    return {
      reset,
      draw,
      changed(key) {
        if (key === "answers") { draw(); return; }
        panel.settings.answers = "", panel.update();
        reset();
      },
    };
  },
});
