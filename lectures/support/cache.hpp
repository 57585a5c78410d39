#pragma once
// Where a program keeps what it trained once, for itself and for the others.
#include <filesystem>
#include <string>

#include "gradus/data/dataset.hpp"
#include "gradus/tensor/state.hpp"
#include "support/program.hpp"

namespace gradus::lecture {

/// `<out>/cache/<kind>_<16 hexadecimal digits>.safetensors`. The digits differ when the recipe (everything
/// that decides the weights: layers, steps, rates, seed), the precision of Real, or the training set differs;
/// so what is found there may be used.
std::filesystem::path cache_place(const Program& program, const std::string& kind, const std::string& recipe,
                                  const Dataset& train);

/// Loads a state from its file in the cache. False when the file is not there, or when it is damaged or holds
/// something else: stderr says so, and the caller makes it anew.
bool load_cached(const std::filesystem::path& place, const State& state);

}  // namespace gradus::lecture
