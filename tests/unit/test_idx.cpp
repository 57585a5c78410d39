// The IDX reader and writer, gzip, files, and the fallback from MNIST to generated digits.
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/data/dataset.hpp"
#include "gradus/data/formats/idx.hpp"
#include "gradus/data/formats/usps.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

#define CHECK_MESSAGE_HAS(call, ...) CHECK(contains(message([&] { call; }), {__VA_ARGS__}))

// Two images of 2 x 3 bytes.
const std::vector<std::byte> two_images =
    bytes_of({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6});

void write_set(const fs::path& folder, Index count, const std::string& ending) {
  Rng rng(3);
  const Tensor images = Tensor::uniform({count, 28, 28, 1}, rng);
  std::vector<int> labels;
  for (Index i = 0; i < count; ++i) labels.push_back(static_cast<int>(i % 10));
  fs::create_directories(folder);
  for (const char* part : {"train", "t10k"}) {
    write_idx(folder / (std::string(part) + "-images-idx3-ubyte" + ending), images_to_idx(images));
    write_idx(folder / (std::string(part) + "-labels-idx1-ubyte" + ending), labels_to_idx(labels));
  }
}

}  // namespace

TEST_CASE("idx: images become [N, H, W, 1] in [0, 1]") {
  const IdxArray array = parse_idx(two_images, "two");
  CHECK(array.sizes == std::vector<Index>{2, 2, 3});
  const Tensor images = idx_images(array, "two");
  CHECK(images.shape() == Shape{2, 2, 3, 1});
  CHECK(images.at({0, 0, 1, 0}) == doctest::Approx(0.2));
  CHECK(images.at({0, 1, 2, 0}) == 1);
  CHECK(images.at({1, 1, 2, 0}) == doctest::Approx(6.0 / 255));
  CHECK(idx_images(array, "two", 1).shape() == Shape{1, 2, 3, 1});
}

TEST_CASE("idx: every element type is read big-endian") {
  CHECK(parse_idx(bytes_of({0, 0, 9, 1, 0, 0, 0, 1, 0xfe}), "i8").value(0) == -2);
  CHECK(parse_idx(bytes_of({0, 0, 0xb, 1, 0, 0, 0, 2, 0, 0, 0xff, 0x38}), "i16").value(1) == -200);
  CHECK(parse_idx(bytes_of({0, 0, 0xc, 1, 0, 0, 0, 1, 0, 1, 0, 2}), "i32").value(0) == 65538);
  CHECK(parse_idx(bytes_of({0, 0, 0xd, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0}), "f32").value(0) == 1.5);
  CHECK(parse_idx(bytes_of({0, 0, 0xe, 1, 0, 0, 0, 1, 0xc0, 4, 0, 0, 0, 0, 0, 0}), "f64").value(0) == -2.5);
}

TEST_CASE("idx: written files are read back, plain and gzip, for any file name") {
  const Folder folder;
  Rng rng(1);
  const Tensor images = Tensor::uniform({5, 4, 3, 3}, rng);
  for (const char* file : {"a-idx4-ubyte", "a-idx4-ubyte.gz"}) {
    write_idx(folder / file, images_to_idx(images));
    const Tensor back = idx_images(read_idx(folder / file), file);
    REQUIRE(back.shape() == images.shape());
    for (Index i = 0; i < back.size(); ++i) CHECK(std::abs(back[i] - images[i]) <= 0.5 / 255 + 1e-6);
  }
  CHECK(is_gzip(read_file(folder / "a-idx4-ubyte.gz")));
  CHECK_FALSE(is_gzip(read_file(folder / "a-idx4-ubyte")));
  fs::rename(folder / "a-idx4-ubyte.gz", folder / "gzip inside");
  fs::rename(folder / "a-idx4-ubyte", folder / "plain.gz");
  CHECK(read_idx(folder / "gzip inside").data == read_idx(folder / "plain.gz").data);
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 2);  // no temporary file is left
}

TEST_CASE("idx: values outside [0, 1] and NaN are clipped when written") {
  const Real nan = std::nan("");
  const IdxArray array = images_to_idx(Tensor::of({1, 1, 4, 1}, {-1, 2, nan, Real(0.5)}));
  CHECK(array.data == bytes_of({0, 255, 0, 128}));
}

TEST_CASE("idx: a broken header gives an error that names the field") {
  CHECK_MESSAGE_HAS(parse_idx(bytes_of({'<', '!', 'D', 'O', 'C'}), "page.gz"), "page.gz", "0x3c21444f",
                    "neither an IDX");
  CHECK_MESSAGE_HAS(parse_idx(bytes_of({0, 0, 8}), "f"), "f: header: 3 bytes", "at least the 4");
  CHECK_MESSAGE_HAS(parse_idx({}, "f"), "f: header: 0 bytes");
  CHECK_MESSAGE_HAS(parse_idx(bytes_of({0, 0, 7, 1, 0, 0, 0, 1, 0}), "f"), "element type 0x07");
  CHECK_MESSAGE_HAS(parse_idx(bytes_of({0, 0, 8, 0}), "f"), "0 axes", "1 to 4");
  CHECK_MESSAGE_HAS(parse_idx(bytes_of({0, 0, 8, 5, 0, 0}), "f"), "5 axes", "1 to 4");
  CHECK_MESSAGE_HAS(parse_idx(std::span(two_images).first(11), "f"), "header: 11 bytes, expected 16");
}

TEST_CASE("idx: the data must match the sizes exactly") {
  CHECK_MESSAGE_HAS(parse_idx(std::span(two_images).first(27), "f"), "[2, 2, 3]", "the file holds 11 bytes");
  std::vector<std::byte> longer = two_images;
  longer.push_back({});
  CHECK_MESSAGE_HAS(parse_idx(longer, "f"), "1 bytes too many", "expected 12");
  CHECK_MESSAGE_HAS(parse_idx(bytes_of({0, 0, 8, 1, 0, 0, 0, 0}), "f"), "no element");
  // Sizes whose product is 2^128, or 2^64 and thus 0 in 64 bits: refused before any memory is allocated.
  std::vector<std::byte> huge = bytes_of({0, 0, 0xe, 4});
  huge.resize(20 + 8, std::byte{0xff});
  CHECK_MESSAGE_HAS(parse_idx(huge, "f"), "4294967295", "the file holds 8 bytes");
  CHECK_MESSAGE_HAS(parse_idx(bytes_of({0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 7}), "f"),
                    "65536", "the file holds 1 bytes");
}

TEST_CASE("idx: damaged gzip data is an error at every position and length") {
  const std::vector<std::byte> packed = gzip(two_images);
  CHECK(gunzip(packed, "f") == two_images);
  for (std::size_t length = 2; length < packed.size(); ++length)
    CHECK_THROWS_AS(parse_idx(std::span(packed).first(length), "cut.gz"), Error);
  CHECK_MESSAGE_HAS(parse_idx(std::span(packed).first(packed.size() - 3), "cut.gz"), "cut.gz", "cut off");
  std::vector<std::byte> changed = packed;
  changed[packed.size() - 6] ^= std::byte{1};  // the checksum
  CHECK_MESSAGE_HAS(parse_idx(changed, "bad.gz"), "bad.gz", "damaged gzip data");
  std::vector<std::byte> longer = packed;
  longer.resize(longer.size() + 3);
  CHECK_MESSAGE_HAS(parse_idx(longer, "long.gz"), "3 bytes after the end");
  CHECK_MESSAGE_HAS(parse_idx(gzip(packed), "twice.gz"), "gzip inside gzip");
}

TEST_CASE("gunzip: two members are one content, and a small file cannot unpack to a huge one") {
  std::vector<std::byte> both = gzip(std::span(two_images).first(10));
  const std::vector<std::byte> second = gzip(std::span(two_images).subspan(10));
  both.insert(both.end(), second.begin(), second.end());
  CHECK(gunzip(both, "two parts") == two_images);
  const std::vector<std::byte> zeros(1 << 20);
  CHECK_MESSAGE_HAS(gunzip(gzip(zeros), "zeros.gz", 1000), "zeros.gz", "more than 1000 bytes");
  CHECK(gunzip(gzip(zeros), "zeros.gz", zeros.size()) == zeros);
  CHECK(gunzip(gzip({}), "nothing.gz").empty());
}

TEST_CASE("files: missing, a folder, empty, too large, not writable") {
  const Folder folder;
  CHECK_MESSAGE_HAS(read_idx(folder / "nothing"), "nothing: no such file");
  CHECK_MESSAGE_HAS(read_idx(folder.path), "is a folder");
  write_file(folder / "empty", {});
  CHECK_MESSAGE_HAS(read_idx(folder / "empty"), "the file is empty");
  write_file(folder / "ten", bytes_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  CHECK(read_file(folder / "ten", 10).size() == 10);
  CHECK_MESSAGE_HAS(read_file(folder / "ten", 9), "10 bytes, at most 9");
  CHECK_MESSAGE_HAS(write_file(folder / "no/such/folder", two_images), "cannot write");
  CHECK_MESSAGE_HAS(write_file(folder.path, two_images), "cannot write");  // the path is a folder
}

TEST_CASE("files: a NewFile replaces the old one at commit(), and leaves nothing without it") {
  const Folder folder;
  write_file(folder / "list", bytes_of({1, 2}));
  fs::path temporary;
  for (const bool complete : {false, true}) {
    CAPTURE(complete);
    {
      NewFile file(folder / "list");
      temporary = file.temporary();
      file.write(bytes_of({3}));
      file.write(bytes_of({4, 5}));
      file.flush();
      CHECK(fs::exists(temporary));
      CHECK(read_file(folder / "list") == bytes_of({1, 2}));
      if (complete) file.commit();
    }
    CHECK_FALSE(fs::exists(temporary));
    CHECK(read_file(folder / "list") == (complete ? bytes_of({3, 4, 5}) : bytes_of({1, 2})));
  }
}

TEST_CASE("idx: images and labels must match") {
  const Folder folder;
  write_idx(folder / "images", parse_idx(two_images, "two"));
  write_idx(folder / "labels", labels_to_idx(std::vector<int>{1, 2, 3}));
  CHECK_MESSAGE_HAS(read_idx_dataset(folder / "images", folder / "labels", 10), "2 images", "3 labels");
  write_idx(folder / "labels", labels_to_idx(std::vector<int>{1, 10}));
  CHECK_MESSAGE_HAS(read_idx_dataset(folder / "images", folder / "labels", 10), "label 1 is 10", "0 .. 9");
  CHECK_MESSAGE_HAS(read_idx_dataset(folder / "labels", folder / "labels", 11), "1 axes", "expected 3");
  const Dataset dataset = read_idx_dataset(folder / "images", folder / "labels", 11);
  CHECK(dataset.labels == std::vector<int>{1, 10});
  CHECK(dataset.flat().images.shape() == Shape{2, 6});
  CHECK_THROWS_AS(labels_to_idx(std::vector<int>{256}), Error);
}

TEST_CASE("dataset: subsets") {
  Dataset dataset{"d", Tensor::of({4, 2}, {0, 1, 2, 3, 4, 5, 6, 7}), {0, 1, 0, 1}, 2, {}};
  CHECK(dataset.subset(1, 3).images.at({0, 1}) == 3);
  CHECK(dataset.subset(1, 3).labels == std::vector<int>{1, 0});
  CHECK(dataset.take(9).size() == 4);
  CHECK(dataset.only(1).images.at({1, 0}) == 6);
  CHECK_THROWS_AS(dataset.subset(2, 5), Error);
  CHECK_THROWS_AS(dataset.only(2), Error);
  dataset.labels[3] = 2;
  CHECK_MESSAGE_HAS(dataset.check(), "label 3 is 2");
  dataset.labels.pop_back();
  CHECK_MESSAGE_HAS(dataset.check(), "4 images but 3 labels");
}

TEST_CASE("load_digits: MNIST if present, generated digits if missing, an error if broken") {
  const Folder folder;
  const Split none = load_digits(folder.path, {.train = 30, .test = 20});
  CHECK(none.train.images.shape() == Shape{30, 28, 28, 1});
  CHECK(none.test.size() == 20);
  CHECK(contains(none.note, "using generated digits"));

  write_set(folder / "mnist", 12, "");
  const Split plain = load_digits(folder.path, {.train = 7});
  CHECK(plain.train.size() == 7);
  CHECK(plain.test.size() == 12);
  CHECK(plain.train.labels[3] == 3);
  CHECK(contains(plain.note, "MNIST: 7"));

  fs::remove(folder / "mnist/t10k-labels-idx1-ubyte");
  CHECK_MESSAGE_HAS(load_digits(folder.path), "incomplete", "t10k-labels-idx1-ubyte");
  fs::remove_all(folder / "mnist");
  write_set(folder / "mnist", 12, ".gz");
  CHECK(load_digits(folder.path).train.size() == 12);
  write_file(folder / "mnist/train-labels-idx1-ubyte.gz", bytes_of({'h', 't', 'm', 'l'}));
  CHECK_MESSAGE_HAS(load_digits(folder.path), "train-labels-idx1-ubyte.gz", "magic number 0x68746d6c");
  CHECK_THROWS_AS(load_digits(folder.path, {.train = -1}), Error);
}

TEST_CASE("load_digits: MNIST is found under its other published names and folders") {
  const Folder made;
  write_set(made / "mnist", 12, "");
  const auto found = [&](const std::function<fs::path(const std::string&)>& place) {
    const Folder folder;
    for (const auto& entry : fs::directory_iterator(made / "mnist")) {
      const fs::path path = folder / place(entry.path().filename().string()).string();
      fs::create_directories(path.parent_path());
      fs::copy_file(entry.path(), path);
    }
    return load_digits(folder.path, {.train = 5, .test = 5}).note.starts_with("MNIST: 5");
  };
  const auto dotted = [](std::string name) { return name.replace(name.find("-idx"), 1, "."); };
  CHECK(found([&](const std::string& name) { return "mnist/" + dotted(name); }));
  CHECK(found([&](const std::string& name) { return "MNIST/raw/" + name; }));
  CHECK(found([&](const std::string& name) { return "MNIST/" + name; }));
  CHECK(found([&](const std::string& name) { return "mnist/" + name + "/" + name; }));
  CHECK(found([&](const std::string& name) { return "mnist/" + dotted(name) + "/" + dotted(name); }));
  CHECK_FALSE(found([&](const std::string& name) { return "elsewhere/" + name; }));
}

TEST_CASE("load_usps: with or without .gz") {
  const Folder folder;
  std::string line = "3";
  for (int i = 0; i < 256; ++i) line += " 0.5";
  fs::create_directories(folder / "usps");
  write_file(folder / "usps/zip.train", std::as_bytes(std::span(line)));
  CHECK_MESSAGE_HAS(load_usps(folder.path), "zip.test.gz: no such file");
  write_file(folder / "usps/zip.test.gz", gzip(std::as_bytes(std::span(line))));
  CHECK(load_usps(folder.path).train.labels == std::vector<int>{3});
}

TEST_CASE("the real MNIST and USPS") {
  const char* root = std::getenv("GRADUS_DATASETS");
  if (!root || !fs::exists(fs::path(root) / "mnist")) {
    MESSAGE("SKIPPED: MNIST is not under GRADUS_DATASETS");
  } else {
    const Split digits = load_digits(root, {.train = 100});
    CHECK(digits.train.size() == 100);
    CHECK(digits.test.images.shape() == Shape{10000, 28, 28, 1});
    CHECK(digits.train.take(5).labels == std::vector<int>{5, 0, 4, 1, 9});
    CHECK(digits.test.take(5).labels == std::vector<int>{7, 2, 1, 0, 4});
  }
  if (!root || !fs::exists(fs::path(root) / "usps")) {
    MESSAGE("SKIPPED: USPS is not under GRADUS_DATASETS");
  } else {
    const Split digits = load_usps(root);
    CHECK(digits.train.images.shape() == Shape{7291, 16, 16, 1});
    CHECK(digits.test.size() == 2007);
    CHECK(digits.train.take(3).labels == std::vector<int>{6, 5, 4});
    CHECK(digits.train.images.at({0, 0, 8, 0}) == doctest::Approx((1 + 0.862) / 2));
  }
}
