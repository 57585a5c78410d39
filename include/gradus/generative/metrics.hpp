#pragma once
// Quality and coverage of samples, measured with a classifier's probabilities and features.
// (frechet_distance is in frechet.hpp, the coverage of modes in modes.hpp.)
// 6.S191 L4 and DS542, "What makes a good model?".
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// inception_score: whether each image clearly shows one class, and whether all classes occur.
///
///   p [N, C]   p(y|x_n), rows that sum to 1
///   score      exp( 1/N sum_n KL( p(y|x_n) || p(y) ) )        p(y) = 1/N sum_n p(y|x_n)
///
/// From 1 (all rows equal) to C (one-hot rows, all classes equally frequent). It measures neither the
/// similarity to the data nor the variety within a class: one repeated image per class reaches C. Salimans et
/// al. 2016. Throws Error when p is not [N, C] with N > 0, or a row's sum differs from 1 by more than 1e-3.
double inception_score(const Tensor& p);

/// The overlap of two sets of points. B(x) is the ball around x with the distance to its k-th nearest
/// neighbour in x's own set (x itself not counted) as radius.
struct NeighbourScores {
  double precision = 0;  ///< share of generated points in the ball of a real one: sample quality
  double recall = 0;     ///< share of real points in the ball of a generated one: coverage of the data
  double density = 0;    ///< mean number of real balls around a generated point, divided by k: may exceed 1
  double coverage = 0;   ///< share of real balls that contain a generated point
};

/// neighbour_scores: real [N, D] and generated [M, D] points, usually a classifier's features.
///
/// Two halves of one data set do not reach 1 (coverage tends to 1 - 2^-k for many points): report the scores
/// of real against real data too. Precision and recall: Kynkäänniemi et al. 2019; density and coverage, which
/// a single outlier cannot inflate: Naeem et al. 2020. Throws Error when the shapes do not fit, a value is
/// not finite, or unless 1 <= k < N and k < M.
NeighbourScores neighbour_scores(const Tensor& real, const Tensor& generated, Index k = 5);

/// neighbour_test: the accuracy of a leave-one-out nearest-neighbour classifier that separates real from
/// generated points. 1/2 for two samples of one distribution, 1 for separate clouds, near 0 when the
/// generated points are copies of the real ones. Lopez-Paz, Oquab 2017. real and generated [N, D], of equal
/// N; throws Error otherwise, or when a value is not finite.
double neighbour_test(const Tensor& real, const Tensor& generated);

}  // namespace gradus
