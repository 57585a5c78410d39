#pragma once
// Animations: a sequence of images as a GIF file.
#include <cstddef>
#include <filesystem>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Options of write_gif.
struct GifOptions {
  Real frames_per_second = 10;  ///< 1 .. 50; rounded, because the format counts hundredths of a second
  Index scale = 1;              ///< every pixel becomes scale x scale
  Index repeats = 0;            ///< how often the animation is played; 0: forever
  /// Appends the frames in reverse order, without repeating the two ends: a continuous loop.
  bool back_and_forth = false;
};

/// Writes frames as an animated GIF. Values outside [0, 1] are clipped. Grey frames use the 256 grey levels.
/// Coloured frames use a palette of 256 colours of their own: exact when there are no more colours, else the
/// result of median cut over all frames.
///
///   frames  [N, H, W, 1 or 3], or N images [H, W, 1 or 3] (or [H, W]) of one shape
///
/// Throws Error for other shapes, no frame, an image of more than 65535 pixels per side, options out of
/// range, or when the file cannot be written. An existing file is replaced only by a complete new one.
void write_gif(const std::filesystem::path& path, const Tensor& frames, const GifOptions& options = {});
/// The same from a list of images.
void write_gif(const std::filesystem::path& path, const std::vector<Tensor>& frames,
               const GifOptions& options = {});

}  // namespace gradus
