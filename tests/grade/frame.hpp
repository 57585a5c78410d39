#pragma once
// Messages between the grader and the worker process, which runs a student's code.
//
//   magic u32 | kind u16 | flags u16 | seq u32 | session u64 | length u32 | payload
//
// little-endian. The worker receives inputs and returns outputs; expected values are never sent.
// Replies are untrusted: lengths are checked before memory is allocated, and trailing bytes are errors.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus::grade {

enum class Kind : std::uint16_t { hello = 1, call, result, todo, thrown };

inline constexpr std::uint32_t frame_magic = 0x31445247;  // "GRD1"
inline constexpr std::size_t header_bytes = 24;
inline constexpr std::size_t max_payload = std::size_t{64} << 20;
inline constexpr int max_rank = 4;

struct Header {
  Kind kind = Kind::hello;
  std::uint16_t flags = 0;
  std::uint32_t seq = 0;
  std::uint64_t session = 0;
  std::uint32_t length = 0;
};

using Bytes = std::vector<unsigned char>;
using Tensors = std::vector<Tensor>;

/// The 24 bytes of a header.
Bytes pack_header(const Header& header);
/// Throws Error for other magic, an unknown kind, flags, or a payload longer than `limit`.
Header unpack_header(std::span<const unsigned char> bytes, std::size_t limit = max_payload);

/// Writes a payload, one number after another.
class Packer {
 public:
  void u16(std::uint16_t value) { put(value, 2); }
  void u32(std::uint32_t value) { put(value, 4); }
  void text(std::string_view value);  ///< truncated to 65535 bytes
  void tensor(const Tensor& value);   ///< rank, dims, doubles; an empty tensor is rank 255
  /// With `with_sharing`, a tensor that shares its buffer with an earlier one still shares it when read back.
  void tensors(const Tensors& values, bool with_sharing = false);
  Bytes bytes;

 private:
  void put(std::uint64_t value, int count);
};

/// Reads a payload. Every function throws Error when the bytes do not hold the requested value.
class Unpacker {
 public:
  explicit Unpacker(std::span<const unsigned char> payload) : rest_(payload) {}
  std::uint16_t u16() { return static_cast<std::uint16_t>(take(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(take(4)); }
  std::string text();
  Tensor tensor();
  Tensors tensors();  ///< at most 64
  void end() const;   ///< throws when bytes are left

 private:
  std::uint64_t take(int count);
  std::span<const unsigned char> rest_;
};

}  // namespace gradus::grade
