// Debiasing with a learned latent structure: rare faces are found without labels and drawn more often.
//
// 6.S191 L4, "Mitigating bias through learned latent structure", in its four steps; "Software Lab". Faces are
// generated: 3 % of the training faces are dark and 10 % turned, while half of the non-faces are dark, so
// that darkness is evidence against a face. The network gets no label of tone or pose.
#include "4_uses/debiasing_run.hpp"
#include "4_uses/lab_faces.hpp"

namespace gradus::lecture {

/// The unit whose mean codes change most with a factor, and the size of their rank correlation.
std::pair<Index, double> unit_of(const Tensor& codes, const Tensor& factors, Index factor) {
  std::pair<Index, double> best{0, -1};
  for (Index k = 0; k < codes.dim(1); ++k) {
    const double r = std::abs(rank_correlation(column(codes, k), column(factors, factor)));
    if (r > best.second) best = {k, r};
  }
  return best;
}

/// Codes [steps, K]: the mean code of all faces with one unit moved from `low` to `high`.
Tensor moved(const Tensor& codes, Index unit, Real low, Real high, Index steps) {
  const std::vector<double> mean = moments_of(codes).mean;
  Tensor z({steps, codes.dim(1)});
  for (Index i = 0; i < z.size(); ++i)
    z[i] = static_cast<Real>(mean[static_cast<std::size_t>(i % codes.dim(1))]);
  for (Index s = 0; s < steps; ++s)
    z[s * codes.dim(1) + unit] = low + (high - low) * static_cast<Real>(s) / static_cast<Real>(steps - 1);
  return z;
}

/// The mean of the images in each bin of one unit; a bin without images is black.
Tensor bin_means(const Tensor& images, const Tensor& codes, const LatentHistograms& histograms, Index unit) {
  Tensor sum = Tensor::zeros({histograms.share.dim(1), images.size() / images.dim(0)});
  std::vector<Real> count(static_cast<std::size_t>(sum.dim(0)));
  for (Index n = 0; n < images.dim(0); ++n) {
    const Index b = histograms.bin(unit, codes[n * codes.dim(1) + unit]);
    ++count[static_cast<std::size_t>(b)];
    for (Index i = 0; i < sum.dim(1); ++i) sum[b * sum.dim(1) + i] += images[n * sum.dim(1) + i];
  }
  for (Index i = 0; i < sum.size(); ++i)
    sum[i] /= std::max(Real(1), count[static_cast<std::size_t>(i / sum.dim(1))]);
  return sum.reshape({sum.dim(0), images.dim(1), images.dim(2), images.dim(3)});
}

/// Steps 1 and 2: what the latent units have learned, and how the faces are distributed over them.
void structure(Program& program, const Scene& scene, DebiasingVae& net) {
  const Tensor codes = net.codes(scene.faces.images);
  const Tensor factors = scene.train.factors.rows(0, scene.faces.size());
  const LatentHistograms histograms = latent_histograms(codes);
  const Index bins = histograms.share.dim(1);
  std::vector<Tensor> traversed, counted;
  for (const auto& [factor, name] : {std::pair{Index{3}, "skin tone"}, std::pair{Index{0}, "azimuth"}}) {
    const auto [unit, correlation] = unit_of(codes, factors, factor);
    const auto k = static_cast<std::size_t>(unit);
    const Real low = histograms.low[k], width = histograms.width[k],
               high = low + width * static_cast<Real>(bins);
    const Real first = low + width / 2, last = high - width / 2;
    const GridOptions titled{
        .columns = bins,
        .scale = 2,
        .title = text("Dimension ", unit, ", correlation with ", name, " ", fixed(correlation, 2))};
    traversed.push_back(vstack(
        {image_grid(bin_means(scene.faces.images, codes, histograms, unit), titled),
         image_grid(net.pictures(moved(codes, unit, first, last, bins)), {.columns = bins, .scale = 2})}));
    Canvas canvas(180, traversed.back().dim(1), {0, static_cast<double>(bins), 0, 0.35});
    std::vector<double> edges{0}, shares;
    for (Index b = 0; b < bins; ++b) {
      edges.push_back(static_cast<double>(b + 1));
      shares.push_back(histograms.share[unit * bins + b]);
      canvas.letters(2, (traversed.back().dim(1) * b) / bins + 8, text(fixed(100 * shares.back(), 1), "%"),
                     1);
    }
    canvas.bars(edges, shares, colors::blue, 0.8);
    counted.push_back(vstack({canvas.image(), traversed.back()}, 4));
  }
  const Tensor shown = scene.faces.images.rows(0, std::min<Index>(20, scene.faces.size()));
  traversed.insert(traversed.begin(),
                   image_grid(net.pictures(net.codes(shown)), {.columns = 10, .title = "Reconstructions"}));
  traversed.insert(traversed.begin(),
                   image_grid(shown, {.columns = 10, .title = "Faces of the biased training set"}));
  program.picture(
      "step1_structure", vstack(traversed),
      "Step 1, learn latent structure: without labels, one dimension follows the tone, another the pose. "
      "Above: the means of the faces along the dimension; below: the mean code with this dimension varied, "
      "decoded. The decoder has seen few turned faces and hardly draws the turn");
  program.picture(
      "step2_distributions", hstack(counted),
      "Step 2, estimate distributions: the histogram of a dimension over all faces, and below each bar the "
      "mean face of its bin, and a decoded one. Dark and far turned faces are in bins with few examples");
}

/// Step 3: the faces with the largest and smallest weights, and draws before and after; dark faces are framed
/// in red, turned ones in blue.
void resampled(Program& program, const Scene& scene, const Tensor& weights) {
  const auto sheet = [&](const std::vector<Index>& chosen, const std::string& title) {
    GridOptions options{.columns = 10, .padding = 4, .scale = 2, .title = title};
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const int group = scene.train.group[static_cast<std::size_t>(chosen[i])];
      if (group > 0)
        options.frames.push_back({static_cast<Index>(i), group >= 2 ? colors::red : colors::blue});
    }
    return image_grid(scene.faces.images.gather(chosen), options);
  };
  const auto shown = static_cast<std::ptrdiff_t>(std::min<Index>(20, weights.size()));
  const auto [bottom, top] = extremes(weights, shown);
  Rng rng = program.rng.split("batch");
  const Tensor u = Tensor::uniform({50}, rng), even = Tensor::full({weights.size()}, 1);
  program.picture("step3_resampling",
                  vstack({hstack({sheet(top, "Largest weights"), sheet(bottom, "Smallest weights")}),
                          hstack({sheet(weighted_draw(even.values(), u.values()), "50 draws before"),
                                  sheet(weighted_draw(weights.values(), u.values()), "50 draws after")})}),
                  "Step 3, adaptively resample: a face that is rare in any dimension has a large weight "
                  "(red: dark, blue: turned), and is drawn more often");
}

/// Step 4: the four groups before and after, and the share of dark faces in the batches.
void fair(Program& program, const std::vector<Row>& rows, const std::vector<double>& mass) {
  std::vector<std::string> labels(BiasedFaces::group_names.begin(), BiasedFaces::group_names.end());
  for (std::string& label : labels) std::replace(label.begin(), label.end(), ',', ' ');
  Plot plot("Faces that are found, per group");
  for (const Row& row : rows) {
    std::vector<double> heights;
    for (std::size_t g = 0; g < labels.size(); ++g)
      heights.push_back(median(row.rates(g, &GroupRates::true_positive)));
    plot.bars(row.name, labels, heights);
  }
  program.plot("step4_fair", plot.y("true-positive rate").y_range(0, 1),
               "Step 4, learn from the fair distribution: dark faces gain most");
  std::vector<double> epochs;
  for (std::size_t e = 0; e < mass.size(); ++e) epochs.push_back(static_cast<double>(e + 1));
  program.plot(
      "mass",
      Plot("Probability of drawing a dark face")
          .x("epoch")
          .y("sum of weights")
          .line_points("DB-VAE", epochs, mass)
          .reference("without resampling", {1, static_cast<double>(mass.size())}, {mass[0], mass[0]}),
      "The first epoch draws all faces alike; afterwards dark faces are drawn two to four times as often");
}

/// alpha from 0 to infinity, on the data of the first run (full: of all runs).
void alphas(Program& program, const std::vector<Scene>& scenes, const Row& none, const Row& chosen) {
  const auto count = static_cast<std::ptrdiff_t>(program.pick(1, runs));
  std::vector<double> xs, worst, light, accuracy;
  const auto add = [&](double x, Row row) {
    row.tests.resize(static_cast<std::size_t>(count));
    std::vector<double> lightest;
    for (const GroupTest& test : row.tests)
      lightest.push_back(std::min(test.groups[0].true_positive.rate, test.groups[1].true_positive.rate));
    xs.push_back(x), light.push_back(median(lightest));
    worst.push_back(row.middle(&GroupTest::worst)), accuracy.push_back(row.middle(&GroupTest::accuracy));
  };
  const auto measured = [&](double alpha) {
    Row row{text("alpha ", alpha)};
    for (int run = 0; run < count; ++run)
      row.tests.push_back(train(program, text("alpha", alpha), scenes[static_cast<std::size_t>(run)], run,
                                {.alpha = static_cast<Real>(alpha)})
                              .test);
    return row;
  };
  add(0.0005, measured(0));  // drawn at the left end
  add(0.005, chosen);
  for (const double alpha : program.pick<std::vector<double>>({0.05, 0.5}, {0.02, 0.1, 0.5}, {}))
    add(alpha, measured(alpha));
  add(10, none);  // infinity, drawn at the right end
  program.figure("worst_group_alpha_0", worst.front());
  program.plot(
      "alpha",
      Plot("The strength of debiasing")
          .x("alpha (left end: 0, right end: infinity)")
          .y("rate")
          .log_x()
          .y_range(0, 1)
          .line_points("worst group", xs, worst)
          .line_points("worst light group", xs, light)
          .line_points("accuracy", xs, accuracy),
      "alpha = infinity is no debiasing; the smaller alpha, the more dark and turned faces are found");
}

void lesson(Program& program) {
  program.dataset("Generated faces, 3 % dark and 10 % turned; non-faces half dark, half turned.");
  std::vector<Row> rows{{"classifier"}, {"VAE, no resampling"}, {"DB-VAE"}};
  std::vector<Scene> scenes;
  Trained first;
  for (int run = 0; run < runs; ++run) {
    scenes.emplace_back(program, run);
    rows[0].tests.push_back(
        train(program, "classifier", scenes.back(), run, {.vae = false, .resample = false}).test);
    rows[1].tests.push_back(train(program, "vae", scenes.back(), run, {.resample = false}).test);
    Trained debiased = train(program, "dbvae", scenes.back(), run, {});
    rows[2].tests.push_back(debiased.test);
    if (run == 0) first = std::move(debiased);
  }
  table(program, rows);
  program.figure("worst_group_classifier", rows[0].middle(&GroupTest::worst));
  program.figure("accuracy_classifier", rows[0].middle(&GroupTest::accuracy));
  program.figure("worst_group_before", rows[1].middle(&GroupTest::worst));
  program.figure("worst_group_after", rows[2].middle(&GroupTest::worst));
  program.figure("accuracy_before", rows[1].middle(&GroupTest::accuracy));
  program.figure("accuracy_after", rows[2].middle(&GroupTest::accuracy));
  program.figure("false_positive_before", rows[1].middle(&GroupTest::false_positive));
  program.figure("false_positive_after", rows[2].middle(&GroupTest::false_positive));

  const Tensor last = first.weights.row(first.weights.dim(0) - 1);
  std::vector<double> mass;
  for (Index e = 0; e < first.weights.dim(0); ++e) mass.push_back(scenes[0].dark_mass(first.weights.row(e)));
  program.figure("dark_mass_before", mass.front());
  program.figure("dark_mass_after", mass.back());
  structure(program, scenes[0], *first.net);
  resampled(program, scenes[0], last);
  fair(program, rows, mass);
  alphas(program, scenes, rows[1], rows[2]);
  faults(program, scenes[0], first);
  if (program.options.preset == Preset::full) lab_faces(program);
  program.headline(text("worst group ", program.figure("worst_group_before"), " without resampling, ",
                        program.figure("worst_group_after"), " with; accuracy ",
                        program.figure("accuracy_before"), " and ", program.figure("accuracy_after"),
                        "; the plain classifier: ", program.figure("worst_group_classifier")));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "19_debiasing",
       .title = "Debiasing: rare faces, found without labels and drawn more often",
       .slide = "6.S191 L4, \"Mitigating bias through learned latent structure\"",
       .look = "Four pictures, one per step of the slide. Step 2: the bins of dark and far turned faces are "
               "nearly empty. Step 3: among the largest weights are dark, turned and very light faces, among "
               "the smallest are none. Step 4: dark faces gain most. Compare the VAE without resampling with "
               "the DB-VAE: they are the same network. The plain classifier is a third row."},
      lesson);
}
