#pragma once
// The safetensors format: named tensors and short texts in one file.
//
//   8 bytes     length N of the header, little-endian
//   N bytes     JSON: {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3],
//               "data_offsets": [0, 24]}, ...}, padded with spaces to a multiple of 8
//   the rest    the values, row-major, little-endian, without gaps
//
// The Python package `safetensors` opens these files, and its files can be read here:
// https://huggingface.co/docs/safetensors. Unlike a pickle, such a file contains data only: reading
// it executes no code.
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Short texts by name: the file's `__metadata__`.
using Notes = std::map<std::string, std::string>;

/// The content of a file.
struct TensorFile {
  std::string name;                                     ///< the file's, for messages
  std::vector<std::pair<std::string, Tensor>> tensors;  ///< in the order of their data in the file
  Notes notes;                                          ///< short texts by name
  std::map<std::string, std::string> converted;  ///< tensor -> its dtype in the file, where it is not Real's
  std::map<std::string, std::string> refused;    ///< tensor -> the reason why it was not read, one sentence
};

/// The tensors in a file's bytes; `name` is for messages. A shape [] is read as [1]. F16, BF16, F32, F64,
/// BOOL (0 or 1) and integers of 8 to 64 bits are converted to Real: floating-point values rounded, integers
/// exactly. A tensor that this build cannot represent is refused and the others are read: another dtype, more
/// than four sizes, an integer that Real does not represent, a finite value beyond Real's range.
/// Throws Error, naming file and field, for anything malformed: a header longer than the file or than 100 MB,
/// invalid JSON, bytes after the JSON, duplicate names, offsets that overlap, leave gaps or end outside, a
/// shape that does not fit its bytes.
TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name);
/// The same from a file. Throws Error also when it cannot be read.
TensorFile read_safetensors(const std::filesystem::path& path);

/// Writes tensors, sorted by name as in the Python package, and notes. The file is written under a temporary
/// name in the same folder, flushed to the disk and renamed: a reader sees the old file or the new one, even
/// after a crash. Throws Error for an empty tensor, a duplicate name, or when writing fails.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors, const Notes& notes = {});

}  // namespace gradus
