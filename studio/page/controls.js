// Controls that show and set a panel's settings. Each returns an element whose update() follows the settings.
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

let ids = 0;

// slider(panel, "lr_d", {label, low, high, step} or {label, values: [..]})
function slider(panel, key, { label, low, high, step, values, format = String }) {
  const id = "control-" + ++ids, output = element("output", { for: id });
  const range = element("input", values ? { id, type: "range", min: 0, max: values.length - 1, step: 1 } : { id, type: "range", min: low, max: high, step });
  range.addEventListener("input", () => panel.set(key, values ? values[range.valueAsNumber] : range.valueAsNumber));
  const node = element("div", { class: "control" }, element("label", { for: id }, label), range, output);
  node.key = key, node.allowed = values ? within(Math.min(...values), Math.max(...values)) : within(low, high, step);
  node.update = () => {
    const value = panel.settings[key];
    const place = values ? values.reduce((best, v, i) => (Math.abs(v - value) < Math.abs(values[best] - value) ? i : best), 0) : value;
    if (range.valueAsNumber !== place) range.value = place;
    output.textContent = format(value);
    range.setAttribute("aria-valuetext", format(value));
  };
  return node;
}

// choice(panel, "loss", {label, options: [[value, text], ..]})
function choice(panel, key, { label, options }) {
  const id = "control-" + ++ids;
  const select = element("select", { id }, ...options.map(([value, text]) => element("option", { value }, text)));
  select.addEventListener("change", () => panel.set(key, typeof panel.defaults[key] === "number" ? Number(select.value) : select.value));
  const node = element("div", { class: "control" }, element("label", { for: id }, label), select);
  node.key = key, node.allowed = oneOf(options.map(([value]) => value));
  node.update = () => { select.value = String(panel.settings[key]); };
  return node;
}

function button(text, act, attributes = {}) { return element("button", { type: "button", onclick: act, ...attributes }, text); }
