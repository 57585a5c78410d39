#pragma once
// Pictures of sounds: waveforms and spectrograms side by side.
#include <string>
#include <vector>

#include "gradus/io/sound.hpp"

namespace gradus::lecture {

/// A sound and the words beside its player and above its picture.
struct NamedSound {
  std::string name{};  ///< "A", "A as B"
  Sound sound{};
};

/// A spectrogram s [F, K] in [0, 1] as a coloured picture [height, width, 3]: time from left to right, low
/// frequencies at the bottom; black is 0, bright yellow 1. Throws Error when s is not [F, K] or a
/// size is not positive.
Tensor spectrogram_picture(const Tensor& s, Index height, Index width);

/// The samples of a sound over time, from -1 to 1: [height, width, 3]. Every column shows the
/// range of its samples.
Tensor waveform_picture(const Sound& sound, Index height, Index width);

/// The first sound A and the second B in the order of the slide, further ones below B:
///
///     waveform A    spectrogram A    ->    spectrogram B    waveform B
///                                          spectrogram C    waveform C
///
/// One sound alone is a waveform and its spectrogram. 6.S191 L4, "CycleGAN: transforming speech".
/// Throws Error for an empty list.
Tensor sound_sheet(const std::vector<NamedSound>& sounds);

}  // namespace gradus::lecture
