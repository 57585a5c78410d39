// Frey faces: MATLAB 5 and idx hold the same pixels, damaged files give errors,
// and a missing file is replaced by a generated animation.
#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/data/formats/frey.hpp"
#include "gradus/data/formats/idx.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<std::byte>;

struct FreyFolder : Folder {
  FreyFolder() { std::filesystem::create_directories(path / "frey"); }
};

void put(Bytes& bytes, std::uint32_t value, int width = 4) {
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}

void put_element(Bytes& bytes, std::uint32_t type, const Bytes& content) {
  put(bytes, type);
  put(bytes, static_cast<std::uint32_t>(content.size()));
  bytes.insert(bytes.end(), content.begin(), content.end());
  if (type != 15) bytes.resize((bytes.size() + 7) / 8 * 8);
}

Bytes numbers(std::initializer_list<std::uint32_t> values) {
  Bytes bytes;
  for (std::uint32_t value : values) put(bytes, value);
  return bytes;
}

Bytes letters(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

Bytes mat_header() {
  Bytes bytes = letters("MATLAB 5.0 MAT-file, made by a test");
  bytes.resize(124, std::byte{' '});
  put(bytes, 0x0100, 2);
  put(bytes, 0x4d49, 2);
  return bytes;
}

// Pixel i of column j is (7 i + 3 j) mod 256.
Bytes pixels(std::uint32_t rows, std::uint32_t columns) {
  Bytes bytes;
  for (std::uint32_t j = 0; j < columns; ++j)
    for (std::uint32_t i = 0; i < rows; ++i) put(bytes, (7 * i + 3 * j) & 0xff, 1);
  return bytes;
}

// The parts of a matrix in the file, so that a test can damage one of them.
struct Matrix {
  std::string name = "ff";
  Bytes flags = numbers({9, 0}), sizes = numbers({560, 4}), data = pixels(560, 4);
  std::uint32_t data_type = 2;
  bool small_name = true;

  Bytes bytes() const {
    Bytes content;
    put_element(content, 6, flags);
    put_element(content, 5, sizes);
    if (small_name && name.size() <= 4) {  // type and length in one word, then four bytes
      put(content, 1, 2);
      put(content, static_cast<std::uint32_t>(name.size()), 2);
      Bytes text = letters(name);
      text.resize(4);
      content.insert(content.end(), text.begin(), text.end());
    } else {
      put_element(content, 1, letters(name));
    }
    put_element(content, data_type, data);
    Bytes out;
    put_element(out, 14, content);
    return out;
  }
};

Bytes packed(const Bytes& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  Bytes content(size), out;
  REQUIRE(compress(reinterpret_cast<Bytef*>(content.data()), &size,
                   reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size())) == Z_OK);
  content.resize(size);
  put_element(out, 15, content);
  return out;
}

Bytes file_of(std::initializer_list<Bytes> elements) {
  Bytes file = mat_header();
  for (const Bytes& element : elements) file.insert(file.end(), element.begin(), element.end());
  return file;
}

void check_pixels(const Dataset& faces) {
  REQUIRE(faces.images.shape() == Shape{4, 28, 20, 1});
  for (Index j = 0; j < 4; ++j)
    for (Index i = 0; i < 560; ++i)
      CHECK_UNARY(faces.images[j * 560 + i] == static_cast<Real>((7 * i + 3 * j) & 0xff) / Real(255));
}

std::string message_of(const Bytes& file) {
  try {
    parse_frey(file, "f.mat");
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

bool says(const Bytes& file, const std::string& words) {
  const std::string message = message_of(file);
  CAPTURE(message);
  const bool found = message.find("f.mat") == 0 && message.find(words) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("frey: a column of the matrix is a frame, plain or compressed, after any other content") {
  Matrix other;
  other.name = "a long name";
  other.flags = numbers({6, 0});
  Matrix long_name;
  long_name.small_name = false;
  check_pixels(parse_frey(file_of({Matrix().bytes()}), "f.mat"));
  check_pixels(parse_frey(file_of({long_name.bytes()}), "f.mat"));
  check_pixels(parse_frey(file_of({packed(Matrix().bytes())}), "f.mat"));
  check_pixels(parse_frey(file_of({other.bytes(), Matrix().bytes()}), "f.mat"));
  check_pixels(parse_frey(file_of({packed(other.bytes()), packed(Matrix().bytes())}), "f.mat"));
}

TEST_CASE("frey: parse_mat reads any matrix of bytes") {
  Matrix small;
  small.name = "x";
  small.sizes = numbers({2, 2});
  small.data = pixels(2, 2);
  const MatMatrix matrix = parse_mat(file_of({small.bytes()}), "f.mat", "x");
  CHECK(matrix.rows == 2);
  CHECK(matrix.columns == 2);
  CHECK(matrix.at(1, 0) == 7);
  CHECK(matrix.at(0, 1) == 3);
  CHECK(matrix.at(1, 1) == 10);
}

TEST_CASE("frey: an idx file of the same frames") {
  Bytes bytes;
  for (const std::byte b : pixels(560, 4)) bytes.push_back(b);
  const FreyFolder folder;
  const fs::path path = folder.path / "frey" / "frey-images-idx3-ubyte";
  write_idx(path, {IdxType::u8, {4, 28, 20}, bytes});
  check_pixels(read_frey(path));
  check_pixels(load_frey(folder.path));
  write_idx(path, {IdxType::u8, {4, 20, 28}, bytes});
  CHECK_THROWS_WITH_AS(load_frey(folder.path), doctest::Contains("frey-images-idx3-ubyte"), Error);
}

TEST_CASE("frey: damaged MATLAB files give errors") {
  const Bytes whole = file_of({Matrix().bytes()});
  says(Bytes(whole.begin(), whole.begin() + 100), "header");
  Bytes big = whole;
  std::swap(big[126], big[127]);
  says(big, "big-endian");
  Bytes version = whole;
  version[125] = std::byte{2};
  says(version, "version");
  says(Bytes(whole.begin(), whole.begin() + 131), "cut off");
  for (std::size_t size = 128; size < whole.size(); size += 97)
    CHECK_THROWS_AS(
        parse_frey(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), "f.mat"), Error);

  const auto spoiled = [](auto change) {
    Matrix matrix;
    change(matrix);
    return file_of({matrix.bytes()});
  };
  says(spoiled([](Matrix& m) { m.name = "gg"; }), "no variable ff");
  says(spoiled([](Matrix& m) { m.flags = numbers({6, 0}); }), "class 6");
  says(spoiled([](Matrix& m) { m.flags = numbers({0x809, 0}); }), "complex");
  says(spoiled([](Matrix& m) { m.flags = numbers({9}); }), "array flags");
  says(spoiled([](Matrix& m) { m.sizes = numbers({560, 2, 2}); }), "3 axes");
  says(spoiled([](Matrix& m) { m.sizes = numbers({560, 5}); }), "560 x 5");
  says(spoiled([](Matrix& m) { m.sizes = numbers({0xffffffff, 0xffffffff}); }), "elements");
  says(spoiled([](Matrix& m) { m.sizes = numbers({0, 0}); }), "elements");
  says(spoiled([](Matrix& m) { m.sizes = numbers({280, 8}); }), "280 rows");
  says(spoiled([](Matrix& m) { m.data_type = 9; }), "stored as type 9");
  says(spoiled([](Matrix& m) { m.data.clear(); }), "0 bytes");

  Bytes length = whole;
  length[132] = std::byte{0xff};  // length of the matrix
  length[133] = std::byte{0xff};
  says(length, "claims");
  Bytes small = whole;  // a small element of 255 bytes: the name's
  small[178] = std::byte{0xff};
  says(small, "small element");
}

TEST_CASE("frey: files of MATLAB 7.3 and 4 are recognised") {
  Bytes hdf5 = letters("MATLAB 7.3 MAT-file, Platform: GLNXA64");
  hdf5.resize(600, std::byte{' '});
  CHECK(says(hdf5, "a MATLAB 7.3 file (HDF5), expected MATLAB 5 (save it with -v6 or -v7)"));
  Bytes bare = letters("\x89HDF\r\n\x1a\n");
  bare.resize(600);
  CHECK(says(bare, "a MATLAB 7.3 file"));
  for (const std::uint32_t kind : {0u, 50u}) {  // doubles; bytes
    Bytes old = numbers({kind, 560, 4, 0, 3});
    const Bytes name = letters(std::string("ff\0", 3));
    old.insert(old.end(), name.begin(), name.end());
    old.resize(old.size() + 560 * 4 * (kind == 0 ? 8 : 1));
    CHECK(says(old, "a MATLAB 4 file, expected MATLAB 5"));
    CHECK_THROWS_WITH_AS(parse_mat(old, "f.mat", "ff"), doctest::Contains("a MATLAB 4 file"), Error);
  }
}

TEST_CASE("frey: damaged compressed elements give errors") {
  const Bytes element = packed(Matrix().bytes());
  Bytes damaged = file_of({element});
  damaged[140] ^= std::byte{0x55};
  CHECK_THROWS_AS(parse_frey(damaged, "f.mat"), Error);
  Bytes content(element.begin() + 8, element.end() - 20), cut;
  put_element(cut, 15, content);
  says(file_of({cut}), "cut off");
  Bytes empty;
  put_element(empty, 15, {});
  says(file_of({empty}), "cut off");
  says(file_of({packed({})}), "tag of a variable");
}

TEST_CASE("frey: a missing file is replaced by a generated animation, with a note; a broken file is not") {
  const FreyFolder folder;
  CHECK_THROWS_WITH_AS(load_frey(folder.path), doctest::Contains("frey_rawface.mat"), Error);
  const FreyFaces made = frey_faces(folder.path);
  CHECK_FALSE(made.real);
  CHECK(made.note.find("generated") != std::string::npos);
  CHECK(made.data.images.shape() == Shape{1965, 28, 20, 1});
  CHECK(same_bits(made.data.images, frey_faces(folder.path / "nowhere").data.images));
  CHECK_FALSE(same_bits(made.data.images, frey_faces(folder.path, 2).data.images));

  write_file(folder.path / "frey" / "frey_rawface.mat", file_of({Matrix().bytes()}));
  const FreyFaces real = frey_faces(folder.path);
  CHECK(real.real);
  CHECK(real.note.find("4 frames") != std::string::npos);
  check_pixels(real.data);
  write_file(folder.path / "frey" / "frey_rawface.mat", mat_header());
  CHECK_THROWS_AS(frey_faces(folder.path), Error);
}

TEST_CASE("frey: the real data are the same in both formats") {
  const char* root = std::getenv("GRADUS_DATASETS");
  const fs::path folder = fs::path(root ? root : "") / "frey";
  if (!root || !fs::exists(folder / "frey_rawface.mat") || !fs::exists(folder / "frey-images-idx3-ubyte")) {
    MESSAGE("SKIPPED: the Frey faces are not under GRADUS_DATASETS in both formats");
    return;
  }
  const Dataset mat = read_frey(folder / "frey_rawface.mat"),
                idx = read_frey(folder / "frey-images-idx3-ubyte");
  CHECK(mat.images.shape() == Shape{1965, 28, 20, 1});
  CHECK(same_bits(mat.images, idx.images));
  CHECK(frey_faces(root).real);
  // Rows and columns are not exchanged: neighbours along a row of the image are similar.
  double along = 0, across = 0;
  for (Index n = 0; n < 100; ++n)
    for (Index i = 0; i + 1 < 28; ++i)
      for (Index j = 0; j + 1 < 20; ++j) {
        along += std::abs(idx.images.at({n, i, j, 0}) - idx.images.at({n, i, j + 1, 0}));
        across += std::abs(idx.images.at({n, i, j, 0}) - idx.images.at({n, i + 1, j, 0}));
      }
  CHECK(along < 0.12 * 100 * 27 * 19);
  CHECK(across < 0.12 * 100 * 27 * 19);
}
