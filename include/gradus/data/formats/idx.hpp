#pragma once
// IDX, the file format of MNIST: a magic number, the sizes, the elements. All are big-endian.
// The files are often gzip-compressed.
//
//   byte 0-1  zero        byte 2  element type        byte 3  number of axes R (1 .. 4)
//   R sizes of 4 bytes, then the elements, the last axis fastest
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// Element types, with the codes of the format: u8 and i8 (one byte), i16 and i32 (signed integers of two and
/// four bytes), f32 and f64 (floating-point numbers).
enum class IdxType : unsigned char { u8 = 0x08, i8 = 0x09, i16 = 0x0b, i32 = 0x0c, f32 = 0x0d, f64 = 0x0e };

/// Bytes of one element.
Index idx_width(IdxType type);

/// An array in the layout of the file.
struct IdxArray {
  IdxType type = IdxType::u8;   ///< of the elements
  std::vector<Index> sizes;     ///< 1 to 4 of them
  std::vector<std::byte> data;  ///< big-endian elements

  /// Number of elements.
  Index size() const;
  /// Element i (0 <= i < size()) as a number.
  double value(Index i) const;
};

/// The array in a file's bytes, plain or gzip (detected from the content); `name` is for messages.
/// Throws Error for a wrong magic number, an unknown type, no or more than four axes, a header or data that
/// is too short, sizes that the file cannot hold (detected before memory is allocated), trailing bytes, or a
/// damaged gzip stream.
IdxArray parse_idx(std::span<const std::byte> bytes, const std::string& name);
/// The same from a file. Throws Error also when it cannot be read.
IdxArray read_idx(const std::filesystem::path& path);

/// Writes the array as a file, gzip-compressed when the name ends in .gz.
/// Throws Error when sizes and data disagree or writing fails.
void write_idx(const std::filesystem::path& path, const IdxArray& array);

/// Bytes 0 .. 255 as images in [0, 1]: sizes N,H,W -> [N, H, W, 1], N,H,W,C -> [N, H, W, C]; the first
/// `limit` images, 0 for all. Throws Error for another type or number of axes, or when C is neither 1 nor 3.
Tensor idx_images(const IdxArray& array, const std::string& name, Index limit = 0);
/// The first `limit` labels, 0 for all. Throws Error unless there is one axis of integers 0 .. classes-1.
std::vector<int> idx_labels(const IdxArray& array, int classes, const std::string& name, Index limit = 0);

/// Images in [0, 1], [N, H, W, 1 or 3], as bytes 0 .. 255 (values outside are clipped).
/// Throws Error for other shapes.
IdxArray images_to_idx(const Tensor& images);
/// Labels as bytes. Throws Error outside 0 .. 255.
IdxArray labels_to_idx(std::span<const int> labels);

/// Reads the two files of a labelled data set; the first `limit` examples, 0 for all.
/// Throws Error as above, and when the numbers of images and labels differ.
Dataset read_idx_dataset(const std::filesystem::path& images, const std::filesystem::path& labels,
                         int classes, Index limit = 0);

}  // namespace gradus
