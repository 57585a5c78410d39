#pragma once
// Reading and writing image files: tensors [H, W, C] in [0, 1] with C = 1 (grey) or 3 (red, green, blue).
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Writes [H, W, 1 or 3] (or [H, W]) as PNG. Values outside [0, 1] are clipped.
/// Throws Error for other shapes, or when the file cannot be written. An existing file is replaced only by a
/// complete new one.
void write_png(const std::filesystem::path& path, const Tensor& image);

/// The maximum number of pixels of an image that is read or written: 64 million.
inline constexpr Index max_pixels = Index{1} << 26;

/// A PNG, JPEG or PGM/PPM image as [H, W, channels] in [0, 1]; channels 1 (grey) or 3. Where the file's Exif
/// data has an orientation (cameras write one), the image is rotated and mirrored accordingly. Throws Error
/// when the file is missing, damaged, of another format, or larger than max_pixels.
Tensor read_image(const std::filesystem::path& path, int channels = 3);
/// The same from a file's bytes; `name` is for messages.
Tensor parse_image(std::span<const std::byte> bytes, const std::string& name, int channels = 3);

}  // namespace gradus
