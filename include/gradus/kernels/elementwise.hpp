#pragma once
// Loops over elements: map, zip and sums.
// Plain loops that the compiler vectorises, divided among threads where that is faster.
//
// Sums are taken in a fixed order over fixed blocks, so results do not depend on the number of threads.
// A block is added in the type of its terms, the sums of the blocks in double: a float alone would stop at
// 2^24 ones.
#include <algorithm>

#include "gradus/base/real.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Starting a parallel region costs a few microseconds: below this many elements one thread is faster.
constexpr Index parallel_elements = 1 << 14;

/// y_i = f(x_i)
template <class F>
void map(Index n, const Real* x, Real* y, F f) {
#pragma omp parallel for simd schedule(static) if (parallel : n >= parallel_elements)
  for (Index i = 0; i < n; ++i) y[i] = f(x[i]);
}

/// y_i = f(a_i, b_i)
template <class F>
void zip(Index n, const Real* a, const Real* b, Real* y, F f) {
#pragma omp parallel for simd schedule(static) if (parallel : n >= parallel_elements)
  for (Index i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
}

/// y_i = f(a_i, b_i, c_i)
template <class F>
void zip(Index n, const Real* a, const Real* b, const Real* c, Real* y, F f) {
#pragma omp parallel for simd schedule(static) if (parallel : n >= parallel_elements)
  for (Index i = 0; i < n; ++i) y[i] = f(a[i], b[i], c[i]);
}

/// A new tensor of the same shape: f of every element.
template <class F>
Tensor mapped(const Tensor& x, F f) {
  Tensor y(x.shape());
  map(x.size(), x.data(), y.data(), f);
  return y;
}

/// A new tensor of the same shape: f of every pair. The caller checks that the shapes agree.
template <class F>
Tensor zipped(const Tensor& a, const Tensor& b, F f) {
  Tensor y(a.shape());
  zip(a.size(), a.data(), b.data(), y.data(), f);
  return y;
}

/// Calls body(b) for every row, rows divided among threads; `work` is the total number of elements.
template <class Body>
void for_rows(Index rows, Index work, Body body) {
#pragma omp parallel for schedule(static) if (work >= parallel_elements)
  for (Index b = 0; b < rows; ++b) body(b);
}

/// sum over first <= i < last of term(i), in blocks of 1024, on the calling thread.
template <class Term>
double blocked_sum(Index first, Index last, Term term) {
  constexpr Index block = 1024;
  double sum = 0;
  for (Index begin = first; begin < last; begin += block) {
    const Index end = std::min(last, begin + block);
    decltype(term(first)) part = 0;
#pragma omp simd reduction(+ : part)
    for (Index i = begin; i < end; ++i) part += term(i);
    sum += double{part};
  }
  return sum;
}

/// sum over j of term(b, j), for every row b:  out [B]
template <class Term>
void row_sums(Index rows, Index width, Real* out, Term term) {
  for_rows(rows, rows * width, [=](Index b) {
    out[b] = static_cast<Real>(blocked_sum(0, width, [=](Index j) { return term(b, j); }));
  });
}

/// y_bk = scale_b f(b K + k), the gradient of a sum over every row: scale [B], y of `shape`, read as [B, K].
template <class F>
Tensor scaled_rows(const Tensor& scale, const Shape& shape, F f) {
  Tensor y(shape);
  const Index width = shape.row_size();
  for_rows(shape[0], shape.size(), [=, scales = scale.data(), out = y.data()](Index b) {
    const Real s = scales[b];
#pragma omp simd
    for (Index i = b * width; i < (b + 1) * width; ++i) out[i] = s * f(i);
  });
  return y;
}

/// sum over b of term(g, b, j), for every column j of every group g:  out [G, K].
/// Each thread takes 64 columns of a group at a time; rows are added in order, in blocks of 256.
template <class Term>
void column_sums(Index groups, Index rows, Index width, Real* out, Term term) {
  constexpr Index together = 64, block = 256;
  const Index tasks = (width + together - 1) / together;
  for_rows(groups * tasks, groups * rows * width, [=](Index task) {
    const Index g = task / tasks, first = task % tasks * together, last = std::min(width, first + together);
    double sum[together] = {};
    for (Index begin = 0; begin < rows; begin += block) {
      const Index end = std::min(rows, begin + block);
      Real part[together] = {};
      for (Index b = begin; b < end; ++b)
#pragma omp simd
        for (Index j = first; j < last; ++j) part[j - first] += term(g, b, j);
      for (Index j = first; j < last; ++j) sum[j - first] += double{part[j - first]};
    }
    for (Index j = first; j < last; ++j) out[g * width + j] = static_cast<Real>(sum[j - first]);
  });
}

/// The same for one group: sum over b of term(b, j),  out [K].
template <class Term>
void column_sums(Index rows, Index width, Real* out, Term term) {
  column_sums(1, rows, width, out, [=](Index, Index b, Index j) { return term(b, j); });
}

/// sum over i of term(i), divided among threads in chunks of at least 4096 terms.
/// The sums of the chunks are added in order.
template <class Term>
double total(Index n, Term term) {
  constexpr Index chunk = 4096, most = 4096;
  const Index size = std::max(chunk, (n + most - 1) / most), chunks = (n + size - 1) / size;
  double sums[most];
#pragma omp parallel for schedule(static) if (n >= parallel_elements)
  for (Index c = 0; c < chunks; ++c) {
    sums[c] = blocked_sum(c * size, std::min(n, (c + 1) * size), term);
  }
  double sum = 0;
  for (Index c = 0; c < chunks; ++c) sum += sums[c];
  return sum;
}

}  // namespace gradus
