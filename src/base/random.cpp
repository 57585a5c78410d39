#include "gradus/base/random.hpp"

#include <algorithm>
#include <numeric>

#include "gradus/base/check.hpp"
#include "gradus/base/fast_math.hpp"
#include "gradus/base/hash.hpp"

namespace gradus {
namespace {

/// Maps a word to (0, 1): 23 random bits plus one half, so neither end occurs and log is always finite. The
/// value is exact and therefore equal in both precisions (with 24 bits the half would be rounded, up to 1).
inline Real unit(std::uint32_t word) {
  return (static_cast<Real>(word >> 9) + Real(0.5)) * Real(1.0 / 8388608.0);
}

/// Maps two uniform words to two independent normal numbers (Box and Muller 1958).
inline void box_muller(std::uint32_t word0, std::uint32_t word1, Real& normal0, Real& normal1) {
  const Real radius = std::sqrt(Real(-2) * fast_log(unit(word0)));
  const Real turn = unit(word1) - Real(0.5);  // cosine and sine of 2 pi turn
  normal0 = radius * fast_cos_turn(turn);
  normal1 = radius * fast_sin_turn(turn);
}

std::uint64_t mix(std::uint64_t x) {  // splitmix64's finaliser (Steele, Lea, Flood 2014)
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr Index blocks_per_chunk = 64;  // 256 words: the arrays fit into the first-level cache
constexpr Index parallel_from = 1 << 14;

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t multiplier0 = 0xD2511F53u, multiplier1 = 0xCD9E8D57u;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = multiplier0 * counter[0], product1 = multiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

std::array<std::uint32_t, 4> Rng::block(std::uint64_t index) const {
  return philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                     static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                    {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
}

Rng Rng::split(std::uint64_t number) const { return Rng(seed_, mix(stream_ ^ mix(number))); }

Rng Rng::split(std::string_view name) const {
  Hash hash;
  for (const char c : name) hash.add(static_cast<unsigned char>(c));
  return split(hash.value());
}

Rng Rng::part(std::uint64_t part, std::uint64_t parts) const {
  GRADUS_CHECK(part < parts, "Rng::part: part ", part, " of ", parts);
  Rng other = *this;
  other.part_ = part, other.parts_ = parts;
  return other;
}

Real Rng::uniform() { return unit(next_block()[0]); }

Real Rng::normal() {
  const auto words = next_block();
  Real first, second;
  box_muller(words[0], words[1], first, second);
  return first;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  GRADUS_CHECK(bound > 0, "Rng::below: the bound must be at least 1");
  // a multiple of bound, so all values are equally probable
  const std::uint64_t limit = bound * ((~std::uint64_t{0}) / bound);
  while (true) {
    const auto words = next_block();
    const std::uint64_t value = words[0] | (static_cast<std::uint64_t>(words[1]) << 32);
    if (value < limit) return value % bound;
  }
}

namespace {

/// Calls write(words [4n], first element, count) for consecutive chunks of blocks; threads share the chunks.
template <class Block, class Write>
void for_chunks(Index count, Block block, Write write) {
  const Index chunk = blocks_per_chunk * 4, chunks = (count + chunk - 1) / chunk;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (Index c = 0; c < chunks; ++c) {
    std::uint32_t words[blocks_per_chunk * 4];
    const Index first = c * chunk, here = std::min(chunk, count - first), blocks = (here + 3) / 4;
    for (Index b = 0; b < blocks; ++b) {
      const auto four = block(static_cast<std::uint64_t>(c * blocks_per_chunk + b));
      for (int i = 0; i < 4; ++i) words[4 * b + i] = four[static_cast<std::size_t>(i)];
    }
    write(words, first, here);
  }
}

}  // namespace

/// Calls fill_from(buffer, first block) for this part's rows, and advances by the blocks of all parts.
/// A part that begins inside a block is filled together with the block's earlier numbers.
template <class Fill>
void Rng::fill(std::span<Real> out, Fill fill_from) {
  const std::uint64_t first = part_ * out.size(), before = first % 4, begin = position_ + first / 4;
  if (before == 0) {
    fill_from(out, begin);
  } else {
    std::vector<Real> wider(before + out.size());
    fill_from(std::span<Real>(wider), begin);
    std::copy_n(wider.begin() + static_cast<std::ptrdiff_t>(before), out.size(), out.begin());
  }
  position_ += (parts_ * out.size() + 3) / 4;
}

void Rng::fill_uniform(std::span<Real> out, Real low, Real high) {
  fill(out, [&, range = high - low](std::span<Real> to, std::uint64_t begin) {
    for_chunks(
        static_cast<Index>(to.size()), [&](std::uint64_t b) { return block(begin + b); },
        [&](const std::uint32_t* words, Index first, Index count) {
          Real* target = to.data() + first;
          for (Index i = 0; i < count; ++i) target[i] = low + range * unit(words[i]);
        });
  });
}

void Rng::fill_normal(std::span<Real> out, Real mean, Real deviation) {
  fill(out, [&](std::span<Real> to, std::uint64_t begin) {
    for_chunks(
        static_cast<Index>(to.size()), [&](std::uint64_t b) { return block(begin + b); },
        [&](const std::uint32_t* words, Index first, Index count) {
          // cosines first, then sines: both loops have contiguous access
          Real normals[blocks_per_chunk * 4];
          constexpr Index half = blocks_per_chunk * 2;
          const Index pairs = ((count + 3) / 4) * 2;
          for (Index i = 0; i < pairs; ++i)
            box_muller(words[2 * i], words[2 * i + 1], normals[i], normals[half + i]);
          Real* target = to.data() + first;
          for (Index i = 0; i < count; ++i) target[i] = mean + deviation * normals[(i & 1) * half + i / 2];
        });
  });
}

void Rng::fill_bernoulli(std::span<Real> out, Real probability) {
  fill(out, [&](std::span<Real> to, std::uint64_t begin) {
    for_chunks(
        static_cast<Index>(to.size()), [&](std::uint64_t b) { return block(begin + b); },
        [&](const std::uint32_t* words, Index first, Index count) {
          Real* target = to.data() + first;
          for (Index i = 0; i < count; ++i) target[i] = unit(words[i]) < probability ? Real(1) : Real(0);
        });
  });
}

std::vector<Index> Rng::permutation(Index count) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
  return order;
}

}  // namespace gradus
