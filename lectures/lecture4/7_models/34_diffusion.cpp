// Diffusion: a network learns to remove noise, and noise alone becomes data. Flow matching: the same network learns the
// velocity from noise to data. Both on a ring in the plane and on digits; quality over the number of steps.
//
//   diffusion       x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise     loss |noise - net(x_t, t)|^2
//   flow matching   x_t = (1 - t) noise + t data                                loss |data - noise - net(x_t, t)|^2
//
// 6.S191 L4, "Deep Generative Modeling: Summary"; DS542, "Do we have good models?" (column Diffusion)
#include <numbers>

#include "1_learning/plane.hpp"
#include "7_models/digit_diffusion.hpp"

namespace gradus::lecture {

constexpr Real scale =
    Real(1.45);  // standard deviation of the ring's coordinates: the network sees unit variance
constexpr Index samples = 2500;  // points for every score
constexpr Real reach = Real(2.9),
               clip = Real(1.6);  // half the width of the pictures; limit of scaled predictions

/// Mean over 16 directions of wasserstein1 of the projections: a distance of two sets of points in the plane.
double distance(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int i = 0; i < 16; ++i) {
    const double angle = i * std::numbers::pi / 16;
    const Tensor axis =
        Tensor::of({2, 1}, {static_cast<Real>(std::cos(angle)), static_cast<Real>(std::sin(angle))});
    sum += wasserstein1(matmul(a, axis).value(), matmul(b, axis).value()) / 16;
  }
  return sum;
}

/// A trained network of points with its objective.
struct PointModel {
  std::string name, title;
  Objective objective;
  PointDenoiser net;
  Ema average;
  NoiseSchedule schedule = cosine_schedule(100);

  PointModel(Rng& random, std::string name_in, std::string title_in, Objective objective_in)
      : name(std::move(name_in)),
        title(std::move(title_in)),
        objective(objective_in),
        net(random, 2, 128),
        average(net, Real(0.995), true) {}
  TimedNetwork network() {
    return [this](const Var& x, const Tensor& t) { return net(x, t); };
  }
  Tensor sample(const Tensor& noise, Index steps, const SamplingView& view = {}) {
    const Ema::Applied averaged(average);
    return affine(generate(network(), noise, objective, schedule, steps, clip, view), scale, 0).value();
  }
};

Curve train_points(Program& program, PointModel& model, const GaussianMixture& ring) {
  const Draw data = [&](Index count, Rng& rng) -> Labelled {
    return {affine(ring.sample(count, rng), 1 / scale, 0).value()};
  };
  const LabelledNetwork network = [&](const Var& x, const Tensor& t, const std::vector<int>&) {
    return model.net(x, t);
  };
  return train_denoiser(program, model.name, model.net, model.average, network, data, model.schedule,
                        {model.objective, program.pick<Index>(3500, 8000, 12)});
}

Tensor cloud(const Tensor& points, const std::string& title) {
  Canvas canvas = plane(200, reach);
  for (Index n = 0; n < std::min<Index>(points.dim(0), 1200); ++n)
    canvas.disc(points[2 * n], points[2 * n + 1], 1.2, colors::blue, 0.6);
  return titled(canvas, title);
}

/// The clouds of a sampling at every step, as panels.
std::vector<Tensor> film_of(PointModel& model, const Tensor& noise, Index steps) {
  std::vector<Tensor> frames;
  model.sample(noise, steps, [&](const Tensor& x, double) {
    frames.push_back(cloud(affine(x, scale, 0).value(), model.title));
  });
  return frames;
}

/// W1 to fresh data over the number of steps; reports the figures `tag`_<steps>.
std::vector<double> over_steps(Program& program, PointModel& model, const Tensor& noise, const Tensor& data,
                               const std::vector<Index>& counts, const std::string& tag) {
  std::vector<double> out;
  for (const Index count : counts) {
    out.push_back(distance(model.sample(noise, count), data));
    program.figure(text(tag, "_", count), out.back());
  }
  return out;
}

void on_the_ring(Program& program) {
  const GaussianMixture ring = ring_of_gaussians();
  Rng first = program.rng.split("ring weights"), second = first, rng = program.rng.split("ring samples");
  PointModel diffusion(first, "ring_diffusion", "diffusion", Objective::noise),
      matching(second, "ring_flow_matching", "flow matching", Objective::velocity);
  const Curve curve = train_points(program, diffusion, ring);
  train_points(program, matching, ring);
  program.figure("ring_loss", curve.y.back());

  const Tensor noise = Tensor::randn({samples, 2}, rng), data = ring.sample(samples, rng);
  {
    const Ema::Applied averaged(diffusion.average);
    const Tensor x = ancestral_sample(diffusion.network(), noise, diffusion.schedule, rng);
    const ModeCoverage modes = mode_coverage(affine(x, scale, 0).value(), ring.centers, ring.deviation);
    program.figure("ring_diffusion_modes", modes.modes);
    program.figure("ring_diffusion_quality", modes.high_quality);
  }
  const std::vector<Index> counts{1, 2, 5, 10, 20, 50};
  const std::vector<double> xs(counts.begin(), counts.end());
  const double floor = distance(ring.sample(samples, rng), data);
  program.figure("w1_real", floor);
  const std::vector<double> of_diffusion =
                                over_steps(program, diffusion, noise, data, counts, "w1_diffusion"),
                            of_matching =
                                over_steps(program, matching, noise, data, counts, "w1_flow_matching");
  program.plot(
      "ring_steps",
      Plot("The ring: distance to the data")
          .x("steps")
          .y("W1")
          .log_x()
          .log_y()
          .line_points("diffusion, DDIM", xs, of_diffusion)
          .line_points("flow matching, Euler", xs, of_matching)
          .reference("data against data", {1, 50}, {floor, floor}),
      "Flow matching learns straight lines, which few steps can follow; the paths of diffusion are curved");
  const std::vector<Tensor> left = film_of(diffusion, noise, 20), right = film_of(matching, noise, 20);
  std::vector<Tensor> frames;
  for (std::size_t i = 0; i < left.size(); ++i) frames.push_back(hstack({left[i], right[i]}, 8));
  for (int i = 0; i < 10; ++i) frames.push_back(frames.back());
  program.animation("ring", frames, {.frames_per_second = 6}, "Points coming out of noise in 20 steps");
  const auto five = [](const std::vector<Tensor>& all) {
    return hstack({all[0], all[5], all[10], all[15], all[20]}, 6);
  };
  program.picture(
      "ring", vstack({five(left), five(right)}, 6),
      "From noise (left) to the ring (right) in 20 steps: after 0, 5, 10, 15 and 20. Above diffusion, "
      "below flow matching");
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
    const Index steps = std::min<Index>(40, T);
    Index seen = 0;
    generate(model.network(), noise.rows(0, 64), model.recipe.objective, model.schedule, steps, 1,
             [&](const Tensor& x, double) {
               const Tensor pictures = DigitDiffusion::as_pictures(x);
               frames.push_back(image_grid(pictures.rows(0, 40), {.columns = 10, .scale = 2}));
               if (seen * (shown - 1) % steps < shown - 1) stages.push_back(pictures);
               ++seen;
             });
  }
  for (Index i = 0; i < shown; ++i)
    for (Index r = 0; r < 3; ++r)
      rows.rows((r + 1) * shown + i, (r + 1) * shown + i + 1)
          .copy_from(stages[std::min(static_cast<std::size_t>(i), stages.size() - 1)].rows(r, r + 1));
  program.picture(
      "there_and_back",
      image_grid(rows, {.columns = shown, .row_labels = {"noised", "back", "back", "back"}}),
      "Above, a test digit loses itself in noise, left to right. Below, three times noise becomes a digit: "
      "first the place of the ink, then strokes, last the sharp edges");
  for (int i = 0; i < 10; ++i) frames.push_back(frames.back());
  program.animation("digits", frames, {.frames_per_second = 8}, "Digits coming out of noise");
}

/// Rows of growing guidance, one column per label; and the share of samples that the judge reads as their label.
void by_label(Program& program, DigitDiffusion& model, Judge& judge, Rng& rng) {
  const Index steps = program.pick<Index>(20, 50, 3), each = program.pick<Index>(10, 100, 2);
  std::vector<int> labels;
  for (Index i = 0; i < 10 * each; ++i) labels.push_back(static_cast<int>(i % 10));
  const Tensor noise = Tensor::randn({10 * each, 28, 28, 1}, rng);
  Tensor shown({40, 28, 28, 1});
  std::vector<std::string> names;
  Index row = 0;
  for (const Real weight : {Real(0), Real(1), Real(2), Real(4)}) {
    const Tensor pictures = model.labelled(noise, labels, weight, steps);
    shown.rows(row * 10, row * 10 + 10).copy_from(pictures.rows(0, 10));
    ++row;
    names.push_back(text("weight ", weight));
    program.figure(text("labelled_", weight), judge.accuracy(pictures, labels));
  }
  std::vector<std::string> digits;
  for (int i = 0; i < 10; ++i) digits.push_back(std::to_string(i));
  program.picture(
      "labels", image_grid(shown, {.columns = 10, .row_labels = names, .column_labels = digits}),
      "One column per label and noise, one row per weight of guidance (flow matching). Without guidance the "
      "noise decides; the larger the weight, the more the label does");
}

/// Trains the U-Net with both losses; the curves of both.
void train_both(Program& program, DigitDiffusion& diffusion, DigitDiffusion& matching,
                const Dataset& digits) {
  Stopwatch watch;
  const Curve loss = train_digits(program, diffusion, digits);
  watch.lap();
  program.figure("digit_seconds", static_cast<double>(watch.microseconds) / 1e6);
  const Curve other = train_digits(program, matching, digits);
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
      "then "
      "hardly moves while the pictures improve. The velocity has another scale and another least loss");
}

/// FID over the number of steps, for both losses from the same noise.
void quality_over_steps(Program& program, DigitDiffusion& diffusion, DigitDiffusion& matching, Judge& judge,
                        const Dataset& test, const Tensor& noise) {
  const auto [held_out, others] = halves(test);
  const Moments reference = moments_of(judge.features(held_out.images));
  const Index count = std::min(program.pick<Index>(400, 5000, 20), others.size());
  const auto fid = [&](const Tensor& pictures) {
    return frechet_distance(moments_of(judge.features(pictures)), reference);
  };
  const auto counts = program.pick<std::vector<Index>>({1, 2, 5, 10, 20}, {1, 2, 5, 10, 20, 50}, {1, 2});
  std::vector<double> of_diffusion, of_matching;
  for (const Index steps : counts) {
    of_diffusion.push_back(fid(diffusion.pictures(noise.rows(0, count), steps)));
    of_matching.push_back(fid(matching.pictures(noise.rows(0, count), steps)));
    program.figure(text("fid_diffusion_", steps), of_diffusion.back());
    program.figure(text("fid_flow_matching_", steps), of_matching.back());
  }
  const std::vector<double> xs(counts.begin(), counts.end());
  const double floor = fid(others.take(count).images);
  program.figure("fid_samples", static_cast<double>(count));
  program.figure("digit_diffusion_fid", of_diffusion.back());
  program.figure("digit_flow_matching_fid", of_matching.back());
  program.figure("real_fid", floor);
  program.plot(
      "digit_steps",
      Plot("Digits: FID over the number of steps")
          .x("steps")
          .y("FID")
          .log_x()
          .log_y()
          .line_points("diffusion, DDIM", xs, of_diffusion)
          .line_points("flow matching, Euler", xs, of_matching)
          .reference("real digits", {1, xs.back()}, {floor, floor}),
      "One network, two losses. Each step is one evaluation of the network: half the steps, half the time");
  program.picture("samples",
                  hstack({image_grid(diffusion.pictures(noise.rows(0, 50), counts.back()),
                                     {.columns = 10, .title = "diffusion"}),
                          image_grid(matching.pictures(noise.rows(0, 50), counts.back()),
                                     {.columns = 10, .title = "flow matching"})}),
                  "Fifty samples of each loss from the same noise, not selected");
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
  program.headline(text("ring: ", program.figure("ring_diffusion_modes"), " of 8 modes, W1 ",
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
       .look = "Noise becomes a ring of eight groups and becomes digits, step by step. With "
               "few steps flow matching is "
               "nearer to the data than diffusion. Guidance: the same noise becomes any digit "
               "that the label asks for."},
      diffusion);
}
