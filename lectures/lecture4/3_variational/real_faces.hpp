#pragma once
// The part of 18_resynthesis with real faces: UTKFace, whose file names give age, gender and ethnic group.
#include <filesystem>
#include <vector>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

/// Lowest accepted rank correlation between an attribute and its linear prediction from the codes.
/// It is measured on faces outside the fit, after decoding and encoding them once more.
/// (A hardly trained encoder already keeps the age in its codes while its decoder does not show it;
/// the second pass detects this.)
constexpr double real_gate = 0.4;

/// The attributes in UTKFace's file names, [N, 6]:
/// age, gender, and one indicator column for each of the first four groups.
/// The group columns keep the fit from attributing the groups' differences to age and gender.
inline Tensor attributes_of(const std::vector<UtkName>& names) {
  Tensor out = Tensor::zeros({static_cast<Index>(names.size()), 6});
  for (std::size_t i = 0; i < names.size(); ++i) {
    Real* row = out.data() + 6 * i;
    row[0] = Real(names[i].age), row[1] = Real(names[i].gender);
    if (names[i].race < 4) row[2 + names[i].race] = 1;
  }
  return out;
}

/// Three faces outside the fit: age changes to the right, gender downwards,
/// for the attributes that passed the gate.
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
      const Index row = cell / columns, column = cell % columns;
      if (ages) to[cell * 6] += Real(25) * Real(column - 2);
      if (genders) to[cell * 6 + 1] += Real(0.6) * Real(row - 2);
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
                  text("Real faces outside the training set; framed: reconstructions.",
                       ages ? " Younger to older from left to right." : "",
                       genders ? " From top to bottom: gender as in the file names, male to female." : ""));
}

/// The same with real faces, if the data set is present.
inline void real_faces(Program& program) {
  if (plain_or_gz(program.options.data / "faces" / "utkface32-images-idx4-ubyte").empty()) {
    program.say("faces/utkface32 not found: real faces are skipped (see datasets/README.md)");
    return;
  }
  const UtkFaces faces = load_utk_faces32(program.options.data);
  const Tensor facts = attributes_of(faces.names), images = faces.data.images;
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
    program.say(text("real faces, ", name, ": rank correlation on decoded faces outside the fit ", agreement,
                     passed[f] ? ": passed" : ": refused, the least accepted is ",
                     passed[f] ? "" : text(real_gate)));
  }
  if (passed[0] || passed[1])
    real_sheets(program, vae, Regression(facts.gather(fitted), codes), others, truth, passed[0], passed[1]);
}

}  // namespace gradus::lecture
