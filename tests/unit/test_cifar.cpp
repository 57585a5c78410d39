// CIFAR-10's binary files, the lab's test faces, and Fashion-MNIST: layout, damage,
// and the real sets if present.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "4_uses/lab_faces.hpp"
#include "gradus/base/file.hpp"
#include "gradus/data/formats/cifar.hpp"
#include "gradus/data/formats/image_folder.hpp"
#include "gradus/io/image.hpp"
#include "gradus/tensor/storage.hpp"
#include "helpers.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

using namespace gradus;
namespace fs = std::filesystem;

namespace {

// Records whose red, green and blue values at pixel i are i, 2 i and 3 i modulo 256.
std::vector<std::byte> records(const std::vector<int>& labels) {
  std::vector<std::byte> bytes;
  for (const int label : labels) {
    bytes.push_back(static_cast<std::byte>(label));
    for (int c = 1; c <= 3; ++c)
      for (int i = 0; i < 1024; ++i) bytes.push_back(static_cast<std::byte>(c * i % 256));
  }
  return bytes;
}

// The data folder if the set is present, else an empty path and a line for the summary.
fs::path real_data(const char* set) {
  const char* root = std::getenv("GRADUS_DATASETS");
  if (root && fs::exists(fs::path(root) / set)) return root;
  MESSAGE("SKIPPED: " << std::string(set) << " is not under GRADUS_DATASETS");
  return {};
}

}  // namespace

TEST_CASE("cifar: planes become channels, bytes become 0 .. 1") {
  const Dataset data = parse_cifar10(records({3, 9}), "two");
  CHECK(data.images.shape() == Shape{2, 32, 32, 3});
  CHECK(data.labels == std::vector<int>{3, 9});
  CHECK(data.class_names[9] == "truck");
  CHECK(data.images.at({1, 1, 2, 0}) == doctest::Approx(34 / 255.0));
  CHECK(data.images.at({1, 1, 2, 1}) == doctest::Approx(68 / 255.0));
  CHECK(data.images.at({0, 31, 31, 2}) == doctest::Approx(3 * 1023 % 256 / 255.0));
  data.check();
}

TEST_CASE("cifar: damage is reported with record and byte") {
  auto bytes = records({0, 1});
  bytes.resize(4000);
  CHECK(contains(message([&] { parse_cifar10(bytes, "short.bin"); }),
                 {"short.bin", "4000 bytes", "byte 3073", "927"}));
  CHECK(contains(message([&] { parse_cifar10({}, "x"); }), "0 bytes"));
  CHECK(contains(message([&] {
                   parse_cifar10(records({0, 10}), "x");
                 }),
                 {"record 1", "byte 3073", "label 10"}));
  CHECK(contains(message([] { load_cifar10("/nowhere"); }), "data_batch_*.bin"));
}

TEST_CASE("cifar: the files of a folder in sorted order, up to a limit") {
  const Folder folder;
  fs::create_directories(folder / "cifar10");
  write_file(folder / "cifar10/data_batch_2.bin", records({2, 3}));
  write_file(folder / "cifar10/data_batch_1.bin", records({0, 1}));
  write_file(folder / "cifar10/._data_batch_1.bin", records({4}));  // of a Mac
  CHECK(load_cifar10(folder.path).labels == std::vector<int>{0, 1, 2, 3});
  CHECK(load_cifar10(folder.path, 3).labels == std::vector<int>{0, 1, 2});
  CHECK(load_cifar10(folder.path, 3).images.dim(0) == 3);
  CHECK(contains(message([&] { load_cifar10(folder.path, -5); }), {"cifar10", "limit -5"}));
  fs::remove_all(folder / "cifar10");
  write_file(folder / "cifar10", records({0}));
  CHECK(contains(message([&] { load_cifar10(folder.path); }), {"cifar10", "cannot list the folder"}));
}

TEST_CASE("cifar: a limited read parses and holds these images only") {
  const Folder folder;
  const fs::path path = folder / "a.bin";
  write_file(path, records({4, 5, 10}));
  const auto before = pool_stats().live_bytes;
  const Dataset two = read_cifar10(path, 2);
  CHECK(two.labels == std::vector<int>{4, 5});
  CHECK(pool_stats().live_bytes - before < 3 * 3072 * sizeof(Real));
  CHECK(contains(message([&] { read_cifar10(path, 3); }), {"record 2", "label 10"}));
  CHECK(contains(message([&] { read_cifar10(path, -1); }), "limit -1"));
  write_file(path, records({4, 5}));
  CHECK(read_cifar10(path, 9).size() == 2);
}

TEST_CASE("debiasing with real faces: every set may be packed, and the first missing one is named") {
  for (const char* ending : {"", ".gz"}) {
    const Folder folder;
    CHECK(lecture::missing_set(folder.path) == "faces/mit_lab2_test");
    fs::create_directories(folder / "faces/mit_lab2_test");
    CHECK(lecture::missing_set(folder.path) == "cifar10");
    fs::create_directories(folder / "cifar10");
    CHECK(lecture::missing_set(folder.path) == "faces/utkface32-images-idx4-ubyte");
    write_file(folder / (std::string("faces/utkface32-images-idx4-ubyte") + ending), records({1}));
    CHECK(lecture::missing_set(folder.path).empty());
  }
}

TEST_CASE("lab faces: four folders, any size, alpha ignored") {
  const Folder folder;
  int height = 40, width = 59, alpha = 0;  // alpha from transparent to opaque, smaller and larger than 64
  for (const char* group : {"DF", "DM", "LF", "LM"}) {
    fs::create_directories(folder / ("faces/mit_lab2_test/" + std::string(group)));
    std::vector<unsigned char> pixels;
    for (int i = 0; i < height * width; ++i)
      for (const int value : {group[0] == 'L' ? 204 : 51, 102, 153, alpha})
        pixels.push_back(static_cast<unsigned char>(value));
    const fs::path file = folder / ("faces/mit_lab2_test/" + std::string(group) + "/1.png");
    REQUIRE(stbi_write_png(file.c_str(), width, height, 4, pixels.data(), 4 * width) != 0);
    height += 60, alpha += 85;
  }
  const Dataset faces = load_lab_faces(folder.path);
  CHECK(faces.images.shape() == Shape{4, 64, 64, 3});
  CHECK(faces.labels == std::vector<int>{0, 1, 2, 3});
  CHECK(faces.class_names[2] == "light female");
  for (Index face = 0; face < 4; ++face) {
    const Real red = face < 2 ? Real(0.2) : Real(0.8);
    CHECK(std::abs(faces.images.at({face, 32, 32, 0}) - red) < 0.005);
    CHECK(std::abs(faces.images.at({face, 32, 32, 1}) - 0.4) < 0.005);
    CHECK(std::abs(faces.images.at({face, 32, 32, 2}) - 0.6) < 0.005);
  }
  fs::rename(folder / "faces/mit_lab2_test/LM", folder / "faces/mit_lab2_test/XX");
  CHECK(contains(message([&] { load_lab_faces(folder.path); }), {"XX", "DF, DM, LF, LM"}));
}

TEST_CASE("the real sets: CIFAR-10, the lab's faces, Fashion-MNIST") {
  if (const fs::path root = real_data("cifar10"); !root.empty()) {
    const Dataset data = load_cifar10(root);
    CHECK(data.size() >= 2500);
    CHECK(data.labels[0] == 6);  // the first image of data_batch_1 is a frog
    CHECK(data.images.at({0, 0, 0, 0}) == doctest::Approx(59 / 255.0));
  }
  if (const fs::path root = real_data("faces/mit_lab2_test"); !root.empty()) {
    const Dataset faces = load_lab_faces(root);
    CHECK(faces.size() == 20);
    double dark = 0, light = 0;
    for (Index i = 0; i < 20; ++i) {
      const Tensor face = faces.images.row(i);
      for (const Real v : face.values()) (i < 10 ? dark : light) += v;
    }
    CHECK(dark < light);
  }
  if (const fs::path root = real_data("fashion-mnist"); !root.empty()) {
    const auto fashion = load_fashion(root, {.train = 50, .test = 20});
    REQUIRE(fashion);
    CHECK(fashion->train.images.shape() == Shape{50, 28, 28, 1});
    CHECK(fashion->train.labels[0] == 9);
    CHECK(fashion->test.class_names[9] == "ankle boot");
  }
  CHECK_FALSE(load_fashion("/nowhere"));
}
