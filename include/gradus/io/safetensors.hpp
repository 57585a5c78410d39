#pragma once
// The safetensors format: named tensors and short texts in one file.
//
//   8 bytes     length N of the header, little-endian
//   N bytes     JSON: {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3],
//               "data_offsets": [0, 24]}, ...}, filled up with spaces to a multiple of 8
//   the rest    the numbers, row-major, little-endian, without gaps
//
// The Python package `safetensors` opens these files, and files that it wrote are read here:
// https://huggingface.co/docs/safetensors. Unlike a pickle, such a file is data only: reading one runs
// nothing.
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Short texts under names: the file's `__metadata__`.
using Notes = std::map<std::string, std::string>;

/// A file's content.
struct TensorFile {
  std::string name;                                     ///< the file's, for messages
  std::vector<std::pair<std::string, Tensor>> tensors;  ///< in the order of their numbers in the file
  Notes notes;
  std::map<std::string, std::string>
      converted;                               ///< tensor -> its dtype in the file, where that is not Real's
  std::map<std::string, std::string> refused;  ///< tensor -> why it is not among `tensors`, one sentence
};

/// The tensors in a file's bytes; `name` is for messages. A shape [] is read as [1]. F16, BF16, F32, F64,
/// BOOL (0 or 1) and whole numbers of 8 to 64 bits become Real: floating-point numbers rounded, whole numbers
/// exactly. A tensor that this build cannot hold is refused, and the others are read: another dtype, more
/// than four sizes, a whole number that Real does not have, a finite number beyond Real's range. Throws
/// Error, naming file and field, for anything malformed: a header longer than the file or than 100 MB, no
/// JSON, bytes after the JSON, duplicate names, offsets that overlap, leave gaps or end outside, a shape that
/// does not fit its bytes.
TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name);
TensorFile read_safetensors(const std::filesystem::path& path);

/// Writes tensors, sorted by name as the Python package does, and notes. The file is written under another
/// name in the same folder, flushed to the disk and renamed: whoever reads, and after whatever crash, sees
/// the old file or the new one. Throws Error for an empty tensor, a name twice, or when writing fails.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors, const Notes& notes = {});

}  // namespace gradus
