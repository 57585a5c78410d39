// Normalizing flows: an invertible function from data to a Gaussian gives every point an exact density.
// A ring in the plane, where the density can be integrated; then digits, in bits per pixel.
//
//   log p(x) = log N(f(x); 0, I) + log |det df/dx|
//
// DS542, "Probabilistic Generative Models", "Do we have good models?" (column Flows)
#include <numbers>

#include "1_learning/plane.hpp"
#include "5_adversarial/dcgan.hpp"
#include "7_models/digit_flow.hpp"

namespace gradus::lecture {

constexpr Real reach = Real(3.2);  // of the pictures of the plane

/// Data in the plane by name.
struct PlaneData {
  std::string name, title;
  GaussianMixture mixture;
};

/// Eight couplings that take turns with the two coordinates.
struct PlaneFlow : Flow {
  explicit PlaneFlow(Rng& random) : Flow(random, masks(), 64) {}
  static std::vector<Tensor> masks() {
    std::vector<Tensor> all;
    for (int i = 0; i < 8; ++i) all.push_back(i % 2 ? Tensor::of({2}, {1, 0}) : Tensor::of({2}, {0, 1}));
    return all;
  }
};

void train_plane(Program& program, const PlaneData& data, Flow& flow) {
  Rng rng = program.rng.split(data.name);
  Adam adam(flow.parameters());
  const Index steps = program.pick<Index>(1000, 2000, 12);
  Trainer trainer(program.session(), data.name, {{"flow", flow}, {"adam", adam}, {"rng", rng}}, Steps{steps});
  while (trainer.next()) {
    adam.lr = Real(2e-3) * linear_decay(trainer.progress(), Real(0.02));
    trainer.report({{"nats", likelihood_step(flow, adam, data.mixture.sample(256, rng), 5)}});
  }
}

PlaneModel as_model(const PlaneData& data, Flow& flow) {
  return {data.title, [&flow](const Tensor& x) { return flow.log_density(x).value(); },
          [&flow](Index count, Rng& rng) {
            return flow.decode(Tensor::randn({count, 2}, rng)).value();
          }};
}

PlaneModel true_model(const PlaneData& data) {
  return {data.title + ", data", [=](const Tensor& x) { return log(Var(data.mixture.density(x))).value(); },
          [=](Index count, Rng& rng) { return data.mixture.sample(count, rng); }};
}

/// The sum of the density over a fine grid; 1 for every flow whose log-determinant is right.
double integral(Flow& flow) {
  constexpr Index side = 320;
  constexpr double edge = 8, cell = 2 * edge / side;
  Tensor places({side * side, 2});
  for (Index i = 0; i < side * side; ++i)
    for (Index d = 0; d < 2; ++d)
      places[2 * i + d] =
          static_cast<Real>(-edge + (static_cast<double>(d == 0 ? i % side : i / side) + 0.5) * cell);
  const Tensor log_p = in_pieces(places, [&](const Var& piece) { return flow.log_density(piece); });
  double sum = 0;
  for (const Real value : log_p.values()) sum += std::exp(double{value}) * cell * cell;
  return sum;
}

/// Largest |decode(encode(x)) - x|.
double inverse_error(Flow& flow, const Tensor& x) {
  const Var back = flow.decode(flow.encode(x).first);
  return max(reshape(abs(back - Var(x)), {-1}), 0).item();
}

Color by_angle(double x, double y) {
  return hue(static_cast<Index>(std::floor((std::atan2(y, x) / (2 * std::numbers::pi) + 0.5) * 8 + 0.5)) % 8 %
             5);
}

/// A Gaussian becomes the ring, coupling by coupling: points coloured by the place where they arrive.
Tensor through_couplings(Flow& flow, Rng& rng) {
  const Tensor z = Tensor::randn({1500, 2}, rng);
  std::vector<Tensor> stages{z};
  for (const Var& stage : flow.decode_stages(z)) stages.push_back(stage.value());
  const Tensor& end = stages.back();
  std::vector<Tensor> panels;
  for (std::size_t i = 0; i < stages.size(); i += 2) {
    Canvas canvas = plane(230, reach);
    for (Index n = 0; n < z.dim(0); ++n)
      canvas.disc(stages[i][2 * n], stages[i][2 * n + 1], 1.6, by_angle(end[2 * n], end[2 * n + 1]), 0.8);
    panels.push_back(titled(canvas, i == 0 ? "noise z" : text(i, " couplings")));
  }
  return hstack(panels, 6);
}

void in_the_plane(Program& program) {
  const std::vector<PlaneData> all{{"ring", "ring", ring_of_gaussians(8, 2, Real(0.2))},
                                   {"moons", "two moons", two_moons()}};
  std::vector<Tensor> rows;
  for (const PlaneData& data : all) {
    Rng random = program.rng.split(data.name + " weights"), rng = program.rng.split(data.name + " points");
    PlaneFlow flow(random);
    train_plane(program, data, flow);
    const Tensor test = data.mixture.sample(program.pick<Index>(10000, 10000, 500), rng);
    const PlaneModel model = as_model(data, flow), truth = true_model(data);
    program.figure(data.name + "_nats", -mean(Var(model.log_density(test))).item());
    program.figure(data.name + "_nats_true", -mean(Var(truth.log_density(test))).item());
    const Tensor samples = model.sample(800, rng), none({0, 2});
    rows.push_back(hstack({panel(truth, "density", none, reach), panel(model, "flow's density", none, reach),
                           panel(model, "its samples", samples, reach)},
                          6));
    if (data.name != "ring") continue;
    program.figure("flow_integral", integral(flow));
    program.figure("flow_inverse_error", inverse_error(flow, test.rows(0, 500)));
    const ModeCoverage modes =
        mode_coverage(model.sample(2500, rng), data.mixture.centers, data.mixture.deviation);
    program.figure("ring_modes", modes.modes);
    program.figure("ring_high_quality", modes.high_quality);
    program.picture(
        "couplings", through_couplings(flow, rng),
        "Noise (left) becomes the ring, two couplings per panel. Colours mark where a point arrives. Every "
        "coupling moves all points along one axis, without ever laying two on one place");
  }
  program.picture(
      "plane", vstack(rows, 6),
      "Left the data's density, middle the flow's, right 800 samples. Thin bridges join the groups: a "
      "continuous invertible function cannot cut the disc of noise into pieces");
}

/// Log density of w under a Gaussian with the mean and covariance of the training digits in the same space.
MixtureModel gaussian_of(const Tensor& w) {
  const Moments moments = moments_of(w);
  const Index D = w.dim(1);
  MixtureModel model{Tensor::full({1}, 1), Tensor({1, D}), Tensor({1, D, D})};
  std::copy(moments.mean.begin(), moments.mean.end(), model.means.data());
  std::copy(moments.covariance.begin(), moments.covariance.end(), model.covariances.data());
  return model;
}

void report_samples(Program& program, const Dataset& test, DigitFlow& model, Judge& judge, Rng& rng) {
  const auto [held_out, others] = halves(test);
  const Index count = std::min(program.pick<Index>(2000, 5000, 150), others.size());
  const Tensor reference = judge.features(held_out.images);
  const PictureScores flow = score(judge, model.sample(count, rng), reference),
                      real = score(judge, others.take(count).images, reference);
  program.figure("fid_samples", static_cast<double>(count));
  program.figure("flow_fid", flow.fid);
  program.figure("real_fid", real.fid);
  program.figure("flow_precision", flow.neighbours.precision);
  program.figure("real_precision", real.neighbours.precision);
  program.figure("flow_coverage", flow.neighbours.coverage);
  program.figure("real_coverage", real.neighbours.coverage);
}

void of_digits(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  DigitFlow model(program, "digit_flow", flow_recipe(program), digits.train);
  const Curve curve = train_flow(program, model, digits.train);
  Rng rng = program.rng.split("digits tested");
  const Tensor test = digits.test.flat().take(program.pick<Index>(2000, 10000, 150)).images;
  const double bits = mean_of(model.bits(test, rng));
  const Tensor fitted =
      model.space(digits.train.flat().take(program.pick<Index>(12000, 60000, 1000)).images, rng).values;
  const MixtureModel gaussian = gaussian_of(fitted);
  const Transformed w = model.space(test, rng);
  const double gaussian_bits =
      mean_of(bits_of(gaussian.log_joint(w.values).reshape({test.dim(0)}), w.log_det));
  program.figure("flow_bits", bits);
  program.figure("gaussian_bits", gaussian_bits);
  program.figure("black_bits", mean_of(model.bits(Tensor::zeros({20, 784}), rng)));
  report_samples(program, digits.test, model, judge, rng);

  Tensor pictures({40, 28, 28, 1});
  pictures.rows(0, 10).copy_from(digits.test.images.rows(0, 10));
  pictures.rows(10, 20).copy_from(model.space.pictures(gaussian.sample(10, rng)));
  pictures.rows(20, 30).copy_from(model.sample(10, rng));
  pictures.rows(30, 40).copy_from(model.sample(10, rng, Real(0.7)));
  program.picture(
      "samples",
      image_grid(pictures, {.columns = 10, .row_labels = {"real", "Gaussian", "flow", "flow, z * .7"}}),
      "The flow describes a digit with a bit per pixel less than the Gaussian, and its samples look "
      "worse: the likelihood is exact, but it is mostly about the noise within each grey value");
  const double end = curve.x.back();
  program.plot("bits",
               Plot("Code length of a digit")
                   .x("step")
                   .y("bits per pixel")
                   .line("flow, training", curve.x, curve.y)
                   .reference("Gaussian", {0, end}, {gaussian_bits, gaussian_bits})
                   .reference("flow, test", {0, end}, {bits, bits}),
               "8 bits is the uniform model. The Gaussian knows all pairs of pixels; the flow goes below it");
}

void flow(Program& program) {
  in_the_plane(program);
  of_digits(program);
  program.headline(text("ring: ", fixed(program.figure("ring_nats"), 3), " nats (the true density ",
                        fixed(program.figure("ring_nats_true"), 3), "), integral ",
                        fixed(program.figure("flow_integral"), 4),
                        "; digits: ", fixed(program.figure("flow_bits"), 2), " bits per pixel (Gaussian ",
                        fixed(program.figure("gaussian_bits"), 2), ")"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "33_flow",
       .title = "Normalizing flows: exact densities",
       .slide = "DS542, \"Probabilistic Generative Models\", \"Do we have good models?\"",
       .look =
           "The flow's density in the plane follows ring and moons, with thin bridges between the groups. It "
           "integrates to 1 without a normalising constant. For digits the flow needs fewer bits per pixel "
           "than a Gaussian with all correlations, yet its samples are specks instead of strokes: a good "
           "likelihood and good pictures are two things."},
      flow);
}
