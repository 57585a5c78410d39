#pragma once
// The runs of 19_debiasing: data sets, trainings and the rows of the table; and the faults of the lab.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "4_uses/debiasing.hpp"

namespace gradus::lecture {

inline constexpr int runs = 3;  // trainings per row of the table; figures are medians

/// The training and test set of one run.
struct Scene {
  Dataset faces, others;
  BiasedFaces train, test;
  Scene(Program& program, int run) {
    const std::uint64_t seed = 1000 * program.options.seed + static_cast<std::uint64_t>(run);
    const Index count = program.pick<Index>(3000, 6000, 96), held = program.pick<Index>(3000, 6000, 200);
    train = biased_faces(count, count, seed);
    test = biased_faces(held, held, seed + 500, {.dark = 0.5, .turned = 0.5});
    faces = train.data.subset(0, count), others = train.data.subset(count, 2 * count);
  }
  GroupTest rates(DebiasingVae& net) const {
    return test_groups(net.logits(test.data.images), test.data.labels, test.group, BiasedFaces::groups);
  }
  /// Sum of the weights of the dark faces.
  double dark_mass(const Tensor& weights) const {
    double sum = 0;
    for (Index i = 0; i < weights.size(); ++i)
      if (train.group[static_cast<std::size_t>(i)] >= 2) sum += weights[i];
    return sum;
  }
};

/// A trained network with the weights of the faces and its rates.
struct Trained {
  std::unique_ptr<DebiasingVae> net;
  Tensor weights;  // [epochs, faces]
  GroupTest test;
};

inline Trained train(Program& program, const std::string& name, const Scene& scene, int run,
                     DebiasingTraining how, bool normed = false) {
  how.epochs = program.options.epochs > 0 ? program.options.epochs : program.pick<Index>(6, 30, 2);
  if (program.options.preset == Preset::tiny) how.batch = 16;
  Rng init = program.rng.split(text("init ", run));
  Trained out{std::make_unique<DebiasingVae>(init, normed), {}, {}};
  out.weights = train_debiasing(program, text(name, "_", run), *out.net, scene.faces, scene.others, how,
                                program.rng.split(text("noise ", run)));
  out.test = scene.rates(*out.net);
  return out;
}

/// One row of the table: three trainings of one kind.
struct Row {
  std::string name;
  std::vector<GroupTest> tests{};

  double middle(double GroupTest::*figure) const {
    std::vector<double> values;
    for (const GroupTest& test : tests) values.push_back(test.*figure);
    return median(values);
  }
  std::vector<double> rates(std::size_t group, Proportion GroupRates::*which) const {
    std::vector<double> values;
    for (const GroupTest& test : tests) values.push_back((test.groups[group].*which).rate);
    return values;
  }
};

/// Median (smallest - largest).
inline std::string spread(std::vector<double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return text(fixed(median(values), 3), " (", fixed(*low, 2), "-", fixed(*high, 2), ")");
}

/// Prints the rates of each row per group.
inline void table(Program& program, const std::vector<Row>& rows) {
  program.say(
      "median of three trainings (smallest - largest); tp: true-positive rate, fp: false-positive rate");
  for (const Row& row : rows) {
    program.say(text(row.name, ": accuracy ", fixed(row.middle(&GroupTest::accuracy), 3), ", worst group ",
                     fixed(row.middle(&GroupTest::worst), 3)));
    for (std::size_t g = 0; g < BiasedFaces::groups; ++g)
      program.say(text("    ", pad_right(BiasedFaces::group_names[g], 14), " tp ",
                       spread(row.rates(g, &GroupRates::true_positive)), "   fp ",
                       spread(row.rates(g, &GroupRates::false_positive))));
  }
}

/// The faults of the lab's published solution, one at a time: one training each, on the data of `right`.
inline void faults(Program& program, const Scene& scene, const Trained& right) {
  const Trained indicator = train(program, "fault_indicator", scene, 0, {.fault = Fault::indicator});
  program.figure("fault_indicator_accuracy", indicator.test.accuracy);
  program.figure("fault_indicator_false_positive", indicator.test.false_positive);
  const Trained deviation = train(program, "fault_deviation", scene, 0, {.fault = Fault::deviation});
  const auto [logits, mu, logvar] =
      deviation.net->encode(scene.faces.images.rows(0, std::min<Index>(500, scene.faces.size())));
  program.figure("fault_deviation_kl_reported", mean(gaussian_kl(mu, logvar)).item());
  program.figure("fault_deviation_kl_sampled", mean(gaussian_kl(mu, Real(2) * logvar)).item());
  const Trained bytes = train(program, "fault_bytes", scene, 0, {.fault = Fault::bytes});
  program.figure("fault_none_accuracy", right.test.accuracy);
  program.figure("fault_none_worst", right.test.worst);
  program.figure("fault_bytes_accuracy", bytes.test.accuracy);
  program.figure("fault_bytes_worst", bytes.test.worst);
  program.figure("fault_bytes_dark_mass", scene.dark_mass(bytes.weights.row(bytes.weights.dim(0) - 1)));
  const Trained restored = train(program, "norm", scene, 0, {}, true),
                left = train(program, "fault_evaluation", scene, 0, {.fault = Fault::evaluation}, true);
  program.figure("fault_evaluation_accuracy_restored", restored.test.accuracy);
  program.figure("fault_evaluation_accuracy_left", left.test.accuracy);
  const GroupTest constant = test_groups(Tensor::full({scene.test.data.size()}, 1), scene.test.data.labels,
                                         scene.test.group, BiasedFaces::groups);
  program.figure("fault_constant_found", constant.worst);
  program.figure("fault_constant_accuracy", constant.accuracy);
}

}  // namespace gradus::lecture
