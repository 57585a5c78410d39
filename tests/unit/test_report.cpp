#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "gradus/base/check.hpp"
#include "gradus/io/image.hpp"
#include "gradus/io/sheet.hpp"
#include "helpers.hpp"
#include "support/program.hpp"

using namespace gradus;
using namespace gradus::lecture;
namespace fs = std::filesystem;

namespace {

const Lesson lesson{
    .name = "07_test", .title = "A \"title\"", .slide = "L4, a slide", .look = "Everything ends well."};

/// Calls run_program with these words as the command line, without the restart for the wait policy,
/// which would run all tests again.
int run(std::vector<std::string> words, const std::function<void(Program&)>& body) {
  setenv("GRADUS_RESTARTED", "1", 0);
  words.insert(words.begin(), "07_test");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return run_program(static_cast<int>(words.size()), argv.data(), lesson, body);
}

}  // namespace

TEST_CASE("report: a program's results are merged into summary.json, exactly and in order") {
  const Folder folder;
  fs::create_directories(folder.path);
  std::ofstream(folder.path / "summary.json") << R"({"04_pca": {"figures": {"z": 1.5, "a": 2}}})";
  Report report;
  report.title = "A \"title\"";
  report.slide = "a slide";
  report.look = "look";
  report.preset = "quick";
  report.dataset = "generated digits";
  report.seed = 18446744073709551615u;
  report.threads = 2;
  report.seconds = 1.25;
  report.headline = "5-D keeps 91 of 100";
  report.figures = {{"zeta", 0.1}, {"alpha", 31.23456789012345}, {"count", 65}};
  report.pictures = {{"07_test/b.png", "caption\n2"}, {"07_test/a.png", ""}};
  merge_report(folder.path, "07_test", report);
  CHECK(slurp(folder.path / "summary.json") == R"({
  "04_pca": {
    "figures": {
      "z": 1.5,
      "a": 2
    }
  },
  "07_test": {
    "title": "A \"title\"",
    "slide": "a slide",
    "look": "look",
    "preset": "quick",
    "seed": 18446744073709551615,
    "dataset": "generated digits",
    "threads": 2,
    "seconds": 1.25,
    "headline": "5-D keeps 91 of 100",
    "figures": {
      "zeta": 0.1,
      "alpha": 31.23456789012345,
      "count": 65.0
    },
    "pictures": [
      "07_test/b.png",
      "07_test/a.png"
    ],
    "captions": {
      "07_test/b.png": "caption\n2"
    }
  }
}
)");
  report.figures = {{"zeta", 2}};
  merge_report(folder.path, "07_test", report);
  const std::string again = slurp(folder.path / "summary.json");
  CHECK(contains(again, "04_pca"));
  CHECK(contains(again, "\"zeta\": 2.0"));
  CHECK(!contains(again, "alpha"));
}

TEST_CASE("report: a broken summary.json is set aside with a message") {
  for (const char* broken : {"", "{\"04_pca\": {", "[1, 2]", "\xff\xfe", "null"}) {
    const Folder folder;
    std::ofstream(folder.path / "summary.json") << broken;
    const Heard heard;
    merge_report(folder.path, "07_test", {});
    CHECK(slurp(folder.path / "summary.json.bad") == broken);
    CHECK(contains(slurp(folder.path / "summary.json"), "07_test"));
    CHECK(contains(heard.complaints(), "summary.json.bad"));
  }
}

TEST_CASE("report: programs that end at the same time do not lose each other's reports") {
  const Folder folder;
  constexpr int programs = 8, rounds = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < programs; ++p) {
    children.push_back(fork());
    if (children.back() == 0) {
      int failed = 0;
      try {
        for (int r = 0; r < rounds; ++r) {
          merge_report(folder.path, text("old", p), {});
          merge_report(folder.path, text("p", p, "_", r), {});
          forget_report(folder.path, text("old", p));
        }
      } catch (...) {
        failed = 1;
      }
      _exit(failed);
    }
  }
  for (const pid_t child : children) {
    int status = 1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  const std::string summary = slurp(folder.path / "summary.json");
  for (int p = 0; p < programs; ++p)
    for (int r = 0; r < rounds; ++r) CHECK(contains(summary, text("\"p", p, "_", r, "\"")));
  CHECK_FALSE(contains(summary, "old"));  // each keeps the others' new entries
  CHECK(!fs::exists(folder.path / "summary.json.bad"));
}

TEST_CASE("program: from the command line to summary.json") {
  const Folder folder;
  const Heard heard;
  const int code = run({"--out", folder.path.string(), "--preset", "tiny", "--seed", "5", "--data", "/none"},
                       [&](Program& program) {
                         CHECK(program.name() == "07_test");
                         CHECK(program.folder() == folder.path / "07_test");
                         CHECK(fs::is_directory(program.folder()));
                         CHECK(program.rng.seed() == 5);
                         const Split digits = program.digits({.train = 30, .test = 10});
                         CHECK(digits.train.size() == 30);
                         program.figure("error", 1.0);
                         program.figure("other", 2.0);
                         program.figure("error", 0.25);  // replaces the value
                         CHECK_THROWS_AS(program.figure("bad", std::nan("")), Error);
                         program.picture("grid", image_grid(digits.test.images), "ten digits");
                         program.csv("numbers", {"a"}, {{1, 2}});
                         program.headline("all is well");
                       });
  CHECK(code == 0);
  const std::string summary = slurp(folder.path / "summary.json");
  for (const char* part :
       {"\"preset\": \"tiny\"", "\"seed\": 5", "\"error\": 0.25", "\"07_test/grid.png\"", "ten digits",
        "all is well", "generated digits, 30 + 10 test", "Everything ends well."})
    CHECK_MESSAGE(contains(summary, part), std::string(part));
  CHECK(summary.find("error") < summary.find("other"));
  CHECK(slurp(folder.path / "07_test" / "numbers.csv") == "a\n1\n2\n");
  CHECK(fs::exists(folder.path / "07_test" / "grid.png"));
  for (const char* part : {"A \"title\"", "L4, a slide", "Everything ends well.",
                           "gradus: ", "generated digits", "error", "0.25", "grid.png", "all is well"})
    CHECK_MESSAGE(contains(heard.words(), part), std::string(part));
}

TEST_CASE("program: presets choose sizes, --epochs overrides them") {
  const Folder folder;
  const Heard heard;
  const auto chosen = [&](std::vector<std::string> words) {
    std::vector<Index> out;
    words.insert(words.end(), {"--out", folder.path.string()});
    CHECK(run(words, [&](Program& program) {
            Dataset large, small;  // epochs refer to 60000 examples
            large.images = Tensor({60000, 1}), small.images = Tensor({20000, 1});
            out = {program.pick<Index>(10, 100), program.pick<Index>(10, 100, 1),
                   program.epochs(large, 10, 100), program.epochs(small, 10, 100)};
          }) == 0);
    return out;
  };
  CHECK(chosen({}) == std::vector<Index>{10, 10, 10, 30});
  CHECK(chosen({"--preset", "full"}) == std::vector<Index>{100, 100, 100, 300});
  CHECK(chosen({"--preset", "tiny"}) == std::vector<Index>{10, 1, 1, 1});
  CHECK(chosen({"--preset", "full", "--epochs", "4"}) == std::vector<Index>{100, 100, 4, 4});
}

TEST_CASE("program: every outcome has its exit code and message") {
  const Folder folder;
  const std::vector<std::string> out = {"--out", folder.path.string()};
  {
    const Heard heard;
    CHECK(run(out, [](Program&) { throw Error("linear: x [2, 3] does not fit"); }) == 1);
    CHECK(heard.complaints() == "07_test: linear: x [2, 3] does not fit\n");
    CHECK(!fs::exists(folder.path / "summary.json"));
  }
  {
    const Heard heard;
    CHECK(run(out, [](Program&) { throw std::bad_alloc(); }) == 1);
    CHECK(run(out, [](Program&) { throw 7; }) == 1);
    CHECK(contains(heard.complaints(), "unknown type"));
  }
  {
    const Heard heard;
    bool ran = false;
    CHECK(run({"--preset", "slow"}, [&](Program&) { ran = true; }) == 2);
    CHECK(!ran);
    CHECK(contains(heard.complaints(), "--preset"));
    CHECK(heard.words().empty());
  }
  {
    const Heard heard;
    CHECK(run({"--help"}, [](Program&) {}) == 0);
    CHECK(contains(heard.words(), "--resume"));
  }
  {
    std::ofstream(folder.path / "file") << "x";
    const Heard heard;
    CHECK(run({"--out", (folder.path / "file").string()}, [](Program&) {}) == 1);
    CHECK(contains(heard.complaints(), "cannot be created"));
  }
}
