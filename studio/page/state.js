// The scene in the address: #gan?seed=3&loss=2. Only settings that differ from the panel's defaults are written.
function readScene() {
  const [panel, query = ""] = location.hash.slice(1).split("?");
  return { panel, settings: Object.fromEntries(new URLSearchParams(query)) };
}

function writeScene(panel, settings, defaults) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(settings)) if (String(value) !== String(defaults[key])) query.set(key, value);
  const hash = "#" + panel + (query.size ?? [...query].length ? "?" + query : "");
  if (hash !== location.hash) history.replaceState(null, "", hash);
}

// The settings of a scene, in the types of the defaults: unknown names and words that are no numbers are ignored.
function settingsOf(scene, defaults) {
  const settings = { ...defaults };
  for (const [key, word] of Object.entries(scene)) {
    if (!(key in defaults)) continue;
    if (typeof defaults[key] !== "number") settings[key] = word;
    else if (word.trim() !== "" && Number.isFinite(Number(word))) settings[key] = Number(word);
  }
  return settings;
}
