// Converts the formulas of a JSON file, [[TeX, display], ...], to MathML with KaTeX; prints a JSON list, null for a formula with an
// error. The argument is the file. KaTeX is Debian's libjs-katex or an npm package.
const katex = require(["/usr/share/javascript/katex/katex.js", "/usr/share/nodejs/katex", "/usr/lib/node_modules/katex",
  "/usr/local/lib/node_modules/katex", "/opt/homebrew/lib/node_modules/katex", "katex"].find((place) => {
    try { require.resolve(place); return true; } catch { return false; }
  }) || "katex");

// Browsers ignore mathvariant (MathML Core): its letters have code points of their own.
const variants = {  // variant: [A, a, 0, alpha], 0 where it has none
  "bold": [0x1d400, 0x1d41a, 0x1d7ce, 0x1d6a8], "italic": [0x1d434, 0x1d44e, 0, 0x1d6e2],
  "bold-italic": [0x1d468, 0x1d482, 0, 0x1d71c], "script": [0x1d49c, 0x1d4b6, 0, 0], "fraktur": [0x1d504, 0x1d51e, 0, 0],
  "double-struck": [0x1d538, 0x1d552, 0x1d7d8, 0], "sans-serif": [0x1d5a0, 0x1d5ba, 0x1d7e2, 0], "monospace": [0x1d670, 0x1d68a, 0x1d7f6, 0]
};
// Letters that Unicode had before these blocks.
const older = { 0x1d455: 0x210e, 0x1d49d: 0x212c, 0x1d4a0: 0x2130, 0x1d4a1: 0x2131, 0x1d4a3: 0x210b, 0x1d4a4: 0x2110, 0x1d4a7: 0x2112,
  0x1d4a8: 0x2133, 0x1d4ad: 0x211b, 0x1d4ba: 0x212f, 0x1d4bc: 0x210a, 0x1d4c4: 0x2134, 0x1d506: 0x212d, 0x1d50b: 0x210c,
  0x1d50c: 0x2111, 0x1d515: 0x211c, 0x1d51d: 0x2128, 0x1d53a: 0x2102, 0x1d53f: 0x210d, 0x1d545: 0x2115, 0x1d547: 0x2119,
  0x1d548: 0x211a, 0x1d549: 0x211d, 0x1d551: 0x2124 };

function letter(c, [upper, lower, digit, greek]) {
  const code = c.codePointAt(0);
  const from = (start, base) => base ? base + code - start : code;
  let there = code;
  if (c >= "A" && c <= "Z") there = from(0x41, upper);
  else if (c >= "a" && c <= "z") there = from(0x61, lower);
  else if (c >= "0" && c <= "9") there = from(0x30, digit);
  else if (c >= "Α" && c <= "ω") there = code >= 0x3b1 ? (greek ? greek + 26 + code - 0x3b1 : code) : from(0x391, greek);
  return String.fromCodePoint(older[there] || there);
}

// Browsers draw no space beside the name of a function, and take every minus inside a row for a difference.
function spaced(math) {
  const space = '<mspace width="0.1667em"></mspace>', apply = "<mo>\u2061</mo>";
  return math.replace(new RegExp(`${apply}(?!<mo [^>]*>\\(|</mrow>)`, "g"), apply + space)
    .replace(new RegExp(`(</m[ni]>|</msu[bp]>|</msubsup>|</mfrac>|</mstyle>|\\)</mo>)(<mi[^>]*>\\w{2,}</mi>${apply})`, "g"), `$1${space}$2`)
    .replace(/(<mo[^>]*>(?:[([{=,|+<>≤≥→⋅−]|&[lg]t;)<\/mo>)<mo>−<\/mo>/g, '$1<mo form="prefix">−</mo>');
}

function converted([tex, display]) {
  try {
    const page = katex.renderToString(tex, { displayMode: display, output: "mathml", strict: "ignore" });
    const math = page.slice(page.indexOf("<math"), page.indexOf("</math>") + 7);
    return spaced(math).replace(/<(m[ino]|mtext) mathvariant="([a-z-]+)">([^<&]*)</g, (all, tag, variant, words) =>
      variants[variant] ? `<${tag}>${[...words].map((c) => letter(c, variants[variant])).join("")}<` : all);
  } catch { return null; }
}

console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).map(converted)));
