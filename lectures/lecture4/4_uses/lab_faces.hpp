#pragma once
// The part of 19_debiasing with real images (preset full): UTKFace with few dark faces against CIFAR-10,
// judged on held-out images of both and on the 20 test faces of the 6.S191 lab.
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "4_uses/debiasing.hpp"

namespace gradus::lecture {

/// Real faces and non-faces. "Light" and "dark" stand for UTKFace's labels White and Asian, Black and Indian.
struct RealFaces {
  static constexpr double dark_share = 0.03;  // of the training faces

  Dataset faces, others;             // for training
  Tensor images, lab;                // for testing: [N, 32, 32, 3], faces then non-faces; the lab's 20 faces
  std::vector<int> labels, group{};  // of `images`; group: 0 light, 1 dark; non-faces are in both alternately
  std::vector<int> lab_group{};      // 0 .. 3: DF, DM, LF, LM

  explicit RealFaces(const std::filesystem::path& root) {
    const UtkFaces all = load_utk_faces32(root);
    const Dataset things = load_cifar10(root), lab_faces = load_lab_faces(root, {32, 32, 3});
    std::vector<Index> light, dark, train, test;
    for (Index i = 0; i < all.data.size(); ++i) {
      const int race = all.names[static_cast<std::size_t>(i)].race;
      if (race == 0 || race == 2) light.push_back(i);
      if (race == 1 || race == 3) dark.push_back(i);
    }
    // The files are sorted by age: every fourth face of a group is held out.
    for (std::size_t i = 0; i < light.size(); ++i) (i % 4 == 1 ? test : train).push_back(light[i]);
    const auto few = static_cast<Index>(dark_share * static_cast<double>(train.size()) / (1 - dark_share));
    const auto step = dark.size() / static_cast<std::size_t>(std::max<Index>(1, few)) + 1;
    const std::size_t light_tests = test.size();
    for (std::size_t i = 0; i < dark.size(); ++i)
      if (i % step == 0)
        train.push_back(dark[i]);
      else if (i % 4 == 1)
        test.push_back(dark[i]);
    faces.name = "UTKFace, biased", faces.images = all.data.images.gather(train);
    const Index kept = things.size() * 4 / 5;
    others.name = "CIFAR-10", others.images = things.images.rows(0, kept).clone();
    const Index found = static_cast<Index>(test.size()), rest = things.size() - kept;
    images = Tensor({found + rest, 32, 32, 3});
    images.rows(0, found).copy_from(all.data.images.gather(test));
    images.rows(found, found + rest).copy_from(things.images.rows(kept, things.size()));
    for (Index i = 0; i < found + rest; ++i) {
      labels.push_back(i < found);
      group.push_back(i < found ? i >= static_cast<Index>(light_tests) : static_cast<int>(i % 2));
    }
    lab = lab_faces.images, lab_group = lab_faces.labels;
  }
};

/// Number of the lab's faces that are found.
inline double lab_found(DebiasingVae& net, const Tensor& lab) {
  const Tensor logits = net.logits(lab);
  return static_cast<double>(
      std::count_if(logits.values().begin(), logits.values().end(), [](Real a) { return a > 0; }));
}

/// The first of the sets that is missing in the folder of data sets; empty when all are there.
inline std::string missing_set(const std::filesystem::path& root) {
  for (const char* set : {"faces/mit_lab2_test", "cifar10", "faces/utkface32-images-idx4-ubyte"})
    if (!std::filesystem::is_directory(root / set) && plain_or_gz(root / set).empty()) return set;
  return {};
}

inline void lab_faces(Program& program) {
  const auto& root = program.options.data;
  if (const std::string set = missing_set(root); !set.empty()) {
    program.say(set + " not found: real faces are skipped (see datasets/README.md)");
    return;
  }
  program.dataset("UTKFace with 3 % dark faces against CIFAR-10; the lab's 20 faces.");
  const RealFaces real(root);
  const char* const names[] = {"classifier", "vae", "dbvae"};
  const Index epochs = program.options.epochs > 0 ? program.options.epochs : 40;
  for (int kind = 0; kind < 3; ++kind) {
    std::vector<double> light, dark, alarms, found;
    for (int run = 0; run < 3; ++run) {
      Rng init = program.rng.split(text("real init ", run));
      DebiasingVae net(init);
      train_debiasing(program, text("real_", names[kind], "_", run), net, real.faces, real.others,
                      {.vae = kind > 0, .resample = kind == 2, .epochs = epochs},
                      program.rng.split(text("real noise ", run)));
      const GroupTest test = test_groups(net.logits(real.images), real.labels, real.group, 2);
      light.push_back(test.groups[0].true_positive.rate), dark.push_back(test.groups[1].true_positive.rate);
      alarms.push_back(test.false_positive), found.push_back(lab_found(net, real.lab));
    }
    const auto figure = [&](const char* what, const std::vector<double>& values) {
      program.figure(text("real_", names[kind], "_", what), median(values));
    };
    figure("light", light), figure("dark", dark), figure("false_positive", alarms),
        figure("lab_found_of_20", found);
    program.say(text("real faces, ", names[kind], ": light ", fixed(median(light), 3), ", dark ",
                     fixed(median(dark), 3), ", false positives ", fixed(median(alarms), 3), ", lab ",
                     median(found), " of 20"));
  }
  program.picture(
      "lab_faces",
      image_grid(real.lab, {.columns = 10, .scale = 3, .title = "The lab's faces: DF, DM; LF, LM"}),
      "The 20 test faces of the lab, 32 x 32. Without non-faces beside them, the constant answer finds all");
}

}  // namespace gradus::lecture
