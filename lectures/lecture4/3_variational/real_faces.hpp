#pragma once
// The page of 18_resynthesis with real faces: UTKFace, whose file names tell age, gender and group.
#include <filesystem>
#include <vector>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

/// What linear regression on codes must still tell of faces that it was not fitted to, after they were
/// decoded and encoded once more, or an attribute is refused: rank correlation of prediction and truth.
/// (Codes of a hardly trained encoder already tell the age, while its decoder shows nothing of it: hence the
/// second passage.)
constexpr double real_gate = 0.4;

/// What the names of UTKFace's files tell of every face: age, gender, and one column for each of the first
/// four groups: left out of the fit, they would be put down to age and gender.
inline Tensor told(const std::vector<UtkName>& names) {
  Tensor out = Tensor::zeros({static_cast<Index>(names.size()), 6});
  for (std::size_t i = 0; i < names.size(); ++i) {
    Real* row = out.data() + 6 * i;
    row[0] = Real(names[i].age), row[1] = Real(names[i].gender);
    if (names[i].race < 4) row[2 + names[i].race] = 1;
  }
  return out;
}

/// Age to the right, gender downwards, as far as they passed the gate; three faces that the fit has not seen.
inline void real_sheets(Program& program, Vae& vae, const Regression& code_of, const Tensor& images,
                        const Tensor& facts, bool ages, bool genders) {
  const Index columns = ages ? 5 : 1, rows = genders ? 5 : 1, cells = rows * columns, K = 32;
  std::vector<Tensor> sheets;
  for (const Index part : {1, 3, 6}) {
    const Index i = part * images.dim(0) / 8;
    const Tensor one = images.rows(i, i + 1), code = vae.encode(one.reshape({1, 3072})).mu.value();
    Tensor z({cells, K}), from({cells, 6});
    for (Index k = 0; k < cells * K; ++k) z[k] = code[k % K];
    for (Index k = 0; k < cells * 6; ++k) from[k] = facts[i * 6 + k % 6];
    Tensor to = from.clone();
    for (Index cell = 0; cell < cells; ++cell) {
      if (ages) to[cell * 6] += Real(25) * Real(cell % columns - 2);
      if (genders) to[cell * 6 + 1] += Real(0.6) * Real(cell / columns - 2);
    }
    const Tensor faces = vae.pictures(change_factors(code_of, z, from, to)).reshape({cells, 32, 32, 3});
    sheets.push_back(hstack(
        {image_grid(one, {.columns = 1, .scale = 2}),
         image_grid(
             faces,
             {.columns = columns, .scale = 2, .frames = {{rows / 2 * columns + columns / 2, colors::red}}})},
        6));
  }
  program.picture("real_faces", hstack(sheets, 16),
                  text("Real faces that were not trained on; framed: reconstructions.",
                       ages ? " Younger to older from left to right." : "",
                       genders ? " From top to bottom the file names' gender, male to female." : ""));
}

/// The same with real faces, where there are any.
inline void real_faces(Program& program) {
  if (plain_or_gz(program.options.data / "faces" / "utkface32-images-idx4-ubyte").empty()) {
    program.say("faces/utkface32 not found: no page with real faces (datasets/README.md says how to get it)");
    return;
  }
  const UtkFaces faces = load_utk_faces32(program.options.data);
  const Tensor facts = told(faces.names), images = faces.data.images;
  std::vector<Index> fitted, held;  // the files are sorted by age: every fifth is held out
  for (Index i = 0; i < facts.dim(0); ++i) (i % 5 == 2 ? held : fitted).push_back(i);
  Dataset data;
  data.name = "UTKFace", data.images = images.gather(fitted);
  data = data.flat();
  const Tensor others = images.gather(held);
  Rng init = program.rng.split("real");
  Vae vae(init, {3072, 400, 32});
  train_vae(program, "real", vae, data,
            {.steps = program.pick<Index>(1500, 2500, 20), .batch = 64, .likelihood = gaussian(100)});
  const Tensor codes = vae.encode(data.images).mu.value(),
               unseen = vae.encode(others.reshape({others.dim(0), 3072})).mu.value(),
               again = vae.encode(vae.pictures(unseen)).mu.value();
  const Tensor predicted = Regression(codes, facts.gather(fitted))(again), truth = facts.gather(held);
  bool passed[2];
  for (const Index f : {0, 1}) {
    const char* name = f == 0 ? "age" : "gender";
    const double agreement = rank_correlation(column(predicted, f), column(truth, f));
    program.figure(text("real_", name, "_rank_correlation"), agreement);
    passed[f] = agreement > real_gate;
    program.say(text("real faces, ", name,
                     ": told from decoded faces that were not fitted with rank correlation ", agreement,
                     passed[f] ? ": passed" : ": refused, at least ", passed[f] ? "" : text(real_gate)));
  }
  if (passed[0] || passed[1])
    real_sheets(program, vae, Regression(facts.gather(fitted), codes), others, truth, passed[0], passed[1]);
}

}  // namespace gradus::lecture
