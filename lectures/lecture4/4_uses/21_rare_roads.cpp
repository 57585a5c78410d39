// Rare roads: strange scenes are found without labels and then used in training.
//
// 6.S191 L4, "Why generative models? Outlier detection": 95 % of driving data are sunny, highway, straight
// road; "use outliers during training to improve even more!". Scenes are generated with known factors, which
// only the test looks at. A VAE scores every training scene; a driving net (image -> steering, brake) is
// trained on the data as they are, and again with most scenes drawn in proportion to their strangeness.
#include <array>
#include <cmath>

#include "3_variational/vae.hpp"
#include "4_uses/driving.hpp"
#include "4_uses/scores.hpp"

namespace gradus::lecture {

constexpr int runs = 3;                               // data sets and trainings; figures are medians
constexpr double most_rare = 0.7, most_common = 1.1;  // error after / before that is wanted, medians
constexpr std::array<const char*, 5> kinds = {"common", "weather", "bend", "person", "obstacle"};

/// The probabilities of the draws, [N]: a quarter of them as the data are, so that the driver does not forget
/// the common scenes, and three quarters in proportion to the strangeness [N].
Tensor mostly_strange(const Tensor& strange) {
  constexpr double share = 0.75;
  const double N = static_cast<double>(strange.size()), sum = N * mean(strange).item();
  Tensor out(strange.shape());
  for (Index i = 0; i < out.size(); ++i)
    out[i] = static_cast<Real>((1 - share) / N + share * strange[i] / sum);
  return out;
}

/// Trains a driver; `weights` [N] or empty. The number of steps does not depend on the weights. The steering
/// has the absolute error: the gradient of a squared one grows with the error, so that the few bends, with
/// their large errors, would govern the steering on straight roads as well.
void train_driver(Program& program, const std::string& name, Driver& driver, const Roads& roads,
                  const Tensor& weights, Rng noise) {
  const Wanted wanted(roads.factors);
  Adam adam(driver.parameters());
  Loader loader(roads.data, {.batch = 64, .shuffle = true, .drop_last = true}, noise.split("order"));
  Trainer trainer(program.session(), name, {{"model", driver}, {"adam", adam}, {"loader", loader}},
                  Steps{program.pick<Index>(1500, 5000, 10)});
  loader.weigh(weights);
  while (trainer.next()) {
    const Batch& batch = loader.next();
    adam.lr = Real(1e-3) * linear_decay(trainer.progress(), Real(0.02));
    const Real loss = descend(adam, [&] {
      const Var y = driver(batch.images);
      const Var steering =
          l1_error(slice(y, 1, 0, 1), wanted.steering.gather(batch.indices).reshape({batch.size(), 1}));
      return mean(steering + bernoulli_nll(reshape(slice(y, 1, 1, 2), {batch.size()}),
                                           wanted.brake.gather(batch.indices)));
    });
    trainer.report({{"loss", loss}});
  }
}

/// Mean error per kind of scene. A scene with two rare properties counts for both.
std::array<double, 5> by_kind(const Tensor& error, const Tensor& factors) {
  std::array<double, 5> sum{}, count{};
  for (Index i = 0; i < error.size(); ++i) {
    const auto f = RoadFactors::of(std::span<const Real, 4>(factors.data() + 4 * i, 4));
    const bool in[] = {!f.rare(), f.weather != 0, std::abs(f.bend) > Real(0.3), f.thing == 1, f.thing == 2};
    for (std::size_t k = 0; k < 5; ++k)
      if (in[k]) sum[k] += error[i], ++count[k];
  }
  for (std::size_t k = 0; k < 5; ++k) sum[k] /= std::max(1.0, count[k]);
  return sum;
}

/// The values of the examples with this label.
Tensor only(const Tensor& values, const std::vector<int>& labels, int label) {
  std::vector<Index> found;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == label) found.push_back(static_cast<Index>(i));
  return values.reshape({values.dim(0), 1}).gather(found).reshape({static_cast<Index>(found.size())});
}

/// One data set: scored by a VAE without labels, then two drivers.
struct Result {
  Roads train, test;
  Tensor strange;  // [N] |x - reconstruction|^2 of the training scenes
  double auroc = 0, error_auroc = 0, rare_share = 0;
  Drive before, after;
  // Mean error after / before, on rare and on common scenes.
  double rare_ratio = 0, common_ratio = 0, rare_squared = 0, common_squared = 0;
};

Result one_run(Program& program, int run) {
  const std::uint64_t seed = 100 * program.options.seed + static_cast<std::uint64_t>(run);
  Result out;
  out.train = generated_roads(program.pick<Index>(6000, 12000, 300), seed);
  out.test = generated_roads(program.pick<Index>(3000, 6000, 200), seed + 50, {.rare = 0.5});
  const Dataset flat = out.train.data.flat();
  Rng init = program.rng.split(text("vae ", run));
  Vae vae(init, {3072, 128, 8});
  const Likelihood likelihood = gaussian(50);
  train_vae(program, text("vae_", run), vae, flat,
            {.steps = program.pick<Index>(300, 2000, 10), .batch = 64, .likelihood = likelihood});
  const auto [mu, logvar] = vae.encode(flat.images);
  out.strange = squared_error(sigmoid(vae.decode(mu)), flat.images).value();
  const Tensor nelbo = (Real(50) * Var(out.strange) + gaussian_kl(mu, logvar)).value();
  const std::vector<int>& rare = out.train.data.labels;
  out.auroc = auroc(only(nelbo, rare, 0).values(), only(nelbo, rare, 1).values());
  out.error_auroc = auroc(only(out.strange, rare, 0).values(), only(out.strange, rare, 1).values());

  Rng first = program.rng.split(text("driver ", run)), second = program.rng.split(text("driver ", run));
  Driver plain(first), better(second);
  train_driver(program, text("before_", run), plain, out.train, {}, program.rng.split(text("order ", run)));
  const Tensor weights = mostly_strange(out.strange);
  out.rare_share = mean(only(weights, rare, 1)).item() * double(only(weights, rare, 1).size());
  train_driver(program, text("after_", run), better, out.train, weights,
               program.rng.split(text("order ", run)));
  out.before = Drive(plain, out.test), out.after = Drive(better, out.test);
  const auto ratio = [&](Tensor Drive::*error, int label) {
    const std::vector<int>& labels = out.test.data.labels;
    return double(mean(only(out.after.*error, labels, label)).item()) /
           mean(only(out.before.*error, labels, label)).item();
  };
  out.rare_ratio = ratio(&Drive::absolute, 1), out.common_ratio = ratio(&Drive::absolute, 0);
  out.rare_squared = ratio(&Drive::squared, 1), out.common_squared = ratio(&Drive::squared, 0);
  return out;
}

void pictures(Program& program, const Result& result) {
  const std::vector<int>& rare = result.train.data.labels;
  const auto [normal, strange] = extremes(result.strange, 12);
  program.picture(
      "scenes",
      vstack({image_grid(result.train.data.images.rows(0, 24),
                         {.columns = 12, .scale = 3, .title = "Training scenes as they come"}),
              image_grid(result.train.data.images.gather(strange),
                         {.columns = 12, .scale = 3, .title = "The twelve strangest, found without labels"}),
              image_grid(result.train.data.images.gather(normal),
                         {.columns = 12, .scale = 3, .title = "The twelve most normal"})}),
      "95 % of the scenes are sunny, straight and empty. The strangest have rain, snow, a bend or something "
      "on the road");
  const Tensor distance = sqrt(Var(result.strange)).value();
  program.picture("strangeness",
                  histogram_pair(only(distance, rare, 0), only(distance, rare, 1),
                                 "distance: common (blue), rare (red)", 0.001),
                  "Distance of a training scene from its reconstruction; each histogram has sum 1");
  const RocCurve curve =
      roc_curve(only(result.strange, rare, 0).values(), only(result.strange, rare, 1).values());
  program.plot(
      "roc",
      Plot("Rare scenes, found by strangeness")
          .x("share of common scenes called strange")
          .y("share of rare scenes found")
          .line("VAE", curve.false_positive, curve.true_positive)
          .reference("chance", {0, 1}, {0, 1}),
      "Most rare scenes are stranger than nearly all common ones; the VAE reconstructs the others well");
  std::vector<std::string> names(kinds.begin(), kinds.end());
  const auto before = by_kind(result.before.absolute, result.test.factors),
             after = by_kind(result.after.absolute, result.test.factors);
  program.plot("errors",
               Plot("Driving errors")
                   .y("absolute error")
                   .log_y()
                   .y_range(5e-3, 2)
                   .bars("before", names, {before.begin(), before.end()})
                   .bars("after", names, {after.begin(), after.end()}),
               "Mean absolute error of steering and brake per kind of scene, before and after training with "
               "strange scenes");
  const Wanted wanted(result.test.factors);
  std::vector<int> brakes;
  for (const Real b : wanted.brake.values()) brakes.push_back(b == 1);
  const CalibrationCurve a = calibration_curve(result.before.brake.values(), brakes),
                         b = calibration_curve(result.after.brake.values(), brakes);
  program.figure("brake_calibration_error_before", a.error);
  program.figure("brake_calibration_error_after", b.error);
  program.plot(
      "calibration",
      Plot("Is the brake's probability right?")
          .x("predicted probability of a person")
          .y("share of scenes with a person")
          .line_points("before", a.predicted, a.observed)
          .line_points("after", b.predicted, b.observed)
          .reference("calibrated", {0, 1}, {0, 1}),
      "Half of the test scenes are rare. Before, the probability tells nothing about persons; after, it "
      "rises with their share. It is too low, because the test has more persons than the draws");
}

void lesson(Program& program) {
  program.dataset("Generated road scenes, 5 % rare.");
  std::vector<Result> results;
  for (int run = 0; run < runs; ++run) results.push_back(one_run(program, run));
  const auto middle = [&](double Result::*figure) {
    std::vector<double> values;
    for (const Result& result : results) values.push_back(result.*figure);
    return median(values);
  };
  program.figure("rare_auroc", middle(&Result::error_auroc));
  program.figure("rare_auroc_elbo", middle(&Result::auroc));
  program.figure("rare_error_ratio", middle(&Result::rare_ratio));
  program.figure("common_error_ratio", middle(&Result::common_ratio));
  program.figure("rare_squared_ratio", middle(&Result::rare_squared));
  program.figure("common_squared_ratio", middle(&Result::common_squared));
  program.figure("rare_share_drawn", middle(&Result::rare_share));
  for (const Result& result : results) {
    program.say(text("AUROC ", fixed(result.error_auroc, 3), " (-ELBO ", fixed(result.auroc, 3),
                     "), rare share of the draws ", fixed(result.rare_share, 3),
                     "; absolute error after / before: rare ", fixed(result.rare_ratio, 3), ", common ",
                     fixed(result.common_ratio, 3), "; squared: ", fixed(result.rare_squared, 3), ", ",
                     fixed(result.common_squared, 3)));
    const auto before = by_kind(result.before.absolute, result.test.factors),
               after = by_kind(result.after.absolute, result.test.factors);
    for (std::size_t k = 0; k < kinds.size(); ++k)
      program.say(text("    ", pad_right(kinds[k], 10), fixed(before[k], 4), " -> ", fixed(after[k], 4)));
  }
  const bool kept =
      program.figure("rare_error_ratio") <= most_rare && program.figure("common_error_ratio") <= most_common;
  program.say(text("wanted: rare at most ", most_rare, ", common at most ", most_common,
                   kept ? ": kept" : ": missed"));
  pictures(program, results[0]);
  program.headline(text("rare scenes found with AUROC ", program.figure("rare_auroc"),
                        " and without labels; trained with them, errors on rare scenes times ",
                        program.figure("rare_error_ratio"), ", on common ones times ",
                        program.figure("common_error_ratio")));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "21_rare_roads",
       .title = "Rare roads: find strange scenes, then train with them",
       .slide = "6.S191 L4, \"Why generative models? Outlier detection\" (\"95% of Driving Data\")",
       .look =
           "The strangest scenes have rain, snow, a bend or something on the road; the most normal ones are "
           "sunny, straight and empty. After training with strange scenes, errors on rare scenes are "
           "smaller, and those on common scenes hardly grow, or fall."},
      lesson);
}
