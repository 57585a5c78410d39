// Animations: written files are read back with giflib's decoder and compared pixel by pixel.
#include <gif_lib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/io/animation.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

// A GIF as seen by a player.
struct Film {
  int width = 0, height = 0, repeats = -1, written = 0, kept = 0;  // pixels in the file; of them transparent
  std::vector<int> delays;                                         // hundredths of a second
  std::vector<std::vector<GifByteType>> rgb;                       // one per frame

  explicit Film(const fs::path& path) {
    int code = 0;
    GifFileType* gif = DGifOpenFileName(path.c_str(), &code);
    REQUIRE(gif);
    REQUIRE(DGifSlurp(gif) == GIF_OK);
    width = gif->SWidth;
    height = gif->SHeight;
    std::vector<GifByteType> pixels(static_cast<std::size_t>(3 * width * height));
    for (int i = 0; i < gif->ImageCount; ++i) {
      const SavedImage& image = gif->SavedImages[i];
      GraphicsControlBlock control{};
      REQUIRE(DGifSavedExtensionToGCB(gif, i, &control) == GIF_OK);
      delays.push_back(control.DelayTime);
      CHECK(control.DisposalMode == DISPOSE_DO_NOT);
      const GifImageDesc& box = image.ImageDesc;
      written += box.Width * box.Height;
      if (i == 0) CHECK((box.Width == width && box.Height == height));
      for (int p = 0; p < box.Width * box.Height; ++p) {
        if (image.RasterBits[p] == control.TransparentColor) {
          ++kept;
          continue;
        }
        const GifColorType& color = gif->SColorMap->Colors[image.RasterBits[p]];
        const int at = (box.Top + p / box.Width) * width + box.Left + p % box.Width;
        const std::array<GifByteType, 3> values = {color.Red, color.Green, color.Blue};
        std::copy(values.begin(), values.end(), pixels.begin() + 3 * at);
      }
      rgb.push_back(pixels);
      for (int e = 0; e < image.ExtensionBlockCount; ++e) {
        const ExtensionBlock& block = image.ExtensionBlocks[e];
        if (block.Function == CONTINUE_EXT_FUNC_CODE && block.ByteCount == 3)
          repeats = block.Bytes[1] + 256 * block.Bytes[2];
      }
    }
    DGifCloseFile(gif, &code);
  }
};

GifByteType byte_of(Real value) {
  return static_cast<GifByteType>(std::lround(std::min(std::max(value, Real(0)), Real(1)) * 255));
}

}  // namespace

TEST_CASE("write_gif: a grey animation keeps every grey level, delays and repeats") {
  const Folder folder;
  const fs::path path = folder.path / "grey.gif";
  Tensor frames({5, 16, 24, 1});
  for (Index i = 0; i < frames.size(); ++i) frames[i] = static_cast<Real>(i % 256) / 255;
  frames[0] = -1;
  frames[1] = 2;
  write_gif(path, frames, {.frames_per_second = 25, .scale = 2, .repeats = 3});
  const Film film(path);
  CHECK(film.width == 48);
  CHECK(film.height == 32);
  CHECK(film.repeats == 3);
  REQUIRE(film.rgb.size() == 5);
  for (std::size_t n = 0; n < 5; ++n) {
    CHECK(film.delays[n] == 4);
    for (int i = 0; i < 32; ++i)
      for (int j = 0; j < 48; ++j) {
        const GifByteType* pixel = &film.rgb[n][static_cast<std::size_t>(3 * (i * 48 + j))];
        const GifByteType wanted = byte_of(frames.at({static_cast<Index>(n), i / 2, j / 2, 0}));
        CHECK_UNARY(pixel[0] == wanted && pixel[1] == wanted && pixel[2] == wanted);
      }
  }
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) ==
        1);  // no temporary file
}

TEST_CASE("write_gif: back and forth, images one by one, repeated for ever") {
  const Folder folder;
  const fs::path path = folder.path / "frames.gif";
  std::vector<Tensor> frames;
  for (int i = 0; i < 4; ++i) frames.push_back(Tensor::full({3, 3}, static_cast<Real>(i) / 5));
  write_gif(path, frames, {.back_and_forth = true});
  const Film film(path);
  REQUIRE(film.rgb.size() == 6);
  const int order[] = {0, 1, 2, 3, 2, 1};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(film.rgb[i][0] == 51 * order[i]);
    CHECK(film.delays[i] == 10);
  }
  CHECK(film.repeats == 0);
  write_gif(path, std::vector<Tensor>{frames[0]},
            {.back_and_forth = true});  // replaces the file; one frame is an animation
  CHECK(Film(path).rgb.size() == 1);
}

TEST_CASE("write_gif: only what changes is written") {
  const Folder folder;
  const fs::path path = folder.path / "dot.gif";
  Tensor frames = Tensor::zeros({3, 8, 8, 1});
  for (const Index j : {2, 3, 5})
    frames.at({1, 3, j, 0}) = Real(j % 3 ? 1 : 0.2);  // a row of four, one stays
  for (Index j = 2; j < 6; ++j) frames.at({2, 3, j, 0}) = frames.at({1, 3, j, 0});
  write_gif(path, frames, {.scale = 2});
  const Film film(path);
  REQUIRE(film.rgb.size() == 3);
  CHECK(film.written == 16 * 16 + 8 * 2 + 2 * 2);  // all, the row, one pixel for no change
  CHECK(film.kept == 4 + 4);                       // the pixel of the row that stays, and the last one
  CHECK(film.rgb[1][3 * (6 * 16 + 4)] == 255);
  CHECK(film.rgb[1][3 * (6 * 16 + 3)] == 0);
  CHECK(film.rgb[2] == film.rgb[1]);
}

TEST_CASE("write_gif: up to 256 colours are exact, more are approximated") {
  const Folder folder;
  const fs::path path = folder.path / "color.gif";
  Tensor few({2, 8, 16, 3});
  for (Index i = 0; i < few.size() / 3; ++i) {
    few[3 * i] = static_cast<Real>(i % 256) / 255;
    few[3 * i + 1] = static_cast<Real>((i * 7) % 256) / 255;
    few[3 * i + 2] = 1 - few[3 * i];
  }
  write_gif(path, few);
  const Film exact(path);
  for (Index i = 0; i < few.size(); ++i) {
    const auto frame = static_cast<std::size_t>(i / (8 * 16 * 3)),
               at = static_cast<std::size_t>(i % (8 * 16 * 3));
    CHECK_UNARY(exact.rgb[frame][at] == byte_of(few[i]));
  }

  Tensor many({2, 64, 64, 3});  // red varies over rows, green over columns, blue over frames
  for (Index n = 0; n < 2; ++n)
    for (Index i = 0; i < 64; ++i)
      for (Index j = 0; j < 64; ++j) {
        many.at({n, i, j, 0}) = static_cast<Real>(i) / 63;
        many.at({n, i, j, 1}) = static_cast<Real>(j) / 63;
        many.at({n, i, j, 2}) = static_cast<Real>(n);
      }
  write_gif(path, many);
  const Film close(path);
  double error = 0, worst = 0;
  for (Index i = 0; i < many.size(); ++i) {
    const auto frame = static_cast<std::size_t>(i / (64 * 64 * 3)),
               at = static_cast<std::size_t>(i % (64 * 64 * 3));
    const double wrong = std::abs(close.rgb[frame][at] / 255.0 - static_cast<double>(many[i]));
    error += wrong / static_cast<double>(many.size());
    worst = std::max(worst, wrong);
  }
  MESSAGE("8192 colours in 256: mean error " << error << ", worst " << worst);
  CHECK(error < 0.04);
  CHECK(worst < 0.25);
}

TEST_CASE("write_gif: misuse gives an error and leaves no file") {
  const Folder folder;
  const fs::path path = folder.path / "a.gif";
  const Tensor frame = Tensor::zeros({2, 4, 4, 1});
  CHECK_THROWS_AS(write_gif(path, Tensor::zeros({4, 4})), Error);
  CHECK_THROWS_AS(write_gif(path, Tensor::zeros({2, 4, 4, 2})), Error);
  CHECK_THROWS_AS(write_gif(path, Tensor::zeros({0, 4, 4, 1})), Error);
  CHECK_THROWS_AS(write_gif(path, std::vector<Tensor>{}), Error);
  CHECK_THROWS_AS(write_gif(path, {Tensor::zeros({4, 4}), Tensor::zeros({4, 5})}), Error);
  CHECK_THROWS_AS(write_gif(path, frame, {.frames_per_second = 0}), Error);
  CHECK_THROWS_AS(write_gif(path, frame, {.frames_per_second = std::nanf("")}), Error);
  CHECK_THROWS_AS(write_gif(path, frame, {.scale = 20000}), Error);
  CHECK_THROWS_AS(write_gif(path, frame, {.repeats = -1}), Error);
  CHECK_THROWS_AS(write_gif(folder.path / "none" / "a.gif", frame), Error);
  CHECK(fs::is_empty(folder.path));
}
