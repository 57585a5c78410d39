// The numbers of the examples in the lesson of part 4: resampling, the debiasing loss,
// rates, scores, calibration.
#include <cmath>
#include <vector>

#include "gradus/base/weighted_draw.hpp"
#include "gradus/generative/calibration.hpp"
#include "gradus/generative/debiasing_loss.hpp"
#include "gradus/generative/group_rates.hpp"
#include "gradus/generative/resampling.hpp"
#include "gradus/generative/roc.hpp"
#include "gradus/ops/losses.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

using Arguments = ExampleArguments;

std::vector<int> ids(const Arguments& a, const std::string& name) {
  const std::vector<double>& numbers = a.numbers(name);
  return {numbers.begin(), numbers.end()};
}
Real real(const Arguments& a, const std::string& name) { return static_cast<Real>(a.number(name)); }

// --- 19

/// The probability to draw one example, whose single latent unit has the given codes.
double weight(const Arguments& a) {
  const Tensor mu = a.list("codes").reshape({-1, 1});
  const LatentHistograms histograms = latent_histograms(mu, static_cast<Index>(a.number("bins")));
  return resampling_weights(mu, histograms, real(a, "alpha"))[static_cast<Index>(a.number("example"))];
}

double draw(const Arguments& a) {
  const Tensor weights = a.list("weights"), u = a.list("u");
  return static_cast<double>(weighted_draw(weights.values(), u.values())[0]);
}

/// The loss of one example whose code has the KL 0 and whose reconstruction has the nll `vae`.
double loss(const Arguments& a) {
  const Tensor zero = Tensor::zeros({1, 1});
  const Tensor nll = a.list("vae");
  return debiasing_loss(
             a.list("logit"), a.list("face"), zero, zero, zero, [&](const Var&) { return Var(nll); },
             real(a, "weight"))
      .item();
}

GroupRates rates(const Arguments& a) {
  const std::vector<int> labels = ids(a, "labels"), groups(labels.size(), 0);
  const Tensor scores = a.list("scores");
  return group_rates(scores.values(), labels, groups, 1)[0];
}

// --- 20, 21

double separation(const Tensor& negative, const Tensor& positive) {
  return auroc(negative.values(), positive.values());
}

double false_positives(const Arguments& a) {
  const Tensor normal = a.list("normal"), outliers = a.list("outliers");
  return false_positive_rate(normal.values(), outliers.values(), a.number("detected"));
}

double calibration_error(const Arguments& a) {
  const Tensor predictions = a.list("predictions");
  return calibration_curve(predictions.values(), ids(a, "labels")).error;
}

/// The loss of a pixel x whose predicted probability is p.
double pixel_nll(const Arguments& a) {
  const double p = a.number("p");
  return bernoulli_nll(Tensor::full({1, 1}, static_cast<Real>(std::log(p / (1 - p)))), a.row("x")).item();
}

}  // namespace

const LessonExamples lesson_examples_4 = {
    {"19", "weight(codes, bins, alpha, example)", weight},
    {"19", "draw(weights, u)", draw},
    {"19", "loss(logit, face, vae, weight)", loss},
    {"19", "true_positive(scores, labels)", [](const Arguments& a) { return rates(a).true_positive.rate; }},
    {"19", "false_positive(scores, labels)", [](const Arguments& a) { return rates(a).false_positive.rate; }},

    {"20", "auroc(normal, outliers)",
     [](const Arguments& a) { return separation(a.list("normal"), a.list("outliers")); }},
    {"20", "false_positive_rate(normal, outliers, detected)", false_positives},
    {"20", "bernoulli_nll(p, x)", pixel_nll},
    {"20", "squared_error(p, x)",
     [](const Arguments& a) { return double(squared_error(a.row("p"), a.row("x")).item()); }},

    {"21", "auroc(common, rare)",
     [](const Arguments& a) { return separation(a.list("common"), a.list("rare")); }},
    {"21", "draw(weights, u)", draw},
    {"21", "absolute_error(outputs, wanted)",
     [](const Arguments& a) { return double(l1_error(a.row("outputs"), a.row("wanted")).item()); }},
    {"21", "squared_error(outputs, wanted)",
     [](const Arguments& a) { return double(squared_error(a.row("outputs"), a.row("wanted")).item()); }},
    {"21", "calibration_error(predictions, labels)", calibration_error},
};
