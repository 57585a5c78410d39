// Gaussian mixtures: density, samples, EM, and the same by gradient.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "gradus/generative/expectation_maximization.hpp"
#include "gradus/generative/k_means.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/generative/trainable_mixture.hpp"
#include "gradus/kernels/symmetric.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/descend.hpp"
#include "gradus/optim/optimizer.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

/// log w N(x; m, S) of the plane, by the textbook's inverse and determinant.
double log_term(double w, const Real* m, const Real* S, const Real* x) {
  const double det = double(S[0]) * S[3] - double(S[1]) * S[2], u = double(x[0]) - m[0],
               v = double(x[1]) - m[1];
  const double squared = (S[3] * u * u - (double(S[1]) + S[2]) * u * v + S[0] * v * v) / det;
  return std::log(w) - std::log(2 * std::numbers::pi) - 0.5 * std::log(det) - 0.5 * squared;
}

MixtureModel round_mixture(const Tensor& means, Real variance) {
  const Index K = means.dim(0), D = means.dim(1);
  MixtureModel model{Tensor::full({K}, 1 / static_cast<Real>(K)), means.clone(), Tensor::zeros({K, D, D})};
  for (Index k = 0; k < K; ++k)
    for (Index d = 0; d < D; ++d) model.covariances[(k * D + d) * D + d] = variance;
  return model;
}

}  // namespace

TEST_CASE("a mixture's log_joint is the formula, and its density integrates to 1") {
  const MixtureModel truth = five_gaussians();
  Rng rng(3);
  const Tensor x = Tensor::randn({67, 2}, rng, 0, 2), log_joint = truth.log_joint(x);
  for (Index n = 0; n < 67; ++n)
    for (Index k = 0; k < 5; ++k)
      CHECK(close(log_joint.at({n, k}),
                  log_term(truth.weights[k], truth.means.data() + 2 * k, truth.covariances.data() + 4 * k,
                           x.data() + 2 * n),
                  2e-4));
  Tensor grid({160 * 160, 2});
  for (Index i = 0; i < 160 * 160; ++i)
    grid[2 * i] = static_cast<Real>(-8 + 0.1 * double(i % 160)),
             grid[2 * i + 1] = static_cast<Real>(-8 + 0.1 * double(i / 160));
  double mass = 0;
  const Tensor densities = mixture_log_likelihood(truth.log_joint(grid));
  for (const Real p : densities.values()) mass += 0.01 * std::exp(double(p));
  CHECK(close(mass, 1, 1e-3));
}

TEST_CASE("samples of a mixture have its weights, means and covariances") {
  Rng rng(4);
  const MixtureModel truth = five_gaussians();
  const Tensor x = truth.sample(40000, rng);
  const MixtureModel found =
      m_step(x, responsibilities(truth.log_joint(x)));  // a fixed point, up to sampling noise
  for (Index k = 0; k < 5; ++k) {
    CHECK(close(found.weights[k], truth.weights[k], 0.01));
    for (Index i = 0; i < 2; ++i) CHECK(close(found.means[2 * k + i], truth.means[2 * k + i], 0.03));
    for (Index i = 0; i < 4; ++i)
      CHECK(close(found.covariances[4 * k + i], truth.covariances[4 * k + i], 0.04));
  }
}

TEST_CASE("responsibilities and likelihood: brute force, and terms that are far apart") {
  Rng rng(5);
  for (const auto& [N, K] : {std::pair<Index, Index>{1, 1}, {67, 3}, {5, 71}}) {
    const Tensor log_joint = Tensor::randn({N, K}, rng, -3, 2);
    const Tensor r = responsibilities(log_joint), log_p = mixture_log_likelihood(log_joint);
    for (Index n = 0; n < N; ++n) {
      double sum = 0, rows = 0;
      for (Index k = 0; k < K; ++k) sum += std::exp(double(log_joint.at({n, k})));
      CHECK(close(log_p[n], std::log(sum), 1e-5));
      for (Index k = 0; k < K; ++k) {
        CHECK(close(r.at({n, k}), std::exp(double(log_joint.at({n, k}))) / sum, 1e-6));
        rows += r.at({n, k});
      }
      CHECK(close(rows, 1, 1e-5));
    }
  }
  const Real inf = std::numeric_limits<Real>::infinity();
  const Tensor far = Tensor::of({4, 3}, {-5000, -5001, -9000, 1000, 1000, 0, -inf, -2, -inf, 3, -inf, -800});
  const Tensor r = responsibilities(far), log_p = mixture_log_likelihood(far);
  CHECK(close(r.at({0, 0}), 1 / (1 + std::exp(-1.0)), 1e-6));
  CHECK(r.at({0, 2}) == 0);
  CHECK(r.at({1, 0}) == Real(0.5));
  CHECK(r.at({2, 1}) == 1);
  CHECK(r.at({3, 0}) == 1);
  CHECK(close(log_p[0], -5000 + std::log(1 + std::exp(-1.0)), 1e-3));
  CHECK(close(log_p[1], 1000 + std::log(2.0), 1e-3));
  CHECK(log_p[2] == -2);
}

TEST_CASE("m_step: weighted moments by definition; one component has the moments of the data") {
  Rng rng(6);
  for (const auto& [N, D, K] : {std::array<Index, 3>{2, 1, 1}, {67, 3, 2}, {71, 2, 5}}) {
    const Tensor x = Tensor::randn({N, D}, rng, 1, 2), r = responsibilities(Tensor::randn({N, K}, rng));
    const MixtureModel model = m_step(x, r, Real(0.25));
    for (Index k = 0; k < K; ++k) {
      double R = 0;
      for (Index n = 0; n < N; ++n) R += r.at({n, k});
      CHECK(close(model.weights[k], R / double(N), 1e-5));
      for (Index i = 0; i < D; ++i) {
        double mean = 0;
        for (Index n = 0; n < N; ++n) mean += r.at({n, k}) * double(x.at({n, i})) / R;
        CHECK(close(model.means.at({k, i}), mean, 1e-4));
        for (Index j = 0; j < D; ++j) {
          double product = 0, other = 0;  // E[x y] - E[x] E[y]
          for (Index n = 0; n < N; ++n) {
            product += r.at({n, k}) * double(x.at({n, i})) * x.at({n, j}) / R;
            other += r.at({n, k}) * double(x.at({n, j})) / R;
          }
          CHECK(close(model.covariances.at({k, i, j}), product - mean * other + (i == j ? 0.25 : 0), 1e-3));
        }
      }
    }
  }
  const Tensor x = Tensor::randn({101, 3}, rng);
  const MixtureModel one = m_step(x, Tensor::full({101, 1}, 1));
  const Moments moments = moments_of(x);
  for (Index i = 0; i < 9; ++i)
    CHECK(close(one.covariances[i], moments.covariance[static_cast<std::size_t>(i)], 1e-5));
}

TEST_CASE("EM never lowers the likelihood") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed);
    const Tensor x = five_gaussians().sample(1000, rng);
    for (const Index K : {1, 2, 5, 7}) {
      const MixtureFit fit = fit_mixture(x, K, rng, {.floor = 0, .tolerance = 0, .starts = 1});
      CHECK(fit.history.size() >= 2);
      // step by step: fit_mixture itself stops before a step that lowers the likelihood
      MixtureModel model{Tensor::full({K}, Real(1) / static_cast<Real>(K)), distant_points(x, K, rng),
                         Tensor::zeros({K, 2, 2})};
      for (Index k = 0; k < K; ++k) model.covariances[4 * k] = model.covariances[4 * k + 3] = 1;
      double before = -std::numeric_limits<double>::infinity();
      for (int step = 0; step < 20; ++step) {
        const Tensor log_joint = model.log_joint(x);
        const Tensor log_p = mixture_log_likelihood(log_joint);
        const double likelihood = std::accumulate(log_p.values().begin(), log_p.values().end(), 0.0) / 1000;
        CHECK(likelihood >= before - 1e-6);
        before = likelihood;
        model = m_step(x, responsibilities(log_joint));
      }
      double sum = 0;
      const Tensor log_likelihood = mixture_log_likelihood(fit.model.log_joint(x));
      for (const Real log_p : log_likelihood.values()) sum += log_p;
      CHECK(close(sum / 1000, fit.history.back(), 1e-5));
    }
  }
}

TEST_CASE("k-means is EM's limit for a variance that goes to 0") {
  Rng rng(8);
  const Tensor x = five_gaussians().sample(500, rng);
  Tensor means = distant_points(x, 5, rng);
  for (int step = 0; step < 12; ++step) {
    const Tensor r = responsibilities(round_mixture(means, Real(1e-6)).log_joint(x));
    const std::vector<int> clusters = nearest_means(x, means);
    for (Index n = 0; n < 500; ++n) CHECK(r.at({n, clusters[static_cast<std::size_t>(n)]}) == 1);
    const Tensor moved = m_step(x, r).means, lloyd = cluster_means(x, clusters, means);
    for (Index i = 0; i < 10; ++i) CHECK(close(moved[i], lloyd[i], 1e-5));
    means = lloyd;
  }
}

TEST_CASE("a trainable mixture has the density of the mixture and descends to EM's likelihood") {
  Rng rng(9);
  const Tensor x = five_gaussians().sample(500, rng), means = distant_points(x, 5, rng);
  TrainableMixture model(rng, means, Real(0.7));
  const Tensor before = model.log_likelihood(x).value(),
               same = mixture_log_likelihood(round_mixture(means, Real(0.49)).log_joint(x));
  for (Index n = 0; n < 500; ++n) CHECK(close(before[n], same[n], 1e-3 * (1 + std::abs(double(same[n])))));
  const MixtureFit fit = fit_mixture(x, 5, rng);
  TrainableMixture from_clusters(rng, k_means(x, 5, rng).means, Real(0.7));
  Adam adam(from_clusters.parameters(), {.lr = Real(0.03)});
  Real loss = 0;
  for (int step = 0; step < 600; ++step)
    loss = descend(adam, [&] { return -mean(from_clusters.log_likelihood(x)); });
  CHECK(close(-loss, fit.history.back(), 0.02));
}

TEST_CASE("mixtures refuse what does not fit") {
  Rng rng(1);
  MixtureModel truth = five_gaussians();
  CHECK(contains(message([&] { truth.log_joint(Tensor::zeros({3, 3})); }), {"[N, 2]", "[3, 3]"}));
  CHECK(contains(message([&] { truth.sample(0, rng); }), "0 samples"));
  truth.covariances[0] = -1;
  CHECK(contains(message([&] {
                   truth.log_joint(Tensor::zeros({3, 2}));
                 }),
                 "covariance 0 must be positive definite"));
  truth.weights = Tensor::zeros({4});
  CHECK(contains(message([&] { truth.log_joint(Tensor::zeros({3, 2})); }), {"[4]", "[5, 2]", "[5, 2, 2]"}));
  CHECK_THROWS_AS(MixtureModel{}.log_joint(Tensor::zeros({3, 2})), Error);
  CHECK(contains(message([&] { responsibilities(Tensor::zeros({3})); }), "2 axes"));
  CHECK(contains(message([&] { mixture_log_likelihood(Tensor::zeros({3, 0})); }), "no component"));
  const Tensor x = Tensor::zeros({3, 2}), r = Tensor::of({3, 2}, {1, 0, 1, 0, 1, 0});
  CHECK(contains(message([&] { m_step(x, r); }), "component 1 is responsible for no point"));
  CHECK(contains(message([&] { m_step(x, r.rows(0, 2)); }), {"[3, 2]", "[2, 2]"}));
  CHECK(contains(message([&] { m_step(x, r, -1); }), "must not be negative"));
  for (const Real share :
       {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity(), Real(-1)})
    CHECK(contains(message([&] { m_step(x, Tensor::full({3, 1}, share)); }), "finite and not negative"));
  MixtureModel weighted = five_gaussians();
  weighted.weights[0] = -weighted.weights[0];
  CHECK(contains(message([&] { weighted.log_joint(x); }), "must not be negative"));
  weighted.weights[0] = 3;
  CHECK(contains(message([&] { weighted.sample(1, rng); }), {"weights sum to 3", "expected 1"}));
  CHECK(contains(message([&] { fit_mixture(x, 1, rng, {.starts = 0}); }), "starts >= 1"));
  CHECK(contains(message([&] { fit_mixture(x, 4, rng); }), "cannot draw 4 of 3"));
  CHECK(contains(message([&] { TrainableMixture(rng, x, 0); }), "deviation above 0"));
  TrainableMixture model(rng, x, 1);
  CHECK(contains(message([&] { model.log_joint(Tensor::zeros({3, 3})); }), {"[N, 2]", "[3, 3]"}));
}

TEST_CASE("fit_mixture with its default options never falls, also where the floor bounds a variance") {
  const Real a = Real(0.012), b = Real(-0.010);
  for (const Real scale : {Real(0.1), Real(1), Real(3), Real(1000)}) {
    Tensor x = Tensor::of({7, 1}, {-a, -a, -a, b, a, a, a});  // the cluster a has variance 0
    for (Real& v : x.values()) v *= scale;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      Rng rng(seed);
      const MixtureFit fit = fit_mixture(x, 2, rng);
      CHECK(fit.history.size() >= 2);
      for (std::size_t i = 1; i < fit.history.size(); ++i) CHECK(fit.history[i] >= fit.history[i - 1]);
      double sum = 0;
      const Tensor log_likelihood = mixture_log_likelihood(fit.model.log_joint(x));
      for (const Real log_p : log_likelihood.values()) sum += log_p;
      CHECK(close(sum / 7, fit.history.back(), 1e-5));
      for (Index k = 0; k < 2; ++k) CHECK(fit.model.covariances[k] >= EmOptions().floor);
    }
  }
  for (std::uint64_t seed = 0; seed < 5; ++seed) {  // in the plane, more components than groups
    Rng rng(seed);
    Tensor x = five_gaussians().sample(300, rng);
    for (Real& v : x.values()) v *= Real(0.03);
    for (const Index K : {1, 3, 9}) {
      const MixtureFit fit = fit_mixture(x, K, rng);
      for (std::size_t i = 1; i < fit.history.size(); ++i) CHECK(fit.history[i] >= fit.history[i - 1]);
    }
  }
}

TEST_CASE("symmetric_at_least is the most likely covariance within the bound") {
  // - log det S - tr(S^-1 C), twice the mean log likelihood of points with covariance C up to a constant
  const auto likelihood = [](const std::vector<double>& S, const std::vector<double>& C) {
    const double det = S[0] * S[3] - S[1] * S[2];
    return -std::log(det) - (S[3] * C[0] - S[1] * C[2] - S[2] * C[1] + S[0] * C[3]) / det;
  };
  const auto covariance = [](double turn, double first, double second) {
    const double c = std::cos(turn), s = std::sin(turn), off = (first - second) * c * s;
    return std::vector<double>{first * c * c + second * s * s, off, off, first * s * s + second * c * c};
  };
  Rng rng(10);
  for (int trial = 0; trial < 20; ++trial) {
    const std::vector<double> C = covariance(rng.uniform(0, 3), rng.uniform(0, 1), rng.uniform(0, Real(0.2))),
                              S = symmetric_at_least(C, 2, 0.1);
    CHECK(close(S[1], S[2], 1e-12));
    for (int other = 0; other < 200; ++other) {
      const double first = 0.1 + std::pow(double(rng.uniform()), 3),
                   second = 0.1 + std::pow(double(rng.uniform()), 3);
      CHECK(likelihood(S, C) >= likelihood(covariance(rng.uniform(0, 3), first, second), C) - 1e-12);
    }
  }
  const std::vector<double> wide = covariance(1, 2, 0.5), flat = covariance(0.7, 3, -1e-9);
  CHECK(symmetric_at_least(wide, 2, 0.1) == wide);
  const std::vector<double> thick = symmetric_at_least(flat, 2, 0);  // positive definite in Real
  const Real p = static_cast<Real>(thick[0]), q = static_cast<Real>(thick[1]),
             r = static_cast<Real>(thick[3]);
  CHECK(double(p) * r - double(q) * q > 0);
  CHECK(symmetric_at_least({0, 0, 0, 0}, 2, 0) == std::vector<double>{0, 0, 0, 0});
}

TEST_CASE("fit_mixture: points on a line, far from 0, and starts that fail") {
  Rng rng(11);
  Tensor line({1001, 2});
  for (Index n = 0; n <= 1000; ++n) line[2 * n] = line[2 * n + 1] = static_cast<Real>(n);
  for (const Index K : {1, 3}) {
    const MixtureFit fit = fit_mixture(line, K, rng);
    CHECK(std::isfinite(fit.history.back()));
    for (std::size_t i = 1; i < fit.history.size(); ++i) CHECK(fit.history[i] >= fit.history[i - 1]);
  }
  // Without a floor, a component of the equal points only has no density; one that has more points does.
  Tensor groups({44, 1});
  for (Index n = 0; n < 44; ++n)
    groups[n] = n < 4 ? Real(0) : static_cast<Real>(n < 24 ? 10 : 20) + Real(0.1) * static_cast<Real>(n % 20);
  int failed = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng one(seed), many(seed);
    failed += contains(message([&] { fit_mixture(groups, 2, one, {.floor = 0, .starts = 1}); }),
                       "must be positive definite");
    CHECK(message([&] { fit_mixture(groups, 2, many, {.floor = 0, .starts = 20}); }).empty());
  }
  CHECK(failed > 0);
  CHECK(failed < 60);
  CHECK(contains(message([&] {
                   fit_mixture(Tensor::zeros({5, 2}), 1, rng, {.floor = 0});
                 }),
                 "must be positive definite"));
  CHECK(contains(message([&] { fit_mixture(line, 1, rng, {.floor = -1}); }), "floor >= 0"));
  line[7] = std::numeric_limits<Real>::quiet_NaN();
  CHECK(contains(message([&] { fit_mixture(line, 2, rng); }), {"row 3 of x is nan", "on axis 1"}));
}

TEST_CASE("fit_mixture stops at a gain that is small relative to the likelihood") {
  Rng rng(12);
  const Tensor x = Tensor::randn({300, 60}, rng, 0, Real(1e12));  // log p is about -1700
  const EmOptions options{.starts = 1};
  const std::vector<double> history = fit_mixture(x, 2, rng, options).history;
  CHECK(history.front() < -1500);
  CHECK(history.size() >= 3);
  CHECK(history.size() < 500);
  for (std::size_t i = 1; i + 1 < history.size(); ++i)
    CHECK(history[i] - history[i - 1] > options.tolerance * (1 + std::abs(history[i])));
}

TEST_CASE("a point that no component can produce: log p is -infinity, the components share it") {
  const Real inf = std::numeric_limits<Real>::infinity();
  const Tensor terms = Tensor::full({2, 4}, -inf);
  const Tensor impossible = mixture_log_likelihood(terms), shares = responsibilities(terms);
  for (const Real log_p : impossible.values()) CHECK(log_p == -inf);
  for (const Real r : shares.values()) CHECK(r == Real(0.25));
}

TEST_CASE("a trainable mixture stays finite for large factors off the diagonal") {
  Rng rng(13);
  TrainableMixture model(rng, Tensor::randn({2, 2}, rng), 1);
  for (Index k = 0; k < 2; ++k) model.factors.value[4 * k + 1] = 1000, model.factors.value[4 * k + 2] = 100;
  const Tensor x = Tensor::randn({3, 2}, rng);
  const Tensor log_likelihood = model.log_likelihood(x).value();
  for (const Real log_p : log_likelihood.values()) CHECK(std::isfinite(log_p));
  Tape tape;
  tape.backward(mean(model.log_likelihood(x)));
  for (Index i = 0; i < 8; ++i) {
    CHECK(std::isfinite(model.factors.grad[i]));
    CHECK((model.factors.grad[i] == 0) == (i % 4 == 1));  // above the diagonal
  }
}

TEST_CASE("EM has the same bits at any number of threads") {
  CHECK(same_bits_at_any_threads([] {
    Rng rng(14);
    const MixtureFit fit = fit_mixture(five_gaussians().sample(6007, rng), 5, rng, {.most = 10, .starts = 2});
    return std::vector<Tensor>{fit.model.weights, fit.model.means, fit.model.covariances,
                               Tensor::full({1}, static_cast<Real>(fit.history.back()))};
  }));
}
