// Resynthesis: encode a face, move its code along attributes, decode.        DS542, "Resynthesizing real data
// with changes"
//
// An attribute can only be changed if the code has it: the table of R2 after the VAE comes first.
#include <cmath>

#include "vae.hpp"

using namespace gradus;

/// Reads the five factors off a picture; trained on generated faces, independent of the VAE.
struct Reader : Module {
  Mlp layers{*this, "layers", {1024, 256, 5}, gradus::relu};
  using Module::Module;

  void fit(Program& program, const Faces& faces) {
    Rng noise = program.rng.split("reader");
    const Dataset data = faces.data.flat();
    Adam adam(parameters());
    Loader loader(data, {.batch = 128, .shuffle = true, .drop_last = true}, noise.split("order"));
    Trainer trainer(program, "reader",
                    {{"model", *this}, {"adam", adam}, {"noise", noise}, {"loader", loader}},
                    Steps{program.pick<Index>(1500, 4000, 20)});
    while (trainer.next()) {
      const Batch& batch = loader.next();
      adam.lr = Real(1e-3) * linear_decay(trainer.progress(), Real(0.02));
      Tape tape;
      const Var x = batch.images + Var(Tensor::randn(batch.images.shape(), noise, 0, Real(0.02)));
      const Var loss = mean(squared_error(layers(x), faces.factors.gather(batch.indices)));
      adam.zero_grad();
      tape.backward(loss);
      adam.step();
      trainer.report({{"squared error", loss}});
    }
  }
};

/// 1 - residual / variance for every factor.
std::vector<double> r_squared(const Tensor& read, const Tensor& truth) {
  const Moments moments = moments_of(truth);
  std::vector<double> out;
  for (Index f = 0; f < truth.dim(1); ++f) {
    double residual = 0;
    for (Index i = 0; i < truth.dim(0); ++i)
      residual += std::pow(double(read[i * 5 + f]) - truth[i * 5 + f], 2) / double(truth.dim(0));
    out.push_back(1 - residual / moments.covariance[static_cast<std::size_t>(f * 6)]);
  }
  return out;
}

/// The attribute's direction: least squares of the codes on the factor, scaled to the difference of its top
/// and bottom quarters. (The factors were drawn independently, so regressing on one is regressing on all, but
/// for chance.)
Tensor balanced_vector(const Tensor& codes, const Tensor& factors, Index wanted) {
  const Index N = codes.dim(0), K = codes.dim(1);
  const Moments moments = moments_of(factors);
  Tensor vector = Tensor::zeros({K});
  const double centre = moments.mean[static_cast<std::size_t>(wanted)],
               variance = moments.covariance[static_cast<std::size_t>(wanted * 6)];
  for (Index i = 0; i < N; ++i)
    for (Index k = 0; k < K; ++k)
      vector[k] +=
          static_cast<Real>((factors[i * 5 + wanted] - centre) / variance * codes[i * K + k] / double(N));
  const double top_minus_bottom = 1.5 * std::sqrt(3 * variance);  // of a uniform factor's quarters' means
  for (Real& v : vector.values()) v *= static_cast<Real>(top_minus_bottom);
  return vector;
}

void generated(Program& program) {
  const Faces faces = generated_faces(program.pick<Index>(12000, 20000, 600), program.options.seed);
  const Faces test = generated_faces(program.pick<Index>(2000, 4000, 200), program.options.seed + 1000);
  const Tensor x = test.data.flat().images;
  Rng init = program.rng.split("init");
  Reader reader(init);
  reader.fit(program, faces);
  Vae vae(init, {1024, 256, 256, 10}, gradus::tanh);
  const Likelihood likelihood = gaussian(400);
  train_vae(program, "faces", vae, faces.data.flat(),
            {.steps = program.pick<Index>(3500, 10000, 30), .batch = 64, .likelihood = likelihood});

  const Tensor codes = vae.encode(faces.data.flat().images).mu.value(), z = vae.encode(x).mu.value();
  const Tensor base = reader.layers(vae.pictures(z)).value();
  const std::vector<double> kept = r_squared(base, test.factors),
                            read = r_squared(reader.layers(x).value(), test.factors);
  const Moments moments = moments_of(test.factors);
  program.say("factor        reader's R2   after the VAE");
  for (std::size_t f = 0; f < 5; ++f) {
    program.say(text(FaceFactors::names[f], "    ", read[f], "    ", kept[f]));
    program.figure(text("r2_after_vae_", f), kept[f]);
  }
  std::vector<Tensor> vectors;
  for (const Index f : {1, 2}) {
    const char* name = FaceFactors::names[static_cast<std::size_t>(f)];
    if (!(kept[static_cast<std::size_t>(f)] > 0.7))
      program.say(text("gate: the code hardly has \"", name, "\" (R2 ", kept[static_cast<std::size_t>(f)],
                       "), its vector will do little"));
    vectors.push_back(balanced_vector(codes, faces.factors, f));
    Tensor moved = z.clone();
    for (Index i = 0; i < moved.size(); ++i) moved[i] += vectors.back()[i % 10];
    const Tensor after = reader.layers(vae.pictures(moved)).value();
    double leak = 0;
    for (Index g = 0; g < 5; ++g) {
      double change = 0;
      for (Index i = 0; i < x.dim(0); ++i) change += (after[i * 5 + g] - base[i * 5 + g]) / double(x.dim(0));
      change /= std::sqrt(moments.covariance[static_cast<std::size_t>(g * 6)]);
      if (g == f) program.figure(f == 1 ? "smile_response_sd" : "mouth_response_sd", change);
      if (g != f) leak = std::max(leak, std::abs(change));
    }
    program.figure(f == 1 ? "smile_leakage_sd" : "mouth_leakage_sd", leak);
  }

  Tensor grid({25, 10});
  const Tensor start = vae.encode(draw_face({.azimuth = Real(-0.2)}).reshape({1, 1024})).mu.value();
  for (Index row = 0; row < 5; ++row)
    for (Index column = 0; column < 5; ++column)
      for (Index k = 0; k < 10; ++k)
        grid[(row * 5 + column) * 10 + k] = start[k] + Real(0.5) * Real(column - 2) * vectors[0][k] +
                                            Real(0.5) * Real(row - 2) * vectors[1][k];
  program.picture(
      "grid",
      hstack({image_grid(draw_face({.azimuth = Real(-0.2)}).reshape({1, 32, 32, 1}),
                         {.columns = 1, .scale = 4, .title = "original"}),
              image_grid(vae.pictures(grid), {.columns = 5,
                                              .scale = 3,
                                              .title = "smile left to right, mouth open downwards",
                                              .frames = {{12, colors::red}}})},
             24),
      "Middle, framed: the reconstruction. Everything else: the same code plus multiples of two vectors");
}

/// The same on real faces where there are any: the attribute is what the file names tell, the age.
void real(Program& program) {
  if (!std::filesystem::exists(program.options.data / "faces" / "utkface32-images-idx4-ubyte.gz")) {
    program.say(
        "faces/utkface32 not found: the page with real faces is left out (datasets/README.md says how to get "
        "it)");
    return;
  }
  const UtkFaces faces = load_utk_faces32(program.options.data);
  const Dataset data = faces.data.flat();
  std::vector<Real> age, gender;
  for (const UtkName& name : faces.names)
    age.push_back(static_cast<Real>(name.age)), gender.push_back(static_cast<Real>(name.gender));
  Rng init = program.rng.split("real");
  Vae vae(init, {data.images.dim(1), 400, 32});
  train_vae(program, "real", vae, data,
            {.steps = program.pick<Index>(2500, 10000, 20), .batch = 64, .likelihood = gaussian(100)});
  const Tensor codes = vae.encode(data.images).mu.value();
  const Tensor older = attribute_vector(codes, age), gendered = attribute_vector(codes, gender, Real(0.4));
  std::vector<Tensor> sheets;
  for (const Index i : {data.size() / 500, data.size() / 3, 3 * data.size() / 4}) {
    Tensor grid({25, 32});
    for (Index cell = 0; cell < 25; ++cell)
      for (Index k = 0; k < 32; ++k)
        grid[cell * 32 + k] = codes[i * 32 + k] + Real(0.75) * Real(cell % 5 - 2) * older[k] +
                              Real(0.75) * Real(cell / 5 - 2) * gendered[k];
    sheets.push_back(hstack({image_grid(faces.data.images.rows(i, i + 1), {.columns = 1, .scale = 3}),
                             image_grid(vae.pictures(grid).reshape({25, 32, 32, 3}),
                                        {.columns = 5, .scale = 2, .frames = {{12, colors::red}}})},
                            8));
  }
  program.picture(
      "real_faces", hstack(sheets, 20),
      "Real faces (UTKFace): younger to older from left to right, the file names' gender from top to bottom");
}

int main(int argc, char** argv) {
  return run_program(
      argc, argv,
      {.name = "15_resynthesis",
       .title = "Resynthesis: the same face, smiling",
       .slide = "DS542, \"Resynthesizing real data with changes\" (UDL, figure 17.13)",
       .look = "From left to right the mouth's corners rise, from top to bottom it opens. What else moves, "
               "the figures called "
               "leakage say; what the code does not hold cannot be moved."},
      [](Program& program) {
        program.dataset("Generated faces with known factors; UTKFace where it is present.");
        generated(program);
        real(program);
        program.headline(text("in standard deviations: smile moved by ", program.figure("smile_response_sd"),
                              ", others by up to ", program.figure("smile_leakage_sd"), "; mouth by ",
                              program.figure("mouth_response_sd"), ", others by up to ",
                              program.figure("mouth_leakage_sd")));
      });
}
