// Resynthesis: encode a face, move its code along an attribute, decode.
// DS542, "Resynthesizing real data with changes"
//
// Three directions in the code that change the smile and should leave the other factors unchanged:
//
//   difference of means    v = mean z of the most smiling quarter - mean z of the least smiling one
//   least squares          z on all five factors together; v is smile's coefficient
//   ... with products      z on the factors and their products up to the third degree: v depends on the face,
//                          because the smile of an open mouth changes other pixels
//
// An attribute can only be changed if the code contains it.
// Attributes with a low R2 after the VAE are refused.
#include <cmath>

#include "3_variational/face_reader.hpp"
#include "3_variational/real_faces.hpp"
#include "3_variational/vae.hpp"

namespace gradus::lecture {

constexpr double gate = 0.7;  // least R2 of an attribute after the VAE

struct Attribute {
  Index factor;
  Real low, high;  // means of the bottom and the top quarter
};
constexpr Attribute smile{1, Real(-0.75), Real(0.75)}, mouth_open{2, Real(0.125), Real(0.875)};

/// The factors of all faces, with one factor set to `value`.
Tensor with(const Tensor& factors, Index factor, Real value) {
  Tensor out = factors.clone();
  for (Index i = 0; i < out.dim(0); ++i) out[i * 5 + factor] = value;
  return out;
}

/// z + s v; s is the wanted change of the attribute, relative to the change that v makes.
Tensor along(const Tensor& z, const Tensor& vector, const Tensor& from, const Tensor& to,
             const Attribute& what) {
  Tensor out = z.clone();
  const Index K = z.dim(1);
  for (Index i = 0; i < z.size(); ++i) {
    const Index at = i / K * 5 + what.factor;
    out[i] += (to[at] - from[at]) / (what.high - what.low) * vector[i % K];
  }
  return out;
}

struct FaceModels {
  FaceReader reader;
  Vae vae;
  Tensor codes, factors;            // of the training faces
  Tensor test_codes, test_factors;  // of others

  explicit FaceModels(Rng& rng) : reader(rng), vae(rng, {1024, 256, 256, 10}, tanh) {}
  Tensor naive(const Attribute& what) const {
    const auto strength = column(factors, what.factor);
    return attribute_vector(codes, std::vector<Real>(strength.begin(), strength.end()));
  }
};

/// Prints one line of the table and returns the measured changes.
/// The attribute goes from its low to its high value.
FactorChange measured_change(Program& program, FaceModels& models, const char* method, const Attribute& what,
                             const Tensor& low, const Tensor& high) {
  const FactorChange change(models.reader.read(models.vae.pictures(low)),
                            models.reader.read(models.vae.pictures(high)));
  const auto wanted = static_cast<std::size_t>(what.factor);
  const std::size_t mean = FactorChange::worst(change.mean, wanted),
                    typical = FactorChange::worst(change.typical, wanted);
  const std::string moved = text("(", FaceFactors::names[mean], ")");
  program.say(text("  ", pad_right(method, 32), ' ', fixed(change.mean[wanted], 2, 5), "   ",
                   fixed(change.mean[mean], 2, 5), ' ', pad_right(moved, 13), ' ',
                   fixed(change.typical[typical], 2, 5), " (", FaceFactors::names[typical], ")"));
  return change;
}

/// Compares the three directions for one attribute.
/// Each moves it from the mean of its low quarter to that of its high quarter.
void compare(Program& program, FaceModels& models, const Regression& straight, const Regression& bent,
             const Attribute& what) {
  const auto wanted = static_cast<std::size_t>(what.factor);
  const std::string key = FaceReader::keys[wanted];
  const Tensor &z = models.test_codes, &from = models.test_factors, vector = models.naive(what);
  const Tensor low = with(from, what.factor, what.low), high = with(from, what.factor, what.high);
  program.say(
      text(FaceFactors::names[wanted], ": response, leakage (into), leakage in a typical face, in sd"));
  const auto report = [&](const std::string& name, const FactorChange& change) {
    program.figure(key + name + "_leakage_sd",
                   std::abs(change.mean[FactorChange::worst(change.mean, wanted)]));
    program.figure(key + name + "_typical_leakage_sd",
                   change.typical[FactorChange::worst(change.typical, wanted)]);
  };
  const FactorChange naive =
      measured_change(program, models, "difference of means", what, along(z, vector, from, low, what),
                      along(z, vector, from, high, what));
  program.figure(key + "_naive_response_sd", naive.mean[wanted]);
  report("_naive", naive);
  measured_change(program, models, "least squares, five factors", what,
                  change_factors(straight, z, from, low), change_factors(straight, z, from, high));
  const FactorChange change =
      measured_change(program, models, "the same with their products", what,
                      change_factors(bent, z, from, low), change_factors(bent, z, from, high));
  program.figure(key + "_response_sd", change.mean[wanted]);
  report("", change);
}

/// 5 x 5 variations of one face: smile changes to the right, mouth opening downwards;
/// refused attributes stay unchanged.
void sheet(Program& program, FaceModels& models, const Regression& bent, bool smiles, bool opens) {
  const FaceFactors face{.azimuth = Real(-0.25), .mouth_open = Real(0.5), .tone = Real(0.75)};
  const auto known = face.values();
  const Tensor original = draw_face(face).reshape({1, 1024}), start = models.vae.encode(original).mu.value();
  const Index columns = smiles ? 5 : 1, rows = opens ? 5 : 1, cells = rows * columns;
  Tensor z({cells, 10}), from({cells, 5});
  for (Index i = 0; i < cells * 10; ++i) z[i] = start[i % 10];
  for (Index i = 0; i < cells * 5; ++i) from[i] = known[static_cast<std::size_t>(i % 5)];
  Tensor to = from.clone(), naive = z;
  for (Index cell = 0; cell < cells; ++cell) {
    const Index row = cell / columns, column = cell % columns;
    if (smiles) to[cell * 5 + 1] = Real(0.425) * Real(column - 2);
    if (opens) to[cell * 5 + 2] = Real(0.5) + Real(0.225) * Real(row - 2);
  }
  for (const Attribute& what : {smile, mouth_open})
    if (what.factor == 1 ? smiles : opens) naive = along(naive, models.naive(what), from, to, what);
  const CellFrame middle{rows / 2 * columns + columns / 2, colors::red};
  const auto grid = [&](const Tensor& codes, const std::string& title) {
    return image_grid(models.vae.pictures(codes),
                      {.columns = columns, .scale = 3, .title = title, .frames = {middle}});
  };
  program.picture(
      "grid",
      hstack(
          {vstack({image_grid(original, {.columns = 1, .scale = 3, .title = "original"}),
                   image_grid(models.vae.pictures(start),
                              {.columns = 1, .scale = 3, .title = "decoded", .frames = {{0, colors::red}}})}),
           grid(change_factors(bent, z, from, to), "direction per face"),
           grid(naive, "differences of means")},
          24),
      text("Framed: the reconstruction. ", smiles ? "Smile to the right. " : "Smile was refused. ",
           opens ? "Mouth opens downwards. " : "Mouth open was refused. ",
           "Right: one vector per attribute for all faces, with the same steps"));
}

void generated(Program& program) {
  const Faces faces = generated_faces(program.pick<Index>(12000, 20000, 600), program.options.seed);
  const Faces test = generated_faces(program.pick<Index>(2000, 4000, 200), program.options.seed + 1000);
  const Tensor x = test.data.flat().images;
  Rng init = program.rng.split("init");
  FaceModels models(init);
  models.reader.fit(program, faces, program.pick<Index>(1500, 4000, 20));
  train_vae(program, "faces", models.vae, faces.data.flat(),
            {.steps = program.pick<Index>(3500, 12000, 30), .batch = 64, .likelihood = gaussian(400)});
  models.codes = models.vae.encode(faces.data.flat().images).mu.value(), models.factors = faces.factors;
  models.test_codes = models.vae.encode(x).mu.value(), models.test_factors = test.factors;

  const auto read = determination(models.reader.read(x), test.factors),
             kept = determination(models.reader.read(models.vae.pictures(models.test_codes)), test.factors);
  program.say("factor        R2 of the reader   R2 after the VAE");
  for (std::size_t f = 0; f < 5; ++f) {
    program.say(text(pad_right(FaceFactors::names[f], 12), "  ", fixed(read[f], 3, 8), "           ",
                     fixed(kept[f], 3, 8)));
    program.figure(text("reader_r2_", FaceReader::keys[f]), read[f]);
    program.figure(text("r2_after_vae_", FaceReader::keys[f]), kept[f]);
  }
  const Regression straight(models.factors, models.codes), bent(models.factors, models.codes, 3);
  std::array<bool, 5> allowed{};
  for (const Attribute& what : {smile, mouth_open}) {
    const auto f = static_cast<std::size_t>(what.factor);
    if (!(kept[f] > gate)) {
      program.say(text("refused: \"", FaceFactors::names[f], "\", R2 after the VAE is ", kept[f],
                       ", the least accepted is ", gate));
      continue;
    }
    allowed[f] = true;
    compare(program, models, straight, bent, what);
  }
  if (allowed[1] || allowed[2]) sheet(program, models, bent, allowed[1], allowed[2]);
  if (allowed[1] && allowed[2])
    program.headline(text("smile changed by ", program.figure("smile_response_sd"),
                          " sd, other factors by up to ", program.figure("smile_leakage_sd"),
                          " (difference of means: ", program.figure("smile_naive_leakage_sd"), "); mouth by ",
                          program.figure("mouth_response_sd"), ", other factors by up to ",
                          program.figure("mouth_leakage_sd"), " (", program.figure("mouth_naive_leakage_sd"),
                          ")"));
}

void lesson(Program& program) {
  program.dataset("Generated faces with known factors; UTKFace where it is present.");
  generated(program);
  real_faces(program);
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "18_resynthesis",
                      .title = "Resynthesis: change one attribute of a face",
                      .slide = "DS542, \"Resynthesizing real data with changes\" (UDL, figure 17.13)",
                      .look = "In the left grid the corners of the mouth rise from left to right and the "
                              "mouth opens from top to bottom, independently. In the right grid, made with "
                              "differences of means, the two changes mix. The table gives the change of the "
                              "other factors. An attribute that the code does not contain is refused."},
                     lesson);
}
