// The numbers of the examples in the lesson of part 1: clusters, mixtures, densities, angles, shadows.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "gradus/data/generated/shadows.hpp"
#include "gradus/generative/circular.hpp"
#include "gradus/generative/clustering.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/expectation_maximization.hpp"
#include "gradus/generative/k_means.hpp"
#include "gradus/generative/kernel_density.hpp"
#include "gradus/generative/perplexity.hpp"
#include "gradus/generative/regression.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

using Arguments = ExampleArguments;

/// The numbers of an argument as points on a line, [N, 1].
Tensor points(const Arguments& a, const std::string& name) { return a.list(name).reshape({-1, 1}); }
std::vector<int> ids(const Arguments& a, const std::string& name) {
  const std::vector<double>& numbers = a.numbers(name);
  return {numbers.begin(), numbers.end()};
}
Index index(const Arguments& a, const std::string& name) { return static_cast<Index>(a.number(name)); }

// --- 01

double loss_of_means(const Arguments& a) {
  const Tensor x = points(a, "x"), means = points(a, "means");
  return k_means_loss(x, nearest_means(x, means), means);
}

double cluster_mean(const Arguments& a) {
  const std::vector<int> clusters = ids(a, "clusters");
  const Tensor before = Tensor::zeros({*std::max_element(clusters.begin(), clusters.end()) + 1, 1});
  return cluster_means(points(a, "x"), clusters, before)[index(a, "cluster")];
}

// --- 02

/// Gaussians on a line.
MixtureModel mixture(const Arguments& a) {
  return {a.list("weights"), points(a, "means"), a.list("variances").reshape({-1, 1, 1})};
}

/// The component whose responsibilities are r; a second one has the rest.
MixtureModel after_m_step(const Arguments& a) {
  const Tensor x = points(a, "x"), first = a.list("r");
  Tensor r({x.dim(0), 2});
  for (Index n = 0; n < x.dim(0); ++n) r[2 * n] = first[n], r[2 * n + 1] = 1 - first[n];
  return m_step(x, r);
}

double kernels(const Arguments& a) {
  const KernelDensity model{points(a, "points"), static_cast<Real>(a.number("h"))};
  return model.log_density(points(a, "at")).item();
}

// --- 03

Tensor radians(const Arguments& a, const std::string& name) {
  Tensor angles = a.list(name);
  for (Real& angle : angles.values()) angle *= std::numbers::pi_v<Real> / 180;
  return angles;
}

/// The largest difference of a pixel between the shadows of two turns.
double shadow_difference(const Arguments& a) {
  const Solid post = a.number("arms") == 2 ? two_armed_post() : three_armed_post();
  const Tensor one = draw_shadow(post, static_cast<Real>(a.number("turn"))),
               other = draw_shadow(post, static_cast<Real>(a.number("other")));
  double largest = 0;
  for (Index i = 0; i < one.size(); ++i) largest = std::max(largest, std::abs(double(one[i]) - other[i]));
  return largest;
}

}  // namespace

const LessonExamples lesson_examples_1 = {
    {"01", "k_means_loss(x, means)", loss_of_means},
    {"01", "cluster_mean(x, clusters, cluster)", cluster_mean},
    {"01", "purity(clusters, labels)",
     [](const Arguments& a) { return purity(ids(a, "clusters"), ids(a, "labels")); }},
    {"01", "nmi(clusters, labels)",
     [](const Arguments& a) { return normalised_mutual_information(ids(a, "clusters"), ids(a, "labels")); }},
    {"01", "perplexity(p)", [](const Arguments& a) { return perplexity((-log(Var(a.list("p")))).value()); }},
    {"01", "cross_entropy(logits, label)",
     [](const Arguments& a) { return double(cross_entropy(a.row("logits"), ids(a, "label")).item()); }},

    {"02", "log_likelihood(x, weights, means, variances)",
     [](const Arguments& a) {
       return double(mixture_log_likelihood(mixture(a).log_joint(points(a, "x"))).item());
     }},
    {"02", "responsibility(x, weights, means, variances, component)",
     [](const Arguments& a) {
       return double(responsibilities(mixture(a).log_joint(points(a, "x")))[index(a, "component")]);
     }},
    {"02", "m_step_mean(x, r)", [](const Arguments& a) { return double(after_m_step(a).means[0]); }},
    {"02", "m_step_variance(x, r)",
     [](const Arguments& a) { return double(after_m_step(a).covariances[0]); }},
    {"02", "m_step_weight(x, r)", [](const Arguments& a) { return double(after_m_step(a).weights[0]); }},
    {"02", "kernel_log_density(points, h, at)", kernels},
    {"02", "kl(p, q)",
     [](const Arguments& a) { return double(kl_divergence(a.row("p"), a.row("q")).item()); }},

    {"03", "circular_correlation(a, b)",
     [](const Arguments& a) { return circular_correlation(radians(a, "a"), radians(a, "b")); }},
    {"03", "r2(predictions, values)",
     [](const Arguments& a) { return determination(points(a, "predictions"), points(a, "values"))[0]; }},
    {"03", "shadow_difference(arms, turn, other)", shadow_difference},
};
