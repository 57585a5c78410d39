// Images: PNG written and read, damaged files, sheets with labels and frames.
#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/data/dataset.hpp"
#include "gradus/io/draw.hpp"
#include "gradus/io/image.hpp"
#include "gradus/io/sheet.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

// An image whose values are all multiples of 1/255, so that a file stores it exactly.
Tensor byte_picture(Index height, Index width, Index channels) {
  Tensor image({height, width, channels});
  for (Index i = 0; i < image.size(); ++i) image[i] = static_cast<Real>((i * 37 + 11) % 256) / Real(255);
  return image;
}

bool same(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return false;
  for (Index i = 0; i < a.size(); ++i)
    if (std::abs(a[i] - b[i]) > 1e-6) return false;
  return true;
}

bool has_color(const Tensor& image, Color color) {
  for (Index i = 0; i < image.size(); i += 3)
    if (image[i] == color.red && image[i + 1] == color.green && image[i + 2] == color.blue) return true;
  return false;
}

Index dark_pixels(const Tensor& image) {
  Index count = 0;
  for (Index i = 0; i < image.size(); i += 3) count += image[i] == 0 ? 1 : 0;
  return count;
}

std::string message_of(const std::vector<std::byte>& bytes) {
  try {
    parse_image(bytes, "p.png");
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> out;
  for (char c : text) out.push_back(static_cast<std::byte>(c));
  return out;
}

}  // namespace

TEST_CASE("png: written images are read back, grey and colour") {
  const Folder folder;
  const Tensor grey = byte_picture(5, 7, 1), rgb = byte_picture(6, 4, 3);
  write_png(folder / "grey.png", grey);
  write_png(folder / "rgb.png", rgb);
  CHECK(same(read_image(folder / "grey.png", 1), grey));
  CHECK(same(read_image(folder / "rgb.png", 3), rgb));
  CHECK(same(read_image(folder / "grey.png", 3), hstack({grey})));
  write_png(folder / "three.png", hstack({grey}));  // three equal channels take no more bytes than one
  CHECK(read_file(folder / "three.png") == read_file(folder / "grey.png"));
  write_png(folder / "plain.png", grey.reshape({5, 7}));
  CHECK(same(read_image(folder / "plain.png", 1), grey));
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 4);  // no temporary file is left
}

TEST_CASE("png: values are clipped, wrong shapes and folders are refused") {
  const Folder folder;
  write_png(folder / "c.png", Tensor::of({1, 3, 1}, {-5, 7, Real(std::nan(""))}));
  CHECK(same(read_image(folder / "c.png", 1), Tensor::of({1, 3, 1}, {0, 1, 0})));
  CHECK_THROWS_AS(write_png(folder / "x.png", Tensor::zeros({2, 2, 2})), Error);
  CHECK_THROWS_AS(write_png(folder / "x.png", Tensor()), Error);
  CHECK_THROWS_AS(write_png(folder / "no/x.png", Tensor::zeros({2, 2, 1})), Error);
  CHECK_THROWS_AS(read_image(folder / "missing.png"), Error);
  CHECK_THROWS_AS(read_image(folder.path), Error);
  CHECK_THROWS_AS(read_image(folder / "c.png", 2), Error);
}

TEST_CASE("images: a PGM is read; other files are refused with the file's name") {
  std::vector<std::byte> pgm = bytes_of("P5\n2 1\n255\n");
  pgm.push_back(std::byte{0});
  pgm.push_back(std::byte{255});
  CHECK(same(parse_image(pgm, "p.pgm", 1), Tensor::of({1, 2, 1}, {0, 1})));
  CHECK(message_of(bytes_of("hello")) ==
        "p.png: not a PNG, JPEG, PGM or PPM picture, or its header is damaged");
  CHECK(message_of({}).find("not a PNG") != std::string::npos);
  CHECK(message_of(bytes_of("P5\n60000 60000\n255\n")).find("at most") != std::string::npos);
  CHECK(message_of(bytes_of("P5\n8000 8000\n255\n")).find("PGM data: 0 bytes, expected 64000000") !=
        std::string::npos);
  CHECK(message_of(bytes_of("P5\n2 2\n65535\n12345678")).find("largest value 65535") != std::string::npos);
  CHECK(message_of(bytes_of("P5\n2 2\n255\n123")).find("3 bytes, expected 4") != std::string::npos);
  CHECK(message_of(bytes_of("P5\n2 99999999999\n255\n123")).find("height") != std::string::npos);
  const Tensor ppm = parse_image(bytes_of("P6 # a comment\n1 1\n100\n\x64\x32\x01"), "p.ppm", 3);
  CHECK(same(ppm, Tensor::of({1, 1, 3}, {1, Real(0.5), Real(0.01)})));
}

TEST_CASE("images: an image that is too large is refused with that reason") {
  const Folder folder;
  write_png(folder / "p.png", byte_picture(2, 2, 1));
  std::vector<std::byte> png = read_file(folder / "p.png");
  for (const std::size_t place : {16u, 20u}) {  // width and height: 60000
    png[place + 2] = std::byte{0xea};
    png[place + 3] = std::byte{0x60};
  }
  CHECK(message_of(png).find("p.png: 60000 x 60000 pixels, at most") != std::string::npos);
}

TEST_CASE("images: the orientation in a file's Exif data is applied") {
  // As stored: 2 rows of 3. TIFF's orientation numbers tell where the first row and the first column belong.
  const Tensor taken = Tensor::of({2, 3, 1}, {0, Real(0.2), Real(0.4), Real(0.6), Real(0.8), 1});
  const std::vector<std::vector<int>> upright = {{0, 1, 2, 3, 4, 5},   // row by row of the stored image
                                                 {2, 1, 0, 5, 4, 3},   // first column right
                                                 {5, 4, 3, 2, 1, 0},   // first row below, first column right
                                                 {3, 4, 5, 0, 1, 2},   // first row below
                                                 {0, 3, 1, 4, 2, 5},   // first row left, first column above
                                                 {3, 0, 4, 1, 5, 2},   // first row right, first column above
                                                 {5, 2, 4, 1, 3, 0},   // first row right, first column below
                                                 {2, 5, 1, 4, 0, 3}};  // first row left, first column below
  const Folder folder;
  write_png(folder / "p.png", taken);
  const std::vector<std::byte> png = read_file(folder / "p.png");
  for (int orientation = 0; orientation <= 9; ++orientation)
    for (const bool little : {true, false}) {
      const std::string value(1, static_cast<char>(orientation));
      const std::string tiff =
          little
              ? std::string("II*\0\x8\0\0\0\x1\0\x12\x1\x3\0\x1\0\0\0", 18) + value + std::string(3, '\0')
              : std::string("MM\0*\0\0\0\x8\0\x1\x1\x12\0\x3\0\0\0\x1\0", 19) + value + std::string(2, '\0');
      std::string chunk = "eXIf" + tiff;
      const auto big = [](std::size_t number) {
        std::string out;
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
        return out;
      };
      const auto sum =
          crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size()));
      const std::vector<std::byte> inserted = bytes_of(big(tiff.size()) + chunk + big(sum));
      std::vector<std::byte> turned = png;
      turned.insert(turned.begin() + 33, inserted.begin(), inserted.end());  // after the header
      const bool valid = 1 <= orientation && orientation <= 8;
      const std::vector<int>& order = upright[valid ? static_cast<std::size_t>(orientation - 1) : 0];
      Tensor expected(valid && orientation >= 5 ? Shape{3, 2, 1} : Shape{2, 3, 1});
      for (Index i = 0; i < 6; ++i) expected[i] = taken[order[static_cast<std::size_t>(i)]];
      INFO(orientation);
      CHECK(same(parse_image(turned, "p.png", 1), expected));
    }
}

TEST_CASE("images: a JPEG's Exif segment rotates it") {
  std::vector<std::byte> bytes;
  const std::string digits =
      "ffd8ffe000104a46494600010100000100010000ffdb008400140e0f120f0d14121012171514181e32211e1c1c1e3d2c2e24"
      "3249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817c011517171e1a1e3b21213b"
      "7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c"
      "7c7c7c7cffc00011080009000903012200021101031101ffc401a20000010501010101010100000000000000000102030405"
      "060708090a0b100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1"
      "c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a63646566"
      "6768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4"
      "c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa010003010101010101010101000000"
      "0000000102030405060708090a0b110002010204040304070504040001027700010203110405213106124151076171132232"
      "8108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455"
      "565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3"
      "b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9faffda000c030100"
      "02110311003f00521776c20c71670028ea3257ff004175fcaabefd4ffe7d27ff00be6a4b8ff55ff7c7fe831d6dd73e27112c"
      "359455ee3e54e2a4fa9fffd9";
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  const Tensor taken = parse_image(bytes, "p.jpg", 1);
  const std::vector<std::byte> segment =
      bytes_of(std::string("\xff\xe1\0\x22"
                           "Exif\0\0II*\0\x8\0\0\0\x1\0\x12\x1\x3\0\x1\0\0\0\x3\0\0\0\0\0\0\0",
                           36));
  bytes.insert(bytes.begin() + 2, segment.begin(), segment.end());
  const Tensor turned = parse_image(bytes, "p.jpg", 1);  // by 180 degrees
  REQUIRE(turned.shape() == taken.shape());
  for (Index i = 0; i < taken.size(); ++i) CHECK(turned[i] == taken[taken.size() - 1 - i]);
}

TEST_CASE("images: a PNG that is truncated or changed anywhere is an error") {
  const Folder folder;
  write_png(folder / "p.png", byte_picture(9, 9, 3));
  const std::vector<std::byte> whole = read_file(folder / "p.png");
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_THROWS_AS(parse_image(std::span(whole).first(length), "cut.png"), Error);
  for (std::size_t place = 0; place < whole.size(); ++place) {
    std::vector<std::byte> changed = whole;
    changed[place] ^= std::byte{4};
    CHECK_THROWS_AS(parse_image(changed, "changed.png"), Error);
  }
  std::vector<std::byte> huge = whole;
  huge[33] = std::byte{0x3f};  // the length of the chunk after the header
  CHECK(message_of(huge).find("PNG: the chunk at byte 33 claims 1056") != std::string::npos);
}

TEST_CASE("grid: cells are at their positions") {
  Tensor images({3, 2, 2, 1});
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<Real>(i) / 16;
  const Tensor sheet = image_grid(images, {.columns = 2, .padding = 1, .scale = 3});
  const Index border = 6, cell = 2 * 3;
  CHECK(sheet.shape() == Shape{2 * border + 2 * cell + 3, 2 * border + 2 * cell + 3, 3});
  CHECK(sheet.at({0, 0, 0}) == 1);                          // white margin
  CHECK(sheet.at({border, border, 0}) == colors::gap.red);  // dark gap
  CHECK(sheet.at({border + 1, border + 1, 1}) == images[0]);
  CHECK(sheet.at({border + 3, border + 3, 1}) == images[0]);  // magnified by three
  CHECK(sheet.at({border + 4, border + 1, 2}) == images[2]);
  CHECK(sheet.at({border + 1, border + 1 + cell + 1, 2}) == images[4]);  // the second image
  CHECK(sheet.at({border + 1 + cell + 1, border + 1, 2}) == images[8]);  // the third, below
  CHECK(sheet.at({border + 2 + cell, border + 3 + cell + 1, 0}) == 1);   // the fourth cell is empty
}

TEST_CASE("grid: rows of numbers are square images, colour is kept") {
  CHECK(same(image_grid(byte_picture(2, 16, 1).reshape({2, 16})),
             image_grid(byte_picture(2, 16, 1).reshape({2, 4, 4, 1}))));
  CHECK_THROWS_AS(image_grid(Tensor::zeros({2, 15})), Error);
  CHECK_THROWS_AS(image_grid(Tensor::zeros({2, 4, 4, 2})), Error);
  CHECK_THROWS_AS(image_grid(Tensor()), Error);
  const Tensor sheet = image_grid(Tensor::of({1, 1, 1, 3}, {Real(0.25), Real(0.5), Real(0.75)}));
  CHECK(has_color(sheet, {Real(0.25), Real(0.5), Real(0.75)}));
}

TEST_CASE("grid: NaN is visible, values out of range are clipped") {
  const Tensor sheet = image_grid(Tensor::of({3, 1, 1, 1}, {Real(std::nan("")), 5, -3}));
  CHECK(has_color(sheet, {1, 0, 1}));
  for (Real value : sheet.values()) CHECK_UNARY(value >= 0 && value <= 1);
  CHECK_FALSE(has_color(image_grid(Tensor::of({3, 1, 1, 1}, {1, 5, -3})), {1, 0, 1}));
}

TEST_CASE("grid: labels, titles and frames") {
  const Tensor images = Tensor::full({4, 8, 8, 1}, 1);
  const Tensor bare = image_grid(images);
  CHECK(dark_pixels(bare) == 0);
  const Tensor titled = image_grid(images, {.title = "z = 3"});
  CHECK(titled.dim(0) > bare.dim(0));
  CHECK(dark_pixels(titled) > 50);
  const Tensor labelled = image_grid(images, {.row_labels = {"a", "b"}, .column_labels = {"x", "y"}});
  CHECK(labelled.dim(1) > bare.dim(1));
  CHECK(dark_pixels(labelled) > 50);
  CHECK_THROWS_AS(image_grid(images, {.row_labels = {"a"}}), Error);
  CHECK_THROWS_AS(image_grid(images, {.column_labels = {"a", "b", "c"}}), Error);
  CHECK_FALSE(has_color(bare, colors::red));
  CHECK(has_color(image_grid(images, {.frames = {{3}}}), colors::red));
  CHECK(has_color(image_grid(images, {.padding = 0, .frames = {{0, colors::blue}}}), colors::blue));
  CHECK_THROWS_AS(image_grid(images, {.frames = {{4}}}), Error);
}

TEST_CASE("stacks: sizes, gaps and contents") {
  const Tensor wide = byte_picture(2, 9, 1), high = byte_picture(7, 3, 3);
  const Tensor side = hstack({wide, high}, 4), down = vstack({wide, high}, 5);
  CHECK(side.shape() == Shape{7, 16, 3});
  CHECK(down.shape() == Shape{14, 9, 3});
  CHECK(side.at({1, 8, 2}) == wide.at({1, 8, 0}));
  CHECK(side.at({6, 15, 1}) == high.at({6, 2, 1}));
  CHECK(side.at({0, 10, 0}) == 1);
  CHECK(down.at({13, 2, 1}) == high.at({6, 2, 1}));
  CHECK(down.at({3, 0, 0}) == 1);
  CHECK_THROWS_AS(hstack({}), Error);
  CHECK_THROWS_AS(vstack({Tensor::zeros({2, 2})}), Error);
}

TEST_CASE("text: every printable character has its own shape, and nothing is drawn outside") {
  std::vector<Tensor> shapes;
  for (char letter = 33; letter < 127; ++letter) {
    Tensor cell = Tensor::full({9, 6, 3}, 1);
    draw_text(cell, 0, 0, std::string(1, letter), 1);
    CHECK_MESSAGE(dark_pixels(cell) > 0, letter);
    for (const Tensor& other : shapes) CHECK_MESSAGE(!same(cell, other), letter);
    shapes.push_back(cell);
  }
  CHECK(text_width("abc", 2) == (3 * 6 - 1) * 2);
  CHECK(text_width("") == 0);
  Tensor small = Tensor::full({4, 4, 3}, 1);
  CHECK_NOTHROW(draw_text(small, -3, -2, "AB", 5));
  CHECK_NOTHROW(draw_text(small, 100, 100, "AB\n\xff"));
  CHECK_THROWS_AS(draw_text(small, 0, 0, "A", 0), Error);
}

TEST_CASE("the real images") {
  const char* root = std::getenv("GRADUS_DATASETS");
  if (!root || !fs::exists(fs::path(root) / "faces/orl") || !fs::exists(fs::path(root) / "facades/train")) {
    MESSAGE("SKIPPED: no pictures under GRADUS_DATASETS");
    return;
  }
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "facades/train"))
    CHECK(read_image(entry.path()).shape() == Shape{256, 512, 3});
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / "faces/orl"))
    if (entry.path().extension() == ".pgm") CHECK(read_image(entry.path(), 1).shape() == Shape{112, 92, 1});
}
