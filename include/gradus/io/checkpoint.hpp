#pragma once
// Checkpoints: what a training needs to go on as if it had never stopped, in one safetensors file; and
// tensors loaded by name from files that others wrote.
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/io/safetensors.hpp"
#include "gradus/tensor/state.hpp"

namespace gradus {

/// The state's tensors, and its counters as decimal texts "counter.<name>" among the notes.
/// Creates the folder. Throws Error as write_safetensors does.
void save_checkpoint(const std::filesystem::path& path, const State& state, const Notes& notes = {});

/// Writes the file's numbers through the state's handles. Names, shapes and types must be exactly those of
/// the state: otherwise Error, naming what is missing, unexpected, refused or different, and nothing was
/// written.
void load_checkpoint(const std::filesystem::path& path, const State& state);
void load_checkpoint(const TensorFile& file, const State& state);

/// What load_tensors did, as names in the state, sorted.
struct LoadReport {
  std::vector<std::string> loaded;
  std::vector<std::string> missing;  ///< in the state, not in the file (or refused by it): unchanged
  std::vector<std::string> surplus;  ///< in the file, not in the state
};

/// Loads by name what state and file have in common: the state's tensor `name` from the file's
/// `prefix + name`, whatever its dtype was; names in the file without the prefix do not count. Counters stay
/// as they are. Throws Error, and nothing was written, when a common tensor has another shape.
///
///     const LoadReport report = load_tensors(read_safetensors("vae.safetensors"), encoder.state(),
///     "encoder.");
LoadReport load_tensors(const TensorFile& file, const State& state, const std::string& prefix = "");

}  // namespace gradus
