#include "gradus/data/dataset.hpp"

#include <algorithm>
#include <array>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/data/formats/idx.hpp"
#include "gradus/data/generated/digits.hpp"

namespace gradus {
namespace fs = std::filesystem;

Dataset Dataset::subset(Index begin, Index end) const {
  GRADUS_CHECK(0 <= begin && begin <= end && end <= size(), name, ": subset ", begin, " .. ", end, " of ",
               size(), " examples: needs 0 <= begin <= end <= ", size());
  Dataset part = *this;
  part.images = images.rows(begin, end);
  if (!labels.empty()) part.labels.assign(labels.begin() + begin, labels.begin() + end);
  return part;
}

Dataset Dataset::take(Index count) const {
  GRADUS_CHECK(count >= 0, name, ": take ", count, ": the number must not be negative");
  return subset(0, std::min(count, size()));
}

Dataset Dataset::select(std::span<const Index> indices) const {
  Dataset part = *this;
  part.images = images.gather(indices);
  if (labels.empty()) return part;
  part.labels.clear();
  for (Index i : indices) part.labels.push_back(labels[static_cast<std::size_t>(i)]);
  return part;
}

Dataset Dataset::only(int label) const {
  std::vector<Index> indices;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == label) indices.push_back(static_cast<Index>(i));
  GRADUS_CHECK(!indices.empty(), name, ": no example with label ", label, " among ", size());
  return select(indices);
}

Dataset Dataset::flat() const {
  Dataset rows = *this;
  if (size() > 0) rows.images = images.reshape({size(), images.shape().row_size()});
  return rows;
}

void Dataset::check() const {
  const auto examples = static_cast<std::size_t>(size());
  GRADUS_CHECK(labels.empty() || labels.size() == examples, name, ": ", examples, " images but ",
               labels.size(), " labels");
  for (std::size_t i = 0; i < labels.size(); ++i)
    GRADUS_CHECK(0 <= labels[i] && labels[i] < classes, name, ": label ", i, " is ", labels[i],
                 ", expected 0 .. ", classes - 1);
}

// --- digits

namespace {

constexpr std::array<const char*, 4> mnist_files = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

// The path of an MNIST file in a folder: with or without .gz, with '-' or '.' before "idx", or in a folder of
// its own name, as in some archives. Empty when there is none.
fs::path mnist_file(const fs::path& folder, const std::string& name) {
  std::string dotted = name;
  dotted[dotted.find("-idx")] = '.';
  for (const fs::path& file :
       {fs::path(name), fs::path(dotted), fs::path(name) / name, fs::path(dotted) / dotted})
    if (fs::path path = plain_or_gz(folder / file); !path.empty()) return path;
  return {};
}

// The four paths of a data set in MNIST's format, or four empty ones when the folder has none of them.
// Throws Error, with the name of the data set, when only some of them exist.
std::array<fs::path, 4> mnist_paths(const fs::path& folder, const char* name) {
  std::array<fs::path, 4> paths;
  std::string missing;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    paths[i] = mnist_file(folder, mnist_files[i]);
    if (paths[i].empty()) missing += (missing.empty() ? "" : ", ") + std::string(mnist_files[i]);
  }
  const bool any =
      std::any_of(paths.begin(), paths.end(), [](const fs::path& path) { return !path.empty(); });
  GRADUS_CHECK(!any || missing.empty(), folder.string(), ": ", name,
               " is incomplete, missing (with or without .gz): ", missing);
  return paths;
}

Split read_mnist(const std::array<fs::path, 4>& paths, const std::string& name,
                 const DigitsOptions& options) {
  Split split;
  split.train = read_idx_dataset(paths[0], paths[1], 10, options.train);
  split.test = read_idx_dataset(paths[2], paths[3], 10, options.test);
  split.train.name = name + " train";
  split.test.name = name + " test";
  for (const Dataset* part : {&split.train, &split.test})
    GRADUS_CHECK(part->images.rank() == 4 && part->images.shape().with_rows(1) == Shape({1, 28, 28, 1}),
                 part->name, ": images ", part->images.shape(), ", expected [N, 28, 28, 1]");
  split.note = text(name, ": ", split.train.size(), " training and ", split.test.size(), " test ",
                    name == "MNIST" ? "digits." : "images.");
  return split;
}

void check_counts(const char* function, const DigitsOptions& options) {
  GRADUS_CHECK(options.train >= 0 && options.test >= 0, function, ": ", options.train, " training and ",
               options.test, " test examples: the numbers must not be negative");
}

}  // namespace

Split load_digits(const fs::path& root, const DigitsOptions& options) {
  check_counts("load_digits", options);
  for (const char* place : {"mnist", "MNIST/raw", "MNIST"}) {  // the second is the layout of torchvision
    const auto paths = mnist_paths(root / place, "MNIST");
    if (!paths[0].empty()) return read_mnist(paths, "MNIST", options);
  }

  constexpr Index default_train = 20000, default_test = 4000;
  Split split = generated_digits(options.train > 0 ? options.train : default_train,
                                 options.test > 0 ? options.test : default_test, options.seed);
  split.note = text("MNIST not found under ", (root / "mnist").string(),
                    ": using generated digits; datasets/README.md explains how to get it.");
  return split;
}

std::optional<Split> load_fashion(const fs::path& root, const DigitsOptions& options) {
  check_counts("load_fashion", options);
  const auto paths = mnist_paths(root / "fashion-mnist", "Fashion-MNIST");
  if (paths[0].empty()) return {};
  Split split = read_mnist(paths, "Fashion-MNIST", options);
  for (Dataset* part : {&split.train, &split.test})
    part->class_names = {"T-shirt", "trouser", "pullover", "dress", "coat",
                         "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
  return split;
}

}  // namespace gradus
