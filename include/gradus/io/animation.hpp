#pragma once
// Animations: a row of pictures as a GIF file that every browser plays.
#include <cstddef>
#include <filesystem>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

struct GifOptions {
  Real frames_per_second = 10;  ///< 1 .. 50; the format counts hundredths of a second, so it is rounded
  Index scale = 1;              ///< every pixel becomes scale x scale
  Index repeats = 0;            ///< how often it is played; 0: for ever
  bool back_and_forth =
      false;  ///< then the frames in reverse order, the two ends once: a walk without a jump
};

/// Writes frames as an animated GIF. Values outside [0, 1] are clipped. A grey film has the 256 greys; a
/// coloured one has its own 256 colours, exact when it has no more, else the best by median cut over all
/// frames.
///
///   frames  [N, H, W, 1 or 3], or N pictures [H, W, 1 or 3] (or [H, W]) of one shape
///
/// Throws Error for other shapes, no frame, a picture of more than 65535 pixels a side, options out of range,
/// or when the file cannot be written; an old file is replaced only by a whole new one.
void write_gif(const std::filesystem::path& path, const Tensor& frames, const GifOptions& options = {});
void write_gif(const std::filesystem::path& path, const std::vector<Tensor>& frames,
               const GifOptions& options = {});

}  // namespace gradus
