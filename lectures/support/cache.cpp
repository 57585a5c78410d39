#include "support/cache.hpp"

#include <iostream>

#include "gradus/base/check.hpp"
#include "gradus/base/hash.hpp"
#include "gradus/io/checkpoint.hpp"

namespace gradus::lecture {

std::filesystem::path cache_place(const Program& program, const std::string& kind, const std::string& recipe,
                                  const Dataset& train) {
  Hash hash;
  hash.add(recipe);
  hash.add(sizeof(Real));
  hash.add(static_cast<std::uint64_t>(train.images.size()));
  hash.add(train.labels);
  hash.add(train.images.values());
  return program.options.out / "cache" / (kind + "_" + hash.digits() + ".safetensors");
}

bool load_cached(const std::filesystem::path& place, const State& state) {
  if (!std::filesystem::exists(place)) return false;
  try {
    load_checkpoint(place, state);
    return true;
  } catch (const Error& error) {
    std::cerr << error.what() << "; the file in the cache is made again\n";
    return false;
  }
}

}  // namespace gradus::lecture
