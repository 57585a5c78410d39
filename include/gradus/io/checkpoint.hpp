#pragma once
// Checkpoints: the complete state of a training in one safetensors file, so that it can be resumed;
// and loading tensors by name from files of other programs.
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/io/safetensors.hpp"
#include "gradus/tensor/state.hpp"

namespace gradus {

/// Writes the state's tensors, and its counters as decimal texts "counter.<name>" among the notes.
/// Creates the folder. Throws Error as write_safetensors does.
void save_checkpoint(const std::filesystem::path& path, const State& state, const Notes& notes = {});

/// Writes the file's values through the handles of the state. Names, shapes and types must be exactly those
/// of the state. Otherwise writes nothing and throws Error, naming what is missing, unexpected, refused or of
/// another shape or type.
void load_checkpoint(const std::filesystem::path& path, const State& state);
/// The same from a file that was read before.
void load_checkpoint(const TensorFile& file, const State& state);

/// The result of load_tensors: names as in the state, sorted.
struct LoadReport {
  std::vector<std::string> loaded;   ///< in both
  std::vector<std::string> missing;  ///< in the state, but not in the file (or refused by it): unchanged
  std::vector<std::string> surplus;  ///< in the file, but not in the state
};

/// Loads by name the tensors that state and file share: the state's tensor `name` from the file's
/// `prefix + name`, whatever its dtype. Names in the file without the prefix are ignored. Counters are not
/// changed. Throws Error, and writes nothing, when a shared tensor has another shape.
///
///     const LoadReport report =
///         load_tensors(read_safetensors("vae.safetensors"), encoder.state(), "encoder.");
LoadReport load_tensors(const TensorFile& file, const State& state, const std::string& prefix = "");

}  // namespace gradus
