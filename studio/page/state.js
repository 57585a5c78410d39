// The scene in the address: #gan?seed=3&loss=2. Only settings that differ from the panel's defaults are written.
function readScene() {
  const [panel, query = ""] = location.hash.slice(1).split("?");
  return { panel, settings: Object.fromEntries(new URLSearchParams(query)) };
}

// Browsers refuse an address that changes many times per second, so it is written a little later.
let pendingScene = "", sceneTimer = 0;
function writeScene(panel, settings, defaults) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(settings)) if (String(value) !== String(defaults[key])) query.set(key, value);
  pendingScene = "#" + panel + ([...query].length ? "?" + query : "");
  if (!sceneTimer) sceneTimer = setTimeout(flushScene, 400);
}
function flushScene() {
  clearTimeout(sceneTimer);
  sceneTimer = 0;
  try { if (pendingScene && pendingScene !== location.hash) history.replaceState(null, "", pendingScene); } catch { /* the next change writes it */ }
}

// The settings of a scene, in the types of the defaults: unknown names and words that are no numbers are ignored. `allowed[key]` returns
// the allowed value that is nearest to another one.
function settingsOf(scene, defaults, allowed) {
  const settings = { ...defaults };
  for (const [key, word] of Object.entries(scene)) {
    if (!Object.hasOwn(defaults, key)) continue;
    const value = typeof defaults[key] === "number" ? Number(word) : word;
    if (typeof value === "number" && (word.trim() === "" || !Number.isFinite(value))) continue;
    settings[key] = allowed[key] ? allowed[key](value) ?? defaults[key] : value;
  }
  return settings;
}
// Between low and high; with a step of 1, whole.
function within(low, high, step) { return (value) => Math.min(high, Math.max(low, step === 1 ? Math.round(value) : value)); }
// One of these words or numbers, else undefined.
function oneOf(values) { return (value) => values.find((one) => one === value); }
