#pragma once
// Hash: a digest of numbers and text, to compare files, data and settings.
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gradus/base/number.hpp"
#include "gradus/base/real.hpp"

namespace gradus {

/// FNV-1a over whole numbers. Not cryptographic: equal digests are no proof against a forger.
class Hash {
 public:
  /// One number.
  void add(std::uint64_t number) { value_ = (value_ ^ number) * 0x100000001B3u; }
  /// Every byte, then the length.
  void add(std::string_view words) {
    for (const char c : words) add(static_cast<unsigned char>(c));
    add(words.size());
  }
  /// Every label.
  void add(std::span<const int> labels) {
    for (const int label : labels) add(static_cast<std::uint64_t>(label));
  }
  /// Every value, as a float.
  void add(std::span<const Real> values) {
    for (const Real value : values) add(std::bit_cast<std::uint32_t>(static_cast<float>(value)));
  }

  std::uint64_t value() const { return value_; }          ///< of all that was added
  std::string digits() const { return hex(value_, 16); }  ///< the same in hexadecimal digits

 private:
  std::uint64_t value_ = 0xCBF29CE484222325u;
};

}  // namespace gradus
