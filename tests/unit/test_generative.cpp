// The lectures' mathematics compared with closed forms, known answers and Monte Carlo.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/generative/disentanglement.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/frechet.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/linear_gaussian.hpp"
#include "gradus/generative/manifold.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/generative/one_hot.hpp"
#include "gradus/generative/pca.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/generative/with_label.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

Moments gaussian(std::vector<double> mean, std::vector<double> covariance) {
  return {std::move(mean), std::move(covariance)};
}

}  // namespace

TEST_CASE("PCA of the slide's five points gives the slide's table") {
  const Tensor points = Tensor::of({5, 2}, {-.5, -.4, -.4, -.1, .1, 0, .3, .3, .5, .2});
  const Pca pca = fit_pca(points, 1);
  const Tensor z = pca.encode(points), decoded = pca.decode(z);
  const double encoded[] = {-.63, -.39, .09, .41, .53};
  const double back[] = {-.54, -.33, -.34, -.20, .07, .04, .35, .21, .46, .27};
  for (int i = 0; i < 5; ++i) CHECK(close(std::round(100 * double(z[i])) / 100, encoded[i], 1e-6));
  for (int i = 0; i < 10; ++i) CHECK(close(std::round(100 * double(decoded[i])) / 100, back[i], 1e-6));
  CHECK(close(pca.components[0], .857803, 1e-5));
  CHECK(close(pca.components[1], .513978, 1e-5));
}

TEST_CASE("PCA: all components reconstruct exactly; fewer lose exactly the remaining variances") {
  Rng rng(3);
  const Tensor x = Tensor::randn({400, 7}, rng);
  const Pca pca = fit_pca(x, 7);
  CHECK(mean(squared_error(pca.reconstruct(x), x)).item() < 1e-8);
  const double lost = mean(squared_error(pca.first(3).reconstruct(x), x)).item();
  CHECK(close(lost, double(pca.variances[3]) + pca.variances[4] + pca.variances[5] + pca.variances[6], 1e-4));
  for (Index k = 0; k + 1 < 7; ++k) CHECK(pca.variances[k] >= pca.variances[k + 1]);
  CHECK_THROWS_AS(fit_pca(x, 8), Error);
  CHECK_THROWS_AS(fit_pca(x, 0), Error);
}

TEST_CASE("principal cosines: shared, orthogonal and rotated spaces") {
  const Tensor xy = Tensor::of({2, 3}, {1, 0, 0, 0, 1, 0}), yx = Tensor::of({2, 3}, {2, 3, 0, -1, 5, 0});
  for (const double c : principal_cosines(xy, yx)) CHECK(close(c, 1, 1e-9));
  const double angle = 0.4;
  const Tensor turned = Tensor::of({1, 3}, {Real(std::cos(angle)), 0, Real(std::sin(angle))});
  CHECK(close(principal_cosines(xy, turned).at(0), std::cos(angle), 1e-6));
  CHECK(close(principal_cosines(xy, Tensor::of({1, 3}, {0, 0, 2})).at(0), 0, 1e-6));
}

TEST_CASE("Frechet distance: closed forms, identity, and the square violates the triangle inequality") {
  const Moments a = gaussian({0, 0}, {1, 0, 0, 4}), b = gaussian({3, 4}, {1, 0, 0, 4});
  CHECK(close(frechet_distance(a, a), 0, 1e-9));
  CHECK(close(frechet_distance(a, b), 25, 1e-9));
  const Moments c = gaussian({0, 0}, {9, 0, 0, 1});  // commuting: (3 - 1)^2 + (1 - 2)^2
  CHECK(close(frechet_distance(a, c), 5, 1e-9));
  // Covariances with different axes. For 2 x 2 the trace of a root is sqrt(trace + 2 sqrt(det));
  // S1 S2 has trace 10 and determinant 12.
  const Moments turned = gaussian({0, 0}, {2, 1, 1, 2});
  CHECK(close(frechet_distance(turned, a), 9 - 2 * std::sqrt(10 + 2 * std::sqrt(12.0)), 1e-12));
  CHECK(close(frechet_distance(turned, a), 0.7712204476543416, 1e-12));
  CHECK(close(frechet_distance(a, turned), 0.7712204476543416, 1e-12));
  const Moments singular = gaussian({0, 0}, {1, 1, 1, 1});
  CHECK(close(frechet_distance(singular, singular), 0, 1e-6));
  CHECK(close(frechet_distance(singular, c), frechet_distance(c, singular), 1e-6));  // roots of rounded zeros
  CHECK_THROWS_AS(frechet_distance(a, gaussian({0}, {1})), Error);
  Rng rng(5);
  const Tensor x = Tensor::randn({20000, 3}, rng, 2, 3);
  const Moments m = moments_of(x);
  for (int d = 0; d < 3; ++d) {
    CHECK(close(m.mean[std::size_t(d)], 2, 0.1));
    CHECK(close(m.covariance[std::size_t(4 * d)], 9, 0.4));
  }
}

TEST_CASE("Frechet distance of samples: N(0, I) and N(m, s^2 I) are |m|^2 + D (1 - s)^2 apart") {
  constexpr Index N = 50000, D = 4;
  Rng rng(6);
  const Tensor x = Tensor::randn({N, D}, rng),
               y = Tensor::randn({N, D}, rng, 1, 2);  // m = (1, 1, 1, 1), s = 2
  // The estimate of |m|^2 has a standard deviation of 2 |m| sqrt((1 + s^2) / N) = 0.04,
  // the roots of the variances a smaller one.
  CHECK(close(frechet_distance(moments_of(x), moments_of(y)), 4 + 4, 0.2));
  const Tensor again = Tensor::randn({N, D}, rng);
  const double itself = frechet_distance(moments_of(x), moments_of(again));
  CHECK(itself > 0);  // biased upward: about 2 D / N for the means alone
  CHECK(itself < 1e-3);
}

TEST_CASE("gaussian_kl agrees with two million samples; the printed formula does not") {
  const double mu = 0.7, s = 0.3;
  Rng rng(1);
  const Tensor z = Tensor::randn({2000000}, rng, Real(mu), Real(s));
  double sampled = 0;
  for (const Real v : z.values())
    sampled += -0.5 * std::pow((double(v) - mu) / s, 2) - std::log(s) + 0.5 * double(v) * v;
  sampled /= 2e6;
  const double formula =
      gaussian_kl(Tensor::of({1, 1}, {Real(mu)}), Tensor::of({1, 1}, {Real(2 * std::log(s))})).item();
  CHECK(close(formula, 0.99397, 1e-4));
  CHECK(close(formula, sampled, 3e-3));
  CHECK(-0.5 * (s + mu * mu - 1 - std::log(s)) < 0);
}

TEST_CASE("KL and JS: identical, disjoint, asymmetric, and the value of the GAN game") {
  const Tensor p = Tensor::of({2, 4}, {.5, .3, .2, 0, 1, 0, 0, 0}),
               q = Tensor::of({2, 4}, {.1, .2, .3, .4, 0, .5, .5, 0});
  const Tensor js = js_divergence(p, q).value(), kl = kl_divergence(p, q).value();
  CHECK(close(js[1], std::numbers::ln2, 1e-6));  // disjoint
  CHECK(close(js_divergence(p, p).value()[0], 0, 1e-7));
  CHECK(close(kl_divergence(p, p).value()[0], 0, 1e-7));
  CHECK(std::isinf(kl_divergence(q, p).value()[0]));
  CHECK(std::isfinite(kl[0]));
  CHECK(std::isinf(kl[1]));
  double value = 0;
  for (Index i = 0; i < 4; ++i) {
    const double best = double(p[i]) / (double(p[i]) + q[i]);
    value += (p[i] > 0 ? double(p[i]) * std::log(best) : 0) + double(q[i]) * std::log(1 - best);
  }
  CHECK(close(value, -std::log(4.0) + 2 * double(js[0]), 1e-6));
  CHECK(close(value, -.9433, 1e-4));
  CHECK_THROWS_AS(kl_divergence(p, Tensor::zeros({2, 3})), Error);
}

TEST_CASE("gradients of KL and JS are finite where both distributions are zero") {
  Parameter p(Tensor::of({1, 3}, {.4, .6, 0})), q(Tensor::of({1, 3}, {.7, .3, 0}));
  Tape tape;
  tape.backward(kl_divergence(p, q) + js_divergence(p, q));
  for (const Parameter* one : {&p, &q})
    for (const Real v : one->grad.values()) CHECK(std::isfinite(v));
}

TEST_CASE("KL on a grid: two normal densities one apart have KL 1/2") {
  const Index n = 2001;
  Tensor p({1, n}), q({1, n});
  for (Index i = 0; i < n; ++i) {
    const double x = -10 + 0.01 * double(i);
    p[i] = Real(std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi));
    q[i] = Real(std::exp(-0.5 * (x - 1) * (x - 1)) / std::sqrt(2 * std::numbers::pi));
  }
  CHECK(close(kl_divergence(p, q, Real(0.01)).item(), 0.5, 1e-4));
}

TEST_CASE(
    "linear-Gaussian model: ELBO + KL(q || posterior) = log p(x), and the posterior satisfies Bayes' rule") {
  const LinearGaussian model(3, 2, {1, 0.2, -0.5, 1.1, 0.3, 0.7}, {0.1, -0.2, 0.3}, 0.4);
  const std::vector<double> x{0.9, -1.1, 0.4}, g{0.3, -0.6}, h{0.5, 0.2};
  const double elbo = model.expected_log_likelihood(x, g, h) - diagonal_kl_to_standard(g, h);
  CHECK(close(elbo + model.kl_to_posterior(x, g, h), model.log_evidence(x), 1e-10));
  // log p(x) by brute force: the average of p(x|z) over the prior on a grid
  double evidence = 0;
  for (double a = -6; a < 6; a += 0.05)
    for (double b = -6; b < 6; b += 0.05)
      evidence += std::exp(model.log_likelihood(x, {a, b}) + model.log_prior({a, b})) * 0.05 * 0.05;
  CHECK(close(std::log(evidence), model.log_evidence(x), 1e-6));
  // Bayes' rule at a point, with the full-covariance posterior's density at its mean
  const auto posterior = model.posterior(x);
  const double determinant =
      posterior.covariance[0] * posterior.covariance[3] - posterior.covariance[1] * posterior.covariance[2];
  const double at_mean =
      model.log_likelihood(x, posterior.mean) + model.log_prior(posterior.mean) - model.log_evidence(x);
  CHECK(close(at_mean, -std::log(2 * std::numbers::pi) - 0.5 * std::log(determinant), 1e-10));
  CHECK_THROWS_AS(LinearGaussian(3, 2, {1, 2}, {0, 0, 0}, 1), Error);
  CHECK_THROWS_AS(LinearGaussian(1, 1, {1}, {0}, 0), Error);
}

TEST_CASE(
    "importance-weighted bound: k = 1 is the ELBO, it rises with k towards log p(x), and handles huge "
    "numbers") {
  const LinearGaussian model(2, 1, {1.0, -0.7}, {0, 0}, 0.5);
  const std::vector<double> x{0.8, 0.3};
  const double g = 0.1, h = 0.9;
  Rng rng(7);
  std::vector<double> bounds;
  for (const Index k : {1, 10, 1000}) {
    const Index rows = 400000 / k;
    Tensor log_w({rows, k});
    for (Index i = 0; i < log_w.size(); ++i) {
      const double e = rng.normal(), z = g + std::sqrt(h) * e;
      log_w[i] = Real(model.log_likelihood(x, {z}) + model.log_prior({z}) +
                      0.5 * (std::log(2 * std::numbers::pi * h) + e * e));
    }
    bounds.push_back(mean(importance_weighted_bound(log_w)).item());
  }
  CHECK(
      close(bounds[0], model.expected_log_likelihood(x, {g}, {h}) - diagonal_kl_to_standard({g}, {h}), 0.02));
  CHECK(bounds[0] < bounds[1]);
  CHECK(bounds[1] < bounds[2]);
  CHECK(close(bounds[2], model.log_evidence(x), 0.005));
  CHECK(close(importance_weighted_bound(Tensor::of({1, 2}, {-5000, -5000})).item(), -5000, 1e-2));
  const Real infinity = std::numeric_limits<Real>::infinity();
  CHECK(importance_weighted_bound(Tensor::full({1, 3}, -infinity)).item() == -infinity);
  CHECK(importance_weighted_bound(Tensor::of({1, 3}, {1, infinity, -infinity})).item() == infinity);
  CHECK(close(importance_weighted_bound(Tensor::of({1, 2}, {5000, -5000})).item(), 5000 - std::numbers::ln2,
              1e-2));
}

TEST_CASE("log importance weight: the densities of three Gaussians, and shapes that do not fit") {
  Rng rng(5);
  const Tensor mu = Tensor::randn({4, 3}, rng), logvar = Tensor::randn({4, 3}, rng),
               z = Tensor::randn({4, 3}, rng), zero = Tensor::zeros({4, 3}), nll = Tensor::randn({4}, rng);
  const Tensor log_w = log_importance_weight(nll, mu, logvar, z),
               minus_log_q = gaussian_nll(mu, logvar, z).value(),
               minus_log_p = gaussian_nll(zero, zero, z).value();
  for (Index b = 0; b < 4; ++b) CHECK(close(log_w[b], minus_log_q[b] - minus_log_p[b] - nll[b], 1e-4));
  CHECK_THROWS_AS(log_importance_weight(Tensor::zeros({3}), mu, logvar, z), Error);
  CHECK_THROWS_AS(log_importance_weight(nll, mu, logvar, Tensor::zeros({4, 2})), Error);
}

TEST_CASE("likelihoods: C is half the precision, and the learned sigma keeps its constant") {
  const Tensor x_hat = Tensor::of({1, 3}, {.1, .2, .3}), x = Tensor::of({1, 3}, {.4, .1, .5});
  CHECK(close(fixed_gaussian_nll(x_hat, x, 5).item(), 5 * (.09 + .01 + .04), 1e-6));
  const double log_sigma = -0.7, sigma2 = std::exp(2 * log_sigma);
  const double expected = 1.5 * std::log(2 * std::numbers::pi) + 3 * log_sigma + .14 / (2 * sigma2);
  CHECK(close(learned_gaussian_nll(x_hat, Tensor::of({1}, {Real(log_sigma)}), x).item(), expected, 1e-5));
  CHECK_THROWS_AS(fixed_gaussian_nll(x_hat, x, 0), Error);
  const Tensor nll = Tensor::of({2}, {3, 4}), kl = Tensor::of({2}, {1, 2});
  CHECK(vae_loss(nll, kl, 4).value()[1] == 12);
  CHECK(elbo(nll, kl).value()[1] == -6);
  CHECK_THROWS_AS(elbo(nll, Tensor::of({1}, {1})), Error);
  CHECK(warmed_beta(8, 0.25) == 4);
  CHECK(warmed_beta(8, 0.5) == 8);
  CHECK(warmed_beta(8, 0, 0) == 8);
}

TEST_CASE("normal quantile: inverse of the distribution function to 1e-9; its limits are refused") {
  for (const double p : {1e-12, 1e-5, 0.02425, 0.3, 0.5, 0.84, 0.97575, 1 - 1e-7}) {
    const double z = normal_quantile(p), back = 0.5 * std::erfc(-z / std::numbers::sqrt2);
    CHECK(std::abs(back - p) < 1e-9 * std::min(1.0, p * 1e6));
  }
  CHECK(close(normal_quantile(0.975), 1.959963984540054, 1e-9));
  CHECK(close(normal_quantile(1e-10), -6.361340902404056, 1e-9));
  CHECK(close(normal_quantile(1 - 1e-7), 5.199337582290661, 1e-7));  // 1 - 1e-7 itself is rounded
  CHECK(normal_quantile(0.5) == doctest::Approx(0).epsilon(1e-12));
  CHECK_THROWS_AS(normal_quantile(0), Error);
  CHECK_THROWS_AS(normal_quantile(1), Error);
  const Tensor sheet = quantile_sheet(4);
  CHECK(sheet.shape() == Shape{16, 2});
  CHECK(close(sheet.at({0, 0}), normal_quantile(0.125), 1e-6));
  CHECK(close(sheet.at({0, 1}), normal_quantile(0.875), 1e-6));
}

TEST_CASE("traversals change one unit; slerp keeps the length; attribute vectors have the right direction") {
  const Tensor z = Tensor::of({3}, {1, 2, 3}), codes = traversals(z, 5);
  CHECK(codes.shape() == Shape{15, 3});
  CHECK(codes.at({7, 0}) == 1);
  CHECK(codes.at({7, 1}) == 0);
  CHECK(codes.at({9, 1}) == Real(2.5));
  const Tensor a = Tensor::of({2}, {3, 0}), b = Tensor::of({2}, {0, 3}), arc = slerp(a, b, 3),
               line = lerp(a, b, 3);
  CHECK(close(std::hypot(double(arc.at({1, 0})), double(arc.at({1, 1}))), 3, 1e-5));
  CHECK(close(std::hypot(double(line.at({1, 0})), double(line.at({1, 1}))), 3 / std::sqrt(2.0), 1e-5));
  CHECK(close(arc.at({0, 0}), 3, 1e-5));
  CHECK(close(arc.at({2, 1}), 3, 1e-5));
  CHECK(slerp(a, a, 3).at({1, 0}) == 3);  // zero angle: linear interpolation
  Rng rng(2);
  Tensor noise = Tensor::randn({2000, 4}, rng), strength({2000});
  for (Index i = 0; i < 2000; ++i) strength[i] = noise[4 * i + 2];
  const Tensor v = attribute_vector(noise, strength.values());
  CHECK(v[2] > 2);
  for (const Index k : {0, 1, 3}) CHECK(std::abs(v[k]) < 0.3);
}

TEST_CASE("rank correlation and mutual information: known answers, ties, independence") {
  const std::vector<double> a{1, 2, 3, 4, 5}, b{2, 4, 8, 16, 32}, down{5, 4, 3, 2, 1}, ties{1, 1, 2, 2, 2};
  CHECK(close(rank_correlation(a, b), 1, 1e-12));
  CHECK(close(rank_correlation(a, down), -1, 1e-12));
  CHECK(close(rank_correlation(a, ties), 0.8660254, 1e-6));
  CHECK(rank_correlation(a, std::vector<double>(5, 1.0)) == 0);
  Rng rng(4);
  const Index n = 10000;
  Tensor z({n, 3}), factors({n, 2});
  for (Index i = 0; i < n; ++i) {
    const Real f = rng.normal(), g = rng.normal();
    factors[2 * i] = f, factors[2 * i + 1] = g;
    z[3 * i] = f, z[3 * i + 1] = g, z[3 * i + 2] = rng.normal();
  }
  CHECK(mutual_information_gap(z, factors) > 0.95);  // one unit per factor
  Tensor mixed = z.clone();
  for (Index i = 0; i < n; ++i) {
    mixed[3 * i] = (z[3 * i] + z[3 * i + 1]) / Real(std::numbers::sqrt2);
    mixed[3 * i + 1] = (z[3 * i] - z[3 * i + 1]) / Real(std::numbers::sqrt2);
  }
  CHECK(mutual_information_gap(mixed, factors) <
        0.05);  // rotated by 45 degrees: two units carry the same information about each factor
  std::vector<double> u, v;
  for (Index i = 0; i < n; ++i) u.push_back(rng.normal()), v.push_back(rng.normal());
  CHECK(mutual_information(u, v) < 0.01);
  CHECK(mutual_information(u, u) > 2.9);  // log 20
}

TEST_CASE("a label is appended as a one-hot row, and gradients reach the input") {
  Parameter x(Tensor::of({2, 2}, {Real(.5), -1, 2, 0}));
  Tape tape;
  const Var both = with_label(Var(x), {2, 1}, 3);
  const Tensor expected = Tensor::of({2, 5}, {Real(.5), -1, 0, 0, 1, 2, 0, 0, 1, 0});
  CHECK(both.shape() == expected.shape());
  for (Index i = 0; i < expected.size(); ++i) CHECK(both.value()[i] == expected[i]);
  tape.backward(sum(both));
  for (const Real slope : x.grad.values()) CHECK(slope == 1);
  CHECK_THROWS_AS(with_label(x.value, {2, 3}, 3), Error);
  CHECK_THROWS_AS(with_label(x.value, {2, -1}, 3), Error);
  CHECK_THROWS_AS(with_label(x.value, {2}, 3), Error);
}

TEST_CASE("one_hot: 1 at the label of each row, and its own name in the error") {
  CHECK(same_bits(one_hot({2, 0}, 3), Tensor::of({2, 3}, {0, 0, 1, 1, 0, 0})));
  CHECK(one_hot({}, 3).shape() == Shape{0, 3});
  CHECK(contains(message([] { one_hot({0, 3}, 3); }), {"one_hot: label 3", "0 .. 2"}));
}
