#pragma once
// The slide "Distribution transformations" in the plane: a GAN maps noise to a manifold, a CycleGAN maps one
// manifold to another.
#include <cmath>
#include <string>
#include <vector>

#include "5_adversarial/point_gan.hpp"
#include "6_translation/cyclegan.hpp"
#include "6_translation/parameters.hpp"

namespace gradus::lecture {

/// Points x [B, 2] -> x + correction.
struct PointTranslator : Module {
  explicit PointTranslator(Rng& random)
      : Module(random), correction(*this, "correction", {2, 64, 64, 2}, relu) {
    correction.layers.back()->w.value.fill(0);
    correction.layers.back()->b.value.fill(0);
  }
  Var operator()(const Var& x) { return x + correction(x); }

  Mlp correction;
};

/// Both translators between the distributions a and b, trained without pairs.
struct PlaneTranslators {
  PlaneTranslators(Program& program, const GaussianMixture& a, const GaussianMixture& b)
      : rng(program.rng.split("plane")), to_b(rng), to_a(rng) {
    PointNet d_b(rng, {2, 64, 64, 1}, leaky), d_a(rng, {2, 64, 64, 1}, leaky);
    const Adam::Options options{.beta1 = Real(0.5)};
    Adam g_adam(parameters_of(to_b, to_a), options), d_adam(parameters_of(d_b, d_a), options);
    ImagePool pool_b({2}, rng.split("pool b")), pool_a({2}, rng.split("pool a"));
    Trainer trainer(program.session(), "plane",
                    {{"to_b", to_b},
                     {"to_a", to_a},
                     {"d_b", d_b},
                     {"d_a", d_a},
                     {"g_adam", g_adam},
                     {"d_adam", d_adam},
                     {"pool_b", pool_b},
                     {"pool_a", pool_a},
                     {"rng", rng}},
                    Steps{program.pick<Index>(1200, 4000, 4)});
    const CycleGan gan{std::ref(to_b), std::ref(to_a), std::ref(d_b), std::ref(d_a), d_b, d_a};
    while (trainer.next()) {
      const Real factor = decay_second_half(trainer.progress());
      g_adam.lr = Real(1e-3) * factor, d_adam.lr = Real(2e-3) * factor;
      const Tensor x = a.sample(256, rng), y = b.sample(256, rng);
      const CycleGeneratorLoss g =
          cycle_generator_step(gan, x, y, {.cycle = 3, .identity = 0}, non_saturating_losses(), g_adam);
      const CycleDiscriminatorLoss d =
          cycle_discriminator_step(gan, x, y, g.fakes, {pool_b, pool_a}, non_saturating_losses(), d_adam);
      trainer.report({{"cycle", (g.cycle_a + g.cycle_b) / 2}, {"D", (d.a + d.b) / 2}});
    }
  }
  Rng rng;
  PointTranslator to_b, to_a;
};

/// Share of the points within three standard deviations of a centre.
inline double share_near(const GaussianMixture& mixture, const Tensor& points) {
  Index near = 0;
  for (Index n = 0; n < points.dim(0); ++n) {
    double least = 1e9;
    for (Index m = 0; m < mixture.centers.dim(0); ++m)
      least = std::min(least, std::hypot(double{points[2 * n]} - double{mixture.centers[2 * m]},
                                         double{points[2 * n + 1]} - double{mixture.centers[2 * m + 1]}));
    near += least < 3 * double{mixture.deviation};
  }
  return static_cast<double>(near) / static_cast<double>(points.dim(0));
}

/// Points `from` [N, 2] on the left in their hue, their images `to` on the right, and arrows between them for
/// the first `arrows` points. The hue is the angle of the source point.
inline Tensor arrows_between(const std::string& title, const Tensor& from, const Tensor& to, Index arrows) {
  Canvas canvas(270, 640, {-6.4, 6.4, -2.7, 2.7});
  constexpr double left = -3.4, right = 3.4;
  const auto hue = [&](Index n) {
    const double angle = std::atan2(double{from[2 * n + 1]}, double{from[2 * n]});
    const auto part = [&](double shift) { return static_cast<Real>(0.5 + 0.42 * std::cos(angle - shift)); };
    return Color{part(0), part(2.1), part(4.2)};
  };
  for (Index n = 0; n < from.dim(0); ++n) {
    canvas.disc(left + double{from[2 * n]}, double{from[2 * n + 1]}, 1.5, hue(n), 0.6);
    canvas.disc(right + double{to[2 * n]}, double{to[2 * n + 1]}, 1.5, hue(n), 0.6);
  }
  for (Index n = 0; n < std::min(arrows, from.dim(0)); ++n) {
    const double x0 = left + double{from[2 * n]}, y0 = double{from[2 * n + 1]},
                 x1 = right + double{to[2 * n]}, y1 = double{to[2 * n + 1]};
    const double length = std::hypot(x1 - x0, y1 - y0), dx = (x1 - x0) / length, dy = (y1 - y0) / length;
    canvas.line({x0, x1}, {y0, y1}, hue(n), 1);
    canvas.line({x1 - 0.18 * dx - 0.08 * dy, x1, x1 - 0.18 * dx + 0.08 * dy},
                {y1 - 0.18 * dy + 0.08 * dx, y1, y1 - 0.18 * dy - 0.08 * dx}, hue(n), 1.5);
    canvas.disc(x0, y0, 3, hue(n));
  }
  canvas.letters(4, 6, title, 2);
  return canvas.image();
}

/// Both halves of the slide.
inline void distribution_transformations(Program& program) {
  const GaussianMixture moons = two_moons(), ring = ring_of_gaussians(60, Real(1.8), Real(0.08));
  const Index count = program.pick<Index>(1500, 3000, 60);
  Rng rng = program.rng.split("places"), nets = program.rng.split("noise nets");
  PointNet generator(nets, {2, 128, 128, 2}, relu), discriminator(nets, {2, 128, 128, 1}, leaky);
  Ema average(generator, Real(0.99));
  const Tensor z = Tensor::randn({count, 2}, rng, 0, Real(0.8));
  const auto scaled = [](const Tensor& noise) { return affine(noise, Real(1.25), 0).value(); };
  const Index steps = program.pick<Index>(1500, 6000, 4);
  Film film({steps}, scaled(z), z);
  train_gan(program, "noise_to_moons", generator, discriminator, average, moons,
            {.steps = steps, .noise_size = 2, .instance_noise = Real(0.3)}, film);
  PlaneTranslators plane(program, moons, ring);
  const Tensor x = moons.sample(count, rng);
  const Tensor y = plane.to_b(x).value(), back = plane.to_a(y).value();
  program.figure("plane_noise_on_moons", share_near(moons, film.fakes(0)));
  program.figure("plane_moons_on_ring", share_near(ring, y));
  program.figure("plane_cycle", double{mean(cycle_loss(back, x)).item()});
  const Index arrows = 36;
  program.picture(
      "distribution_transformations",
      vstack({arrows_between("GAN: noise to manifold", z, film.fakes(0), arrows),
              arrows_between("CycleGAN: manifold to manifold", x, y, arrows)},
             6),
      "Above: a generator maps Gaussian noise to two moons. Below: G maps the moons to a ring, "
      "learned without pairs. A colour is the angle of the source point, an arrow leads from a point "
      "to its image; neighbours stay neighbours, because F must find the way back");
}

}  // namespace gradus::lecture
