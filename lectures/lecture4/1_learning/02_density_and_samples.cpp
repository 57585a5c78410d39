// Density estimation and sample generation for a known distribution:
// which model makes new points most likely?
//
//   1/N sum_n log p_model(x_n)  over test points: at most minus the data's entropy,
//                               reached by the true density alone
//
// 6.S191 L4, "Generative modeling"; DS542, "Probabilistic models",
// "Quantifying Performance - Test Likelihood"
#include <algorithm>
#include <cmath>

#include "1_learning/plane.hpp"
#include "support/lecture.hpp"

namespace gradus::lecture {

/// Points of one distribution for three uses.
struct Points {
  Tensor train, held_out, test;
};

double mean_of(const Tensor& log_density) { return mean(Var(log_density)).item(); }

/// The histogram whose number of cells makes held-out points most likely. Its range contains the points of
/// all distributions: outside, the density would be 0 and the log likelihood minus infinity.
PlaneModel histogram_model(const Points& points) {
  double most = -INFINITY;
  std::shared_ptr<Histogram> best;
  for (const Index bins : {7, 14, 21, 28, 35, 42, 56}) {
    auto histogram = std::make_shared<Histogram>(
        points.train, HistogramOptions{.bins = bins, .low = -7, .high = 7, .extra = Real(0.05)});
    const double nats = mean_of(log(Var(histogram->density(points.held_out))).value());
    if (nats > most) most = nats, best = histogram;
  }
  return {text("histogram, h = ", fixed(14.0 / static_cast<double>(best->counts().dim(0)), 2)),
          [best](const Tensor& x) { return log(Var(best->density(x))).value(); },
          [best](Index count, Rng& rng) { return best->sample(count, rng); }};
}

PlaneModel kernel_model(const Points& points) {
  std::vector<Real> candidates;
  for (Real h = Real(0.05); h < 1; h *= Real(1.25)) candidates.push_back(h);
  const KernelDensity kernels{points.train, best_bandwidth(points.train, points.held_out, candidates)};
  return {text("kernels, h = ", fixed(kernels.bandwidth, 2)),
          [=](const Tensor& x) { return kernels.log_density(x); },
          [=](Index count, Rng& rng) { return kernels.sample(count, rng); }};
}

PlaneModel mixture_of(const std::string& name, const MixtureModel& model) {
  return {name, [=](const Tensor& x) { return mixture_log_likelihood(model.log_joint(x)); },
          [=](Index count, Rng& rng) { return model.sample(count, rng); }};
}

/// Mixtures with different numbers of components.
/// Returns the one under which held-out points are most likely.
MixtureModel best_mixture(Program& program, const std::string& tag, const Points& points,
                          const std::vector<Index>& sizes, double entropy) {
  std::vector<double> ks, train, held_out;
  MixtureModel best;
  for (const Index K : sizes) {
    Rng rng = program.rng.split(tag).split(static_cast<std::uint64_t>(K));
    const MixtureFit fit = fit_mixture(points.train, K, rng);
    ks.push_back(static_cast<double>(K));
    train.push_back(fit.history.back());
    held_out.push_back(mean_of(mixture_log_likelihood(fit.model.log_joint(points.held_out))));
    if (held_out.back() == *std::max_element(held_out.begin(), held_out.end())) best = fit.model;
  }
  program.plot(tag,
               Plot("Log likelihood of mixtures with K Gaussians")
                   .x("Gaussians K")
                   .y("nats per point")
                   .line_points("training points", ks, train)
                   .line_points("held-out points", ks, held_out)
                   .reference("the true density", {ks.front(), ks.back()}, {-entropy, -entropy}),
               "Training points: more Gaussians are always better. Held-out points: there is a best number");
  return best;
}

/// EM step by step from round Gaussians, and the same mixture by gradient descent from the same start.
void two_ways(Program& program, const Tensor& x, Index K) {
  Rng rng = program.rng.split("two ways");
  const Real deviation = 1;
  const Tensor means = distant_points(x, K, rng);
  MixtureModel model = round_mixture(means, deviation * deviation);
  std::vector<Tensor> pictures;
  std::vector<double> steps, by_em, descents, by_gradient;
  const Index most = program.pick<Index>(300, 1000, 20);
  for (Index step = 0; step <= most; ++step) {
    const Tensor log_joint = model.log_joint(x), r = responsibilities(log_joint);
    steps.push_back(static_cast<double>(step + 1));
    by_em.push_back(mean_of(mixture_log_likelihood(log_joint)));
    if (step == 0 || step == 1 || step == 4 || step == 15 || step == most)
      pictures.push_back(ellipses(text("EM step ", step), model, x, r));
    if (step < most) model = m_step(x, r, EmOptions().floor);
  }
  TrainableMixture trainable(rng, means, deviation);
  Adam adam(trainable.parameters());
  Trainer trainer(program.session(), "mixture", {{"model", trainable}, {"adam", adam}},
                  Steps{program.pick<Index>(3000, 10000, 20)});
  while (trainer.next()) {
    adam.lr = Real(0.03) * decay_second_half(trainer.progress());
    const Real loss = descend(adam, [&] { return -mean(trainable.log_likelihood(x)); });
    trainer.report({{"-log likelihood", loss}});
    descents.push_back(static_cast<double>(trainer.step() + 1));
    by_gradient.push_back(-loss);
  }
  program.figure("em_nats", by_em.back());
  program.figure("gradient_nats", mean_of(trainable.log_likelihood(x).value()));
  program.figure("em_gap_nats", std::abs(program.figure("em_nats") - program.figure("gradient_nats")));
  double fall = 0;
  for (std::size_t i = 1; i < by_em.size(); ++i) fall = std::max(fall, by_em[i - 1] - by_em[i]);
  program.figure("em_largest_fall_nats", fall);
  program.picture(
      "steps", hstack(pictures, 8),
      "EM: the colour of a point mixes the colours of the Gaussians by their responsibilities; ellipses at "
      "two standard deviations");
  program.plot("likelihood",
               Plot("The same mixture by EM and by gradient descent")
                   .x("step")
                   .y("nats per training point")
                   .log_x()
                   .line("EM", steps, by_em)
                   .line("Adam", descents, by_gradient),
               "Both end at the same likelihood; EM needs no learning rate");
}

/// The share of points with the same cluster by k-means and by EM with equal weights and a variance near 0.
double agreement_with_k_means(Program& program, const Tensor& x, Index K) {
  Rng rng = program.rng.split("limit");
  Tensor means = distant_points(x, K, rng);
  double equal = 0, all = 0;
  for (int step = 0; step < 20; ++step) {
    const std::vector<int> clusters = nearest_means(x, means);
    const Tensor r = responsibilities(round_mixture(means, Real(1e-5)).log_joint(x));
    for (Index n = 0; n < x.dim(0); ++n, ++all)
      equal += r.at({n, clusters[static_cast<std::size_t>(n)]}) > Real(0.5);
    means = m_step(x, r).means;
  }
  return equal / all;
}

/// One panel per model with its density and samples, and the data first.
/// Reports the likelihood of test points.
void compare(Program& program, const std::string& tag, Real reach, const Points& points,
             const PlaneModel& truth, const std::vector<PlaneModel>& models, const std::string& caption) {
  std::vector<Tensor> panels{
      panel(truth, "the data", points.train.rows(0, std::min<Index>(500, points.train.dim(0))), reach)};
  const std::vector<std::string> names{"gaussian", "histogram", "kernels", "mixture"};
  for (std::size_t i = 0; i < models.size(); ++i) {
    Rng rng = program.rng.split(tag).split(models[i].name);
    const double nats = mean_of(models[i].log_density(points.test));
    program.figure(text(tag, "_nats_", names[i]), nats);
    panels.push_back(panel(models[i], text("test: ", fixed(nats, 3)), models[i].sample(500, rng), reach));
  }
  program.picture(tag, hstack(panels, 8), caption);
}

/// The least likely hundredth of the test points,
/// and how well the density separates data from uniform points.
void rare_points(Program& program, const PlaneModel& model, const Tensor& test) {
  Rng rng = program.rng.split("uniform");
  const Tensor uniform = Tensor::uniform({test.dim(0), 2}, rng, -limit, limit);
  const Tensor log_data = model.log_density(test), log_uniform = model.log_density(uniform);
  program.figure("auroc_uniform", auroc(log_uniform.values(), log_data.values()));
  program.picture("rare", rare_panel(model, test.rows(0, std::min<Index>(5000, test.dim(0))), Real(0.01)),
                  "Red: the hundredth of the test points that the mixture finds least likely");
}

void lesson(Program& program) {
  const Index train = program.pick<Index>(1000, 1000, 300), test = program.pick<Index>(20000, 50000, 500);
  const auto draw = [&](const auto& truth, const char* name) {
    Rng rng = program.rng.split(name);
    return Points{truth.sample(train, rng), truth.sample(test / 2, rng), truth.sample(test, rng)};
  };
  const MixtureModel truth = five_gaussians();
  const PlaneModel five = mixture_of("five Gaussians", truth);
  const Points points = draw(truth, "points");
  Rng rng = program.rng.split("entropy");
  program.figure("entropy", -mean_of(five.log_density(truth.sample(10 * test, rng))));
  std::vector<Index> sizes(10);
  std::iota(sizes.begin(), sizes.end(), Index{1});
  const MixtureModel best = best_mixture(program, "components", points, sizes, program.figure("entropy"));
  program.figure("best_components", static_cast<double>(best.weights.size()));
  const PlaneModel mixture = mixture_of(text(best.weights.size(), " Gaussians, EM"), best);
  const PlaneModel gaussian = mixture_of("one Gaussian", m_step(points.train, Tensor::full({train, 1}, 1)));
  compare(program, "models", limit, points, five,
          {gaussian, histogram_model(points), kernel_model(points), mixture},
          "Blue: the density. Black: training points (left), samples of the models (others). Above: log "
          "likelihood of test points");
  program.figure("excess_nats", -program.figure("models_nats_mixture") - program.figure("entropy"));
  two_ways(program, points.train, 5);
  program.figure("k_means_agreement", agreement_with_k_means(program, points.train, 5));
  rare_points(program, mixture, points.test);

  const GaussianMixture moons = two_moons();
  const PlaneModel curved{"two moons", [&](const Tensor& x) { return log(Var(moons.density(x))).value(); },
                          [&](Index count, Rng& random) { return moons.sample(count, random); }};
  const Points curves = draw(moons, "moons");
  program.figure("moons_entropy", -mean_of(curved.log_density(curves.test)));
  const MixtureModel many = best_mixture(program, "moons_components", curves, {1, 2, 4, 8, 12, 16, 20, 24},
                                         program.figure("moons_entropy"));
  program.figure("moons_best_components", static_cast<double>(many.weights.size()));
  compare(
      program, "moons", 3, curves, curved,
      {mixture_of("one Gaussian", m_step(curves.train, Tensor::full({train, 1}, 1))), histogram_model(curves),
       kernel_model(curves), mixture_of(text(many.weights.size(), " Gaussians, EM"), many)},
      "A density that is no mixture of few Gaussians: the mixture becomes a chain of them");
  program.headline(text("nats per test point: ", fixed(program.figure("models_nats_gaussian"), 3),
                        " one Gaussian, ", fixed(program.figure("models_nats_mixture"), 3), " a mixture of ",
                        best.weights.size(), "; the true density ", fixed(-program.figure("entropy"), 3)));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "02_density_and_samples",
       .title = "Density estimation and sample generation",
       .slide = "6.S191 L4, \"Generative modeling\"",
       .look = "Every model has a density (blue) and samples (black). One Gaussian covers the gaps between "
               "the groups. The histogram's samples show its cells. The mixture resembles the data most, and "
               "new points are most likely under it. Held-out points decide how many Gaussians it has."},
      lesson);
}
