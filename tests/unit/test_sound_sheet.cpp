// Pictures of sounds, and the sounds of a lecture program.
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numbers>

#include "gradus/io/image.hpp"
#include "helpers.hpp"
#include "support/program.hpp"
#include "support/sound_sheet.hpp"

using namespace gradus;
using namespace gradus::lecture;

namespace {

Sound tone(double frequency, Index length, Real loudness) {
  Tensor x({length});
  for (Index t = 0; t < length; ++t)
    x[t] = loudness *
           static_cast<Real>(std::sin(2 * std::numbers::pi * frequency * static_cast<double>(t) / 8000));
  return {x, 8000};
}

Real brightness(const Tensor& image, Index row, Index column) {
  return image.at({row, column, 0}) + image.at({row, column, 1}) + image.at({row, column, 2});
}

}  // namespace

TEST_CASE("spectrogram_picture: time to the right, low frequencies at the bottom, bright is loud") {
  Tensor s = Tensor::zeros({4, 8});
  s.at({1, 2}) = 1;
  s.at({1, 6}) = Real(0.5);
  const Tensor image = spectrogram_picture(s, 8, 4);
  CHECK(image.shape() == Shape{8, 4, 3});
  for (Index i = 0; i < 8; ++i)
    for (Index j = 0; j < 4; ++j) {
      if (i == 5 && j == 1)
        CHECK(brightness(image, i, j) > 2.4);
      else if (i == 1 && j == 1)
        CHECK(brightness(image, i, j) == doctest::Approx(0.73 + 0.21 + 0.33).epsilon(0.01));
      else
        CHECK(brightness(image, i, j) < 0.2);
    }
  CHECK(contains(message([] { spectrogram_picture(Tensor::zeros({3}), 2, 2); }), "[3]"));
  CHECK(contains(message([&] { spectrogram_picture(s, 0, 2); }), "0 x 2"));
}

TEST_CASE("waveform_picture: every column shows the range of its samples") {
  Sound sound{Tensor::zeros({100}), 8000};
  sound.samples[55] = 1;
  sound.samples[56] = Real(-0.5);
  const Tensor image = waveform_picture(sound, 101, 10);
  const auto blue = [&](Index row, Index column) {
    return image.at({row, column, 2}) > 2 * image.at({row, column, 0});
  };
  for (Index column = 0; column < 10; ++column)
    for (Index row = 0; row < 101; ++row) CHECK(blue(row, column) == (column == 5 ? row <= 75 : row == 50));
  CHECK(waveform_picture({Tensor::full({3}, 5), 8000}, 10, 40).shape() == Shape{10, 40, 3});  // clipped
  CHECK(contains(message([] { waveform_picture({Tensor(), 8000}, 10, 10); }), "waveform_picture"));
}

TEST_CASE("sound_sheet: the slide's order, further sounds below the second") {
  const NamedSound a{"A", tone(500, 3000, 1)}, b{"B", tone(3000, 3000, Real(0.5))};
  const Tensor one = sound_sheet({a}), two = sound_sheet({a, b}), three = sound_sheet({a, b, a});
  CHECK(two.dim(0) == one.dim(0));
  CHECK(two.dim(1) > 2 * one.dim(1));
  CHECK(three.dim(1) == two.dim(1));
  CHECK(three.dim(0) > 2 * one.dim(0));
  for (Index row = 0; row < one.dim(0); ++row)  // A is at the left of all three
    for (Index column = 0; column < one.dim(1); ++column)
      CHECK(brightness(one, row, column) == brightness(two, row, column));
  // the two spectrograms are in the middle: 500 Hz is bright at the bottom of A, 3000 Hz near the top of B
  const Index left = one.dim(1) - 100, right = two.dim(1) - one.dim(1) + 100, bottom = two.dim(0);
  CHECK(brightness(two, bottom - 25, left) > 2);
  CHECK(brightness(two, bottom - 150, left) < 0.5);
  CHECK(brightness(two, bottom - 25, right) < 0.5);
  CHECK(brightness(two, bottom - 150, right) > 1.5);
  CHECK(contains(message([] { sound_sheet({}); }), "no sounds"));
}

TEST_CASE("a program's sounds are written beside their picture and reported") {
  const Folder folder;
  setenv("GRADUS_RESTARTED", "1", 0);
  std::string out = "--out=" + folder.path.string(), name = "07_test";
  std::vector<char*> argv = {name.data(), out.data(), nullptr};
  const auto body = [](Program& program) {
    program.sound("pair", {{"A & B", tone(500, 900, 1)}, {"B", tone(700, 800, 1)}}, "two tones");
    program.picture("dot", Tensor::zeros({2, 2, 1}), "");
  };
  REQUIRE(run_program(2, argv.data(), {.name = "07_test", .title = "t"}, body) == 0);
  const Sound second = read_wav(folder / "07_test/pair_2.wav");
  CHECK(second.rate == 8000);
  CHECK(second.samples.size() == 800);
  CHECK(read_wav(folder / "07_test/pair_1.wav").samples.size() == 900);
  CHECK(read_image(folder / "07_test/pair.png").dim(2) == 3);
  const auto report = nlohmann::json::parse(slurp(folder / "summary.json"))["07_test"];
  CHECK(report["pictures"] == nlohmann::json({"07_test/pair.png", "07_test/dot.png"}));
  CHECK(report["sounds"].size() == 1);
  CHECK(report["sounds"]["07_test/pair.png"].dump() ==
        R"([{"file":"07_test/pair_1.wav","name":"A & B"},{"file":"07_test/pair_2.wav","name":"B"}])");
}
