// The numbers of the examples in the lesson of part 3.
#include <cmath>

#include "gradus/autograd/tape.hpp"
#include "gradus/generative/disentanglement.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/linear_gaussian.hpp"
#include "gradus/generative/manifold.hpp"
#include "gradus/generative/regression.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/generative/with_label.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

using Arguments = ExampleArguments;

Index index(const Arguments& a, const char* name) { return static_cast<Index>(a.number(name)) - 1; }

/// KL( N(mu, sigma^2) || N(0, 1) ), from the arguments mu and sigma.
Var kl_to_prior(const Arguments& a) {
  return gaussian_kl(a.row("mu"), Tensor::of({1, 1}, {static_cast<Real>(2 * std::log(a.number("sigma")))}));
}
double kl(const Arguments& a) { return kl_to_prior(a).item(); }
double discrete_kl(const Arguments& a) { return kl_divergence(a.row("p"), a.row("q")).item(); }

/// The loss C |residual|^2 + KL of one pixel.
double gaussian_loss(const Arguments& a, const Tensor& residual) {
  const Var nll =
      fixed_gaussian_nll(residual, Tensor::zeros(residual.shape()), static_cast<Real>(a.number("C")));
  return vae_loss(nll, kl_to_prior(a)).item();
}

/// x ~ N(w z, c), one dimension.
LinearGaussian line_model(const Arguments& a) { return {1, 1, a.numbers("w"), {0}, a.number("c")}; }

double line_elbo(const Arguments& a) {
  return line_model(a).expected_log_likelihood(a.numbers("x"), a.numbers("mean"), a.numbers("variance")) -
         diagonal_kl_to_standard(a.numbers("mean"), a.numbers("variance"));
}

/// (z - target)^2 for a reparameterised z.
struct Sampled {
  Parameter mu, logvar;
  explicit Sampled(const Arguments& a) : mu(a.row("mu")), logvar(a.row("logvar")) {}
  double loss(const Arguments& a) {
    Tape tape;
    const Var error = sum(squared_error(reparameterize(mu, logvar, a.row("noise")), a.row("target")));
    tape.backward(error);
    return error.item();
  }
};

Tensor one(double value) { return Tensor::of({1}, {static_cast<Real>(value)}); }

double label_probability(const Arguments& a) {
  return softmax(a.row("bounds")).value()[static_cast<Index>(a.number("label"))];
}

/// The squared change of the pixel sigmoid(weight z) between two codes.
double pixel_change(const Arguments& a) {
  const auto pixel = [&](const char* z) { return sigmoid(linear(a.row(z), a.row("weight"), one(0))); };
  return sum(squared_error(pixel("high"), pixel("low"))).item();
}

double changed_code(const Arguments& a) {
  const Regression code_of(a.matrix("factors"), a.matrix("codes"), static_cast<int>(a.number("degree")));
  return change_factors(code_of, Tensor::zeros({1, 1}), a.row("from"), a.row("to"))[0];
}

double difference_of_means(const Arguments& a) {
  const std::vector<Real> smile(a.numbers("smile").begin(), a.numbers("smile").end());
  return attribute_vector(a.matrix("codes"), smile, static_cast<Real>(a.number("part")))[0];
}

}  // namespace

const LessonExamples lesson_examples_3 = {
    {"08", "kl(p, q)", discrete_kl},
    {"08", "js(p, q)", [](const Arguments& a) { return js_divergence(a.row("p"), a.row("q")).item(); }},
    {"08", "gaussian_kl(mu, sigma)", kl},

    {"09", "log_evidence(x, w, c)",
     [](const Arguments& a) { return line_model(a).log_evidence(a.numbers("x")); }},
    {"09", "expected_log_likelihood(x, w, c, mean, variance)",
     [](const Arguments& a) {
       return line_model(a).expected_log_likelihood(a.numbers("x"), a.numbers("mean"), a.numbers("variance"));
     }},
    {"09", "kl_to_prior(mean, variance)",
     [](const Arguments& a) { return diagonal_kl_to_standard(a.numbers("mean"), a.numbers("variance")); }},
    {"09", "elbo(x, w, c, mean, variance)", line_elbo},
    {"09", "kl_to_posterior(x, w, c, mean, variance)",
     [](const Arguments& a) {
       return line_model(a).kl_to_posterior(a.numbers("x"), a.numbers("mean"), a.numbers("variance"));
     }},

    {"10", "sample(mu, logvar, noise)",
     [](const Arguments& a) { return reparameterize(a.row("mu"), a.row("logvar"), a.row("noise")).item(); }},
    {"10", "loss(mu, logvar, noise, target)", [](const Arguments& a) { return Sampled(a).loss(a); }},
    {"10", "mu_gradient(mu, logvar, noise, target)",
     [](const Arguments& a) {
       Sampled sampled(a);
       sampled.loss(a);
       return sampled.mu.grad[0];
     }},
    {"10", "logvar_gradient(mu, logvar, noise, target)",
     [](const Arguments& a) {
       Sampled sampled(a);
       sampled.loss(a);
       return sampled.logvar.grad[0];
     }},

    {"11", "bernoulli_nll(logits, x)",
     [](const Arguments& a) { return bernoulli_nll(a.row("logits"), a.row("x")).item(); }},
    {"11", "kl(mu, sigma)", kl},
    {"11", "vae_loss(nll, kl, beta)",
     [](const Arguments& a) {
       return vae_loss(a.list("nll"), a.list("kl"), static_cast<Real>(a.number("beta"))).item();
     }},
    {"11", "elbo(nll, kl)", [](const Arguments& a) { return elbo(a.list("nll"), a.list("kl")).item(); }},
    {"11", "importance_weighted_bound(log_w)",
     [](const Arguments& a) { return importance_weighted_bound(a.row("log_w")).item(); }},

    {"12", "normal_quantile(p)", [](const Arguments& a) { return normal_quantile(a.number("p")); }},
    {"12", "sheet(n, row, column, entry)",
     [](const Arguments& a) {
       const Index n = static_cast<Index>(a.number("n"));
       return quantile_sheet(n).at({index(a, "row") * n + index(a, "column"), index(a, "entry")});
     }},
    {"12", "learned_gaussian_nll(x_hat, x, sigma)",
     [](const Arguments& a) {
       return learned_gaussian_nll(a.row("x_hat"), one(std::log(a.number("sigma"))), a.row("x")).item();
     }},

    {"13", "kl(mu, sigma)", kl},
    {"13", "cost(C, mu, sigma)", [](const Arguments& a) { return gaussian_loss(a, a.row("sigma")); }},

    {"14", "kl(mu, sigma)", kl},
    {"14", "loss(residual, C, mu, sigma)",
     [](const Arguments& a) { return gaussian_loss(a, a.row("residual")); }},

    {"15", "traversal(z, steps, row, entry)",
     [](const Arguments& a) {
       return traversals(a.list("z"), static_cast<Index>(a.number("steps")))
           .at({index(a, "row"), index(a, "entry")});
     }},
    {"15", "kl(mu, sigma)", kl},
    {"15", "change(weight, low, high)", pixel_change},

    {"16", "gap(w, c, variance)",
     [](const Arguments& a) {
       return LinearGaussian(2, 2, a.numbers("w"), {0, 0}, a.number("c"))
           .kl_to_posterior({0, 0}, {0, 0}, a.numbers("variance"));
     }},
    {"16", "vae_loss(nll, kl, beta)",
     [](const Arguments& a) {
       return vae_loss(a.list("nll"), a.list("kl"), static_cast<Real>(a.number("beta"))).item();
     }},
    {"16", "warmed_beta(beta, progress, warm_up)",
     [](const Arguments& a) {
       return warmed_beta(static_cast<Real>(a.number("beta")), a.number("progress"), a.number("warm_up"));
     }},
    {"16", "rank_correlation(a, b)",
     [](const Arguments& a) { return rank_correlation(a.numbers("a"), a.numbers("b")); }},

    {"17", "with_label(x, label, classes, entry)",
     [](const Arguments& a) {
       return with_label(a.row("x"), {static_cast<int>(a.number("label"))},
                         static_cast<int>(a.number("classes")))
           .value()[index(a, "entry")];
     }},
    {"17", "kl(p, q)", discrete_kl},
    {"17", "label_probability(bounds, label)", label_probability},

    {"18", "difference_of_means(codes, smile, part)", difference_of_means},
    {"18", "change(factors, codes, degree, from, to)", changed_code},
    {"18", "determination(predicted, y)",
     [](const Arguments& a) {
       const Tensor predicted = a.list("predicted"), y = a.list("y");
       return determination(predicted.reshape({y.size(), 1}), y.reshape({y.size(), 1}))[0];
     }},
};
