// The slide's table of good models, measured: one model of each kind of the digits, six rows of figures
// beside the slide's ticks, and the floor: real digits against real digits.
//
// DS542, "What makes a good model?", "Do we have good models?"
#include <cmath>

#include "7_models/digit_diffusion.hpp"
#include "7_models/digit_flow.hpp"
#include "7_models/latent_diffusion.hpp"

namespace gradus::lecture {

/// One cell: what was measured, whether this counts as a tick, and the slide's mark ('y', 'n', '?' or '-').
struct Cell {
  std::string measured;
  char mark = '-', slide = '-';
  bool decided() const { return mark != '-' && (slide == 'y' || slide == 'n'); }
  bool agrees() const { return mark == slide; }
};
constexpr int kinds = 6;  // columns: GAN, VAE, flow, diffusion, latent diffusion, real digits
struct Row {
  std::string name, rule;
  std::array<Cell, kinds> cells{};
};
const std::array<std::string, kinds> names{"GAN", "VAE", "flow", "diffusion", "latent", "real"};

/// A model as a function from noise [N, K] to pictures [N, 28, 28, 1] in [0, 1].
struct Kind {
  Index noise;  ///< K
  std::function<Tensor(const Tensor&)> pictures;
};

char mark(bool good) { return good ? 'y' : 'n'; }

/// Points half-way between the rows of a and b, on the sphere where normal noise lies.
Tensor half_way(const Tensor& a, const Tensor& b) { return ((Var(a) + Var(b)) / std::sqrt(Real(2))).value(); }

/// Fills the rows on samples: time, FID, coverage, and pictures half-way between two codes.
void measure(Program& program, int column, const Kind& kind, Judge& judge, const Tensor& reference,
             std::vector<Row>& rows, Tensor& shown) {
  const auto c = static_cast<std::size_t>(column);
  const Index count = program.pick<Index>(1000, 5000, 60);
  Rng rng = program.rng.split("noise of " + names[c]);
  const Tensor noise = Tensor::randn({count, kind.noise}, rng);
  Stopwatch watch;
  const Tensor pictures = kind.pictures(noise);
  watch.lap();
  const double seconds = static_cast<double>(watch.microseconds) / 1e3 / static_cast<double>(count);
  const PictureScores scores = score(judge, pictures, reference);
  const Index pairs = count / 4;
  const Tensor middles = kind.pictures(half_way(noise.rows(0, pairs), noise.rows(pairs, 2 * pairs)));
  const double between = sure_share(judge.probabilities(middles)) / std::max(scores.sure, 1e-3);
  shown.rows(10 * column, 10 * column + 10).copy_from(pictures.rows(0, 10));
  const std::string& tag = names[c];
  program.figure(tag + "_seconds_per_1000", seconds);
  program.figure(tag + "_fid", scores.fid);
  program.figure(tag + "_coverage", scores.neighbours.coverage);
  program.figure(tag + "_density", scores.neighbours.density);
  program.figure(tag + "_sure", scores.sure);
  program.figure(tag + "_half_way", between);
  const double floor = program.figure("real_fid");
  rows[0].cells[c] = {text(fixed(seconds, 2), " s"), mark(seconds < 2)};
  rows[1].cells[c] = {text("FID ", std::round(scores.fid)), mark(scores.fid < 5 * floor)};
  rows[2].cells[c] = {text(fixed(scores.neighbours.coverage, 2), ", ", fixed(scores.neighbours.density, 2)),
                      mark(scores.neighbours.coverage >= 0.5)};
  rows[3].cells[c] = {fixed(between, 2), scores.sure < 0.1 ? 'n' : mark(between >= 0.8)};
}

/// The mutual-information gap of a VAE's and of a flow's codes on generated faces, whose factors are known.
/// GANs and diffusions have no encoder that gives a face's code in one pass.
void interpretability(Program& program, Row& row) {
  const Faces train = generated_faces(program.pick<Index>(3000, 12000, 100), program.options.seed),
              test = generated_faces(program.pick<Index>(1000, 4000, 60), program.options.seed + 1000);
  const Dataset flat = train.data.flat();
  const Index D = flat.images.dim(1), steps = program.pick<Index>(1200, 8000, 4);
  Rng rng = program.rng.split("faces");
  Vae vae(rng, {D, 256, 10});
  train_vae(program, "faces_vae", vae, flat,
            {.steps = steps, .batch = 64, .warm_up = 0.5, .likelihood = gaussian(30)});
  const auto [mu, logvar] = vae.encode(test.data.flat().images);
  const Tensor z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng)).value();
  const double of_vae = mutual_information_gap(z, test.factors);

  const Tensor mask = random_half_mask(D, rng);
  Flow flow(rng, {mask, opposite_mask(mask)}, 64);
  Adam adam(flow.parameters());
  const PixelSpace space(flat.images, rng.split("space"));
  Loader loader(flat, {.batch = 64, .shuffle = true, .drop_last = true}, rng.split("order"));
  Rng noise = rng.split("noise");
  Trainer trainer(program.session(), "faces_flow",
                  {{"flow", flow}, {"adam", adam}, {"noise", noise}, {"loader", loader}}, Steps{steps / 4});
  while (trainer.next())
    trainer.report({{"nats", likelihood_step(flow, adam, space(loader.next().images, noise).values, 400)}});
  const Tensor codes = flow.encode(space(test.data.flat().images, noise).values).first.value();
  const double of_flow = mutual_information_gap(codes, test.factors);
  program.figure("VAE_mig", of_vae);
  program.figure("flow_mig", of_flow);
  row.cells[1] = {fixed(of_vae, 3), mark(of_vae >= 0.1)};
  row.cells[2] = {fixed(of_flow, 3), mark(of_flow >= 0.1)};
  for (const std::size_t c : {0, 3, 4}) row.cells[c] = {"no encoder", 'n'};
}

void likelihood(Program& program, DigitFlow& flow, Vae& vae, const Dataset& test, Row& row) {
  Rng rng = program.rng.split("likelihood");
  const Tensor x = test.flat().take(program.pick<Index>(1000, 10000, 60)).images;
  const double bits = mean_of(flow.bits(x, rng));
  const double nats = measure_vae(vae, binarised(x, rng), bernoulli, rng).neg_elbo();
  program.figure("flow_bits", bits);
  program.figure("VAE_neg_elbo", nats);
  row.cells[0] = {"none"};
  row.cells[1] = {text("bound, ", std::round(nats), " nats"), 'n'};
  row.cells[2] = {text("exact, ", fixed(bits, 2), " bits"), 'y'};
  row.cells[3] = row.cells[4] = {"bound, T passes", 'n'};
}

/// The slide's marks: GANs, VAEs, flows, diffusion.
void slide_marks(std::vector<Row>& rows) {
  const std::array<std::string, 6> marks{"yyyn", "ynny", "n???", "yyyn", "???n", "-nyn"};
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t c = 0; c < 4; ++c) rows[r].cells[c].slide = marks[r][c];
}

/// The table as a picture: green where the measurement agrees with the slide, red where it does not.
Tensor drawn(const std::vector<Row>& rows) {
  constexpr Index left = 300, wide = 178, high = 54;
  Tensor image = Tensor::full({high * static_cast<Index>(rows.size() + 1), left + kinds * wide, 3}, 1);
  for (std::size_t c = 0; c < kinds; ++c)
    draw_text(image, 20, left + static_cast<Index>(c) * wide + 8, names[c]);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Index top = high * static_cast<Index>(r + 1);
    fill_rectangle(image, top, 0, 1, image.dim(1), colors::gap);
    draw_text(image, top + 8, 4, rows[r].name);
    draw_text(image, top + 32, 4, rows[r].rule, 1, colors::gap);
    for (std::size_t c = 0; c < kinds; ++c) {
      const Cell& cell = rows[r].cells[c];
      const Index place = left + static_cast<Index>(c) * wide;
      if (cell.decided()) {
        const Color pale =
            cell.agrees() ? Color{Real(0.82), Real(0.95), Real(0.83)} : Color{Real(1), Real(0.82), Real(0.8)};
        fill_rectangle(image, top + 1, place, high - 2, wide - 4, pale);
      }
      draw_text(image, top + 8, place + 6, cell.measured, cell.measured.size() > 13 ? 1 : 2);
      const auto word = [](char m) {
        return std::string(m == 'y' ? "yes" : m == 'n' ? "no" : m == '?' ? "?" : "-");
      };
      if (c < 4)
        draw_text(image, top + 34, place + 6,
                  text("slide: ", word(cell.slide), "   measured: ", word(cell.mark)), 1, colors::gap);
    }
  }
  return image;
}

void report(Program& program, std::vector<Row>& rows) {
  slide_marks(rows);
  int agree = 0, decided = 0;
  std::string differ;
  for (const Row& row : rows)
    for (std::size_t c = 0; c < 4; ++c) {
      const Cell& cell = row.cells[c];
      if (!cell.decided()) continue;
      ++decided;
      if (cell.agrees())
        ++agree;
      else
        differ += text(differ.empty() ? "" : "; ", names[c], ", ", row.name, ": ", cell.measured);
    }
  for (const Row& row : rows) {
    std::string line = row.name + ":";
    for (std::size_t c = 0; c < kinds; ++c)
      line += text("  ", names[c], " ", row.cells[c].measured.empty() ? "-" : row.cells[c].measured);
    program.say(line);
  }
  program.picture("table", drawn(rows),
                  "Each cell: the measured value, the slide's mark, and the mark that the rule on the left "
                  "gives. Green: both "
                  "agree; red: they do not; white: the slide has a question mark, or nothing was measured");
  program.figure("table", agree);
  program.figure("table_decided", decided);
  program.headline(text(agree, " of ", decided, " decided cells agree with the slide. ",
                        differ.empty() ? "None differs" : "Different: " + differ));
}

void good_models(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  Dcgan gan(program, "dcgan", dcgan_recipe(program));
  load_or_train(program, gan, digits.train);
  LatentDiffusion latent(program, "latent_diffusion", latent_recipe(program));
  load_or_train(program, latent, digits.train);
  DigitFlow flow(program, "digit_flow", flow_recipe(program), digits.train);
  load_or_train(program, flow, digits.train);
  DigitDiffusion diffusion(program, "digit_diffusion", diffusion_recipe(program, Objective::noise));
  load_or_train(program, diffusion, digits.train);

  const Index steps = program.pick<Index>(20, 50, 2), K = latent.recipe.codes;
  const std::vector<Kind> all{
      {gan.recipe.noise, [&](const Tensor& z) { return gan.pictures(z); }},
      {K, [&](const Tensor& z) { return latent.pictures(z); }},
      {784, [&](const Tensor& z) { return flow.pictures(z); }},
      {784,
       [&](const Tensor& z) {
         const Index N = z.dim(0);  // without labels, like the other models
         return diffusion.pictures(z.reshape({N, 28, 28, 1}), labels_in_turn(N), 0, steps);
       }},
      {K, [&](const Tensor& z) { return latent.pictures(latent.diffusion.sample(z, latent.recipe.T)); }}};
  std::vector<Row> rows{{"Efficient sampling", "seconds per 1000 samples; yes: below 2"},
                        {"High quality", "yes: FID below 5 times that of real digits"},
                        {"Coverage", "coverage, density; yes: coverage of .5 or more"},
                        {"Well-behaved latents", "clear share half-way / at ends; yes: .8, .1 clear"},
                        {"Interpretable latents", "mutual-information gap on faces; yes: .1 or more"},
                        {"Efficient likelihood", "yes: exact, in one pass"}};
  const auto [held_out, others] = halves(digits.test);
  const Tensor reference = judge.features(held_out.images);
  const Index count = std::min(program.pick<Index>(1000, 5000, 60), others.size());
  const PictureScores real = score(judge, others.take(count).images, reference);
  program.figure("fid_samples", static_cast<double>(count));
  program.figure("real_fid", real.fid);
  program.figure("real_coverage", real.neighbours.coverage);
  program.figure("real_density", real.neighbours.density);
  rows[1].cells[5].measured = text("FID ", std::round(real.fid));
  rows[2].cells[5].measured =
      text(fixed(real.neighbours.coverage, 2), ", ", fixed(real.neighbours.density, 2));
  Tensor shown({60, 28, 28, 1});
  for (int c = 0; c < 5; ++c)
    measure(program, c, all[static_cast<std::size_t>(c)], judge, reference, rows, shown);
  shown.rows(50, 60).copy_from(others.images.rows(0, 10));
  program.picture("samples", image_grid(shown, {.columns = 10, .row_labels = {names.begin(), names.end()}}),
                  "Ten samples of each model, not selected, and ten real digits");
  interpretability(program, rows[4]);
  likelihood(program, flow, latent.vae, digits.test, rows[5]);
  report(program, rows);
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "36_good_models",
       .title = "Do we have good models? The slide's table, measured",
       .slide = "DS542, \"What makes a good model?\", \"Do we have good models?\"",
       .look =
           "One column per kind of model, one row per property. Green cells: the measurement agrees with the "
           "slide's mark. No model has a yes in every row."},
      good_models);
}
