// Which one is generated? Pairs of digits, one real and one not, as a sheet and as a game in the browser.
//
// 6.S191 L4, "Which face is fake?"
#include <cmath>

#include "dcgan.hpp"
#include "page.hpp"

using namespace gradus;

/// Pictures 2i and 2i + 1 are a pair of one class; `fake` says which of the two is generated.
struct Pairs {
  Tensor pictures;        ///< [2 n, 28, 28, 1]
  std::vector<int> fake;  ///< n times 0 or 1
};

/// Every generated picture, as it comes, beside a real one that the judge takes for the same digit. Throws
/// Error when there are too few real ones of a class.
Pairs make_pairs(Judge& judge, const Tensor& generated, const Tensor& real, Rng& chance) {
  const std::vector<int> wanted = judge.classify(generated), there = judge.classify(real);
  Pairs out{Tensor({2 * generated.dim(0), 28, 28, 1}), {}};
  std::vector<bool> used(there.size());
  for (Index i = 0; i < generated.dim(0); ++i) {
    std::size_t match = 0;
    while (match < there.size() && (used[match] || there[match] != wanted[std::size_t(i)])) ++match;
    GRADUS_CHECK(match < there.size(), "make_pairs: no real ", wanted[std::size_t(i)], " is left among ",
                 there.size());
    used[match] = true;
    out.fake.push_back(static_cast<int>(chance.below(2)));
    out.pictures.row(2 * i + out.fake.back()).copy_from(generated.row(i));
    out.pictures.row(2 * i + 1 - out.fake.back()).copy_from(real.row(static_cast<Index>(match)));
  }
  return out;
}

/// Five pairs a row, a gap between pairs; with answers, the generated one in a red frame.
Tensor sheet(const Pairs& pairs, bool answers) {
  std::vector<Tensor> columns;
  const auto n = static_cast<Index>(pairs.fake.size());
  for (Index c = 0; c < std::min<Index>(5, n); ++c) {
    std::vector<Index> chosen;
    std::vector<CellFrame> frames;
    for (Index i = c; i < n; i += 5) {
      const Index cell = static_cast<Index>(chosen.size());
      if (answers) frames.push_back({cell + pairs.fake[std::size_t(i)], colors::red});
      chosen.insert(chosen.end(), {2 * i, 2 * i + 1});
    }
    columns.push_back(
        image_grid(pairs.pictures.gather(chosen), {.columns = 2, .scale = 3, .frames = frames}));
  }
  return hstack(columns, 18);
}

constexpr const char* game = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Fake or real?</title>
<style>
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #22252b; --soft: #666b75; --card: #fff; --line: #dedbd3;
  --good: #2c6e49; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e4e2dc; --soft: #9a9fa8; --card: #1e2126;
  --line: #33373e; --good: #74c69d; --bad: #ff8a80; } }
body { margin: 0 auto; max-width: 68rem; padding: 0 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.5 Georgia, "DejaVu Serif", serif; }
header { position: sticky; top: 0; background: var(--paper); padding: 1rem 0 .75rem; border-bottom: 1px solid var(--line);
  z-index: 1; }
h1 { font-size: 1.6rem; font-weight: normal; margin: 0; }
p { margin: .2rem 0; } .soft { color: var(--soft); font-size: .9rem; }
#pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(15.5rem, 1fr)); gap: 1rem; margin-top: 1.25rem; }
.pair { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .75rem; text-align: center; }
.pair div { display: flex; justify-content: center; gap: .5rem; }
button { width: 112px; height: 112px; padding: 0; border: 0; outline: 4px solid transparent; cursor: pointer;
  background: #000 url(data:image/png;base64,@DIGITS@); background-size: 112px auto; image-rendering: pixelated; }
button:hover, button:focus-visible { outline-color: var(--soft); }
.done button { cursor: default; } .done .real { outline-color: var(--good); } .done .fake { outline-color: var(--bad); }
.pair p { min-height: 1.5em; font-size: .9rem; margin-top: .6rem; }
.right { color: var(--good); } .wrong { color: var(--bad); }
</style>
</head>
<body>
<header>
<h1>Fake or real?</h1>
<p>In each pair, one digit was written by a person and one made by a generator. Click the <b>generated</b> one.</p>
<p id="score" aria-live="polite"></p>
</header>
<div id="pairs"></div>
<p class="soft">The generated digits were not chosen: they are the first ones that came, each beside a real one of the same
class. A program that looks for the nearest neighbour in a classifier's features is right about @MACHINE@ % of all digits,
real and generated; guessing is right about 50 %.</p>
<script>
const fake = @FAKE@, tile = 112;
const words = [["yes, the left one", "yes, the right one"], ["no, the left one", "no, the right one"]];
let answered = 0, found = 0;
const score = document.getElementById("score");
const tell = () => {
  score.textContent = answered === 0 ? fake.length + " pairs" :
    found + " found of " + answered + ", " + Math.round(100 * found / answered) + " %" +
    (answered < fake.length ? "; " + (fake.length - answered) + " to go" : ". That was all: reload to begin again.");
};
fake.forEach((which, i) => {
  const card = document.createElement("div"), row = document.createElement("div"), verdict = document.createElement("p");
  card.className = "pair";
  for (let side = 0; side < 2; ++side) {
    const button = document.createElement("button"), cell = 2 * i + side;
    button.className = side === which ? "fake" : "real";
    button.setAttribute("aria-label", "pair " + (i + 1) + ", " + (side ? "right" : "left") + " digit");
    button.style.backgroundPosition = "0 " + -tile * cell + "px";
    button.onclick = () => {
      if (card.classList.contains("done")) return;
      card.classList.add("done");
      ++answered;
      const right = side === which;
      found += right;
      verdict.textContent = words[right ? 0 : 1][which];
      verdict.className = right ? "right" : "wrong";
      tell();
    };
    row.append(button);
  }
  card.append(row, verdict);
  document.getElementById("pairs").append(card);
});
tell();
</script>
</body>
</html>
)html";

std::string filled(std::string page, const std::string& name, const std::string& value) {
  const std::string place = "@" + name + "@";
  const std::size_t begin = page.find(place);
  GRADUS_CHECK(begin != page.npos, "filled: the page has no place ", place);
  return page.replace(begin, place.size(), value);
}

/// The game, with all digits in one picture inside the page, one below the other.
std::string game_page(Program& program, const Pairs& pairs, double machine) {
  const std::filesystem::path column = program.folder() / "column.png";
  write_png(column, pairs.pictures.reshape({pairs.pictures.dim(0) * 28, 28, 1}));
  std::string fake;
  for (const int which : pairs.fake) fake += (fake.empty() ? "[" : ",") + std::to_string(which);
  std::string page = filled(game, "DIGITS", page::base64(page::slurp(column)));
  std::filesystem::remove(column);
  page = filled(page, "MACHINE", std::to_string(std::lround(100 * machine)));
  return filled(page, "FAKE", fake + "]");
}

void fake_or_real(Program& program) {
  const Split digits =
      program.digits({.train = program.pick<Index>(0, 0, 600), .test = program.pick<Index>(0, 0, 300)});
  Judge judge(program, digits.train);
  Dcgan gan(program, "dcgan", dcgan_recipe(program));
  load_or_train(program, gan, digits.train);
  Rng chance = program.rng.split("pairs");
  const auto [held_out, others] = halves(digits.test);
  const Index count = std::min(program.pick<Index>(2000, 4000, 200), others.size());
  const Tensor generated = gan.pictures(gan.noise(count, {}, chance));
  const Tensor real = held_out.take(count).images;
  program.figure("machine_finds", neighbour_test(judge.features(real), judge.features(generated)));
  program.figure("machine_finds_real_and_real",
                 neighbour_test(judge.features(real), judge.features(others.take(count).images)));
  const Pairs pairs = make_pairs(judge, generated.rows(0, program.pick<Index>(20, 20, 4)), real, chance);
  program.figure("pairs", static_cast<double>(pairs.fake.size()));
  program.page("game", game_page(program, pairs, program.figure("machine_finds")),
               "Play: which digit of a pair is generated?");
  program.picture("pairs", sheet(pairs, false), "One of each pair is generated: which?");
  program.picture("answers", sheet(pairs, true), "The generated ones, in red");
  program.headline(text("a nearest neighbour tells real from generated in ",
                        std::round(100 * program.figure("machine_finds")), " % of cases (real from real: ",
                        std::round(100 * program.figure("machine_finds_real_and_real")), " %); and you?"));
}

int main(int argc, char** argv) {
  return run_program(
      argc, argv,
      {.name = "23_fake_or_real",
       .title = "Fake or real?",
       .slide = "6.S191 L4, \"Which face is fake?\"",
       .look = "The game first, then the answers. What gives a generated digit away is seldom its "
               "strokes' edges and mostly their order: a stroke that leads nowhere, a digit that is none."},
      fake_or_real);
}
