#include "support/cache.hpp"

#include <bit>
#include <cstdint>
#include <iostream>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "gradus/io/checkpoint.hpp"

namespace gradus::lecture {
namespace {

/// FNV-1a over whole numbers.
class Hash {
 public:
  void add(std::uint64_t number) { value_ = (value_ ^ number) * 0x100000001B3u; }
  void add(const std::string& words) {
    for (const char c : words) add(static_cast<unsigned char>(c));
    add(words.size());
  }
  std::string digits() const { return hex(value_, 16); }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325u;
};

}  // namespace

std::filesystem::path cache_place(const Program& program, const std::string& kind, const std::string& recipe,
                                  const Dataset& train) {
  Hash hash;
  hash.add(recipe);
  hash.add(sizeof(Real));
  hash.add(static_cast<std::uint64_t>(train.images.size()));
  for (const int label : train.labels) hash.add(static_cast<std::uint64_t>(label));
  for (Index i = 0; i < train.images.size(); ++i)
    hash.add(std::bit_cast<std::uint32_t>(static_cast<float>(train.images[i])));
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
