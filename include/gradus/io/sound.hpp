#pragma once
// Reading and writing WAV files through libsndfile.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// One channel of sound.
struct Sound {
  Tensor samples{};  ///< [T], usually in [-1, 1]
  int rate = 8000;   ///< samples per second

  /// Duration T / rate.
  double seconds() const { return static_cast<double>(samples.size()) / rate; }
};

/// What a reader of WAV files requires.
struct WavOptions {
  int rate = 0;  ///< samples per second; 0: any
};

/// A WAV file as one channel in [-1, 1]. Files may have 8, 16, 24 or 32 bits per sample, floating-point
/// numbers, or A-law and mu-law samples; several channels become their mean.
/// Throws Error, naming the file, when it is missing, no WAV file, damaged, shorter than its header
/// announces, without samples, of another encoding or another rate, or has a sample that is not finite.
Sound read_wav(const std::filesystem::path& path, const WavOptions& options = {});
/// The same from a file's bytes; `name` is for messages.
Sound parse_wav(std::span<const std::byte> bytes, const std::string& name, const WavOptions& options = {});

/// Writes a sound as WAV with 16 bits per sample. Values outside [-1, 1] are clipped. A file that was read
/// with 16 bits has the same samples when it is written. An existing file is replaced only by
/// a complete new one.
/// Throws Error when the samples are not [T] with T > 0, one is not finite, the rate is not positive, or the
/// file cannot be written.
void write_wav(const std::filesystem::path& path, const Sound& sound);

/// The sounds one after the other, with `pause` seconds of silence between two of them.
/// Throws Error for an empty list, different rates or a negative pause.
Sound joined(const std::vector<Sound>& sounds, double pause = 0);

}  // namespace gradus
