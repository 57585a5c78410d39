#include "gradus/data/formats/frey.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/data/formats/idx.hpp"
#include "gradus/data/generated/faces.hpp"

namespace gradus {
namespace {

// A MATLAB 5 file is a header of 128 bytes followed by elements. An element is a tag (4 bytes type, 4 bytes
// length), its content, and zeros up to the next multiple of 8; content of 1 to 4 bytes is stored together
// with its tag in 8 bytes (2 bytes type, 2 bytes length, content). A matrix is an element whose content is
// elements: flags, sizes, name, numbers. A compressed element is a zlib stream that unpacks to one matrix.
using Bytes = std::span<const std::byte>;

enum MatType : std::uint32_t {
  mi_int8 = 1,
  mi_uint8 = 2,
  mi_int32 = 5,
  mi_uint32 = 6,
  mi_matrix = 14,
  mi_compressed = 15
};
constexpr std::uint32_t class_uint8 = 9, complex_flag = 0x800;
constexpr std::size_t header_bytes = 128;

std::uint32_t little(Bytes bytes, std::size_t place, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= std::to_integer<std::uint32_t>(bytes[place + i]) << (8 * i);
  return value;
}

bool begins_with(Bytes bytes, std::string_view start) {
  return bytes.size() >= start.size() && std::memcmp(bytes.data(), start.data(), start.size()) == 0;
}

struct Element {
  std::uint32_t type = 0;
  Bytes content{};
  std::size_t next = 0;  // begin of the next element
};

// The position being read, for messages.
struct Place {
  const std::string& name;
  std::size_t offset = 0;           // of the bytes in the file
  const char* inside = "the file";  // or the compressed element, where `offset` counts unpacked bytes
};

Element next_element(Bytes bytes, std::size_t at, const Place& place, const char* what) {
  GRADUS_CHECK(bytes.size() - std::min(at, bytes.size()) >= 8, place.name, ": MATLAB file: byte ",
               place.offset + at, " of ", place.inside, ": cut off, expected the tag of ", what);
  Element element{little(bytes, at, 4), {}, at + 8};
  std::size_t length = little(bytes, at + 4, 4), begin = at + 8;
  if (const std::uint32_t small = element.type >> 16; small != 0) {
    element.type &= 0xffff;
    length = small;
    begin = at + 4;
    GRADUS_CHECK(length <= 4, place.name, ": MATLAB file: byte ", place.offset + at, " of ", place.inside,
                 ": ", what, " claims ", length, " bytes in a small element, at most 4");
  } else {
    GRADUS_CHECK(length <= bytes.size() - begin, place.name, ": MATLAB file: byte ", place.offset + at,
                 " of ", place.inside, ": ", what, " claims ", length, " bytes, there are ",
                 bytes.size() - begin, " more");
    const bool padded = element.type != mi_compressed;
    element.next = std::min(bytes.size(), begin + (padded ? (length + 7) / 8 * 8 : length));
  }
  element.content = bytes.subspan(begin, length);
  return element;
}

// The matrix in the content of a matrix element, if it is the requested variable.
std::optional<MatMatrix> read_matrix(Bytes bytes, const Place& place, const std::string& variable) {
  const auto fail = [&](const auto&... parts) {
    throw Error(text(place.name, ": MATLAB file: matrix at byte ", place.offset, " of ", place.inside, ": ",
                     parts...));
  };
  const Element flags = next_element(bytes, 0, place, "array flags");
  if (flags.type != mi_uint32 || flags.content.size() != 8) fail("unexpected form of the array flags");
  const Element sizes = next_element(bytes, flags.next, place, "dimensions");
  if (sizes.type != mi_int32 || sizes.content.size() % 4 != 0) fail("unexpected form of the dimensions");
  const Element label = next_element(bytes, sizes.next, place, "the array's name");
  if (label.type != mi_int8) fail("unexpected form of the array's name");
  const std::string_view found(reinterpret_cast<const char*>(label.content.data()), label.content.size());
  if (found != variable) return std::nullopt;

  const std::uint32_t flag = little(flags.content, 0, 4);
  if ((flag & 0xff) != class_uint8 || (flag & complex_flag) != 0)
    fail("variable ", variable, " has class ", flag & 0xff, (flag & complex_flag) != 0 ? ", complex" : "",
         ", expected ", class_uint8, " (uint8), real");
  if (sizes.content.size() != 8)
    fail("variable ", variable, " has ", sizes.content.size() / 4, " axes, expected 2");
  const Index rows = little(sizes.content, 0, 4), columns = little(sizes.content, 4, 4);
  const Element numbers = next_element(bytes, label.next, place, "the numbers");
  if (numbers.type != mi_uint8)
    fail("the numbers of ", variable, " are stored as type ", numbers.type, ", expected 2 (uint8)");
  const auto stored = static_cast<Index>(numbers.content.size());
  if (rows == 0 || columns == 0 || rows > stored || columns != stored / rows || stored % rows != 0)
    fail("variable ", variable, " has ", rows, " x ", columns, " elements and ", stored, " bytes of numbers");
  MatMatrix matrix{rows, columns, std::vector<std::uint8_t>(numbers.content.size())};
  std::memcpy(matrix.values.data(), numbers.content.data(), numbers.content.size());
  return matrix;
}

// MATLAB 4 files have no header. A matrix begins with its type (1000 byte order + 10 number type + matrix
// type), rows, columns, whether it is complex, and the length of its name, 4 bytes each; the name follows.
bool is_mat4(Bytes bytes) {
  if (bytes.size() < 21) return false;
  const std::uint32_t type = little(bytes, 0, 4), name = little(bytes, 16, 4);
  const bool sizes = little(bytes, 4, 4) > 0 && little(bytes, 8, 4) > 0 && little(bytes, 12, 4) <= 1;
  return type <= 52 && type % 10 <= 2 && sizes && 2 <= name && name <= 64 && name <= bytes.size() - 20 &&
         bytes[20 + name - 1] == std::byte{0};
}

void check_header(Bytes bytes, const std::string& name) {
  const char* again = "expected MATLAB 5 (save it with -v6 or -v7)";
  GRADUS_CHECK(!begins_with(bytes, "MATLAB 7.3 MAT-file") && !begins_with(bytes, "\x89HDF"), name,
               ": a MATLAB 7.3 file (HDF5), ", again);
  GRADUS_CHECK(!is_mat4(bytes), name, ": a MATLAB 4 file, ", again);
  GRADUS_CHECK(bytes.size() > header_bytes, name, ": MATLAB file: ", bytes.size(),
               " bytes, expected a header of ", header_bytes, " and data");
  GRADUS_CHECK(bytes.size() <= max_file_bytes, name, ": MATLAB file: ", bytes.size(), " bytes, at most ",
               max_file_bytes, " are read");
  const std::uint32_t version = little(bytes, 124, 2), order = little(bytes, 126, 2);
  GRADUS_CHECK(order == 0x4d49, name, ": MATLAB file: byte order mark at byte 126 is ", order,
               order == 0x494d ? " (big-endian)" : "", ", expected ", 0x4d49, " (\"IM\", little-endian)");
  GRADUS_CHECK(version == 0x0100, name, ": MATLAB file: version at byte 124 is ", version,
               ", expected 256 (MATLAB 5)");
}

// True for a MATLAB file of any version, false for every other format that is read here.
bool is_mat(Bytes bytes) {
  return begins_with(bytes, "MATLAB ") || begins_with(bytes, "\x89HDF") || is_mat4(bytes);
}

constexpr Index height = 28, width = 20;

constexpr std::array<const char*, 3> frey_files = {"frey-images-idx3-ubyte", "frey-images-idx3-ubyte.gz",
                                                   "frey_rawface.mat"};

// The first of the files that exists, of any kind; an empty path when none exists.
std::filesystem::path frey_path(const std::filesystem::path& root) {
  for (const char* file : frey_files)
    if (std::filesystem::path path = root / "frey" / file;
        std::filesystem::exists(std::filesystem::symlink_status(path)))
      return path;
  return {};
}

}  // namespace

MatMatrix parse_mat(std::span<const std::byte> bytes, const std::string& name, const std::string& variable) {
  check_header(bytes, name);
  for (std::size_t at = header_bytes; at < bytes.size();) {
    const Place place{name, at};
    const Element element = next_element(bytes, at, Place{name}, "a variable");
    std::optional<MatMatrix> found;
    if (element.type == mi_matrix) {
      found = read_matrix(element.content, Place{name, at + 8}, variable);
    } else if (element.type == mi_compressed) {
      const std::vector<std::byte> unpacked = unpack_zlib(
          element.content, text(place.name, ": MATLAB file: the compressed element at byte ", place.offset));
      const Place inside{name, 0, "a compressed element"};
      const Element matrix = next_element(unpacked, 0, inside, "a variable");
      if (matrix.type == mi_matrix)
        found = read_matrix(matrix.content, Place{name, 8, inside.inside}, variable);
    }
    if (found) return *std::move(found);
    at = element.next;
  }
  throw Error(text(name, ": MATLAB file: no variable ", variable));
}

Dataset parse_frey(std::span<const std::byte> bytes, const std::string& name) {
  Dataset dataset;
  dataset.name = name;
  if (!is_mat(bytes)) {
    const IdxArray array = parse_idx(bytes, name);
    GRADUS_CHECK(
        array.sizes.size() == 3 && array.sizes[0] >= 1 && array.sizes[1] == height && array.sizes[2] == width,
        name, ": unexpected sizes, must be N, ", height, ", ", width);
    dataset.images = idx_images(array, name);
    return dataset;
  }
  const MatMatrix ff = parse_mat(bytes, name, "ff");
  GRADUS_CHECK(ff.rows == height * width, name, ": variable ff has ", ff.rows, " rows, expected ",
               height * width, ": one frame of ", height, " x ", width, " per column");
  // A column is one frame, row by row, which is also the order of an image tensor.
  dataset.images = Tensor({ff.columns, height, width, 1});
  std::transform(ff.values.begin(), ff.values.end(), dataset.images.data(),
                 [](std::uint8_t value) { return value / Real(255); });
  return dataset;
}

Dataset read_frey(const std::filesystem::path& path) { return parse_frey(read_file(path), path.string()); }

Dataset load_frey(const std::filesystem::path& root) {
  const std::filesystem::path path = frey_path(root);
  GRADUS_CHECK(!path.empty(), (root / "frey").string(), ": no Frey faces, expected ", frey_files[0],
               " (or .gz) or ", frey_files[2]);
  Dataset dataset = read_frey(path);
  dataset.name = "Frey faces";
  return dataset;
}

FreyFaces frey_faces(const std::filesystem::path& root, std::uint64_t seed) {
  if (!frey_path(root).empty()) {
    const Dataset data = load_frey(root);
    return {data, true, text("Frey faces: ", data.size(), " frames of ", height, " x ", width, ".")};
  }
  constexpr Index frames = 1965;  // the length of the original film
  return {generated_face_video(frames, seed, {.height = height, .width = width}).data, false,
          text("Frey faces not found under ", (root / "frey").string(),
               ": using a generated film of a face; datasets/README.md explains how to get it.")};
}

}  // namespace gradus
