// Why the noise is an input of the op: a sampled z blocks the gradient,
// and the score function estimator has a large variance.
//
// 6.S191 L4, "Reparametrizing the sampling layer"; DS542, "Use the reparameterization trick"
#include <cmath>

#include "support/lecture.hpp"

namespace gradus::lecture {

struct Sampler : Module {
  Linear mu{*this, "mu", 3, 2}, logvar{*this, "logvar", 3, 2}, decoder{*this, "decoder", 2, 3};
  using Module::Module;
};

/// One pass and its tape, with z sampled directly (a constant to the tape) or reparameterised.
void draw(Program& program, Sampler& net, const Tensor& x, bool reparameterised) {
  Rng rng = program.rng.split("noise");
  const Tensor noise = Tensor::randn({4, 2}, rng);
  zero_grad(net.parameters());
  Tape tape;
  const Var mu = net.mu(x), logvar = net.logvar(x);
  const Var z = reparameterised
                    ? reparameterize(mu, logvar, noise)
                    : Var(reparameterize(mu, logvar, noise).value());  // a sample, constant to the tape
  const Var loss = mean(squared_error(net.decoder(z), x));
  tape.backward(loss);
  const std::string gradient = net.mu.w.grad ? text("norm ", gradient_norm({&net.mu.w})) : "none";
  program.say(text(reparameterised ? "z = mu + sigma eps:     " : "z drawn from q(z|x):   ",
                   " gradient of mu's weights: ", gradient));
  program.graph(reparameterised ? "tape_reparameterised" : "tape_blocked", tape, net,
                reparameterised
                    ? "eps is a constant input: the gradient flows from the loss to mu and logvar"
                    : "z is a constant: no gradient reaches mu and logvar, only the decoder learns");
  program.figure(reparameterised ? "mu_gradient_reparameterised" : "mu_gradient_blocked",
                 net.mu.w.grad ? gradient_norm({&net.mu.w}) : 0);
}

/// Two estimators of d/dmu E[(z - 3)^2], z ~ N(mu, 1), each from many samples:
///   pathwise        2 (mu + eps - 3)                        gradient through the sample
///   score function  (z - 3)^2 (z - mu)                      value times d/dmu log q(z)
void variances(Program& program) {
  const Index count = program.pick<Index>(200000, 2000000, 5000);
  std::vector<double> mus, pathwise, score;
  for (double mu = -3; mu <= 3.01; mu += 0.5) {
    const Tensor eps = Tensor::randn({count}, program.rng);
    double sums[2] = {}, squares[2] = {};
    for (Index i = 0; i < count; ++i) {
      const double z = mu + eps[i], value = (z - 3) * (z - 3), g[2] = {2 * (z - 3), value * eps[i]};
      for (int k = 0; k < 2; ++k) sums[k] += g[k], squares[k] += g[k] * g[k];
    }
    double variance[2];
    for (int k = 0; k < 2; ++k)
      variance[k] = squares[k] / double(count) - std::pow(sums[k] / double(count), 2);
    mus.push_back(mu);
    pathwise.push_back(variance[0]);
    score.push_back(variance[1]);
    if (std::abs(mu) < 0.1) {
      program.say(text("d/dmu E(z - 3)^2 at mu = 0: exact -6, pathwise ", sums[0] / double(count),
                       " (variance ", variance[0], "), score function ", sums[1] / double(count),
                       " (variance ", variance[1], ")"));
      program.figure("pathwise_variance", variance[0]);
      program.figure("score_variance", variance[1]);
      program.figure("variance_ratio", variance[1] / variance[0]);
    }
  }
  program.plot("variance",
               Plot("Variance of the gradient from one sample")
                   .x("mu")
                   .y("variance")
                   .log_y()
                   .line_points("score function", mus, score)
                   .line_points("pathwise (reparameterised)", mus, pathwise),
               "Both estimators are unbiased; the score function needs many times as many samples for the "
               "same accuracy");
}

void lesson(Program& program) {
  program.dataset("Random numbers, no data.");
  Rng rng = program.rng.split("net");
  Sampler net(rng);
  const Tensor x = Tensor::uniform({4, 3}, rng);
  draw(program, net, x, false);
  draw(program, net, x, true);
  variances(program);
  program.headline(text("gradient of mu's weights: ", program.figure("mu_gradient_blocked"),
                        " through a sampled z, ", program.figure("mu_gradient_reparameterised"),
                        " through z = mu + sigma eps; the score function has ",
                        program.figure("variance_ratio"), " times the variance"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "10_reparameterization",
                      .title = "Reparameterisation: gradients through a random sample",
                      .slide = "6.S191 L4, \"Reparametrizing the sampling layer\"",
                      .look = "In the first graph z is a constant, so nothing connects the loss to mu and "
                              "logvar. In the second, eps is the constant, and the gradient flows through z. "
                              "The curves compare the variance of the two estimators."},
                     lesson);
}
