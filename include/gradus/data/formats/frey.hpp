#pragma once
// Frey faces: 1965 frames of one man's face, 28 x 20 grey, in the order of the film (B. Frey, published by
// S. Roweis). They are distributed in two file formats, idx (see idx.hpp) and MATLAB 5.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// A matrix of bytes in the layout of a MATLAB file.
struct MatMatrix {
  Index rows = 0, columns = 0;       ///< the sizes
  std::vector<std::uint8_t> values;  ///< column by column

  /// The value at (row, column); not checked.
  std::uint8_t at(Index row, Index column) const {
    return values[static_cast<std::size_t>(column * rows + row)];
  }
};

/// The variable of that name, a real two-dimensional matrix of class uint8, in the bytes of a MATLAB 5 file
/// (written by MATLAB's `save -v6` and `-v7`, little-endian, elements plain or compressed); `name` is for
/// messages. Throws Error, with the byte offset, for MATLAB 4 and 7.3 files, another header, an element or
/// compressed stream that is damaged or longer than the file, a variable of another class or number of axes,
/// or when the variable is missing.
MatMatrix parse_mat(std::span<const std::byte> bytes, const std::string& name, const std::string& variable);

/// The faces in a file's bytes: MATLAB 5 with a variable `ff` [560, N], one column per frame, or idx (plain
/// or gzip) with sizes N, 28, 20. The format is detected from the content.
///
///   images  [N, 28, 20, 1] in [0, 1], in the order of the film; no labels
///
/// Throws Error as parse_mat and parse_idx do, and for other sizes.
Dataset parse_frey(std::span<const std::byte> bytes, const std::string& name);
/// The same from a file. Throws Error also when it cannot be read.
Dataset read_frey(const std::filesystem::path& path);

/// `<root>/frey/frey-images-idx3-ubyte` (or .gz), else `<root>/frey/frey_rawface.mat`.
/// Throws Error when neither exists or the file is broken.
Dataset load_frey(const std::filesystem::path& root);

/// A film of a face, and one sentence about its source.
struct FreyFaces {
  Dataset data{};      ///< [N, 28, 20, 1] in [0, 1]
  bool real = false;   ///< false: generated
  std::string note{};  ///< the source of the data
};

/// frey_faces: Frey faces when `<root>/frey` contains a file of them, else a generated film of the same size
/// and kind; `note` states which. Throws Error when an existing file is broken.
FreyFaces frey_faces(const std::filesystem::path& root, std::uint64_t seed = 1);

}  // namespace gradus
