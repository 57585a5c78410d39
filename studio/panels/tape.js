// Panel 6: an expression, or the loss of a small VAE, as a graph of ops; the walk backwards, one op at a time.
const examples = { "(sigmoid(w*X + b) - T)^2": "a neuron and its error", "x*y + exp(x)": "a value that is used twice",
  "log(1 + exp(-s))": "softplus(-s): the loss of a real example, from D's logit s", vae: "the loss of a VAE, batch of 4" };
const functions = ["exp", "log", "sqrt", "relu", "sigmoid", "tanh", "softplus"];
const signs = { add: "+", subtract: "−", multiply: "×", divide: "÷", negate: "−", square: "x²", fixed_gaussian_nll: "C‖x̂−x‖²", gaussian_kl: "KL", reparameterize: "μ+σε", vae_loss: "-ELBO" };
const firsts = { w: 0.5, x: 2, X: 2, b: -0.5, y: -1, s: 0.5 };  // a variable begins here, any other at 1
const short = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))).replace("-", "−") : String(value));

// Lines of the tape; a name with a capital letter is data, a constant: {op: "leaf" or "constant", name, shape, values} or {op, inputs, name?}.
function parsed(text, values) {
  const words = text.match(/[A-Za-z_]\w*|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|\S/g) || [], lines = [], leaves = new Map();
  let place = 0;
  const bad = (what) => { throw new StudioError(`"${text}": ${what}. Write numbers, names, + - * /, ^2, brackets and ${functions.join(", ")}.`); };
  const push = (line) => lines.push(line) - 1;
  const taken = (word) => (words[place] === word ? (++place, true) : false);
  function atom() {
    const word = words[place++];
    if (word === undefined) bad("the end comes too early");
    if (word === "(") { const inside = sum(); if (!taken(")")) bad("a bracket is not closed"); return inside; }
    if (/^[\d.]/.test(word)) return push({ op: "constant", name: word, shape: [1], values: [Number(word)] });
    if (!/^\w/.test(word)) bad(`"${word}" is not expected here`);
    if (words[place] === "(") {
      if (!functions.includes(word)) bad(`there is no function "${word}"`);
      ++place;
      const inside = sum();
      if (!taken(")")) bad("a bracket is not closed");
      return push({ op: word, inputs: [inside] });
    }
    if (!leaves.has(word)) leaves.set(word, push({ op: /^[A-Z]/.test(word) ? "constant" : "leaf", name: word, variable: true, shape: [1], values: [values[word] ?? firsts[word] ?? 1] }));
    return leaves.get(word);
  }
  function power() {
    const base = atom();
    if (!taken("^")) return base;
    if (words[place++] !== "2") bad("the only power is ^2");
    return push({ op: "square", inputs: [base] });
  }
  function signed() { return taken("-") ? push({ op: "negate", inputs: [signed()] }) : power(); }
  function product() {
    let left = signed();
    for (;;) {
      if (taken("*")) left = push({ op: "multiply", inputs: [left, signed()] });
      else if (taken("/")) left = push({ op: "divide", inputs: [left, signed()] });
      else return left;
    }
  }
  function sum() {
    let left = product();
    for (;;) {
      if (taken("+")) left = push({ op: "add", inputs: [left, product()] });
      else if (taken("-")) left = push({ op: "subtract", inputs: [left, product()] });
      else return left;
    }
  }
  sum();
  if (place < words.length) bad(`"${words[place]}" is not expected here`);
  if (!lines.some(({ op }) => op === "leaf")) bad("it has no variable with a small letter");
  return lines;
}

// The loss of a VAE: x [4, 2], one hidden layer of three, one unit of z.
function vae(noise) {
  const lines = [], push = (line) => lines.push(line) - 1;
  const given = (op, name, rows, columns, scale) => push({ op, name, shape: rows ? [rows, columns] : [columns], values: scale ? noise(columns * (rows || 1)).map((v) => scale * v) : Array(columns).fill(0) });
  const layer = (name, x, inputs, outputs, result) => push({ op: "linear", name: result,
    inputs: [x, given("leaf", "W" + name, outputs, inputs, inputs ** -0.5), given("leaf", "b" + name, 0, outputs, 0)] });
  const x = given("constant", "x", 4, 2, 1), h = push({ op: "relu", inputs: [layer("₁", x, 2, 3)], name: "h" });
  const mu = layer("₂", h, 3, 1, "μ"), logvar = layer("₃", h, 3, 1, "v");
  const z = push({ op: "reparameterize", name: "z", inputs: [mu, logvar, given("constant", "ε", 4, 1, 1)] });
  const back = push({ op: "relu", inputs: [layer("₄", z, 1, 3)] });
  const nll = push({ op: "fixed_gaussian_nll", inputs: [layer("₅", back, 3, 2, "x̂"), x] });
  const kl = push({ op: "gaussian_kl", inputs: [mu, logvar] });
  push({ op: "vae_loss", name: "L", inputs: [push({ op: "mean", inputs: [nll], name: "reconstruction" }), push({ op: "mean", inputs: [kl], name: "KL term" })] });
  return lines;
}

register("tape", {
  defaults: { expr: Object.keys(examples)[0], values: "", back: 0, node: -1, seed: 1, rate: 0.1, descents: 0 },
  limits: { back: within(0, 1000, 1), node: within(-1, 1000, 1), descents: within(0, 1000, 1) },
  create(panel) {
    const { engine } = panel, place = (name) => panel.find(`[data-place=${name}]`);
    let lines = [], results = [], handed = [], pointed = -1, timer = 0;
    const isVae = () => panel.settings.expr === "vae", isOp = ({ op }) => op !== "leaf" && op !== "constant";
    const opsBackwards = () => lines.map((line, i) => i).filter((i) => handed[i]?.some((part) => part.length > 0)).reverse();  // an op on data alone is not walked
    const stored = () => Object.fromEntries(panel.settings.values.split(",").map((pair) => pair.split(":")).filter(([name, v]) => name && Number.isFinite(Number(v))).map(([name, v]) => [name, Number(v)]));

    // ---- the computation ----
    function make() {
      if (!isVae()) { lines = parsed(panel.settings.expr, stored()); return; }
      const numbers = engine.call("tape_noise", panel.settings.seed, 64);
      let used = 0;
      lines = vae((count) => [...numbers.slice(used, used += count)]);
    }
    function run() {
      const list = lines.map((line) => `${line.op} ${(line.inputs || line.shape).join(" ")}`).join("\n"), numbers = lines.flatMap(({ values }) => values || []);
      const read = () => lines.map((_, i) => ({ values: engine.call("tape_value", i), shape: [...engine.call("tape_shape", i)] }));
      handed = lines.map(() => null);
      engine.call("tape_run", list, numbers, 0);
      results = read();
      engine.call("tape_run", list, numbers, 1);
      results = read();
      handed = lines.map((line, i) => (isOp(line) ? line.inputs.map((_, k) => engine.call("tape_grad", i, k)) : null));
    }
    // The gradient of line i after the walk has visited the first `back` ops: the sum of what they returned; null before any.
    function gradient(i, back = panel.settings.back) {
      if (i === lines.length - 1) return back > 0 ? [1] : null;
      const parts = opsBackwards().slice(0, back).flatMap((j) => lines[j].inputs.flatMap((input, k) => (input === i && handed[j][k].length ? [handed[j][k]] : [])));
      return parts.length ? parts.reduce((sum, part) => sum.map((v, n) => v + part[n]), parts[0].map(() => 0)) : null;
    }
    function descend() {
      const all = opsBackwards().length, moves = lines.map((line, i) => (line.op === "leaf" ? gradient(i, all) : null));
      lines.forEach((line, i) => { if (moves[i]) line.values = line.values.map((v, n) => v - panel.settings.rate * moves[i][n]); });
      run();
    }

    // ---- the graph ----
    function levels() {
      const level = lines.map(() => 0);
      lines.forEach((line, i) => { if (isOp(line)) level[i] = 1 + Math.max(...line.inputs.map((j) => level[j])); });
      lines.forEach((line, i) => { if (!isOp(line)) level[i] = Math.min(...lines.flatMap((other, j) => ((other.inputs || []).includes(i) ? [level[j]] : []))) - 1; });
      return level;
    }
    // Rows of lines, and the path of each edge; in the rows between its ends, an edge has a place of its own.
    function layout() {
      const level = levels(), items = lines.map((_, i) => ({ level: level[i], ends: [] })), paths = new Map(), rows = [];
      lines.forEach((line, j) => (line.inputs || []).forEach((i, k) => {
        const path = [i];
        for (let between = level[i] + 1; between < level[j]; ++between) path.push(items.push({ level: between, ends: [] }) - 1);
        path.push(j);
        for (let n = 1; n < path.length; ++n) items[path[n]].ends.push(path[n - 1]), items[path[n - 1]].ends.push(path[n]);
        paths.set(`${j} ${k}`, path);
      }));
      items.forEach((item, i) => (rows[item.level] ??= []).push(i));
      const across = items.map(() => 0.5);
      for (let sweep = 0; sweep < 8; ++sweep)
        for (const row of sweep % 2 ? [...rows].reverse() : rows) {
          const wish = new Map(row.map((i) => {
            const near = items[i].ends.map((j) => across[j]);
            return [i, near.length ? near.reduce((a, b) => a + b, 0) / near.length : 0.5];
          }));
          row.sort((a, b) => wish.get(a) - wish.get(b) || a - b);
          row.forEach((i, k) => { across[i] = (k + 0.5) / row.length; });
        }
      return { paths, rows, place: (i) => [across[i], items[i].level + 0.5] };
    }
    const svg = (tag, attributes, ...children) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.append(...children);
      return node;
    };
    const sizeOf = (i) => `[${results[i].shape.join(", ")}]`;
    const shown = (i, values) => (values.length === 1 ? short(values[0]) : sizeOf(i));
    const labelOf = (i) => {
      const { op, name } = lines[i], sign = signs[op] || op;
      return !isOp(lines[i]) ? name : !name ? sign : name.length < 3 ? `${name} = ${sign}` : name;
    };
    function drawGraph() {
      const { paths, rows, place: placeOf } = layout(), width = 560, step = 74, high = 46, height = rows.length * step;
      const box = Math.min(104, width / Math.max(...rows.map((row) => row.length)) - 8);
      const center = (i) => [width * placeOf(i)[0], step * placeOf(i)[1]], done = opsBackwards().slice(0, panel.settings.back), now = done.at(-1);
      const edges = [], nodes = [];
      lines.forEach((line, j) => (line.inputs || []).forEach((i, k) => {
        const [start, ...rest] = paths.get(`${j} ${k}`).map(center), reached = done.includes(j) && handed[j][k].length > 0, bend = (step - high) / 2;
        let d = `M${start[0]} ${start[1] + high / 2}`, x = start[0];
        for (const [next, y] of rest) {
          const end = y - high / 2;
          d += ` C${x} ${end - bend} ${next} ${end - bend} ${next} ${end}` + (next === rest.at(-1)[0] && y === rest.at(-1)[1] ? "" : ` V${y + high / 2}`);
          x = next;
        }
        edges.push(svg("path", { d, fill: "none", stroke: `var(--${reached ? "fake" : "line"})`, "stroke-width": reached ? 2.5 : 1.5 }));
      }));
      lines.forEach((line, i) => {
        const [x, y] = center(i), grad = gradient(i), ring = isOp(line) ? "real" : "soft";
        const words = [[labelOf(i), "ink", -8], [results[i] ? shown(i, results[i].values) : "", "soft", 6]];
        if (grad) words.push([shown(i, grad) === sizeOf(i) ? "gradient" : shown(i, grad), "fake", 19]);
        const title = `${labelOf(i)}: ${results[i] ? shown(i, results[i].values) : "no value"}${grad ? ", gradient " + shown(i, grad) : ""}`;
        const node = svg("g", { tabindex: 0, role: "button", "aria-label": title, "aria-pressed": String(panel.settings.node === i), transform: `translate(${x} ${y})`, style: "cursor: pointer" },
          svg("rect", { x: -box / 2, y: -high / 2, width: box, height: high, rx: isOp(line) ? 6 : 20, fill: "var(--card)", stroke: `var(--${i === now ? "fake" : ring})`,
            "stroke-width": i === now || i === panel.settings.node ? 3 : 1.3, "stroke-dasharray": line.op === "constant" ? "4 3" : "none" }),
          ...words.map(([word, ink, down]) => svg("text", { y: down, "text-anchor": "middle", "font-size": word.length > 12 ? 10 : 12, fill: `var(--${ink})` }, word)));
        const select = () => { pointed = -1; panel.settings.node = i; panel.update(); draw(); place("graph").querySelectorAll("g")[i].focus(); };
        const point = (at) => () => { pointed = at; drawNode(); };
        node.addEventListener("pointerenter", point(i));
        node.addEventListener("pointerleave", point(-1));
        node.addEventListener("click", select);
        node.addEventListener("focus", point(i));
        node.addEventListener("blur", point(-1));
        node.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); select(); } });
        nodes.push(node);
      });
      place("graph").replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", style: `min-width: ${rows.length > 8 ? 30 : 0}rem`, role: "group", "aria-label": "The graph: inputs above, the result below" }, ...edges, ...nodes));
    }

    // ---- the chosen value ----
    function matrix(i, values, ink) {
      const shape = results[i].shape, columns = shape.length > 1 ? shape[1] : shape[0], most = Math.max(...values.map(Math.abs), 1e-12);
      const row = (first) => element("tr", {}, ...Array.from({ length: columns }, (_, k) => element("td", {
        style: `background: color-mix(in srgb, var(--${ink}) ${Math.round(45 * Math.abs(values[first + k]) / most)}%, transparent)` }, short(values[first + k]))));
      return element("table", { class: "numbers", style: "width: auto" }, element("tbody", {}, ...Array.from({ length: values.length / columns }, (_, r) => row(r * columns))));
    }
    function drawNode() {
      const i = pointed >= 0 ? pointed : panel.settings.node, line = lines[i], formula = line && panel.find(`template[data-op=${line.op}]`);
      if (!line || !results[i]) { place("node").replaceChildren(element("h2", {}, "A value"), element("p", { class: "caption" }, "Point at a box, or choose it with the keyboard: its value, its gradient, its formula.")); return; }
      const kind = { leaf: "a parameter", constant: "a constant: no gradient flows to it" }[line.op] || line.op;
      const parts = [element("h2", {}, `${line.name || labelOf(i)}: ${kind}${results[i].values.length > 1 ? ", " + sizeOf(i) : ""}`)];
      if (formula) parts.push(element("div", { class: "formula", tabindex: 0, role: "group", "aria-label": "Formula" }, formula.content.cloneNode(true)));
      const grad = gradient(i);
      parts.push(element("div", { class: "row", style: "align-items: flex-start; gap: 1.6rem" },
        element("div", {}, element("p", { class: "meta" }, "value"), matrix(i, [...results[i].values], "real")),
        ...(grad ? [element("div", {}, element("p", { class: "meta" }, "gradient, dL/d(value)"), matrix(i, [...grad], "fake"))] : [])));
      if (!grad && isOp(line) && !handed[i]?.some((part) => part.length > 0)) parts.push(element("p", { class: "caption" }, "It depends on data alone: no gradient flows to it."));
      else if (!grad && line.op !== "constant") parts.push(element("p", { class: "caption" }, "The walk backwards has not reached it yet."));
      const uses = lines.flatMap((other, j) => (other.inputs || []).filter((input) => input === i).map(() => j));
      if (grad && uses.length > 1) {
        const done = opsBackwards().slice(0, panel.settings.back);
        parts.push(element("p", { class: "caption" }, `Used ${uses.length} times. So far it has the sum from ${uses.filter((j) => done.includes(j)).length} of them.`));
      }
      place("node").replaceChildren(...parts);
    }
    function drawSteps() {
      const done = opsBackwards().slice(0, panel.settings.back);
      place("steps").replaceChildren(...lines.map((line, i) => element("tr", { style: done.at(-1) === i ? "outline: 2px solid var(--fake)" : "" },
        element("td", {}, String(i)), element("td", {}, [line.op, line.name].filter(Boolean).join("  ")), element("td", {}, (line.inputs || []).join(", ") || "–"), element("td", {}, results[i] ? sizeOf(i) : ""))));
      const all = opsBackwards().length, { back } = panel.settings, last = done.at(-1);
      panel.find("[data-text=state]").textContent = !results.length ? "" : back === 0 ? `The result is ${short(results.at(-1).values[0])}. The walk backwards has ${all} ops; it begins with dL/dL = 1.` :
        `Op ${back} of ${all} backwards: step ${last}, ${lines[last].op}.${back === all ? " Every value has its gradient." : ""}`;
    }
    function draw() {
      if (lines.length === 0) { place("graph").replaceChildren(); place("steps").replaceChildren(); return; }
      drawGraph(); drawNode(); drawSteps();
    }

    // ---- controls ----
    function stop() { clearInterval(timer); timer = 0; play.textContent = "Play backwards"; }
    function walk(back) {
      panel.settings.back = Math.min(Math.max(0, back), opsBackwards().length);
      panel.update();
      draw();
    }
    const play = button("Play backwards", () => {
      if (timer) { stop(); return; }
      if (panel.settings.back >= opsBackwards().length) walk(0);
      play.textContent = "Pause";
      timer = setInterval(() => { walk(panel.settings.back + 1); if (panel.settings.back >= opsBackwards().length) stop(); }, 700);
    });
    place("buttons").append(play,
      button("One op back", () => { stop(); walk(panel.settings.back + 1); }),
      button("All ops", () => { stop(); walk(Infinity); }),
      button("Forward again", () => { stop(); walk(0); }),
      button("Descend one step", () => {
        stop();
        if (panel.attempt(() => { descend(); return true; }) === null) return;
        if (isVae()) panel.settings.descents++;
        else panel.settings.values = lines.filter(({ variable }) => variable).map(({ name, values: [v] }) => `${name}:${Number(v.toPrecision(6))}`).join(",");
        sliders(); panel.update(); draw();
      }, { title: "Every parameter moves by the rate times its gradient, against it" }),
      button("Rewind", () => { stop(); Object.assign(panel.settings, { values: "", back: 0, descents: 0 }); reset(); panel.update(); draw(); }));
    const own = element("input", { type: "text", id: "tape-own", spellcheck: "false", autocomplete: "off", "aria-label": "Expression" });
    own.addEventListener("change", () => panel.set("expr", own.value.trim() || "x"));
    const field = element("div", { class: "control" }, element("label", { for: "tape-own" }, "Expression"), own);
    field.style.gridTemplateColumns = "8.5rem minmax(0, 1fr)";
    field.update = () => { own.value = isVae() ? "" : panel.settings.expr; own.placeholder = isVae() ? "the VAE; or write one here" : ""; };
    const example = choice(panel, "expr", { label: "Example", options: [...Object.entries(examples).map(([text, what]) => [text, text === "vae" ? what : `${text}    ${what}`]), ["", "your own"]] });
    const follow = example.update;
    example.allowed = undefined;  // any expression
    example.querySelector("select").addEventListener("change", (event) => { if (event.target.value === "") { event.stopImmediatePropagation(); own.focus(); own.select(); } }, { capture: true });
    example.update = () => { follow(); if (!(panel.settings.expr in examples)) example.querySelector("select").value = ""; };
    panel.add("[data-place=expression]", example, field);
    const rate = slider(panel, "rate", { label: "Rate", values: [0.01, 0.03, 0.1, 0.3, 1] }), seed = slider(panel, "seed", { label: "Seed", low: 1, high: 99, step: 1 });
    function sliders() {
      const leaves = lines.filter(({ variable }) => variable);
      panel.controls = panel.controls.filter((control) => control.dataset.leaf === undefined);
      place("controls").replaceChildren();
      for (const line of leaves) {
        const range = element("input", { type: "range", min: -3, max: 3, step: 0.05, id: "leaf-" + line.name }), output = element("output", { for: range.id });
        const node = element("div", { class: "control", "data-leaf": line.name }, element("label", { for: range.id }, line.name), range, output);
        node.update = () => { range.value = line.values[0]; output.textContent = short(line.values[0]); };
        range.addEventListener("input", () => panel.set("values", Object.entries({ ...stored(), [line.name]: range.valueAsNumber }).map((pair) => pair.join(":")).join(",")));
        panel.add("[data-place=controls]", node);
      }
      seed.hidden = !isVae();
      place("controls").append(seed, rate);
    }
    panel.controls.push(rate, seed);

    // New values: the leaves of the same expression change, everything else stays.
    function refresh() {
      panel.notice();
      results = [], handed = [];
      panel.attempt(() => { make(); });
      panel.attempt(() => {
        if (lines.length) run();
        if (isVae()) for (let k = 0; k < Math.min(panel.settings.descents, 1000); ++k) descend();
      });
      panel.settings.back = Math.min(panel.settings.back, opsBackwards().length);
      pointed = -1;
    }
    function reset() {
      stop();
      lines = [];
      refresh();
      if (panel.settings.node >= lines.length) panel.settings.node = -1;
      sliders();
    }
    return {
      reset,
      changed(key) {
        if (key === "rate" && panel.settings.descents === 0) return;
        if (key === "rate") panel.settings.descents = 0;  // the steps so far had another rate
        if (key === "expr") Object.assign(panel.settings, { values: "", back: 0, node: -1, descents: 0 });
        if (key === "values") {
          const known = stored();
          lines.forEach((line) => { if (line.variable && line.name in known) line.values = [known[line.name]]; });
          panel.notice();
          panel.attempt(run);
        } else {
          reset();
        }
        panel.update();
        draw();
      },
      draw,
      hide: stop,
    };
  },
});
