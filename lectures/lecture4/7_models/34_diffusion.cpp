// Diffusion: a network learns to remove noise, and noise alone becomes data. Flow matching: the same network
// learns the velocity from noise to data. Both on a ring in the plane and on digits.
//
//   diffusion      x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise   loss |noise - net(x_t, t)|^2
//   flow matching  x_t = (1 - t) noise + t data   loss |data - noise - net(x_t, t)|^2
//
// 6.S191 L4, "Deep Generative Modeling: Summary"; DS542, "Do we have good models?" (column Diffusion)
#include "1_learning/plane.hpp"
#include "7_models/digit_diffusion.hpp"

namespace gradus::lecture {

constexpr Index samples = 2500;    // points for every score
constexpr Real reach = Real(2.9);  // half the pictures' width

Tensor cloud(const Tensor& points, const std::string& title, const std::string& subtitle) {
  Canvas canvas = plane(200, reach);
  for (Index n = 0; n < std::min<Index>(points.dim(0), 1200); ++n)
    canvas.disc(points[2 * n], points[2 * n + 1], 1.2, colors::blue, 0.6);
  return titled(canvas, title, subtitle);
}

/// The points of a sampling in `steps` steps, and, where wanted, the clouds at every step.
Tensor points_of(PointDiffusion& model, const Tensor& noise, Index steps,
                 std::vector<Tensor>* film = nullptr) {
  const auto unscaled = [](const Tensor& x) { return affine(x, ring_recipe::scale, 0).value(); };
  return unscaled(model.sample(noise, steps, ring_recipe::clip, [&](const Tensor& x, double) {
    if (film) film->push_back(cloud(unscaled(x), name_of(model.objective), text("step ", film->size())));
  }));
}

/// Plots a score of both objectives over the number of steps, and reports the figures
/// `tag`_<objective>_<steps>. `floor`: the score of real data.
void over_steps(Program& program, const std::string& stem, const std::string& tag,
                const std::vector<Index>& counts, double floor,
                const std::function<double(Objective, Index steps)>& score, Plot plot,
                const std::string& caption) {
  const std::vector<double> xs(counts.begin(), counts.end());
  plot.x("steps").log_x().log_y();
  for (const Objective objective : {Objective::noise, Objective::velocity}) {
    const bool noise = objective == Objective::noise;
    std::vector<double> scores;
    for (const Index count : counts) {
      scores.push_back(score(objective, count));
      program.figure(text(tag, noise ? "_diffusion_" : "_flow_matching_", count), scores.back());
    }
    plot.line_points(noise ? "diffusion, DDIM" : "flow matching, Euler", xs, scores);
  }
  program.plot(stem, plot.reference("real data", {1, xs.back()}, {floor, floor}), caption);
}

/// Points coming out of noise, both objectives side by side: a film, and five moments of it.
void ring_film(Program& program, PointDiffusion& diffusion, PointDiffusion& matching, const Tensor& noise) {
  std::vector<Tensor> left, right, frames;
  points_of(diffusion, noise, 20, &left), points_of(matching, noise, 20, &right);
  for (std::size_t i = 0; i < left.size(); ++i) frames.push_back(hstack({left[i], right[i]}, 8));
  frames.insert(frames.end(), 10, frames.back());
  program.animation("ring", frames, {.frames_per_second = 6}, "Points coming out of noise in 20 steps");
  const auto five = [](const std::vector<Tensor>& all) {
    return hstack({all[0], all[5], all[10], all[15], all[20]}, 6);
  };
  program.picture(
      "ring", vstack({five(left), five(right)}, 6),
      "From noise (left) to the ring (right) in 20 steps: after 0, 5, 10, 15 and 20. Above diffusion, "
      "below flow matching");
}

void on_the_ring(Program& program) {
  const GaussianMixture ring = ring_of_gaussians();
  const Draw batches = [&](Index count, Rng& rng) -> Labelled {
    return {affine(ring.sample(count, rng), 1 / ring_recipe::scale, 0).value()};
  };
  Rng first = program.rng.split("ring weights"), second = first, rng = program.rng.split("ring samples");
  PointDiffusion diffusion(first, "ring_diffusion", 2, ring_recipe::hidden, ring_recipe::T, Objective::noise),
      matching(second, "ring_flow_matching", 2, ring_recipe::hidden, ring_recipe::T, Objective::velocity);
  const Index steps = program.pick<Index>(3500, 8000, 12);
  program.figure("ring_loss", diffusion.train(program, batches, steps).y.back());
  matching.train(program, batches, steps);

  const Tensor noise = Tensor::randn({samples, 2}, rng), data = ring.sample(samples, rng);
  const Tensor x = affine(diffusion.ancestral(noise, rng), ring_recipe::scale, 0).value();
  const ModeCoverage modes = mode_coverage(x, ring.centers, ring.deviation);
  program.figure("ring_diffusion_modes", modes.modes);
  program.figure("ring_diffusion_quality", modes.high_quality);
  program.figure("w1_real", sliced_wasserstein1(ring.sample(samples, rng), data));
  over_steps(
      program, "ring_steps", "w1", {1, 2, 5, 10, 20, 50}, program.figure("w1_real"),
      [&](Objective objective, Index count) {
        return sliced_wasserstein1(
            points_of(objective == Objective::noise ? diffusion : matching, noise, count), data);
      },
      Plot("The ring: distance to the data").y("sliced W1"),
      "Flow matching learns straighter paths, which few steps can follow; the paths of diffusion are curved");
  ring_film(program, diffusion, matching, noise);
}

/// A digit under more and more noise, and noise that becomes digits.
void there_and_back(Program& program, DigitDiffusion& model, const Dataset& test, const Tensor& noise) {
  const Index T = model.recipe.T, shown = 9;
  Tensor rows({4 * shown, 28, 28, 1});
  const Tensor x0 = affine(test.images.rows(0, 1), 2, -1).value();
  for (Index i = 0; i < shown; ++i)
    rows.rows(i, i + 1).copy_from(
        DigitDiffusion::as_pictures(diffuse(x0, noise.rows(0, 1), {i * T / (shown - 1)}, model.schedule)));
  std::vector<Tensor> stages, frames;
  {
    const Ema::Applied averaged(model.average);
    generate(model.network(labels_in_turn(40), model.recipe.guidance), noise.rows(0, 40),
             model.recipe.objective, model.schedule, std::min<Index>(40, T), 1,
             [&](const Tensor& x, double) { stages.push_back(DigitDiffusion::as_pictures(x)); });
  }
  for (const Tensor& pictures : stages) frames.push_back(image_grid(pictures, {.columns = 10, .scale = 2}));
  for (Index i = 0; i < shown; ++i) {
    const Tensor& stage = stages[static_cast<std::size_t>(i) * (stages.size() - 1) / (shown - 1)];
    for (Index r = 0; r < 3; ++r)
      rows.rows((r + 1) * shown + i, (r + 1) * shown + i + 1).copy_from(stage.rows(r, r + 1));
  }
  program.picture(
      "there_and_back",
      image_grid(rows, {.columns = shown, .row_labels = {"noised", "back", "back", "back"}}),
      "Above, a test digit loses itself in noise, left to right. Below, three times noise becomes a digit: "
      "first the place of the ink, then strokes, last the sharp edges");
  frames.insert(frames.end(), 10, frames.back());
  program.animation("digits", frames, {.frames_per_second = 8}, "Digits coming out of noise");
}

/// Rows of growing guidance, one column per label, and the share of samples read as their label.
void by_label(Program& program, DigitDiffusion& model, Judge& judge, Rng& rng) {
  const Index steps = program.pick<Index>(20, 50, 3), each = program.pick<Index>(10, 100, 2);
  const std::vector<int> labels = labels_in_turn(10 * each);
  const Tensor noise = Tensor::randn({10 * each, 28, 28, 1}, rng);
  Tensor shown({40, 28, 28, 1});
  std::vector<std::string> names;
  for (const Real weight : {Real(0), Real(1), Real(2), Real(4)}) {
    const Tensor pictures = model.pictures(noise, labels, weight, steps);
    const Index row = 10 * static_cast<Index>(names.size());
    shown.rows(row, row + 10).copy_from(pictures.rows(0, 10));
    names.push_back(text("weight ", weight));
    program.figure(text("labelled_", weight), judge.accuracy(pictures, labels));
  }
  const std::vector<std::string> digits{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  program.picture(
      "labels", image_grid(shown, {.columns = 10, .row_labels = names, .column_labels = digits}),
      "One column per label and noise, one row per weight of guidance (flow matching). Without guidance the "
      "noise decides; the larger the weight, the more the label does");
}

/// Trains the U-Net with both losses; the curves of both.
void train_both(Program& program, DigitDiffusion& diffusion, DigitDiffusion& matching,
                const Dataset& digits) {
  const Curve loss = train_digits(program, diffusion, digits),
              other = train_digits(program, matching, digits);
  program.figure("digit_loss", loss.y.back());
  program.plot(
      "losses",
      Plot("Loss of the U-Net")
          .x("step")
          .y("mean squared error")
          .log_y()
          .line("noise", loss.x, loss.y)
          .line("velocity", other.x, other.y)
          .reference("predicting 0 for the noise", {0, loss.x.back()}, {1, 1}),
      "The prediction 0 has the loss 1. A healthy training is far below it within some hundred steps and "
      "then hardly moves while the pictures improve. The velocity has another scale and another least loss");
}

/// FID over the number of steps, for both losses from the same noise, with labels in turn and guidance; for
/// the last count also without labels.
void quality_over_steps(Program& program, DigitDiffusion& diffusion, DigitDiffusion& matching, Judge& judge,
                        const Dataset& test, const Tensor& noise) {
  const auto [held_out, others] = halves(test);
  const Moments reference = moments_of(judge.features(held_out.images));
  const Index count = std::min(noise.dim(0), others.size());
  const auto fid = [&](const Tensor& pictures) {
    return frechet_distance(moments_of(judge.features(pictures)), reference);
  };
  const auto counts = program.pick<std::vector<Index>>({1, 2, 5, 10, 20}, {1, 2, 5, 10, 20, 50}, {1, 2});
  program.figure("fid_samples", static_cast<double>(count));
  program.figure("real_fid", fid(others.take(count).images));
  std::vector<Tensor> shown;
  const auto score = [&](Objective objective, Index steps, Real weight) {
    DigitDiffusion& model = objective == Objective::noise ? diffusion : matching;
    const Tensor pictures = model.pictures(noise.rows(0, count), labels_in_turn(count), weight, steps);
    const double distance = fid(pictures);
    if (steps == counts.back()) {
      const std::string title = text(name_of(objective), weight > 0 ? ", labels" : ", no labels");
      shown.push_back(image_grid(pictures.rows(0, 50), {.columns = 10, .title = title}));
      program.figure(model.name + (weight > 0 ? "_fid" : "_unlabelled_fid"), distance);
    }
    return distance;
  };
  over_steps(
      program, "digit_steps", "fid", counts, program.figure("real_fid"),
      [&](Objective objective, Index steps) { return score(objective, steps, diffusion.recipe.guidance); },
      Plot("Digits: FID over the number of steps").y("FID"),
      "One network, two losses, the same labels. A step is two evaluations of the network: with the label "
      "and "
      "without");
  for (const Objective objective : {Objective::noise, Objective::velocity})
    score(objective, counts.back(), 0);
  program.picture(
      "samples", vstack({hstack({shown[0], shown[1]}, 8), hstack({shown[2], shown[3]}, 8)}, 8),
      "Fifty samples of each loss from the same noise, not selected. Above, one digit per column, "
      "with guidance; below, without labels");
}

void of_digits(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  DigitDiffusion diffusion(program, "digit_diffusion", diffusion_recipe(program, Objective::noise)),
      matching(program, "digit_flow_matching", diffusion_recipe(program, Objective::velocity));
  train_both(program, diffusion, matching, digits.train);
  Rng rng = program.rng.split("digit samples");
  const Tensor noise = Tensor::randn({program.pick<Index>(400, 5000, 64), 28, 28, 1}, rng);
  quality_over_steps(program, diffusion, matching, judge, digits.test, noise);
  there_and_back(program, matching, digits.test, noise);
  by_label(program, matching, judge, rng);
}

void diffusion(Program& program) {
  on_the_ring(program);
  of_digits(program);
  program.headline(text("ring: ", program.figure("ring_diffusion_modes"), " of 8 modes, sliced W1 ",
                        fixed(program.figure("w1_diffusion_20"), 3), " with 20 DDIM steps, ",
                        fixed(program.figure("w1_flow_matching_10"), 3),
                        " with 10 steps of flow matching; digits: FID ",
                        std::round(program.figure("digit_diffusion_fid")), " and ",
                        std::round(program.figure("digit_flow_matching_fid")), " (real digits ",
                        std::round(program.figure("real_fid")), ")"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "34_diffusion",
       .title = "Diffusion and flow matching: data out of noise",
       .slide = "6.S191 L4, \"Deep Generative Modeling: Summary\"; DS542, \"Do we have good models?\"",
       .look =
           "Noise becomes eight groups of points, and digits. On the ring, flow matching with few steps is "
           "nearer to the data than diffusion. Guidance: the same noise becomes the digit that the label "
           "asks for."},
      diffusion);
}
