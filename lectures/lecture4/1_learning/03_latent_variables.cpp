// The cave: from the shadows of a turning solid alone, an autoencoder finds the turn, which no shadow shows.
// 6.S191 L4, "What is a latent variable?" (the myth of the cave); DS542, "Latent Variables",
// "Generative Models"
#include <algorithm>
#include <cmath>
#include <numbers>

#include "1_learning/closed_curve.hpp"
#include "support/lecture.hpp"

namespace gradus::lecture {

/// 1024-256-64-2-64-256-1024, relu between the layers.
struct ShadowAutoencoder : Module {
  Mlp encoder{*this, "encoder", {1024, 256, 64, 2}, relu},
      decoder{*this, "decoder", {2, 64, 256, 1024}, relu};
  using Module::Module;
  Var decode(const Var& z) { return sigmoid(decoder(z)); }
  Var operator()(const Var& x) { return decode(encoder(x)); }
};

/// Trains from several random starts. Returns the autoencoder with the smallest error: a start whose codes
/// cross themselves cannot be repaired by gradients,
/// because shadows of two turns would have to pass through each other.
std::unique_ptr<ShadowAutoencoder> trained(Program& program, const std::string& name,
                                           const Dataset& shadows) {
  std::unique_ptr<ShadowAutoencoder> best;
  double least = INFINITY;
  const Index starts = program.pick<Index>(3, 5, 1);
  for (Index start = 0; start < starts; ++start) {
    Rng rng = program.rng.split(name).split(static_cast<std::uint64_t>(start));
    auto model = std::make_unique<ShadowAutoencoder>(rng);
    Adam adam(model->parameters());
    Loader loader(shadows, {.batch = 128, .shuffle = true}, rng.split("order"));
    Trainer trainer(program.session(), text(name, "_", start), {{"model", *model}, {"adam", adam}}, loader,
                    program.pick<Index>(40, 150, 1));
    for (const Batch& batch : trainer) {
      adam.lr = Real(2e-3) * decay_second_half(trainer.progress());
      const Real loss =
          descend(adam, [&] { return mean(squared_error((*model)(batch.images), batch.images)); });
      trainer.report({{"squared error", loss}});
    }
    const double error = mean(squared_error((*model)(shadows.images), shadows.images)).item();
    program.say(text(name, ", start ", start, ": squared error ", error));
    if (error < least) least = error, best = std::move(model);
  }
  program.figure(name + "_sq_error", least);
  return best;
}

/// The colour of an angle: once around the circle of colours.
Color wheel(double angle) {
  const auto part = [angle](double shift) { return static_cast<Real>(0.5 + 0.42 * std::cos(angle - shift)); };
  return {part(0), part(2 * std::numbers::pi / 3), part(4 * std::numbers::pi / 3)};
}

/// Codes [N, 2], coloured by the true turns [N].
Tensor coloured(const std::string& title, const Tensor& codes, const Tensor& turns) {
  const Moments moments = moments_of(codes);
  const double reach = 2.1 * std::sqrt(std::max(moments.covariance[0], moments.covariance[3]));
  Canvas canvas(
      360, 360,
      {moments.mean[0] - reach, moments.mean[0] + reach, moments.mean[1] - reach, moments.mean[1] + reach});
  for (Index n = 0; n < codes.dim(0); ++n)
    canvas.disc(codes[2 * n], codes[2 * n + 1], 2, wheel(turns[n]), 0.8);
  canvas.letters(6, 8, title);
  return canvas.image();
}

/// `count` elements at equal distances of an order.
std::vector<Index> evenly(const std::vector<Index>& order, Index count) {
  std::vector<Index> some;
  for (Index i = 0; i < count; ++i)
    some.push_back(order[static_cast<std::size_t>(i) * order.size() / static_cast<std::size_t>(count)]);
  return some;
}

/// A solid without symmetry: the turn is found. Returns the picture of the codes.
Tensor the_turn(Program& program, const Shadows& shadows) {
  const Dataset flat = shadows.data.flat();
  const auto model = trained(program, "cave", flat);
  const Tensor codes = model->encoder(flat.images).value();
  const Pca pca = fit_pca(flat.images, 2);
  const Tensor projected = pca.encode(flat.images);
  Rng rng = program.rng.split("curve");
  const std::vector<Index> order = order_along(codes, rng);
  const auto with_truth = [&](const std::vector<Index>& along) {  // the sense of rotation is free
    return std::abs(circular_correlation(angles_of(along), shadows.turns));
  };
  program.figure("cave_correlation", with_truth(order));
  program.figure("pca_correlation", with_truth(order_along(projected, rng)));
  program.figure("pca_sq_error", mean(squared_error(pca.decode(projected), flat.images)).item());

  program.picture(
      "shadows",
      vstack({image_grid(shadows.data.images.rows(0, 16),
                         {.columns = 16, .title = "What is seen: shadows in random order"}),
              image_grid(shadows.data.images.gather(evenly(order, 32)),
                         {.columns = 16, .title = "The same shadows in the order of the learned angle"})}),
      "Sorted by the angle of their codes, the shadows turn");
  // A generative model: a uniform angle, the code at that place of the order, the decoder.
  std::vector<Index> drawn;
  for (int i = 0; i < 16; ++i) drawn.push_back(order[static_cast<std::size_t>(rng.below(order.size()))]);
  const auto images = [&](const Tensor& z) { return model->decode(z).value().reshape({-1, 32, 32, 1}); };
  program.picture(
      "generated",
      vstack({image_grid(images(codes.gather(drawn)),
                         {.columns = 16, .title = "Sixteen random angles, decoded by the autoencoder"}),
              image_grid(pca.decode(projected.gather(drawn)).reshape({-1, 32, 32, 1}),
                         {.columns = 16, .title = "The same by PCA's two components"})}),
      "A distribution of the latent variable and a function to observations: a generative model");
  const Tensor turning = images(codes.gather(evenly(order, 48)));
  std::vector<Tensor> frames;
  for (Index i = 0; i < turning.dim(0); ++i) frames.push_back(turning.row(i));
  program.animation("turning", frames, {.frames_per_second = 12, .scale = 6},
                    "The decoder along the curve of codes");
  return hstack({coloured("autoencoder", codes, shadows.turns), coloured("PCA", projected, shadows.turns)},
                12);
}

/// R^2 of a polynomial of the codes [N, 2] for f(turn),
/// fitted on one half of the shadows and tested on the other.
double explained(const Tensor& codes, const Tensor& turns, double (*f)(double)) {
  const Index half = codes.dim(0) / 2;
  Tensor y({codes.dim(0), 1});
  for (Index n = 0; n < y.size(); ++n) y[n] = static_cast<Real>(f(turns[n]));
  const Regression fit(codes.rows(0, half), y.rows(0, half), 5);
  return determination(fit(codes.rows(half, 2 * half)), y.rows(half, 2 * half))[0];
}

/// A solid with a mirror plane: turns of a and -a cast the same shadow. Returns the picture of the codes.
Tensor the_mirror(Program& program, const Shadows& shadows) {
  const Dataset flat = shadows.data.flat();
  const Tensor codes = trained(program, "mirror", flat)->encoder(flat.images).value();
  program.figure("mirror_r2_cos", explained(codes, shadows.turns, [](double a) { return std::cos(a); }));
  program.figure("mirror_r2_sin", explained(codes, shadows.turns, [](double a) { return std::sin(a); }));
  return coloured("mirror: two turns per code", codes, shadows.turns);
}

void lesson(Program& program) {
  const Index count = program.pick<Index>(4000, 4000, 400);
  const auto shadows = [&](const Solid& solid) {
    return generated_shadows(solid, count, program.options.seed);
  };
  const Shadows seen = shadows(three_armed_post()), mirrored = shadows(two_armed_post());
  program.dataset(text("Shadows of turning solids, generated: ", count, " of 32 x 32 pixels."));
  const Tensor turn = the_turn(program, seen), mirror = the_mirror(program, mirrored);
  program.picture(
      "codes", hstack({turn, mirror}, 12),
      "Two numbers per shadow, coloured by the true turn, which no program was told. Left: a closed curve, "
      "with the colours in order. Right: shadows of two turns are equal, and so are their codes");
  program.headline(text(
      "circular correlation of the learned angle with the true turn: ", program.figure("cave_correlation"),
      "; squared error of the shadows ", program.figure("cave_sq_error"), ", of PCA's two numbers ",
      program.figure("pca_sq_error")));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "03_latent_variables",
       .title = "The cave: what the shadows have in common",
       .slide = "6.S191 L4, \"What is a latent variable?\"",
       .look = "The codes form a closed curve, and the true turn changes smoothly along it, although "
               "training saw only shadows in random order. Sorted along the curve, the shadows turn. With a "
               "mirror plane, two turns share every code: what the shadow does not show cannot be learned."},
      lesson);
}
