// The search over all sections (SECTIONS: search.js), the studio's panels, and keyboard access to what scrolls.
"use strict";
const field = document.getElementById("search"), found = document.getElementById("found");
const up = document.body.dataset.up;

// "Reparameterization" and "reparameterisation" are one word.
const plain = (words) => words.toLowerCase().replace(/iz(?=[aei]|\b)/g, "is");

// Every word must occur; a word in the title counts more than one in the text, most at its beginning (after the program's number).
const inTitle = (title, word) => title.replace(/^\d+ /, "").startsWith(word) ? 40 : title.includes(word) ? 20 : 0;
function search(query) {
  const words = plain(query).split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return [];
  const hits = [];
  SECTIONS.forEach(([title, address, text], place) => {
    const low = plain(title), all = low + " " + plain(text);
    if (!words.every((word) => all.includes(word))) return;
    const score = words.reduce((sum, word) => sum + inTitle(low, word) + Math.min(all.split(word).length - 1, 10), 0);
    hits.push({ title, address, text, score, place });
  });
  return hits.sort((a, b) => b.score - a.score || a.place - b.place).map((hit) => ({ ...hit, words }));
}

// About 120 letters around the first word that was found.
function around({ text, words }) {
  const low = plain(text), at = Math.max(0, low.indexOf(words.find((word) => low.includes(word)) || ""));
  const begin = at > 40 ? text.indexOf(" ", at - 40) + 1 : 0;
  return (begin > 0 ? "… " : "") + text.slice(begin, begin + 120).trim() + (text.length > begin + 120 ? " …" : "");
}

function show() {
  const hits = search(field.value);
  found.replaceChildren();
  found.hidden = field.value.trim() === "";
  const count = document.createElement("p");
  count.textContent = hits.length === 0 ? "Nothing found" : hits.length + (hits.length === 1 ? " section" : " sections");
  found.append(count);
  const list = document.createElement("ol");
  for (const hit of hits.slice(0, 20)) {
    const item = document.createElement("li"), link = document.createElement("a"), words = document.createElement("span");
    link.href = up + hit.address;
    link.textContent = hit.title;
    words.textContent = around(hit);
    item.append(link, words);
    list.append(item);
  }
  if (hits.length > 0) found.append(list);
}
function close() { field.value = ""; found.hidden = true; }

field.addEventListener("input", show);
field.form.addEventListener("submit", (event) => {
  event.preventDefault();
  const first = found.querySelector("a");
  if (first) { location.href = first.href; close(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
  if (event.key === "/" && !/^(input|textarea)$/i.test(event.target.tagName)) { event.preventDefault(); field.focus(); }
});
found.addEventListener("click", (event) => { if (event.target.closest("a")) setTimeout(close); });

// A panel of the studio is loaded when it is first opened.
for (const box of document.querySelectorAll("div.studio")) {
  box.querySelector("details").addEventListener("toggle", () => { box.querySelector("iframe").src = box.querySelector("a").href; }, { once: true });
}

function focusable() {
  for (const box of document.querySelectorAll(".scroll, pre, .display, :is(p, li, td):has(math)")) {
    if (box.scrollWidth > box.clientWidth + 1 || (box.matches("pre") && box.scrollHeight > box.clientHeight + 1)) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
focusable();
addEventListener("resize", focusable);
