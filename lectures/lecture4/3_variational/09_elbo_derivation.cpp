// The derivation of the ELBO line by line, on a model with known log p(x).
// DS542, "Variational Inference"
//
// x | z ~ N(W z + b, c I), z ~ N(0, I), q(z) = N(g, h). Each line of the slide is one function.
// All expectations use the same samples, and the closed forms are printed beside them.
#include <cmath>
#include <numbers>

#include "support/lecture.hpp"

namespace gradus::lecture {

using Vector = std::vector<double>;

/// A Gaussian with diagonal covariance: the slide's q_x(z) = N(g(x), h(x)), h a vector of variances.
struct Q {
  Vector g, h;
  double log_density(const Vector& z) const {
    double sum = 0;
    for (std::size_t k = 0; k < z.size(); ++k)
      sum -= 0.5 * (std::log(2 * std::numbers::pi * h[k]) + (z[k] - g[k]) * (z[k] - g[k]) / h[k]);
    return sum;
  }
  Vector sample(Rng& rng) const {
    Vector z;
    for (std::size_t k = 0; k < g.size(); ++k) z.push_back(g[k] + std::sqrt(h[k]) * rng.normal());
    return z;
  }
};

/// E_q[f(z)], estimated from a fixed set of samples.
template <class F>
double expectation(const std::vector<Vector>& samples, F f) {
  double sum = 0;
  for (const Vector& z : samples) sum += f(z);
  return sum / static_cast<double>(samples.size());
}

struct Derivation {
  const LinearGaussian& model;
  const Vector& x;
  const Q& q;
  const std::vector<Vector>& samples;
  double c, log_evidence;

  /// p(z|x) by Bayes' theorem.
  double log_posterior(const Vector& z) const {
    return model.log_likelihood(x, z) + model.log_prior(z) - log_evidence;
  }
  double line1_kl_to_posterior() const { return model.kl_to_posterior(x, q.g, q.h); }
  double line2_expectations() const {
    return expectation(samples, [&](const Vector& z) { return q.log_density(z); }) -
           expectation(samples, [&](const Vector& z) { return log_posterior(z); });
  }
  double line3_logs_apart() const {
    return expectation(samples, [&](const Vector& z) { return q.log_density(z); }) -
           expectation(samples, [&](const Vector& z) { return model.log_prior(z); }) -
           expectation(samples, [&](const Vector& z) { return model.log_likelihood(x, z); }) + log_evidence;
  }
  /// The slide's fourth line, to be maximised: the ELBO. It drops E_q log p(x) = log p(x),
  /// which does not depend on g and h.
  double line4_elbo() const {
    return expectation(samples, [&](const Vector& z) { return model.log_likelihood(x, z); }) -
           diagonal_kl_to_standard(q.g, q.h);
  }
  /// The fifth line: the log density of the Gaussian written out, without its constant -(D/2) log(2 pi c).
  double line5_squared_error() const {
    return expectation(samples,
                       [&](const Vector& z) { return model.log_likelihood(x, z) + dropped_constant(); }) -
           diagonal_kl_to_standard(q.g, q.h);
  }
  double dropped_constant() const {
    return 0.5 * static_cast<double>(model.data_size()) * std::log(2 * std::numbers::pi * c);
  }
};

/// Prints the slide's five lines with their values, and reports how far they are from the closed forms.
void print_lines(Program& program, const Derivation& slide, double kl, double elbo) {
  const auto line = [&](const char* what, double value) {
    program.say(pad_right(what, 78) + ' ' + fixed(value, 4, 10));
  };
  program.say("minimise over (g, h):");
  line("1  KL(q, p(z|x)), closed form", kl);
  line("2  E log q(z) - E log( p(x|z) p(z) / p(x) )", slide.line2_expectations());
  line("3  E log q(z) - E log p(z) - E log p(x|z) + E log p(x)", slide.line3_logs_apart());
  program.say("maximise over (g, h):");
  line("4  E log p(x|z) - KL(q, p(z))                              = log p(x) - line 1", slide.line4_elbo());
  line("   the same in closed form", elbo);
  line("   dropped in line 4: log p(x)", slide.log_evidence);
  line("5  E( -||x - f(z)||^2 / 2c ) - KL(q, p(z))                 = line 4 + D/2 log(2 pi c)",
       slide.line5_squared_error());
  line("   dropped in line 5: -D/2 log(2 pi c), valid while c is fixed", -slide.dropped_constant());
  program.figure("elbo_plus_kl_minus_log_evidence", std::abs(elbo + kl - slide.log_evidence));
  program.figure("line2_error", std::abs(slide.line2_expectations() - kl));
  program.figure("line3_error", std::abs(slide.line3_logs_apart() - kl));
  program.figure("line4_error", std::abs(slide.line4_elbo() - elbo));
}

/// Coordinate ascent of the ELBO in q, one small step; the optimal h is known in closed form.
///   W [D, K], b [D], c    the model's weights, bias and variance of the noise;  x [D] the example
void ascend(Q& q, const Vector& W, const Vector& b, double c, const Vector& x) {
  const std::size_t D = b.size(), K = q.g.size();
  for (std::size_t k = 0; k < K; ++k) {
    double column = 0, slope = -q.g[k];
    for (std::size_t i = 0; i < D; ++i) {
      const std::size_t ik = i * K + k;
      double mean = b[i];
      for (std::size_t l = 0; l < K; ++l) mean += W[i * K + l] * q.g[l];
      column += W[ik] * W[ik];
      slope += W[ik] * (x[i] - mean) / c;
    }
    q.g[k] += 0.05 * slope / (1 + column / c);
    q.h[k] += 0.05 * (1 / (1 + column / c) - q.h[k]);
  }
}

void derivation(Program& program) {
  const Index D = 5, K = 2;
  const double c = 0.3;
  Rng rng = program.rng.split("model");
  Vector W, b;
  for (Index i = 0; i < D * K; ++i) W.push_back(rng.normal());
  for (Index i = 0; i < D; ++i) b.push_back(0.5 * rng.normal());
  const LinearGaussian model(D, K, W, b, c);
  Vector x = b;  // a sample of the model at z = (1.2, -0.8)
  for (Index i = 0; i < D; ++i)
    x[static_cast<std::size_t>(i)] += 1.2 * W[static_cast<std::size_t>(2 * i)] -
                                      0.8 * W[static_cast<std::size_t>(2 * i + 1)] +
                                      std::sqrt(c) * rng.normal();
  const double evidence = model.log_evidence(x);

  const Q q{{0.9, -0.6}, {0.2, 0.15}};
  std::vector<Vector> samples;
  for (Index i = 0; i < program.pick<Index>(200000, 2000000, 2000); ++i) samples.push_back(q.sample(rng));
  const Derivation slide{model, x, q, samples, c, evidence};
  const double kl = slide.line1_kl_to_posterior(),
               elbo = model.expected_log_likelihood(x, q.g, q.h) - diagonal_kl_to_standard(q.g, q.h);
  print_lines(program, slide, kl, elbo);

  // Fitting q reduces the gap. The rest of the gap comes from the correlations of the true posterior,
  // which a diagonal q cannot represent.
  Plot plot("The bound rises to log p(x) as q is fitted");
  plot.x("step").y("nats");
  Vector steps, bound;
  Q fitted{{2, 2}, {1, 1}};
  const Index last = 200;
  for (Index step = 0; step <= last; ++step) {
    steps.push_back(static_cast<double>(step));
    bound.push_back(model.expected_log_likelihood(x, fitted.g, fitted.h) -
                    diagonal_kl_to_standard(fitted.g, fitted.h));
    ascend(fitted, W, b, c, x);
  }
  plot.line("ELBO", steps, bound).reference("log p(x)", {0, static_cast<double>(last)}, {evidence, evidence});
  plot.y_range(bound.front(), evidence + 0.5);
  program.plot("gap", plot,
               "ELBO + KL(q || p(z|x)) = log p(x): fitting q closes the gap except for the posterior's "
               "correlations, which a diagonal q cannot represent");
  program.figure("gap_at_the_start", evidence - bound.front());
  program.figure("gap_at_the_end", evidence - bound.back());
  const LinearGaussian::Gaussian exact = model.posterior(x);
  const double determinant =
      exact.covariance[0] * exact.covariance[3] - exact.covariance[1] * exact.covariance[2];
  program.figure("gap_of_a_diagonal_q", 0.5 * (std::log(determinant) - std::log(fitted.h[0] * fitted.h[1])));

  // Line 1 cannot fit f: a decoder that ignores z has posterior = prior,
  // so it reaches KL = 0 and models nothing.
  const LinearGaussian useless(D, K, Vector(static_cast<std::size_t>(D * K)), b, c);
  const Q prior{{0, 0}, {1, 1}};
  program.say(text("a decoder that ignores z: KL(q, p(z|x)) = ", useless.kl_to_posterior(x, prior.g, prior.h),
                   ", the minimum, but log p(x) = ", useless.log_evidence(x), " instead of ", evidence,
                   ": f must be fitted by the ELBO, not by line 1"));
  program.figure("useless_decoder_kl", useless.kl_to_posterior(x, prior.g, prior.h));
  program.headline(text("log p(x) = ", evidence, "; ELBO + KL(q || posterior) differs from it by ",
                        std::abs(elbo + kl - evidence)));
}

void lesson(Program& program) {
  program.dataset("A linear-Gaussian model with known log p(x), no data.");
  derivation(program);
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "09_elbo_derivation",
       .title = "The ELBO, line by line",
       .slide = "DS542, \"Variational Inference\"",
       .look = "Every printed line has the value that the derivation predicts. The curve converges just "
               "below log p(x): a diagonal q cannot match a correlated posterior."},
      lesson);
}
