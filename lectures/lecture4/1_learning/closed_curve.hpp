#pragma once
// The place of points along the closed curve that they form in the plane.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// A closed polygon through the rows of points [K, 2] that does not cross itself, as the order of the rows: a
/// tour to the nearest row that is left, then 2-opt,
/// which reverses pieces as long as that makes the tour shorter.
inline std::vector<Index> tour_of(const Tensor& points) {
  const Index K = points.dim(0);
  const auto distance = [&](Index a, Index b) {
    return std::hypot(points[2 * a] - points[2 * b], points[2 * a + 1] - points[2 * b + 1]);
  };
  std::vector<Index> tour(static_cast<std::size_t>(K));
  std::iota(tour.begin(), tour.end(), Index{0});
  for (auto place = tour.begin(); place + 1 != tour.end(); ++place)
    std::iter_swap(place + 1, std::min_element(place + 1, tour.end(), [&](Index a, Index b) {
                     return distance(*place, a) < distance(*place, b);
                   }));
  for (bool better = true; better;) {
    better = false;
    for (std::size_t i = 0; i + 2 < tour.size(); ++i)
      for (std::size_t j = i + 2; j < tour.size(); ++j) {
        const Index a = tour[i], b = tour[i + 1], c = tour[j], d = tour[(j + 1) % tour.size()];
        if (a == d || distance(a, c) + distance(b, d) >= distance(a, b) + distance(c, d) - Real(1e-6))
          continue;
        std::reverse(tour.begin() + static_cast<std::ptrdiff_t>(i + 1),
                     tour.begin() + static_cast<std::ptrdiff_t>(j + 1));
        better = true;
      }
  }
  return tour;
}

/// The curve through the means of small clusters of codes.
struct ClosedCurve {
  Tensor corners;  ///< [K, 2], in order
  /// K + 1 lengths from corner 0 to every corner; the last one is the whole length.
  std::vector<double> upto;

  /// codes [N, 2]. Throws Error for fewer codes than corners.
  ClosedCurve(const Tensor& codes, Index count, Rng& rng) {
    const Tensor means = k_means(codes, count, rng).means;
    corners = means.gather(tour_of(means));
    upto.push_back(0);
    for (Index k = 0; k < count; ++k) {
      const Real *a = corners.data() + 2 * k, *b = corners.data() + 2 * ((k + 1) % count);
      upto.push_back(upto.back() + std::hypot(b[0] - a[0], b[1] - a[1]));
    }
  }

  /// The place on the curve that is nearest to a code: the length from corner 0.
  double place_of(const Real* code) const {
    double least = INFINITY, place = 0;
    for (Index k = 0; k < corners.dim(0); ++k) {
      const Real *a = corners.data() + 2 * k, *b = corners.data() + 2 * ((k + 1) % corners.dim(0));
      const double u = b[0] - a[0], v = b[1] - a[1], length = std::max(1e-12, std::hypot(u, v));
      const double along =
          std::clamp(((code[0] - a[0]) * u + (code[1] - a[1]) * v) / (length * length), 0.0, 1.0);
      const double distance = std::hypot(code[0] - a[0] - along * u, code[1] - a[1] - along * v);
      if (distance < least) least = distance, place = upto[static_cast<std::size_t>(k)] + along * length;
    }
    return place;
  }
};

/// The order of codes [N, 2] along their curve.
inline std::vector<Index> order_along(const Tensor& codes, Rng& rng) {
  const ClosedCurve curve(codes, std::min<Index>(48, codes.dim(0) / 4), rng);
  std::vector<double> places;
  for (Index n = 0; n < codes.dim(0); ++n) places.push_back(curve.place_of(codes.data() + 2 * n));
  std::vector<Index> order(places.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) {
    return places[static_cast<std::size_t>(a)] < places[static_cast<std::size_t>(b)];
  });
  return order;
}

/// The angle of every code: its rank along the curve as a part of a full turn, [N]. All turns are equally
/// frequent, so equal parts of the data are equal parts of the turn.
inline Tensor angles_of(const std::vector<Index>& order) {
  Tensor angles({static_cast<Index>(order.size())});
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    angles[order[rank]] = static_cast<Real>(2 * std::numbers::pi * static_cast<double>(rank) /
                                            static_cast<double>(order.size()));
  return angles;
}

}  // namespace gradus::lecture
