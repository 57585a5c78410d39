#pragma once
// State: the part of an object that a checkpoint stores, as named tensors and counters. Loading writes
// through the handles. The object must outlive its State.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Named tensors and counters of an object, by reference.
struct State {
  std::vector<std::pair<std::string, Tensor>> tensors;           ///< handles that share the object's buffers
  std::vector<std::pair<std::string, std::uint64_t*>> counters;  ///< addresses inside the object

  std::vector<std::pair<std::size_t, const Tensor*>> sources{};  ///< {index in tensors, the object's tensor}

  /// Adds a tensor of the object by reference, so that refresh() follows a replacement.
  void add(const std::string& name, const Tensor& source) {
    sources.emplace_back(tensors.size(), &source);
    tensors.emplace_back(name, source);
  }
  void add(const std::string& name, const Tensor&& temporary) = delete;
  /// Adds all entries of `other` under "prefix.name".
  void add(const std::string& prefix, const State& other) {
    for (const auto& [index, source] : other.sources) sources.emplace_back(tensors.size() + index, source);
    for (const auto& [name, tensor] : other.tensors) tensors.emplace_back(prefix + "." + name, tensor);
    for (const auto& [name, counter] : other.counters) counters.emplace_back(prefix + "." + name, counter);
  }
  /// Adds a generator's three state variables under "prefix.seed", "prefix.stream" and "prefix.position".
  void add(const std::string& prefix, Rng& rng) {
    const auto [seed, stream, position] = RngState::of(rng);
    counters.emplace_back(prefix + ".seed", seed);
    counters.emplace_back(prefix + ".stream", stream);
    counters.emplace_back(prefix + ".position", position);
  }
  /// Renews the handles, for tensors that the object has replaced.
  /// Throws Error when a tensor's shape has changed.
  void refresh() {
    for (const auto& [index, source] : sources) {
      auto& [name, tensor] = tensors[index];
      GRADUS_CHECK(source->shape() == tensor.shape(), "State: tensor \"", name, "\" was ", tensor.shape(),
                   " and has been replaced by one of shape ", source->shape(), "; call state() again");
      tensor = *source;
    }
  }
  /// A copy with renewed handles. Throws Error as refresh() does.
  State refreshed() const {
    State now = *this;
    now.refresh();
    return now;
  }
};

}  // namespace gradus
