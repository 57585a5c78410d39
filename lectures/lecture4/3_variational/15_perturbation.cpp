// Traversals of single latent variables.        6.S191 L4, "VAEs: Latent perturbation"
#include <algorithm>
#include <numeric>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

/// Frames of an animation: side by side, the pictures of units[0..3] as each goes from -2.5 to 2.5.
std::vector<Tensor> moving_pictures(Vae& vae, const Tensor& start, const std::vector<std::size_t>& units) {
  std::vector<Tensor> frames;
  for (Index t = 0; t < 41; ++t) {
    std::vector<Tensor> cells;
    for (std::size_t r = 0; r < 4; ++r) {
      Tensor z = start.clone();
      z[static_cast<Index>(units[r])] = Real(-2.5) + 5 * Real(t) / 40;
      cells.push_back(image_grid(vae.pictures(z.reshape({1, 10})), {.columns = 1, .scale = 4}));
    }
    frames.push_back(hstack(cells, 8));
  }
  return frames;
}

void perturbation(Program& program) {
  program.dataset("Generated faces with known factors (azimuth, smile, mouth, tone, width).");
  const Faces faces = generated_faces(program.pick<Index>(12000, 20000, 500), program.options.seed);
  const Dataset data = faces.data.flat();
  Vae vae(program.rng, {1024, 256, 256, 10}, tanh);
  const Likelihood likelihood = gaussian(50);
  train_vae(program, "faces", vae, data,
            {.steps = program.pick<Index>(2500, 10000, 30),
             .batch = 64,
             .beta = 4,
             .warm_up = 0.5,
             .likelihood = likelihood});

  Rng rng = program.rng.split("measure");
  const VaeMeasure measured =
      measure_vae(vae, data.images.rows(0, std::min<Index>(2000, data.size())), likelihood, rng);
  std::vector<std::size_t> order(measured.unit_kl.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return measured.unit_kl[a] > measured.unit_kl[b]; });
  program.figure("kl", measured.kl);
  program.figure("active_units", measured.active());

  const Index steps = 11;
  const Tensor start =
      vae.encode(draw_face({}).reshape({1, 1024})).mu.value().row(0);  // a face that looks straight ahead
  const Tensor codes = traversals(start, steps), pictures = vae.pictures(codes);
  Tensor rows({10 * steps, 1024});
  std::vector<std::string> labels;
  double still = -1;  // negative until a unit without KL is found
  for (std::size_t r = 0; r < order.size(); ++r) {
    const Index k = static_cast<Index>(order[r]);
    rows.rows(static_cast<Index>(r) * steps, static_cast<Index>(r + 1) * steps)
        .copy_from(pictures.rows(k * steps, (k + 1) * steps));
    labels.push_back(text("z", k, "  KL ", fixed(measured.unit_kl[order[r]], 2)));
    if (measured.unit_kl[order[r]] < 0.02)  // the row of an inactive unit must not change
      still = std::max(still, double(squared_error(pictures.rows(k * steps, k * steps + 1),
                                                   pictures.rows((k + 1) * steps - 1, (k + 1) * steps))
                                         .item()));
  }
  if (still >= 0) program.figure("dead_rows_move", still);
  program.picture(
      "walks",
      image_grid(rows,
                 {.columns = steps,
                  .row_labels = labels,
                  .column_labels = {"-2.5", "-2", "-1.5", "-1", "-.5", "0", ".5", "1", "1.5", "2", "2.5"}}),
      "One dimension per row, from -2.5 to 2.5 standard deviations of the prior, ordered by KL: rows "
      "without KL do not change");

  program.animation("walk", moving_pictures(vae, start, order),
                    {.frames_per_second = 15, .back_and_forth = true},
                    "The four dimensions with the largest KL, from -2.5 to 2.5 and back");
  program.headline(text(measured.active(), " of 10 dimensions carry the ", measured.kl, " nats"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "15_perturbation",
       .title = "Traversal of one latent variable",
       .slide = "6.S191 L4, \"VAEs: Latent perturbation\"",
       .look = "Each row changes one dimension only. The upper ones turn the head or change its "
               "tone; the lower ones, with a KL near zero, change nothing."},
      perturbation);
}
