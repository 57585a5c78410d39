#pragma once
// How good are samples, and do they cover the data? Scores from a classifier's opinion: its probabilities and
// its features. (frechet_distance is in frechet.hpp.) 6.S191 L4 and DS542, "What makes a good model?".
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// inception_score: is each picture one clear thing, and are all things there?
///
///   p [N, C]   p(y|x_n), rows that sum to 1
///   score      exp( 1/N sum_n KL( p(y|x_n) || p(y) ) )        p(y) = 1/N sum_n p(y|x_n)
///
/// From 1 (every row the same) to C (one-hot rows, all classes alike often). It knows neither the data nor
/// variety within a class: one picture a class, repeated, reaches C. Salimans et al. 2016. Throws Error when
/// p is not [N, C] with N > 0, or a row's sum is off 1 by more than 1e-3.
double inception_score(const Tensor& p);

struct ModeShares {
  int modes = 0;               ///< classes that have at least `least_share` of all samples
  std::vector<double> shares;  ///< [classes] of all samples
};

/// mode_shares: how often each class occurs among samples that a classifier has judged. Throws Error when the
/// list is empty or a class outside 0 .. classes-1.
ModeShares mode_shares(const std::vector<int>& seen, int classes, double least_share = 0.02);

/// How two clouds of points lie in each other. B(x) is the ball round x that just reaches its k-th nearest
/// neighbour in x's own cloud (x itself not counted).
struct NeighbourScores {
  double precision = 0;  ///< share of generated points in the ball of some real one: are samples good?
  double recall = 0;     ///< share of real points in the ball of some generated one: is nothing missing?
  double density = 0;    ///< real balls that a generated point lies in, on average, over k: may exceed 1
  double coverage = 0;   ///< share of real balls that hold a generated point
};

/// neighbour_scores: real [N, D] and generated [M, D] points, usually a classifier's features.
///
/// Two halves of one data set do not reach 1 (coverage comes to 1 - 2^-k for many points): state what real
/// against real gives. Precision and recall: Kynkäänniemi et al. 2019; density and coverage, which one stray
/// point cannot inflate: Naeem et al. 2020. Throws Error when the shapes do not fit, a number is not finite,
/// or unless 1 <= k < N and k < M.
NeighbourScores neighbour_scores(const Tensor& real, const Tensor& generated, Index k = 5);

/// neighbour_test: a machine that guesses whether a point is real from its nearest neighbour among all
/// others; the share it guesses right. 1/2 for two clouds of one law, 1 for clouds apart, near 0 when the
/// generated points are copies of the real ones. Lopez-Paz, Oquab 2017. real and generated [N, D], as many of
/// each; throws Error otherwise, or when a number is not finite.
double neighbour_test(const Tensor& real, const Tensor& generated);

}  // namespace gradus
