// The lessons of lecture 4: their form, and the numbers of their examples.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "helpers.hpp"
#include "lesson.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

const LessonExamples* const tables[] = {&lesson_examples_1, &lesson_examples_2, &lesson_examples_3,
                                        &lesson_examples_4, &lesson_examples_5, &lesson_examples_6,
                                        &lesson_examples_7};

std::string many_words(int count) {
  std::string words;
  for (int i = 0; i < count; ++i) words += "word ";
  return words;
}

/// A section in the form of a lesson about program 04_kl.
std::string model_lesson() {
  const std::string filler = many_words(300);
  std::string all = "# Part 2\n\n## 04 The title\n\nMIT \"Title\". [04_kl](04_kl.cpp)\n\n";
  const std::vector<std::string> bodies = {
      filler,
      "An error of [`error_2d`](../figures.md#04_kl).",
      "$$\na = b\n$$",
      "Twice $x$.\n\n```example 04\ntwice(x = 1.5) = 3.00\nsum(x = 1 2; 3 4, y = 0.5) = 10.5\n```",
      "[`f`](../../../src/f.cpp#L3), [`A::g`](../../../src/f.cpp#L9)\n\nIt is short.",
      "`04_kl/sheet.png` is grey.",
      "Nothing.",
      "<details><summary>Why?</summary>\n\nBecause.\n\n</details>\n\n<details><summary>How?</"
      "summary>\n\nSo.\n\n"
      "</details>\n\n<details><summary>When?</summary>\n\nNow.\n\n</details>",
      "`make lecture4 ONLY=04 SEED=2`",
      "None."};
  for (std::size_t i = 0; i < bodies.size(); ++i)
    all += "### " + lesson_headings[i] + "\n\n" + bodies[i] + "\n\n";
  return all;
}

LessonPart model_part() {
  return {.programs = {{"04", "04_kl"}},
          .examples = {{"04", "twice(x)", [](const ExampleArguments& a) { return 2 * a.number("x"); }},
                       {"04", "sum(x, y)", [](const ExampleArguments& a) {
                          const Tensor x = a.matrix("x");
                          return x.at({0, 0}) + x.at({0, 1}) + x.at({1, 0}) + x.at({1, 1}) + a.number("y");
                        }}}};
}

/// The faults of the model after one change of its text, joined.
std::string faults_with(const std::string& what, const std::string& instead,
                        const LessonPart& part = model_part()) {
  std::string lesson = model_lesson(), all;
  const auto at = lesson.find(what);
  REQUIRE(at != lesson.npos);
  lesson.replace(at, what.size(), instead);
  for (const std::string& fault : lesson_faults(lesson, part)) all += fault + '\n';
  return all;
}

}  // namespace

TEST_CASE("lessons: form, and the numbers of the examples by hand") {
  const fs::path root = fs::path(GRADUS_SOURCE_DIR) / "lectures/lecture4";
  int parts = 0;
  for (const fs::directory_entry& folder : fs::directory_iterator(root)) {
    const std::string name = folder.path().filename().string();
    if (!folder.is_directory() || name[0] < '1' || name[0] > '7') continue;
    ++parts;
    const auto index = static_cast<std::size_t>(name[0] - '1');
    LessonPart part{.programs = {}, .examples = *tables[index]};
    for (const fs::directory_entry& file : fs::directory_iterator(folder.path())) {
      const std::string stem = file.path().stem().string();
      if (file.path().extension() == ".cpp") part.programs[stem.substr(0, 2)] = stem;
    }
    for (const std::string& fault : lesson_faults(slurp(folder.path() / "README.md"), part))
      FAIL_CHECK("lectures/lecture4/" << name << "/README.md:" << fault);
  }
  CHECK(parts == 7);
}

TEST_CASE("lessons: the sections of the studio's panels exist, and the panels have the settings") {
  const fs::path root = GRADUS_SOURCE_DIR;
  const auto studio = nlohmann::json::parse(slurp(root / "studio/studio.json"));
  int entries = 0;
  for (const auto& panel : studio["panels"]) {
    const std::string id = panel["id"], script = slurp(root / "studio/panels" / (id + ".js"));
    REQUIRE(panel["book"].is_array());
    for (const std::string entry : panel["book"]) {  // page.html#section?setting=value&setting=value
      CAPTURE(entry);
      const std::size_t html = entry.find(".html#"), mark = std::min(entry.find('?'), entry.size());
      REQUIRE(html != entry.npos);
      CHECK(fs::exists(root / "lectures/lecture4" / entry.substr(0, html) /
                       (entry.substr(html + 6, mark - html - 6) + ".cpp")));
      std::stringstream settings(entry.substr(std::min(mark + 1, entry.size())));
      for (std::string setting; std::getline(settings, setting, '&');)
        CHECK(contains(script, " " + setting.substr(0, setting.find('=')) + ": "));
      ++entries;
    }
  }
  CHECK(entries >= 8);
}

TEST_CASE("lesson_faults: a valid lesson has none, and each fault is named") {
  CHECK(faults_with("# Part 2", "# Part 2") == "");
  CHECK(contains(faults_with("= 3.00", "= 3.01"), "printed 3.01, the library computes 3"));
  CHECK(contains(faults_with("= 3.00", "= three"), "not of the form"));
  CHECK(contains(faults_with("x = 1.5", "y = 1.5"), "the table has no twice(y) of program 04"));
  CHECK(contains(faults_with("x = 1.5", "x = 1 5"), "x is not a single number"));
  CHECK(contains(faults_with("1 2; 3 4", "1 2; 3"), "rows of different lengths"));
  CHECK(contains(faults_with("1 2; 3 4", "1 2; 3 b"), "is no number"));
  CHECK(contains(faults_with("twice(x = 1.5) = 3.00\n", ""), "no example 04 uses twice(x)"));
  CHECK(contains(faults_with("```example 04", "```example 05"), "no fenced block `example 04`"));
  CHECK(contains(faults_with("= 10.5\n```", "= 10.5\n```\n\nMore."), "text behind the block"));
  CHECK(contains(faults_with("](04_kl.cpp)", "](05_more.cpp)"), "no link to 04_kl.cpp"));
  CHECK(contains(faults_with("### The idea", "### Idea"), "not the ten"));
  CHECK(contains(faults_with("Nothing.", ""), "'What goes wrong' is empty"));
  CHECK(contains(faults_with("$$\na = b\n$$", "$$ a = b $$"), "not alone on its line"));
  CHECK(contains(faults_with("$$\na = b\n$$", "a = b"), "no formula"));
  CHECK(contains(faults_with("a = b\n$$", "a = b"), "not closed"));
  CHECK(contains(faults_with("figures.md#04_kl", "figures.md#05_more"),
                 "is not the name of a figure of 04_kl"));
  CHECK(contains(faults_with("[`error_2d`]", "[31.2]"), "[31.2] is not the name"));
  CHECK(contains(faults_with("[`f`](../../../src/f.cpp#L3),", "In [`f`](../../../src/f.cpp#L3),"),
                 "links to symbols"));
  CHECK(contains(faults_with("It is short.", ""), "nothing is said about the code"));
  CHECK(contains(faults_with("`04_kl/sheet.png`", "It"), "names no picture"));
  CHECK(contains(faults_with("<summary>When?", "<summary>When"), "not three questions"));
  CHECK(contains(faults_with("ONLY=04", "ONLY=05"), "no command `make lecture4 ONLY=04"));
  CHECK(contains(faults_with(many_words(100), ""), "words instead of 300 to 800"));
  CHECK(contains(faults_with("word ", many_words(500)), "words instead of 300 to 800"));
  CHECK(contains(faults_with("## 04 The title", "## 06 The title"), "there is no program 06"));
  CHECK(contains(faults_with("## 04 The title", "## The title"), "not a program's number and a title"));
  LessonPart part = model_part();
  part.programs["05"] = "05_more";
  CHECK(contains(faults_with("Part", "Part", part), "05_more has no section"));
}
