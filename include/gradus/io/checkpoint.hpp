#pragma once
// Checkpoints in the safetensors format: what a training needs to go on as if it had never stopped.
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

#include "gradus/tensor/state.hpp"

namespace gradus {

/// Short texts under names: the file's `__metadata__`.
using Notes = std::map<std::string, std::string>;

/// A file's content.
struct TensorFile {
  std::string name;                                     ///< the file's, for messages
  std::vector<std::pair<std::string, Tensor>> tensors;  ///< in the order of their numbers in the file
  Notes notes;
};

/// The tensors in a file's bytes; `name` is for messages. The numbers must be Real's (F32; F64 in the double
/// build); a shape [] is read as [1]. Throws Error, naming file and field, for anything malformed: a header
/// longer than the file or than 100 MB, no JSON, duplicate names, an unknown or other type, more than four
/// sizes, offsets that overlap, leave gaps or end outside, a shape that does not fit its bytes.
TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name);
TensorFile read_safetensors(const std::filesystem::path& path);

/// Writes tensors, sorted by name as the Python package does, and notes. The file is written under another
/// name in the same folder, flushed to the disk and renamed: whoever reads, and after whatever crash, sees
/// the old file or the new one. Throws Error for an empty tensor, a name twice, or when writing fails.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors, const Notes& notes = {});

/// The state's tensors, and its counters as decimal texts "counter.<name>" among the notes.
/// Creates the folder. Throws Error as write_safetensors does.
void save_checkpoint(const std::filesystem::path& path, const State& state, const Notes& notes = {});

/// Writes the file's numbers through the state's handles. Names, shapes and types must be exactly those of
/// the state: otherwise Error, naming what is missing, unexpected or different, and nothing was written.
void load_checkpoint(const std::filesystem::path& path, const State& state);
void load_checkpoint(const TensorFile& file, const State& state);

}  // namespace gradus
