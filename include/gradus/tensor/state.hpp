#pragma once
// State: what a checkpoint keeps of an object. Names for its tensors and counters; loading writes through the
// handles.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

struct State {
  std::vector<std::pair<std::string, Tensor>> tensors;           ///< handles: they share the object's buffers
  std::vector<std::pair<std::string, std::uint64_t*>> counters;  ///< addresses inside the object

  /// Adds everything of `other` under "prefix.name".
  void add(const std::string& prefix, const State& other) {
    for (const auto& [name, tensor] : other.tensors) tensors.emplace_back(prefix + "." + name, tensor);
    for (const auto& [name, counter] : other.counters) counters.emplace_back(prefix + "." + name, counter);
  }
  void add(const std::string& prefix, Rng& rng) {
    const auto [seed, stream, position] = RngState::of(rng);
    counters.emplace_back(prefix + ".seed", seed);
    counters.emplace_back(prefix + ".stream", stream);
    counters.emplace_back(prefix + ".position", position);
  }
};

}  // namespace gradus
