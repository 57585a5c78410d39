#pragma once
// A cache of trained weights that all programs share.
#include <filesystem>
#include <iostream>
#include <string>

#include "gradus/base/file.hpp"
#include "gradus/data/dataset.hpp"
#include "gradus/tensor/state.hpp"
#include "support/program.hpp"

namespace gradus::lecture {

/// `<out>/cache/<kind>_<16 hexadecimal digits>.safetensors`.
/// The digits are a hash of the recipe (everything that decides the weights: layers, steps, rates, seed),
/// the precision of Real and the training set, so a file with this name holds the wanted weights.
std::filesystem::path cache_place(const Program& program, const std::string& kind, const std::string& recipe,
                                  const Dataset& train);

/// The result of `work`, which loads or makes this file of the cache. One program at a time does so; the
/// others say that they wait. `work` calls load_cached first, unless the program needs the training itself.
template <class Work>
auto with_cached(const std::filesystem::path& place, const Work& work) {
  make_folder(place.parent_path());
  const FileLock lock(place.string() + ".lock", [&] {
    std::cout << "Waits for another program that loads or makes " << place.string() << std::endl;
  });
  return work();
}

/// Loads a state from its file in the cache. Returns false when the file does not exist, and, with a message
/// on stderr, when it is damaged or holds something else. The caller then makes it again.
bool load_cached(const std::filesystem::path& place, const State& state);

}  // namespace gradus::lecture
