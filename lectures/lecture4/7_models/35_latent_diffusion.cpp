// Latent diffusion: a VAE draws blurred mixtures of digits because its prior has codes that no image has. A
// diffusion on the codes draws those that images do have; the decoder is the same.
//
//   image - encoder - z ~ q(z|x)        noise - diffusion - z - decoder - image
//
// DS542, "What makes a good model?", "Generating high quality images"
#include <algorithm>

#include "1_learning/plane.hpp"
#include "7_models/latent_diffusion.hpp"

namespace gradus::lecture {

constexpr Real edge = Real(4.2);

/// Two directions of the space of codes that separate the ten classes best:
/// principal components of their means.
Pca map_of(const Tensor& z, const std::vector<int>& labels) {
  Tensor means = Tensor::zeros({10, z.dim(1)});
  std::vector<Real> counts(10, 0);
  for (Index n = 0; n < z.dim(0); ++n) {
    const auto label = static_cast<std::size_t>(labels[static_cast<std::size_t>(n)]);
    ++counts[label];
    for (Index k = 0; k < z.dim(1); ++k)
      means[static_cast<Index>(label) * z.dim(1) + k] += z[n * z.dim(1) + k];
  }
  for (Index c = 0; c < 10; ++c)
    for (Index k = 0; k < z.dim(1); ++k)
      means[c * z.dim(1) + k] /= std::max(Real(1), counts[static_cast<std::size_t>(c)]);
  return fit_pca(means, 2);
}

/// Codes on the map, coloured by the digit that the judge sees in their pictures; grey where it is unsure.
Tensor on_map(const Pca& map, const Tensor& z, const Tensor& p, const std::string& title) {
  const Tensor places = map.encode(z);
  const std::vector<int> classes = argmax(p, 1);
  Canvas canvas = plane(300, edge);
  for (Index n = 0; n < std::min<Index>(z.dim(0), 1500); ++n) {
    const int c = classes[static_cast<std::size_t>(n)];
    const bool sure = p[n * 10 + c] > Real(0.9);
    const Color color = sure ? hue(c) : Color{Real(0.75), Real(0.75), Real(0.75)};
    canvas.disc(places[2 * n], places[2 * n + 1], sure && c >= 5 ? 1.2 : 1.9, color, 0.8);
  }
  return titled(canvas, title);
}

/// Codes from one source: their scores, and what the map shows of them.
struct Source {
  std::string tag, title;
  Tensor z;
};

void report(Program& program, const Source& source, LatentDiffusion& model, Judge& judge,
            const Tensor& reference, const Tensor& real_codes) {
  const PictureScores scores = score(judge, model.pictures(source.z), reference);
  program.figure(source.tag + "_fid", scores.fid);
  program.figure(source.tag + "_coverage", scores.neighbours.coverage);
  program.figure(source.tag + "_density", scores.neighbours.density);
  program.figure(source.tag + "_sure", scores.sure);
  const Index some = std::min<Index>(1000, source.z.dim(0));
  program.figure(source.tag + "_told_from_codes",
                 neighbour_test(real_codes.rows(0, some), source.z.rows(0, some)));
}

void latent_diffusion(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  LatentDiffusion model(program, "latent_diffusion", latent_recipe(program));
  program.figure("latent_loss", train_latent(program, model, digits.train).y.back());

  const auto [held_out, others] = halves(digits.test);
  const Index count = std::min(program.pick<Index>(2000, 5000, 100), others.size());
  Rng rng = program.rng.split("codes");
  const Tensor reference = judge.features(held_out.images);
  const Tensor codes = model.encode(held_out.flat().take(count).images, rng);
  const Tensor prior = Tensor::randn(codes.shape(), rng);
  Stopwatch watch;
  const Tensor drawn = model.codes(codes.dim(0), rng);
  watch.lap();
  program.figure("latent_seconds_per_1000",
                 static_cast<double>(watch.microseconds) / 1e3 / static_cast<double>(codes.dim(0)));
  const std::vector<Source> sources{
      {"codes", "codes of test digits", model.encode(others.flat().take(count).images, rng)},
      {"prior", "N(0, I)", prior},
      {"latent", "diffusion", drawn}};
  program.figure("fid_samples", static_cast<double>(count));
  std::vector<Tensor> maps, grids;
  const Pca map = map_of(codes, held_out.take(count).labels);
  for (const Source& source : sources) {
    report(program, source, model, judge, reference, codes);
    const Tensor pictures = model.pictures(source.z);
    maps.push_back(on_map(map, source.z, judge.probabilities(pictures), source.title));
    grids.push_back(image_grid(pictures.rows(0, 50), {.columns = 5, .title = source.title}));
  }
  program.figure("ratio", program.figure("latent_fid") / program.figure("prior_fid"));
  program.picture(
      "map", hstack(maps, 8),
      "Codes along the two directions that separate the classes best, coloured by the digit that the judge "
      "sees in their pictures; grey: no digit is certain. Codes of images form groups. The prior also fills "
      "the gaps between them, and its pictures there are no digits. The diffusion finds the groups");
  program.picture(
      "samples", hstack(grids, 16),
      "One decoder, three sources of codes: reconstructions of test digits, samples of the prior, samples of "
      "the diffusion");
  program.headline(text("FID ", std::round(program.figure("prior_fid")), " with the prior's codes, ",
                        std::round(program.figure("latent_fid")), " with those of a diffusion, ",
                        std::round(program.figure("codes_fid")), " with those of real digits (N = ", count,
                        ")"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "35_latent_diffusion",
       .title = "Latent diffusion: a better prior for the same decoder",
       .slide = "DS542, \"What makes a good model?\", \"Generating high quality images\"",
       .look =
           "On the map, codes of images form groups. The prior's samples fill the gaps as well, and become "
           "pictures of no digit (grey). The diffusion's samples are where the images' codes are, and the "
           "same "
           "decoder turns most of them into digits."},
      latent_diffusion);
}
