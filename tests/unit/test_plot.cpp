#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>

#include "gradus/base/check.hpp"
#include "gradus/io/draw.hpp"
#include "gradus/io/image.hpp"
#include "gradus/io/plot.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

bool no_gnuplot(const char* test) {
  const bool missing = std::system("gnuplot --version > /dev/null 2>&1") != 0;
  if (missing) std::cout << "SKIPPED: plot: " << test << ": no gnuplot\n";
  return missing;
}

/// The number of pixels near a colour.
Index pixels(const Tensor& image, Color color) {
  Index count = 0;
  for (Index i = 0; i < image.size(); i += 3)
    count += std::abs(image[i] - color.red) < 0.08 && std::abs(image[i + 1] - color.green) < 0.08 &&
             std::abs(image[i + 2] - color.blue) < 0.08;
  return count;
}

constexpr Color blue{0.122f, 0.467f, 0.706f}, orange{1, 0.498f, 0.055f};

}  // namespace

TEST_CASE("plot: curves have their colours, with axis numbers beside them") {
  if (no_gnuplot("curves")) return;
  const Folder folder;
  const fs::path png = folder.path / "new" / "it's $HOME \"x\".png";
  REQUIRE(Plot("Loss: it's \"under_way\"\n$x `date` \\")
              .x("epoch")
              .y("loss")
              .size(640, 480)
              .line("train", {1, 2, 3}, {3, 2, 1})
              .line("test, all", {1, 2, 3}, {3.5, 0.1, 1.0 / 3})
              .write(png));
  const Tensor image = read_image(png);
  CHECK(image.shape() == Shape{480, 640, 3});
  CHECK(pixels(image, colors::white) > 200000);
  CHECK(pixels(image, blue) > 300);
  CHECK(pixels(image, orange) > 300);
  CHECK(slurp(fs::path(png).replace_extension(".csv")) ==
        "epoch,train,\"test, all\"\n1,3,3.5\n2,2,0.1\n3,1,0.33333333333333331\n");
  CHECK(std::distance(fs::directory_iterator(folder.path / "new"), {}) == 2);  // no temporary file is left
}

TEST_CASE("plot: the legend hides no curve") {
  if (no_gnuplot("legend")) return;
  const Folder folder;
  const auto drawn = [&](std::vector<double> ys) {
    const fs::path png = folder.path / "curve.png";
    REQUIRE(Plot("Bound")
                .line("a name of ordinary length", {1, 2, 3, 4, 5}, std::move(ys))
                .line("", {1}, {1})
                .write(png));
    return pixels(read_image(png), blue);
  };
  const double falling = static_cast<double>(drawn({5, 4, 3, 2, 1})),
               rising = static_cast<double>(drawn({1, 2, 3, 4, 5}));
  CHECK(falling > 1000);
  CHECK(std::abs(rising - falling) < 0.03 * falling);

  const auto level = [&](double height, std::vector<double> other) {
    const fs::path png = folder.path / "level.png";
    REQUIRE(Plot("Bound")
                .line("a name of ordinary length", {1, 2, 3, 4, 5}, std::vector<double>(5, height))
                .line("another", {1, 2, 3, 4, 5}, std::move(other))
                .write(png));
    return static_cast<double>(pixels(read_image(png), blue));
  };
  const double middle = level(3, {1, 1, 1, 1, 5}), no_corner_free = level(5, {1, 1, 1, 1, 1});
  CHECK(std::abs(no_corner_free - middle) < 0.03 * middle);
}

TEST_CASE("plot: error bars are thin dark bars") {
  if (no_gnuplot("error bars")) return;
  const Folder folder;
  const fs::path png = folder.path / "ranges.png";
  const auto dark = [&](double half) {
    REQUIRE(Plot("")
                .y_range(0, 10)
                .ranges("", {1, 2, 3}, {5 - half, 5 - half, 5 - half}, {5 + half, 5 + half, 5 + half})
                .write(png));
    return pixels(read_image(png), Color{0.125f, 0.125f, 0.125f});
  };
  CHECK(dark(4) > dark(1) + 300);
  CHECK_THROWS_WITH_AS(Plot("t").ranges("r", {1, 2}, {1}, {2, 3}),
                       doctest::Contains("2 x, 1 lows and 2 highs"), Error);
}

TEST_CASE("plot: every kind of plot is drawn") {
  if (no_gnuplot("kinds")) return;
  const Folder folder;
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  Rng rng(1);
  const Tensor points = Tensor::randn({200, 2}, rng);
  std::vector<int> labels;
  for (int i = 0; i < 200; ++i) labels.push_back(i % 12);
  std::vector<std::pair<std::string, Plot>> plots;
  plots.emplace_back("classes", Plot("Classes").equal().scatter(points, labels, {"zero", "one"}));
  plots.emplace_back("overlay", Plot("Over")
                                    .scatter("all", {1, 2, nan}, {1, inf, 2})
                                    .crosses("mean", {1}, {1})
                                    .line("path", {1, 2}, {1, 2}));
  plots.emplace_back("log", Plot("Log")
                                .log_x()
                                .log_y()
                                .line_points("", {1, 10, 100}, {0, 1e-3, 1e3})
                                .reference("bound", {1, 100}, {1, 1}));
  plots.emplace_back("range",
                     Plot("Range").x_range(-1, 5).y_range(0, 1e-3).line("a", {0, 1, 2}, {nan, 5e-4, nan}));
  plots.emplace_back("bars",
                     Plot("Bars").bars("a", {"x", "it's"}, {1, nan}).bars("b", {"x", "it's"}, {-1, 4}));
  plots.emplace_back(
      "many", Plot("Many").bars("a", std::vector<std::string>(20, "label"), std::vector<double>(20, 3)));
  plots.emplace_back("flat", Plot("Flat").line("a", {1, 2}, {0, 0}));
  plots.emplace_back("one", Plot("One").scatter("a", {1}, {1}));
  plots.emplace_back("lost", Plot("Nothing finite").line("a", {1, 2}, {nan, nan}).line("b", {1, 2}, {1, 2}));
  for (const auto& one : plots) {
    const std::string& name = one.first;
    INFO(name);
    const fs::path png = folder.path / (name + ".png");
    REQUIRE(message([&] { CHECK(one.second.write(png)); }) == "");
    const Tensor image = read_image(png);
    CHECK(image.dim(1) >= 600);
    CHECK(pixels(image, colors::white) < image.size() / 3);
    CHECK(fs::file_size(folder.path / (name + ".csv")) > 4);
  }
  CHECK(
      contains(slurp(folder.path / "overlay.csv"), "series,x,y\nall,1,1\nall,2,inf\nall,nan,2\nmean,1,1\n"));
  CHECK(slurp(folder.path / "bars.csv") == "label,a,b\nx,1,-1\nit's,nan,4\n");
}

TEST_CASE("plot: without gnuplot the data are still written") {
  const Folder folder;
  const std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
  setenv("PATH", folder.path.c_str(), 1);
  bool drawn = true;
  const std::string said = [&] {
    const Heard heard;
    drawn = Plot("p").line("a", {1}, {2}).write(folder.path / "p.png");
    Plot("p").line("a", {1}, {2}).write(folder.path / "q.png");
    return heard.complaints();
  }();
  setenv("PATH", path.c_str(), 1);
  CHECK(!drawn);
  CHECK(!fs::exists(folder.path / "p.png"));
  CHECK(slurp(folder.path / "p.csv") == "x,a\n1,2\n");
  CHECK(fs::exists(folder.path / "q.csv"));
  CHECK(contains(said, "gnuplot is not installed"));
  CHECK(said.find('\n') == said.size() - 1);  // one message
}

TEST_CASE("plot: the user's ~/.gnuplot is not read") {
  if (no_gnuplot("settings")) return;
  const Folder folder;
  std::ofstream(folder / ".gnuplot") << "exit status 3\n";
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  setenv("HOME", folder.path.c_str(), 1);
  CHECK(std::system("echo | gnuplot > /dev/null 2>&1") != 0);  // other programs read it
  CHECK(Plot("p").line("a", {1, 2}, {2, 3}).write(folder / "p.png"));
  CHECK(fs::exists(folder / "p.png"));
  home.empty() ? unsetenv("HOME") : setenv("HOME", home.c_str(), 1);
}

TEST_CASE("plot: misuse gives errors") {
  const Folder folder;
  const fs::path png = folder.path / "p.png";
  CHECK(contains(message([&] { Plot("p").line("a", {1, 2}, {1}); }), "2 x and 1 y"));
  CHECK(contains(message([&] { Plot("p").scatter(Tensor::zeros({4, 3}), std::vector<int>(4)); }), "[4, 3]"));
  CHECK(contains(message([&] {
                   Plot("p").scatter(Tensor::zeros({4, 2}), std::vector<int>(3));
                 }),
                 "3 labels"));
  CHECK(contains(message([&] { Plot("p").bars("a", {"x"}, {1}).bars("b", {"y"}, {1}); }), "other labels"));
  CHECK(contains(message([&] { Plot("p").size(10, 10); }), "100 .. 8000"));
  CHECK(contains(message([&] { Plot("p").write(png); }), "nothing to plot"));
  CHECK(contains(message([&] { Plot("p").bars("a", {"x"}, {1}).line("b", {1}, {1}).write(png); }),
                 "bars cannot"));
  CHECK(contains(message([&] { Plot("p").line("b", {1}, {1}).write(folder.path / "p.jpg"); }), ".png"));
  CHECK(fs::is_empty(folder.path));
  std::ofstream(folder.path / "file") << "x";
  CHECK(contains(message([&] { Plot("p").line("b", {1}, {1}).write(folder.path / "file" / "p.png"); }),
                 "cannot write"));
}

TEST_CASE("plot: tables and columns") {
  const Folder folder;
  write_csv(folder.path / "t.csv", {"a", "b \"q\""}, {{1, 0.1}, {2, -3e-300}});
  const std::string words = slurp(folder.path / "t.csv");
  CHECK(words.substr(0, words.find('\n')) == "a,\"b \"\"q\"\"\"");
  CHECK(words == "a,\"b \"\"q\"\"\"\n1,2\n0.1,-3e-300\n");
  CHECK(contains(message([&] {
                   write_csv(folder.path / "u.csv", {"a", "b"}, {{1}, {1, 2}});
                 }),
                 "column \"b\" has 2"));
  CHECK(contains(message([&] { write_csv(folder.path / "u.csv", {"a"}, {}); }), "1 names for 0 columns"));
  CHECK(column(Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6}), 1) == std::vector<double>{2, 5});
  CHECK_THROWS_AS(column(Tensor::zeros({2, 3}), 3), Error);
}
