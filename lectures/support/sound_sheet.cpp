#include "support/sound_sheet.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "gradus/data/formats/image_folder.hpp"
#include "gradus/generative/spectrogram.hpp"
#include "gradus/io/draw.hpp"
#include "gradus/io/sheet.hpp"

namespace gradus::lecture {
namespace {

constexpr Index panel_height = 200, arrow_width = 48, gap = 14, title_height = 24;

// Five colours from dark to bright, with even steps of lightness.
Color heat(Real value) {
  constexpr std::array<Color, 5> colours = {{{0.02f, 0.02f, 0.07f},
                                             {0.32f, 0.07f, 0.43f},
                                             {0.73f, 0.21f, 0.33f},
                                             {0.97f, 0.55f, 0.04f},
                                             {0.99f, 0.99f, 0.72f}}};
  const Real place = std::clamp(value, Real(0), Real(1)) * 4;
  const auto i = static_cast<std::size_t>(std::min(place, Real(3)));
  const Real t = place - static_cast<Real>(i);
  const Color &a = colours[i], &b = colours[i + 1];
  return {a.red + t * (b.red - a.red), a.green + t * (b.green - a.green), a.blue + t * (b.blue - a.blue)};
}

Tensor titled(const Tensor& panel, const std::string& title) {
  Tensor head = Tensor::full({title_height, panel.dim(1), 3}, 1);
  draw_text(head, 4, 0, title, 2);
  return vstack({head, panel}, 0);
}

// One pixel per window of the spectrogram, within limits.
Index panel_width(const Sound& sound) {
  return std::clamp<Index>(StftOptions().frames(sound.samples.size()), 230, 400);
}

Tensor waveform_panel(const NamedSound& one) {
  return titled(waveform_picture(one.sound, panel_height, panel_width(one.sound)), one.name);
}

Tensor spectrogram_panel(const NamedSound& one) {
  const Tensor s = decibels(magnitude(stft(one.sound.samples)));
  const std::string extent =
      text(fixed(one.sound.seconds(), 2), " s, 0-", fixed(one.sound.rate / 2000.0, 0), " kHz");
  return titled(spectrogram_picture(s, panel_height, panel_width(one.sound)), extent);
}

Tensor arrow() {
  Tensor image = Tensor::full({title_height + panel_height, arrow_width, 3}, 1);
  const Index middle = title_height + panel_height / 2;
  fill_rectangle(image, middle - 2, 4, 5, arrow_width - 20, colors::gap);
  for (Index i = 0; i < 14; ++i)
    fill_rectangle(image, middle - 13 + i, arrow_width - 18 + i, 27 - 2 * i, 1, colors::gap);
  return image;
}

}  // namespace

Tensor spectrogram_picture(const Tensor& s, Index height, Index width) {
  GRADUS_CHECK(s.rank() == 2 && s.size() > 0 && height > 0 && width > 0, "spectrogram_picture: s ", s.shape(),
               " must be [F, K], and the sizes positive, got ", height, " x ", width);
  const Index F = s.dim(0), K = s.dim(1);
  Tensor upright({K, F, 1});
  for (Index f = 0; f < F; ++f)
    for (Index k = 0; k < K; ++k) upright[(K - 1 - k) * F + f] = s[f * K + k];
  const Tensor grey = resize_image(upright, height, width);
  Tensor image({height, width, 3});
  for (Index i = 0; i < grey.size(); ++i) {
    const Color colour = heat(grey[i]);
    image[3 * i] = colour.red, image[3 * i + 1] = colour.green, image[3 * i + 2] = colour.blue;
  }
  return image;
}

Tensor waveform_picture(const Sound& sound, Index height, Index width) {
  const Tensor& x = sound.samples;
  GRADUS_CHECK(x.rank() == 1 && x.size() > 0 && height > 0 && width > 0, "waveform_picture: samples ",
               x.shape(), " must be [T], and the sizes positive, got ", height, " x ", width);
  Tensor image = Tensor::full({height, width, 3}, Real(0.95));
  fill_rectangle(image, height / 2, 0, 1, width, {0.6f, 0.6f, 0.6f});
  const auto row_of = [&](Real value) {
    return static_cast<Index>(std::lround((1 - std::clamp(value, Real(-1), Real(1))) / 2 * Real(height - 1)));
  };
  for (Index column = 0; column < width; ++column) {
    const Index begin = std::min(column * x.size() / width, x.size() - 1);
    const Index end = std::min(std::max(begin + 1, (column + 1) * x.size() / width) + 1, x.size());
    // up to the first number of the next column
    const auto [low, high] = std::minmax_element(x.data() + begin, x.data() + end);
    const Index top = row_of(*high);
    fill_rectangle(image, top, column, row_of(*low) - top + 1, 1, colors::blue);
  }
  return image;
}

Tensor sound_sheet(const std::vector<NamedSound>& sounds) {
  GRADUS_CHECK(!sounds.empty(), "sound_sheet: no sounds");
  const Tensor wave = waveform_panel(sounds[0]), spectrogram = spectrogram_panel(sounds[0]);
  if (sounds.size() == 1) return hstack({wave, spectrogram}, gap);
  std::vector<Tensor> right;
  for (std::size_t i = 1; i < sounds.size(); ++i)
    right.push_back(hstack({spectrogram_panel(sounds[i]), waveform_panel(sounds[i])}, gap));
  return hstack({wave, spectrogram, arrow(), vstack(right, gap)}, gap);
}

}  // namespace gradus::lecture
