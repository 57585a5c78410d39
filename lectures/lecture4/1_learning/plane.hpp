#pragma once
// Densities of points in the plane, and their pictures.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

inline constexpr Real limit = Real(4.5);  ///< the five Gaussians lie in [-limit, limit]^2

/// A model of points in the plane. Shapes: points [N, 2], log densities [N].
struct PlaneModel {
  std::string name;
  std::function<Tensor(const Tensor&)> log_density;
  std::function<Tensor(Index, Rng&)> sample;
};

/// A mixture of equally likely round Gaussians around the means [K, D].
inline MixtureModel round_mixture(const Tensor& means, Real variance) {
  const Index K = means.dim(0), D = means.dim(1);
  MixtureModel model{Tensor::full({K}, 1 / static_cast<Real>(K)), means, Tensor::zeros({K, D, D})};
  for (Index k = 0; k < K; ++k)
    for (Index d = 0; d < D; ++d) model.covariances[(k * D + d) * D + d] = variance;
  return model;
}

/// An empty picture of [-reach, reach]^2.
inline Canvas plane(Index side, Real reach = limit) { return {side, side, {-reach, reach, -reach, reach}}; }

/// The picture below its title.
inline Tensor titled(const Canvas& canvas, const std::string& title, const std::string& subtitle = "") {
  Tensor words = Tensor::full({subtitle.empty() ? 24 : 44, canvas.image().dim(1), 3}, 1);
  draw_text(words, 4, 2, title);
  draw_text(words, 24, 2, subtitle);
  return vstack({words, canvas.image()}, 0);
}

/// The model's density in blue, relative to its maximum, and points in black.
inline Tensor panel(const PlaneModel& model, const std::string& subtitle, const Tensor& points, Real reach) {
  constexpr Index cells = 125;
  Tensor places({cells * cells, 2});
  for (Index i = 0; i < cells * cells; ++i)
    for (Index d = 0; d < 2; ++d)
      places[2 * i + d] = reach * (2 * static_cast<Real>(d == 0 ? i % cells : i / cells) + 1) / cells - reach;
  const Tensor log_density = model.log_density(places);
  const Real most = *std::max_element(log_density.values().begin(), log_density.values().end());
  const auto cell = [reach](double v) {
    return std::clamp<Index>(static_cast<Index>((v + reach) / (2 * reach) * cells), 0, cells - 1);
  };
  Canvas canvas = plane(250, reach);
  canvas.fill([&](double x, double y) {
    const Real share = std::sqrt(std::exp(log_density[cell(y) * cells + cell(x)] - most));
    return Color{1 - Real(0.85) * share, 1 - Real(0.6) * share, 1 - Real(0.1) * share};
  });
  for (Index n = 0; n < points.dim(0); ++n)
    canvas.disc(points[2 * n], points[2 * n + 1], 1.1, colors::black, 0.7);
  return titled(canvas, model.name, subtitle);
}

/// A clearly visible colour of component k.
inline Color hue(Index k) {
  constexpr Color all[] = {{0.86f, 0.15f, 0.15f},
                           {0.15f, 0.35f, 0.85f},
                           {0.13f, 0.6f, 0.24f},
                           {0.9f, 0.6f, 0.05f},
                           {0.55f, 0.2f, 0.7f}};
  return all[k % 5];
}

/// The mixture's components as ellipses of two standard deviations, and points [N, 2] coloured by r [N, K].
inline Tensor ellipses(const std::string& title, const MixtureModel& model, const Tensor& points,
                       const Tensor& r) {
  Canvas canvas = plane(230);
  const Index K = model.weights.size();
  for (Index n = 0; n < points.dim(0); ++n) {
    Color mixed;
    for (Index k = 0; k < K; ++k) {
      const Real share = r[n * K + k];
      mixed.red += share * hue(k).red, mixed.green += share * hue(k).green, mixed.blue += share * hue(k).blue;
    }
    canvas.disc(points[2 * n], points[2 * n + 1], 1.3, mixed, 0.7);
  }
  for (Index k = 0; k < K; ++k) {
    const Real *S = model.covariances.data() + 4 * k, *m = model.means.data() + 2 * k;
    const double a = std::sqrt(double{S[0]}), b = S[2] / a,
                 c = std::sqrt(std::max(0.0, S[3] - b * b));  // S = L LT
    std::vector<double> xs, ys;
    for (int i = 0; i <= 60; ++i) {
      const double u = 2 * std::cos(i * 0.10471975512), v = 2 * std::sin(i * 0.10471975512);
      xs.push_back(m[0] + a * u), ys.push_back(m[1] + b * u + c * v);
    }
    canvas.line(xs, ys, colors::black, 3.5);
    canvas.line(xs, ys, hue(k), 2);
  }
  return titled(canvas, title);
}

/// Points [N, 2] in grey, and the given share with the smallest density in red.
inline Tensor rare_panel(const PlaneModel& model, const Tensor& points, Real share) {
  const Tensor log_density = model.log_density(points);
  std::vector<Index> order(static_cast<std::size_t>(points.dim(0)));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return log_density[a] > log_density[b]; });
  Canvas canvas = plane(420);
  const Index common = static_cast<Index>(static_cast<Real>(points.dim(0)) * (1 - share));
  for (Index i = 0; i < points.dim(0); ++i) {
    const Real* place = points.data() + 2 * order[static_cast<std::size_t>(i)];
    canvas.disc(place[0], place[1], i < common ? 1.2 : 3.5, i < common ? colors::gap : colors::red,
                i < common ? 0.35 : 1);
  }
  return titled(canvas, "red: least likely 1 %");
}

}  // namespace gradus::lecture
