// The page around the panels. A panel's script calls
//
//   register("gan", { defaults: {seed: 1, ...}, create(panel) { ...; return { reset(), changed(key), draw(), show(), hide(), drop(bytes, name) } } })
//
// `panel` has: root (its <article>), settings, set(key, value), find(selector), notice(error), engine, defaults.
//   reset()      starts again from the settings: after loading, after a link
//   changed(key) a control has changed a setting
//   draw()       draws everything: a new size, another colour scheme
//   show(), hide(), drop(bytes, name) are optional; settle() brings settings up to date before a link is copied, and returns
//   whether the link reproduces the scene
// `limits` of a definition: the allowed values of settings without a control, as functions (within, oneOf of state.js).
const definitions = new Map(), panels = new Map();
let current = null;

function register(id, definition) { definitions.set(id, definition); }

class Panel {
  constructor(id, engine) {
    const { defaults, limits, create } = definitions.get(id);
    this.id = id, this.engine = engine, this.defaults = defaults, this.settings = { ...defaults };
    this.root = document.getElementById("panel-" + id);
    this.controls = [];
    this.actions = create(this);
    this.allowed = { ...Object.fromEntries(this.controls.filter(({ allowed }) => allowed).map(({ key, allowed }) => [key, allowed])), ...limits };
  }
  find(selector) { return this.root.querySelector(selector); }
  add(place, ...controls) {
    this.controls.push(...controls);
    this.find(place).append(...controls);
  }
  set(key, value) {
    this.settings[key] = value;
    this.update();
    this.actions.changed(key);
  }
  update() {
    for (const control of this.controls) control.update();
    if (this === current) writeScene(this.id, this.settings, this.defaults);
  }
  // Shows what went wrong; without an error, removes the notice.
  notice(error) {
    const place = this.find(".notice");
    place.textContent = error ? sentence(error) : "";
    if (error && !(error instanceof StudioError)) throw error;
  }
  // Runs the function; an error of the engine becomes the notice.
  attempt(run) {
    try { return run(); } catch (error) { this.notice(error); return null; }
  }
}

// Shows the panel of the address, in the state of the address.
function follow(engine) {
  const scene = readScene(), id = definitions.has(scene.panel) ? scene.panel : definitions.keys().next().value;
  if (current && current.id !== id) current.actions.hide?.();
  for (const article of document.querySelectorAll("main > article")) article.hidden = article.id !== "panel-" + id;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.hash === "#" + id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const known = panels.get(id);
  if (!known) panels.set(id, new Panel(id, engine));
  current = panels.get(id);
  document.title = current.find("h1").textContent + " · The studio · Gradus";
  if (!known || Object.keys(scene.settings).length > 0) {
    current.settings = settingsOf(scene.settings, current.defaults, current.allowed);
    current.actions.reset();
  }
  current.update();
  current.actions.show?.();
  current.actions.draw();
}

function takeFiles() {
  const over = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  };
  addEventListener("dragover", over);
  addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  addEventListener("drop", async (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const file = event.dataTransfer.files[0];
    if (!file) return;
    if (!current.actions.drop) location.hash = "latent";
    const bytes = new Uint8Array(await file.arrayBuffer());
    current.actions.drop?.(bytes, file.name);
  });
}

async function begin() {
  const status = document.getElementById("status");
  if (MINE.length > 0) {
    const mine = document.getElementById("mine");
    mine.hidden = false;
    mine.textContent = "With your code: " + MINE.map((file) => file.split("/").slice(-2).join("/")).join(", ");
  }
  try {
    if (typeof DecompressionStream === "undefined") throw new Error("This browser is older than 2023 and cannot unpack the page's data.");
    const engine = await Engine.start(WASM);
    status.textContent = "";
    follow(engine);
    addEventListener("hashchange", () => follow(engine));
    document.querySelector("[data-skip]").addEventListener("click", (event) => { event.preventDefault(); document.getElementById("content").focus(); });
    const redraw = () => current.actions.draw();
    addEventListener("resize", redraw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    takeFiles();
    document.getElementById("copy-link").addEventListener("click", async (event) => {
      const whole = current.actions.settle?.() ?? true, pressed = event.currentTarget;
      current.update();
      flushScene();
      try { await navigator.clipboard.writeText(location.href); pressed.textContent = whole ? "Copied" : "Copied, without the changes on the way"; } catch { pressed.textContent = "Copy the address bar"; }
      setTimeout(() => { pressed.textContent = "Copy link to this scene"; }, 2000);
    });
    document.body.dataset.ready = "yes";
  } catch (error) {
    status.className = "bad";
    status.textContent = "The engine did not start: " + error.message;
    throw error;
  }
}
