// Folders of images: order, sizes, classes; information in file names;
// and the real face data sets if present.
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/data/formats/idx.hpp"
#include "gradus/data/formats/image_folder.hpp"
#include "gradus/io/image.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

// A PGM of a single grey level; creates the folder if needed.
void put_pgm(const fs::path& path, int height, int width, int grey) {
  fs::create_directories(path.parent_path());
  const std::string header = text("P5\n", width, " ", height, "\n255\n") +
                             std::string(static_cast<std::size_t>(height * width), static_cast<char>(grey));
  write_file(path, std::as_bytes(std::span(header)));
}

// The data folder if the set is present, else an empty path and a line for the summary.
fs::path real_data(const char* set) {
  const char* root = std::getenv("GRADUS_DATASETS");
  if (root && fs::exists(fs::path(root) / "faces" / set)) return root;
  MESSAGE("SKIPPED: faces/" << std::string(set) << " is not under GRADUS_DATASETS");
  return {};
}

double mean_of(const Tensor& image) {
  return std::accumulate(image.values().begin(), image.values().end(), 0.0) /
         static_cast<double>(image.size());
}

}  // namespace

TEST_CASE("resize_image: constants and means are kept; integer factors give block means or repeated pixels") {
  const Tensor grey = Tensor::full({7, 5, 3}, Real(0.3));
  for (const Index size : {1, 3, 5, 7, 20}) {
    const Tensor out = resize_image(grey, size, size + 1);
    CHECK(out.shape() == Shape{size, size + 1, 3});
    for (Real value : out.values()) CHECK(value == doctest::Approx(0.3));
  }
  Rng rng(1);
  const Tensor image = Tensor::uniform({6, 8, 1}, rng);
  const Tensor same = resize_image(image, 6, 8);
  for (Index i = 0; i < image.size(); ++i) CHECK(same[i] == doctest::Approx(image[i]));

  // One row of four pixels to two: weights 1/4, 3/4 of the triangle and 3/4, 1/4, the ends cut off.
  const Tensor line = resize_image(Tensor::of({1, 4, 1}, {0, 1, 2, 6}), 1, 2);
  CHECK(line[0] == doctest::Approx((0.75 * 0 + 0.75 * 1 + 0.25 * 2) / 1.75));
  CHECK(line[1] == doctest::Approx((0.25 * 1 + 0.75 * 2 + 0.75 * 6) / 1.75));
  // Two pixels to four: bilinear, with the end values held.
  const Tensor wide = resize_image(Tensor::of({1, 2, 1}, {0, 1}), 1, 4);
  CHECK(wide[0] == doctest::Approx(0));
  CHECK(wide[1] == doctest::Approx(0.25));
  CHECK(wide[2] == doctest::Approx(0.75));
  CHECK(wide[3] == doctest::Approx(1));
  // Height is not exchanged with width, and channels stay separate.
  const Tensor tall = resize_image(Tensor::of({2, 1, 2}, {0, 5, 1, 5}), 4, 1);
  CHECK(tall.shape() == Shape{4, 1, 2});
  for (Index i = 0; i < 4; ++i) CHECK(tall[2 * i + 1] == doctest::Approx(5));
  CHECK(tall[2] == doctest::Approx(0.25));

  CHECK(mean_of(resize_image(Tensor::uniform({64, 64, 1}, rng), 8, 8)) == doctest::Approx(0.5).epsilon(0.03));
  CHECK_THROWS_AS(resize_image(image, 0, 3), Error);
  CHECK_THROWS_AS(resize_image(Tensor::zeros({3, 3}), 2, 2), Error);
}

TEST_CASE("read_image_folder: sorted, subfolders are classes") {
  const Folder folder;
  put_pgm(folder.path / "b" / "2.pgm", 4, 3, 20);
  put_pgm(folder.path / "b" / "10.PGM", 4, 3, 10);
  put_pgm(folder.path / "a" / "x" / "1.pgm", 4, 3, 30);
  write_file(folder.path / "README", std::as_bytes(std::span("no picture")));
  CHECK(image_files(folder.path) == std::vector<std::string>{"a/x/1.pgm", "b/10.PGM", "b/2.pgm"});
  const Dataset all = read_image_folder(folder.path);
  CHECK_NOTHROW(all.check());
  CHECK(all.images.shape() == Shape{3, 4, 3, 1});
  CHECK(all.images[0] == doctest::Approx(30 / 255.0));
  CHECK(all.images[12] == doctest::Approx(10 / 255.0));
  CHECK(all.labels == std::vector<int>{0, 1, 1});
  CHECK(all.class_names == std::vector<std::string>{"a", "b"});
  const Dataset first = read_image_folder(folder.path, {.height = 8, .width = 8, .channels = 3, .limit = 2});
  CHECK(first.images.shape() == Shape{2, 8, 8, 3});
  CHECK(first.labels == std::vector<int>{0, 1});
  CHECK(first.classes == 2);

  put_pgm(folder.path / "0.pgm", 5, 3, 0);  // outside the class folders, and of another size
  CHECK_THROWS_WITH_AS(read_image_folder(folder.path), doctest::Contains("a/x/1.pgm: 4 x 3 pixels"), Error);
  const Dataset flat = read_image_folder(folder.path, {.height = 4, .width = 3});
  CHECK(flat.images.shape() == Shape{4, 4, 3, 1});
  CHECK(flat.labels.empty());
  CHECK(flat.classes == 0);
}

TEST_CASE("read_image_folder: files added by operating systems are ignored") {
  const Folder folder;
  for (const char* file : {"a/1.png", "b/2.png"}) {
    fs::create_directories((folder.path / file).parent_path());
    write_png(folder.path / file, Tensor::full({2, 2, 1}, 1));
  }
  const std::string fork = "resource fork";
  for (const char* file : {"a/._1.png", ".hidden.png", ".ipynb_checkpoints/1.png", "a/.thumbnails/1.png",
                           "__MACOSX/a/1.png", "b/@eaDir/2.png/SYNOPHOTO_THUMB_M.jpg", "a/Thumbs.db"}) {
    fs::create_directories((folder.path / file).parent_path());
    write_file(folder.path / file, std::as_bytes(std::span(fork)));
  }
  CHECK(image_files(folder.path) == std::vector<std::string>{"a/1.png", "b/2.png"});
  CHECK(read_image_folder(folder.path).class_names == std::vector<std::string>{"a", "b"});
}

TEST_CASE("read_image_folder: misuse and broken files give errors") {
  const Folder folder;
  CHECK_THROWS_WITH_AS(image_files(folder.path / "none"), doctest::Contains("none"), Error);
  CHECK_THROWS_WITH_AS(image_files(folder.path), doctest::Contains("no pictures"), Error);
  put_pgm(folder.path / "1.pgm", 4, 3, 20);
  CHECK_THROWS_AS(read_image_folder(folder.path, {.height = 4}), Error);
  CHECK_THROWS_AS(read_image_folder(folder.path, {.channels = 2}), Error);
  CHECK_THROWS_AS(read_image_folder(folder.path, {.limit = -1}), Error);
  CHECK_THROWS_WITH_AS(read_images(folder.path, {"2.pgm"}), doctest::Contains("2.pgm"), Error);
  write_file(folder.path / "1.pgm", std::as_bytes(std::span("P5\n3 4\n255\n...")));
  CHECK_THROWS_WITH_AS(read_image_folder(folder.path), doctest::Contains("1.pgm"), Error);
}

TEST_CASE("file names of the CMU faces") {
  const CmuName name = parse_cmu_name("faces/cmu/an2i/an2i_left_angry_sunglasses_2.pgm");
  CHECK(name.person == "an2i");
  CHECK(std::string(CmuName::poses[static_cast<std::size_t>(name.pose)]) == "left");
  CHECK(std::string(CmuName::expressions[static_cast<std::size_t>(name.expression)]) == "angry");
  CHECK(std::string(CmuName::eyes_names[static_cast<std::size_t>(name.eyes)]) == "sunglasses");
  CHECK(parse_cmu_name("bpm_up_sad_open.pgm").eyes == 0);
  const auto fails = [](const std::string& file, const std::string& field) {
    CHECK_THROWS_WITH_AS(parse_cmu_name(file), doctest::Contains((file + ": " + field).c_str()), Error);
  };
  fails("a/x_leftish_sad_open_2.pgm", "pose 'leftish', expected one of straight, left, right, up");
  fails("x_left_glad_open_2.pgm", "expression");
  fails("x_left_sad_shut_2.pgm", "eyes");
  fails("x_left_sad_open_9.pgm", "scale");
  fails("_left_sad_open_2.pgm", "person");
  fails("x_left_sad.pgm", "3 parts");
  fails("x_left_sad_open_2.png", "file type");
  fails("", "file type");
}

TEST_CASE("file names of the ORL faces") {
  CHECK(parse_orl_name("faces/orl/s12/3.pgm").person == 12);
  CHECK(parse_orl_name("s40/10.pgm").picture == 10);
  const auto fails = [](const std::string& file, const std::string& field) {
    CHECK_THROWS_WITH_AS(parse_orl_name(file), doctest::Contains((file + ": " + field).c_str()), Error);
  };
  fails("3.pgm", "no folder");
  fails("t12/3.pgm", "person 't12'");
  fails("s41/3.pgm", "person '41'");
  fails("s/3.pgm", "person ''");
  fails("s4/11.pgm", "picture");
  fails("s4/3x.pgm", "picture");
  fails("s4/3.png", "file type");
}

TEST_CASE("file names of UTKFace") {
  const UtkName name = parse_utk_name("faces/utkface/101_1_2_20170105174739309.jpg.chip.jpg");
  CHECK(name.age == 101);
  CHECK(name.gender == 1);
  CHECK(name.race == 2);
  const auto fails = [](const std::string& file, const std::string& field) {
    CHECK_THROWS_WITH_AS(parse_utk_name(file), doctest::Contains((file + ": " + field).c_str()), Error);
  };
  fails("61_1_20170109142408075.jpg.chip.jpg", "3 parts");  // some files of the full set lack the race
  fails("x_1_2_2017.jpg", "age 'x'");
  fails("121_1_2_2017.jpg", "age");
  fails("99999999999_1_2_2017.jpg", "age");
  fails("-1_1_2_2017.jpg", "age");
  fails("20_2_2_2017.jpg", "gender");
  fails("20_1_5_2017.jpg", "race");
  fails("20_1_4_.jpg", "date");
}

TEST_CASE("face sets: a small copy of each layout") {
  const Folder folder;
  for (const char* file :
       {"ann/ann_up_sad_open_2.pgm", "ann/ann_left_sad_open_2.pgm", "bob/bob_up_happy_open_2.pgm"})
    put_pgm(folder.path / "faces" / "cmu" / file, 6, 5, 9);
  const CmuFaces cmu = load_cmu_faces(folder.path);
  CHECK(cmu.data.labels == std::vector<int>{0, 0, 1});
  CHECK(cmu.names.size() == 3);
  CHECK(cmu.names[0].pose == 1);  // left, sorted before up
  CHECK(load_cmu_faces(folder.path, {.limit = 2}).names.size() == 2);
  put_pgm(folder.path / "faces" / "cmu" / "bob" / "bob_down_happy_open_2.pgm", 6, 5, 9);
  CHECK_THROWS_WITH_AS(load_cmu_faces(folder.path),
                       doctest::Contains("bob_down_happy_open_2.pgm: pose 'down'"), Error);

  for (const int person : {2, 10, 1})
    for (const int picture : {10, 9})
      put_pgm(folder.path / "faces" / "orl" / text("s", person) / text(picture, ".pgm"), 6, 5,
              10 * person + picture);
  const Dataset orl = load_orl_faces(folder.path);
  CHECK_NOTHROW(orl.check());
  CHECK(orl.labels == std::vector<int>{0, 0, 1, 1, 9, 9});
  CHECK(orl.class_names[9] == "s10");
  CHECK(orl.images[0] == doctest::Approx(19 / 255.0));          // s1/9 before s1/10
  CHECK(orl.images.row(4)[0] == doctest::Approx(109 / 255.0));  // s10/9
  CHECK(load_orl_faces(folder.path, {.limit = 3}).labels == std::vector<int>{0, 0, 1});

  fs::create_directories(folder.path / "faces" / "utkface");
  write_png(folder.path / "faces" / "utkface" / "20_0_3_2017.png", Tensor::full({50, 50, 3}, Real(0.5)));
  const UtkFaces utk = load_utk_faces(folder.path);
  CHECK(utk.data.images.shape() == Shape{1, 32, 32, 3});
  CHECK(utk.names[0].race == 3);

  const fs::path images = folder.path / "faces" / "utkface32-images-idx4-ubyte",
                 attributes = folder.path / "faces" / "utkface32-attrs-idx2-ubyte.gz";
  const auto bytes = [](std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
  };
  CHECK_THROWS_AS(load_utk_faces32(folder.path), Error);
  write_idx(images, {IdxType::u8, {2, 1, 1, 3}, bytes({0, 255, 0, 255, 0, 0})});
  write_idx(attributes, {IdxType::u8, {2, 3}, bytes({30, 0, 4, 101, 1, 2})});
  const UtkFaces ready = load_utk_faces32(folder.path);
  CHECK(ready.data.images.shape() == Shape{2, 1, 1, 3});
  CHECK(ready.names[1].age == 101);
  CHECK(ready.names[0].race == 4);
  write_idx(attributes, {IdxType::u8, {2, 3}, bytes({30, 0, 5, 101, 1, 2})});
  CHECK_THROWS_WITH_AS(load_utk_faces32(folder.path), doctest::Contains("face 0: race 5"), Error);
  write_idx(attributes, {IdxType::u8, {1, 3}, bytes({30, 0, 4})});
  CHECK_THROWS_WITH_AS(load_utk_faces32(folder.path), doctest::Contains("1 faces, but 2"), Error);
}

TEST_CASE("real CMU faces") {
  const fs::path root = real_data("cmu");
  if (root.empty()) return;
  const CmuFaces faces = load_cmu_faces(root);
  CHECK_NOTHROW(faces.data.check());
  CHECK(faces.data.images.shape() == Shape{624, 60, 64, 1});
  CHECK(faces.data.classes == 20);
  int up = 0, sunglasses = 0;
  for (const CmuName& name : faces.names) {
    up += name.pose == 3 ? 1 : 0;
    sunglasses += name.eyes;
  }
  CHECK(up == 156);
  CHECK(sunglasses > 300);
}

TEST_CASE("real ORL faces") {
  const fs::path root = real_data("orl");
  if (root.empty()) return;
  const Dataset faces = load_orl_faces(root);
  CHECK_NOTHROW(faces.check());
  CHECK(faces.images.shape() == Shape{400, 112, 92, 1});
  for (int person = 0; person < 40; ++person) CHECK(faces.only(person).size() == 10);
}

TEST_CASE("real UTKFace: the prepared files are the folder in sorted order") {
  const fs::path root = real_data("utkface");
  if (root.empty() || real_data("utkface32-attrs-idx2-ubyte.gz").empty()) return;
  const UtkFaces ready = load_utk_faces32(root);
  const std::vector<std::string> files = image_files(root / "faces" / "utkface");
  CHECK(ready.data.images.shape() == Shape{2000, 32, 32, 3});
  REQUIRE(files.size() == 2000);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const UtkName name = parse_utk_name(files[i]);
    CHECK_UNARY(name.age == ready.names[i].age && name.gender == ready.names[i].gender &&
                name.race == ready.names[i].race);
  }
  const UtkFaces own = load_utk_faces(root, {.height = 32, .width = 32, .channels = 3, .limit = 20});
  for (Index n = 0; n < 20; ++n) {  // another resampling filter, so the bytes differ
    double error = 0;
    for (Index i = 0; i < 32 * 32 * 3; ++i)
      error += std::abs(own.data.images.row(n)[i] - ready.data.images.row(n)[i]) / (32 * 32 * 3);
    CHECK(error < 0.04);
  }
}
