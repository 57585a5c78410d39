// Writes PNG; reads PNG, JPEG, PGM and PPM. A reader checks what stb_image does not check,
// decodes the picture and turns it upright.
#include "gradus/io/image.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "byte.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"

namespace {

// zlib packs pictures into fewer bytes than stb does. stb releases the result with free().
unsigned char* packed(const unsigned char* data, int size, int* packed_size, int) {
  uLongf length = compressBound(static_cast<uLong>(size));
  auto* out = static_cast<unsigned char*>(std::malloc(length));
  if (out == nullptr) return nullptr;
  if (compress2(out, &length, data, static_cast<uLong>(size), Z_BEST_COMPRESSION) != Z_OK) {
    std::free(out);
    return nullptr;
  }
  *packed_size = static_cast<int>(length);
  return out;
}

}  // namespace

#define STBIW_ZLIB_COMPRESS packed
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS (1 << 24)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace gradus {
namespace {

void append_bytes(void* context, void* data, int size) {
  auto& out = *static_cast<std::vector<std::byte>*>(context);
  const auto* bytes = static_cast<const std::byte*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

struct FreePixels {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

bool is_pnm(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{'P'} &&
         (bytes[1] == std::byte{'5'} || bytes[1] == std::byte{'6'});
}

// The next number of a PGM or PPM header, after blanks and comments; moves `place` behind it.
Index pnm_number(std::string_view file, std::size_t& place, const std::string& name, const char* field) {
  while (place < file.size() && (std::isspace(static_cast<unsigned char>(file[place])) || file[place] == '#'))
    place = file[place] == '#' ? std::min(file.find_first_of("\r\n", place), file.size()) : place + 1;
  const std::size_t end = std::min(file.find_first_not_of("0123456789", place), file.size());
  GRADUS_CHECK(end > place && end - place <= 8, name, ": PGM header: ", field,
               ": expected a number of 1 to 8 digits");
  std::uint64_t number = 0;
  parse_whole(file.substr(place, end - place), number);
  GRADUS_CHECK(number > 0, name, ": PGM header: ", field, " 0, expected at least 1");
  place = end;
  return static_cast<Index>(number);
}

std::size_t byte_at(std::span<const std::byte> bytes, std::size_t place) {
  return place < bytes.size() ? std::to_integer<std::size_t>(bytes[place]) : 0;
}

void check_pixels(Index width, Index height, const std::string& name) {
  GRADUS_CHECK(height == 0 || width <= max_pixels / height, name, ": ", width, " x ", height,
               " pixels, at most ", max_pixels, " are read");
}

// PNG: checks the lengths and checksums of all chunks. (stb_image allocates what a chunk claims, and does not
// check the checksums.) Returns the Exif data, empty when there are none.
std::span<const std::byte> check_png(std::span<const std::byte> bytes, const std::string& name) {
  std::span<const std::byte> exif;
  const auto number = [&](std::size_t at) {
    return byte_at(bytes, at) << 24 | byte_at(bytes, at + 1) << 16 | byte_at(bytes, at + 2) << 8 |
           byte_at(bytes, at + 3);
  };
  if (byte_at(bytes, 12) == 'I')  // IHDR; stb_image does not report an excessive size
    check_pixels(static_cast<Index>(number(16)), static_cast<Index>(number(20)), name);
  for (std::size_t place = 8, length = 0;; place += length + 12) {
    GRADUS_CHECK(place + 12 <= bytes.size(), name, ": PNG: cut off after ", bytes.size(),
                 " bytes, expected another chunk");
    length = number(place);
    GRADUS_CHECK(length <= bytes.size() - place - 12, name, ": PNG: the chunk at byte ", place, " claims ",
                 length, " bytes, the file has ", bytes.size() - place - 12, " more");
    const auto* content = reinterpret_cast<const Bytef*>(bytes.data() + place + 4);
    GRADUS_CHECK(crc32(0, content, static_cast<uInt>(length + 4)) == number(place + 8 + length), name,
                 ": PNG: wrong checksum of the chunk at byte ", place);
    if (number(place + 4) == 0x65584966) exif = bytes.subspan(place + 8, length);  // eXIf
    if (number(place + 4) == 0x49454e44) return exif;                              // IEND
  }
}

// A JPEG segment, after its marker: two bytes of length, then its content.
bool begins_with_exif(std::span<const std::byte> segment) {
  constexpr std::string_view begin("Exif\0\0", 6);
  const std::string_view words(reinterpret_cast<const char*>(segment.data()), segment.size());
  return words.size() >= 8 && words.substr(2, 6) == begin;
}

// A Huffman table has at most 256 codes. (For more, stb_image writes past the end of its own table.)
void check_huffman(std::span<const std::byte> bytes, std::size_t place, const std::string& name) {
  auto left = static_cast<Index>(byte_at(bytes, place) << 8 | byte_at(bytes, place + 1)) - 2;
  for (place += 2; left > 0;) {
    std::size_t codes = 0;
    for (std::size_t i = 1; i <= 16; ++i) codes += byte_at(bytes, place + i);
    GRADUS_CHECK(codes <= 256, name, ": JPEG: a Huffman table at byte ", place, " has ", codes,
                 " codes, at most 256");
    place += 17 + codes;
    left -= static_cast<Index>(17 + codes);
  }
}

// JPEG: checks Huffman tables and the end marker. (stb_image accepts truncated pictures.) Returns the Exif
// data, empty when there are none.
std::span<const std::byte> check_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  constexpr std::size_t huffman = 0xc4, scan = 0xda, end = 0xd9, app1 = 0xe1;
  std::span<const std::byte> exif;
  bool in_scan = false;  // in a scan, 0xff in the data is followed by 0; any other 0xff begins a marker
  for (std::size_t place = 2; place < bytes.size();) {
    if (byte_at(bytes, place++) != 0xff) continue;
    while (byte_at(bytes, place) == 0xff) ++place;
    const std::size_t marker = byte_at(bytes, place++);
    if (in_scan && marker == end) return exif;
    if (marker == huffman) check_huffman(bytes, place, name);
    if (!in_scan) {
      const std::size_t length = byte_at(bytes, place) << 8 | byte_at(bytes, place + 1);
      const auto segment = bytes.subspan(std::min(place, bytes.size()));
      if (marker == app1 && begins_with_exif(segment))
        exif = segment.subspan(8, std::min(segment.size(), std::max<std::size_t>(length, 8)) - 8);
      place += length;
    }
    in_scan = in_scan || marker == scan;
  }
  throw Error(name + ": JPEG: cut off, the end marker is missing");
}

// PGM and PPM, one byte per value. (stb_image accepts truncated files, and reads past the end of files with
// two bytes per value.)
Tensor parse_pnm(std::span<const std::byte> bytes, const std::string& name, Index channels) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const Index found = file[1] == '5' ? 1 : 3;
  std::size_t place = 2;
  const Index width = pnm_number(file, place, name, "width"),
              height = pnm_number(file, place, name, "height");
  const Index largest = pnm_number(file, place, name, "largest value");
  check_pixels(width, height, name);
  GRADUS_CHECK(largest <= 255, name, ": PGM header: largest value ", largest, ", expected 1 .. 255");
  const std::size_t begin = place + 1, needed = static_cast<std::size_t>(width * height * found);
  GRADUS_CHECK(begin + needed <= file.size(), name,
               ": PGM data: ", file.size() - std::min(begin, file.size()), " bytes, expected ", needed,
               " for ", width, " x ", height, " pixels of ", found);
  Tensor image({height, width, channels});
  const Real scale = Real(1) / static_cast<Real>(largest);
  for (Index i = 0; i < width * height; ++i) {
    const auto value = [&](Index c) {
      return std::min(Real(1), scale * static_cast<Real>(std::to_integer<int>(
                                           bytes[begin + static_cast<std::size_t>(i * found + c)])));
    };
    const Real red = value(0), green = value(found == 3 ? 1 : 0), blue = value(found == 3 ? 2 : 0);
    if (channels == 3) {
      image[3 * i] = red, image[3 * i + 1] = green, image[3 * i + 2] = blue;
    } else {
      image[i] = found == 1 ? red : Real(0.299) * red + Real(0.587) * green + Real(0.114) * blue;
    }
  }
  return image;
}

// The orientation in Exif data, which are a TIFF header and a list of tags: 1 .. 8 as defined by TIFF; 1,
// upright, when the data are damaged or have none.
int orientation_in(std::span<const std::byte> tiff) {
  const bool little = byte_at(tiff, 0) == 'I';
  const auto number = [&](std::size_t at, std::size_t width) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value = value << 8 | byte_at(tiff, little ? at + width - 1 - i : at + i);
    return value;
  };
  constexpr std::size_t orientation = 0x112, entry_bytes = 12;
  const std::size_t list = number(4, 4), count = number(list, 2);
  for (std::size_t i = 0, at = list + 2; i < count && at + entry_bytes <= tiff.size(); ++i, at += entry_bytes)
    if (number(at, 2) == orientation) {
      const std::size_t value = number(at + 8, 2);
      return 1 <= value && value <= 8 ? static_cast<int>(value) : 1;
    }
  return 1;
}

// Turns a picture upright. Orientation 1 .. 8: where the picture's first row and column belong.
Tensor upright(const Tensor& image, int orientation) {
  if (orientation == 1) return image;
  const bool turned = orientation >= 5;  // rows become columns
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const Index rows = image.dim(0), columns = image.dim(1), channels = image.dim(2);
  Tensor out({turned ? columns : rows, turned ? rows : columns, channels});
  Real* target = out.data();
  for (Index i = 0; i < out.dim(0); ++i)
    for (Index j = 0; j < out.dim(1); ++j, target += channels) {
      const Index y = from_bottom ? out.dim(0) - 1 - i : i, x = from_right ? out.dim(1) - 1 - j : j;
      std::copy_n(image.data() + (turned ? x * columns + y : y * columns + x) * channels, channels, target);
    }
  return out;
}

}  // namespace

Tensor parse_image(std::span<const std::byte> bytes, const std::string& name, int channels) {
  GRADUS_CHECK(channels == 1 || channels == 3, name, ": read_image: ", channels,
               " channels, expected 1 or 3");
  GRADUS_CHECK(bytes.size() <= max_file_bytes, name, ": ", bytes.size(), " bytes, at most ", max_file_bytes,
               " are read");
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  if (is_pnm(bytes)) return parse_pnm(bytes, name, channels);
  std::span<const std::byte> exif;
  if (byte_at(bytes, 0) == 0x89) exif = check_png(bytes, name);
  if (byte_at(bytes, 0) == 0xff) exif = check_jpeg(bytes, name);
  int width = 0, height = 0, found = 0;
  GRADUS_CHECK(stbi_info_from_memory(data, size, &width, &height, &found) != 0 && width > 0 && height > 0,
               name, ": not a PNG, JPEG, PGM or PPM picture, or its header is damaged");
  const Index pixels = static_cast<Index>(width) * height;
  check_pixels(width, height, name);
  // One byte unpacks to at most 1032 bytes of eight pixels each: a header that claims more is wrong.
  GRADUS_CHECK(pixels / 8256 <= static_cast<Index>(bytes.size()), name, ": ", width, " x ", height,
               " pixels cannot be in ", bytes.size(), " bytes");
  const std::unique_ptr<stbi_uc, FreePixels> decoded(
      stbi_load_from_memory(data, size, &width, &height, &found, channels));
  GRADUS_CHECK(decoded, name, ": damaged picture: ", stbi_failure_reason());
  Tensor image({height, width, channels});
  std::transform(decoded.get(), decoded.get() + image.size(), image.data(),
                 [](stbi_uc value) { return value / Real(255); });
  return upright(image, orientation_in(exif));
}

Tensor read_image(const std::filesystem::path& path, int channels) {
  return parse_image(read_file(path), path.string(), channels);
}

// Keeps one value per pixel when all three are equal everywhere; returns whether they were.
static bool make_grey(std::vector<std::uint8_t>& rgb) {
  for (std::size_t i = 0; i < rgb.size(); i += 3)
    if (rgb[i] != rgb[i + 1] || rgb[i] != rgb[i + 2]) return false;
  for (std::size_t i = 0; i < rgb.size() / 3; ++i) rgb[i] = rgb[3 * i];
  rgb.resize(rgb.size() / 3);
  return true;
}

void write_png(const std::filesystem::path& path, const Tensor& image) {
  const Shape& shape = image.shape();
  const Index channels = shape.rank() == 3 ? shape[2] : 1;
  GRADUS_CHECK(
      (shape.rank() == 2 || shape.rank() == 3) && (channels == 1 || channels == 3) && shape.size() > 0,
      path.string(), ": write_png: shape ", shape, ", expected [H, W], [H, W, 1] or [H, W, 3]");
  GRADUS_CHECK(shape[0] * shape[1] <= max_pixels, path.string(), ": write_png: shape ", shape, ", at most ",
               max_pixels, " pixels");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(image.size()));
  std::transform(image.data(), image.data() + image.size(), bytes.begin(), to_byte);
  const int parts = channels == 3 && !make_grey(bytes) ? 3 : 1;
  const int width = static_cast<int>(shape[1]), height = static_cast<int>(shape[0]);
  std::vector<std::byte> file;
  const int done =
      stbi_write_png_to_func(append_bytes, &file, width, height, parts, bytes.data(), width * parts);
  GRADUS_CHECK(done != 0, path.string(), ": write_png: packing failed");
  write_file(path, file);
}

}  // namespace gradus
