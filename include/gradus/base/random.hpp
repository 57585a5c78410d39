#pragma once
// Random numbers: Philox4x32-10, counter-based. Results have the same bits for any number of threads.
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// philox4x32: ten rounds of Philox on one counter block.
///
///   counter [4], key [2]  ->  four independent uniform 32-bit words
///
/// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// A generator consists of a key, a stream and a position. Every draw uses whole blocks of four words,
/// starting at the position. Block i depends on (key, stream, i) only, so a buffer filled in parallel has the
/// same bits as one filled serially, and a checkpoint stores only these three numbers.
class Rng {
 public:
  /// A generator at position 0 of the stream.
  explicit Rng(std::uint64_t seed = 0, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  /// An independent generator with the same seed. Its stream is derived from this stream and the name or
  /// number; this generator is not advanced.
  Rng split(std::string_view name) const;
  /// The same with a number.
  Rng split(std::uint64_t number) const;

  /// This generator for one of several equal parts of a batch: where this generator fills a buffer of all
  /// rows, `part` fills the rows of its part with the same numbers, and ends at the same position. Draws of
  /// single numbers, permutations and split() are those of this generator. part(0, 1) is the whole batch.
  /// Throws Error unless part < parts.
  Rng part(std::uint64_t part, std::uint64_t parts) const;

  Real uniform();  ///< uniform in (0, 1), end points excluded
  /// Uniform between `low` and `high`.
  Real uniform(Real low, Real high) { return low + (high - low) * uniform(); }
  Real normal();                             ///< mean 0, standard deviation 1
  std::uint64_t below(std::uint64_t bound);  ///< uniform in 0 .. bound-1; throws Error when bound is 0
  /// True with the given probability.
  bool bernoulli(Real probability) { return uniform() < probability; }

  // Fill a whole buffer with independent samples; `deviation` is the standard deviation.
  void fill_uniform(std::span<Real> out, Real low = 0, Real high = 1);
  void fill_normal(std::span<Real> out, Real mean = 0, Real deviation = 1);
  void fill_bernoulli(std::span<Real> out, Real probability);  ///< ones and zeros

  /// A uniformly random permutation of 0 .. count-1 (Fisher-Yates).
  std::vector<Index> permutation(Index count);

  // One of the three numbers that determine the next draw.
  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }
  std::uint64_t position() const { return position_; }

 private:
  friend struct RngState;
  std::array<std::uint32_t, 4> block(std::uint64_t index) const;
  std::array<std::uint32_t, 4> next_block() { return block(position_++); }
  template <class Fill>
  void fill(std::span<Real> out, Fill fill_from);

  std::uint64_t seed_, stream_, position_ = 0;
  std::uint64_t part_ = 0, parts_ = 1;  // of the rows of a batch; not part of the state
};

/// Access to a generator's state for checkpoints.
struct RngState {
  /// The addresses of seed, stream and position.
  static std::array<std::uint64_t*, 3> of(Rng& rng) { return {&rng.seed_, &rng.stream_, &rng.position_}; }
};

}  // namespace gradus
