#pragma once
// Sums over pixels, two per channel: used by normalisations in forward and backward passes.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "gradus/base/real.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

/// For x read as [groups, pixels, C]: first[g, c] and second[g, c] are the sums over the pixels of the two
/// values that term(i, g * C + c, i / C) returns for element i; the arguments are the indices of the element,
/// of its channel and of its pixel. Shape [groups * C] each.
///
/// Up to 256 pixels are added in Real, in registers, 64 channels at a time; these partial sums are added in
/// order, in double. So the bits do not depend on the number of threads, and a million pixels lose no more
/// precision than 256.
struct PixelSums {
  /// What a term returns. An aggregate: g++ does not vectorise a loop that constructs std::pair.
  struct Two {
    Real first, second;
  };
  std::vector<double> first, second;

  template <class Term>
  PixelSums(Index groups, Index pixels, Index C, Term term)
      : first(static_cast<std::size_t>(groups * C)), second(first) {
    constexpr Index chunk = 256, block = 64;
    const Index chunks = (pixels + chunk - 1) / chunk, blocks = (C + block - 1) / block;
    static thread_local std::vector<Real> partial_sums;
    partial_sums.resize(static_cast<std::size_t>(groups * chunks * C * 2));
    Real* const partial = partial_sums.data();
    for_rows(groups * chunks * blocks, groups * pixels * C, [=](Index task) {
      const Index c = task % blocks * block, piece = task / blocks, g = piece / chunks;
      const Index begin = piece % chunks * chunk, end = std::min(pixels, begin + chunk);
      const Index channels = std::min(block, C - c);
      const Index pixel = g * pixels + begin;
      const auto sum = [&](auto constant) {
        add<constant()>(pixel, end - begin, C, c, g, channels, partial + (piece * C + c) * 2, term);
      };
      if (channels == 64)
        sum(std::integral_constant<Index, 64>{});
      else if (channels == 32)
        sum(std::integral_constant<Index, 32>{});
      else if (channels == 16)
        sum(std::integral_constant<Index, 16>{});
      else
        sum(std::integral_constant<Index, 0>{});
    });
    for (Index g = 0; g < groups; ++g)
      for (Index piece = g * chunks; piece < (g + 1) * chunks; ++piece)
        for (Index c = 0; c < C; c += block) {
          const Index channels = std::min(block, C - c);
          const Real* from = partial + (piece * C + c) * 2;
          for (Index k = 0; k < channels; ++k) {
            first[static_cast<std::size_t>(g * C + c + k)] += double{from[k]};
            second[static_cast<std::size_t>(g * C + c + k)] += double{from[channels + k]};
          }
        }
  }

 private:
  /// Constant: a number of channels that the compiler knows, so that the sums stay in registers; 0:
  /// any number.
  template <Index Constant, class Term>
  static void add(Index pixel, Index pixels, Index C, Index c, Index g, Index channels, Real* out,
                  Term term) {
    constexpr Index most = 64;
    const Index count = Constant ? Constant : channels;
    Real a[most] = {}, b[most] = {};
    for (Index p = pixel; p < pixel + pixels; ++p)
#pragma omp simd
      for (Index k = 0; k < count; ++k) {
        const Two two = term(p * C + c + k, g * C + c + k, p);
        a[k] += two.first;
        b[k] += two.second;
      }
    std::copy_n(a, count, out);
    std::copy_n(b, count, out + count);
  }
};

}  // namespace gradus
