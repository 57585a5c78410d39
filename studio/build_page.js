// Writes the page, one file, from the parts: page/ (frame, style, shared scripts), panels/*.html and *.js, the compiled engine,
// weights, excerpts of the sources, and formulas as MathML.
//
//   node studio/build_page.js <folder of engine.js> <lecture results> <page> [exercise files, separated by ;]
//   node studio/build_page.js --missing <lecture results>      prints the numbers of the programs whose weights are missing
"use strict";
const fs = require("fs"), path = require("path"), zlib = require("zlib"), os = require("os");
const { execFileSync } = require("child_process");

const root = path.dirname(__dirname), here = (...parts) => path.join(__dirname, ...parts);
const read = (...parts) => fs.readFileSync(path.join(...parts), "utf8");
const studio = JSON.parse(read(here("studio.json")));
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
// `value` takes the place of @NAME@; a function, so that "$&" in it has no meaning.
const filled = (page, name, value) => page.replace(`@${name}@`, () => value);
// Deflated, in base64. Rounded weights hardly repeat: Huffman codes alone are shorter there.
const { Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY } = zlib.constants;
const packed = (bytes) => [Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY].map((strategy) => zlib.deflateRawSync(bytes, { level: 9, strategy }))
  .reduce((a, b) => (a.length < b.length ? a : b)).toString("base64");
const weightFile = (results, { program, file }) => path.join(results, program, file + ".safetensors");

function fail(message) {
  console.error("studio: " + message);
  process.exit(1);
}

// ---- formulas: $$...$$ in a panel's HTML becomes MathML, by the book's script --------------------------------------
function withFormulas(html) {
  const found = [...html.matchAll(/\$\$([^$]+)\$\$/g)].map((match) => match[1].trim());
  if (found.length === 0) return html;
  const input = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "studio-")), "formulas.json");
  fs.writeFileSync(input, JSON.stringify(found.map((tex) => [tex, true])));
  const mathml = JSON.parse(execFileSync(process.execPath, ["-e", read(root, "lectures/runner/formulas.js"), input]));
  fs.rmSync(path.dirname(input), { recursive: true });
  let place = 0;
  return html.replace(/\$\$([^$]+)\$\$/g, (all, tex) => mathml[place++] ?? `<code>${escaped(tex.trim())}</code>`);
}

// ---- sources: the lines of a function, from the student's file when it is in the page -----------------------------
// A student's copy has the exercise file in place of the solution.
function exerciseFile(file) {
  const folders = fs.readdirSync(path.join(root, "exercises")).map((name) => path.join("exercises", name, path.basename(file)));
  return folders.find((name) => fs.existsSync(path.join(root, name))) ?? fail(`${file}: there is no such file (studio.json)`);
}

function excerpt([file, symbol], mine) {
  const own = mine.find((name) => path.basename(name) === path.basename(file));
  const shown = own ? path.relative(root, path.resolve(root, own)) : fs.existsSync(path.join(root, file)) ? file : exerciseFile(file);
  const lines = read(root, shown).split("\n");
  const first = lines.findIndex((line) => /^\S/.test(line) && !line.startsWith("//") && new RegExp(`\\b${symbol}\\(`).test(line));
  if (first < 0) fail(`${shown}: there is no function ${symbol} (studio.json)`);
  const last = lines.findIndex((line, i) => i > first && line.startsWith("}"));
  const code = lines.slice(first, last + 1).filter((line) => own || !/^\s*\/\/ \[.*\]$/.test(line)).join("\n");
  return `<details><summary>${escaped(`${shown}:${first + 1}  ${symbol}`)}${own ? " (yours)" : ""}</summary><pre><code>${escaped(code)}</code></pre></details>`;
}

function panelHtml(panel, results, mine, out) {
  const html = withFormulas(read(here("panels", panel.id + ".html")));
  const [file, section] = panel.book[0].split("#"), page = path.join(results, file);
  const book = fs.existsSync(page) ? `<a href="${escaped(path.relative(path.dirname(out), page) + "#" + section)}">The section of the book</a>` : "";
  return `<article id="panel-${panel.id}" aria-labelledby="title-${panel.id}" hidden>
<h1 id="title-${panel.id}">${escaped(panel.title)}</h1>
${html}
<div class="sources">${panel.sources.map((source) => excerpt(source, mine)).join("\n")}</div>
<p class="meta">${book}</p>
</article>
`;
}

// ---- weights: rows of matrices rounded to 2^bits - 1 levels --------------------------------------------------------
function readTensors(file, prefix) {
  const bytes = fs.readFileSync(file), length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  const tensors = Object.entries(header).filter(([name]) => new RegExp("^" + prefix).test(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (tensors.length === 0) fail(`${file}: no tensor's name begins with ${prefix}`);
  return {
    notes: header.__metadata__ || {},
    tensors: tensors.map(([name, { shape, data_offsets: [begin, end] }]) => ({
      name, shape, values: new Float32Array(bytes.buffer.slice(bytes.byteOffset + 8 + length + begin, bytes.byteOffset + 8 + length + end)),
    })),
  };
}

function packedWeights(results, entry) {
  const file = weightFile(results, entry), { tensors, notes } = readTensors(file, entry.prefix);
  const codes = [], described = [];
  for (const { name, shape, values } of tensors) {
    const top = shape.length > 1 ? 2 ** (entry.bits - 1) - 1 : 127;  // biases are few: 8 bits
    const rows = shape.length > 1 ? shape[0] : 1, width = values.length / rows, steps = [];
    for (let row = 0; row < rows; ++row) {
      const part = values.subarray(row * width, (row + 1) * width);
      const step = Number((Math.max(...part.map(Math.abs), 1e-12) / top).toPrecision(5));
      steps.push(step);
      for (const value of part) codes.push(Math.round(value / step));
    }
    described.push({ name, shape, steps });
  }
  return { title: entry.title, bits: entry.bits, activation: entry.activation, size: entry.size, source: `${entry.program}/${entry.file}.safetensors`,
    data_note: (notes["data of loader"] || "").replace(/, \d+ batches$/, ""), tensors: described, data: packed(Int8Array.from(codes)) };
}

// ---- the page -------------------------------------------------------------------------------------------------------
function build(engine, results, out, mine) {
  const weights = {};
  for (const entry of studio.weights) weights[entry.id] = packedWeights(results, entry);
  const shared = ["engine", "weights", "state", "draw", "controls", "loop", "shell"].map((name) => read(here("page", name + ".js")));
  const panels = studio.panels.map(({ id }) => `{\n${read(here("panels", id + ".js"))}}\n`);
  const script = [
    '"use strict";', read(engine, "engine.js"),
    `const WASM = "${packed(fs.readFileSync(path.join(engine, "engine.wasm")))}";`,
    `const WEIGHTS = ${JSON.stringify(weights)};`,
    `const MINE = ${JSON.stringify(mine)};`,
    ...shared, ...panels, "begin();",
  ].join("\n").replace(/<\/script/g, "<\\/script");
  let page = read(here("page", "page.html"));
  page = filled(page, "STYLE", read(here("page", "page.css")));
  page = filled(page, "NAV", studio.panels.map(({ id, number, title }) => `<a href="#${id}">${number} ${escaped(title)}</a>`).join("\n") + "\n");
  page = filled(page, "PANELS", studio.panels.map((panel) => panelHtml(panel, results, mine, out)).join(""));
  page = filled(page, "SCRIPT", script);
  fs.mkdirSync(path.dirname(out), { recursive: true });
  fs.writeFileSync(out + ".new", page);
  fs.renameSync(out + ".new", out);
  console.log(`${out}: ${(page.length / 1e6).toFixed(2)} MB, gzipped ${(zlib.gzipSync(page, { level: 9 }).length / 1e6).toFixed(2)} MB`);
}

const words = process.argv.slice(2);
if (words[0] === "--missing") {
  const missing = studio.weights.filter((entry) => !fs.existsSync(weightFile(words[1], entry)));
  console.log([...new Set(missing.map(({ program }) => program.slice(0, 2)))].join(","));
} else if (words.length >= 3) {
  build(words[0], words[1], words[2], (words[3] || "").split(";").filter(Boolean));
} else {
  fail("usage: build_page.js <folder of engine.js> <lecture results> <page> [exercise files]");
}
