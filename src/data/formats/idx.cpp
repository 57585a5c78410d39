#include "gradus/data/formats/idx.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace {

std::uint64_t big_endian(const std::byte* bytes, Index width) {
  std::uint64_t value = 0;
  for (Index i = 0; i < width; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

void append_big_endian(std::vector<std::byte>& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(value >> shift & 0xff));
}

bool known_type(unsigned char type) {
  return type == 0x08 || type == 0x09 || type == 0x0b || type == 0x0c || type == 0x0d || type == 0x0e;
}

std::string sizes_text(const std::vector<Index>& sizes) {
  std::string out = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) out += (i ? ", " : "") + std::to_string(sizes[i]);
  return out + "]";
}

// Reads the magic number and the sizes; fills everything but the data.
IdxArray parse_header(std::span<const std::byte> bytes, const std::string& name) {
  GRADUS_CHECK(bytes.size() >= 4, name, ": header: ", bytes.size(),
               " bytes, expected at least the 4 of the magic number");
  const std::uint64_t magic = big_endian(bytes.data(), 4);
  const auto type = static_cast<unsigned char>(magic >> 8 & 0xff);
  const auto axes = static_cast<std::size_t>(magic & 0xff);
  GRADUS_CHECK(magic >> 16 == 0, name, ": magic number 0x", hex(magic, 8),
               ": neither an IDX file (0x0000TTRR, images 0x00000803, labels 0x00000801) nor gzip");
  GRADUS_CHECK(known_type(type), name, ": magic number 0x", hex(magic, 8), ": element type 0x", hex(type, 2),
               ", expected 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e");
  GRADUS_CHECK(1 <= axes && axes <= 4, name, ": magic number 0x", hex(magic, 8), ": ", axes,
               " axes, expected 1 to 4");
  const std::size_t header = 4 + 4 * axes;
  GRADUS_CHECK(bytes.size() >= header, name, ": header: ", bytes.size(), " bytes, expected ", header, " for ",
               axes, " axes");
  IdxArray array;
  array.type = static_cast<IdxType>(type);
  for (std::size_t i = 0; i < axes; ++i)
    array.sizes.push_back(static_cast<Index>(big_endian(bytes.data() + 4 + 4 * i, 4)));
  return array;
}

}  // namespace

Index idx_width(IdxType type) {
  switch (type) {
    case IdxType::u8:
    case IdxType::i8:
      return 1;
    case IdxType::i16:
      return 2;
    case IdxType::i32:
    case IdxType::f32:
      return 4;
    case IdxType::f64:
      return 8;
  }
  throw Error(text("idx: element type 0x", hex(static_cast<unsigned char>(type), 2), " does not exist"));
}

Index IdxArray::size() const {
  Index product = sizes.empty() ? 0 : 1;
  for (Index size : sizes) product *= size;
  return product;
}

double IdxArray::value(Index i) const {
  const Index width = idx_width(type);
  const std::uint64_t bits = big_endian(data.data() + i * width, width);
  switch (type) {
    case IdxType::u8:
      return static_cast<double>(bits);
    case IdxType::i8:
      return static_cast<std::int8_t>(bits);
    case IdxType::i16:
      return static_cast<std::int16_t>(bits);
    case IdxType::i32:
      return static_cast<std::int32_t>(bits);
    case IdxType::f32:
      return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    case IdxType::f64:
      return std::bit_cast<double>(bits);
  }
  return 0;
}

IdxArray parse_idx(std::span<const std::byte> bytes, const std::string& name) {
  if (is_gzip(bytes)) {
    const std::vector<std::byte> unpacked = gunzip(bytes, name);
    GRADUS_CHECK(!is_gzip(unpacked), name, ": gzip inside gzip, expected IDX inside gzip");
    return parse_idx(unpacked, name);
  }
  IdxArray array = parse_header(bytes, name);
  const std::span<const std::byte> data = bytes.subspan(4 + 4 * array.sizes.size());
  // The product is compared by division, before any allocation: four sizes of 2^32 overflow any integer.
  const auto width = static_cast<std::uint64_t>(idx_width(array.type)), held = data.size() / width;
  std::uint64_t elements = 1;
  bool fits = true;
  for (Index size : array.sizes) {
    const auto factor = static_cast<std::uint64_t>(size);
    fits = fits && (factor == 0 || elements <= held / factor);
    if (fits) elements *= factor;
  }
  GRADUS_CHECK(fits, name, ": data: sizes ", sizes_text(array.sizes), " with ", width,
               " bytes per element, but the file holds ", data.size(), " bytes");
  GRADUS_CHECK(elements > 0, name, ": sizes ", sizes_text(array.sizes),
               ": no element, expected every size at least 1");
  GRADUS_CHECK(data.size() == elements * width, name, ": data: ", data.size() - elements * width,
               " bytes too many after sizes ", sizes_text(array.sizes), ", expected ", elements * width);
  array.data.assign(data.begin(), data.end());
  return array;
}

IdxArray read_idx(const std::filesystem::path& path) { return parse_idx(read_file(path), path.string()); }

void write_idx(const std::filesystem::path& path, const IdxArray& array) {
  const std::size_t axes = array.sizes.size();
  GRADUS_CHECK(1 <= axes && axes <= 4, path.string(), ": ", axes, " axes, expected 1 to 4");
  for (Index size : array.sizes)
    GRADUS_CHECK(1 <= size && size <= std::numeric_limits<std::int32_t>::max(), path.string(), ": sizes ",
                 sizes_text(array.sizes), ": expected 1 .. 2^31-1 each");
  const Index expected = array.size() * idx_width(array.type);
  GRADUS_CHECK(static_cast<Index>(array.data.size()) == expected, path.string(), ": ", array.data.size(),
               " bytes of data, expected ", expected, " for sizes ", sizes_text(array.sizes));
  std::vector<std::byte> bytes = {std::byte{0}, std::byte{0}, static_cast<std::byte>(array.type),
                                  static_cast<std::byte>(axes)};
  for (Index size : array.sizes) append_big_endian(bytes, static_cast<std::uint32_t>(size));
  bytes.insert(bytes.end(), array.data.begin(), array.data.end());
  write_file(path, path.extension() == ".gz" ? gzip(bytes) : bytes);
}

Tensor idx_images(const IdxArray& array, const std::string& name, Index limit) {
  const std::vector<Index>& sizes = array.sizes;
  GRADUS_CHECK(array.type == IdxType::u8, name, ": images: element type 0x",
               hex(static_cast<unsigned char>(array.type), 2), ", expected 0x08 (bytes)");
  GRADUS_CHECK(sizes.size() == 3 || sizes.size() == 4, name, ": images: ", sizes.size(),
               " axes, expected 3 (N,H,W) or 4 (N,H,W,C)");
  const Index channels = sizes.size() == 4 ? sizes[3] : 1;
  GRADUS_CHECK(channels == 1 || channels == 3, name, ": images: ", channels, " channels, expected 1 or 3");
  const Index count = limit > 0 ? std::min(limit, sizes[0]) : sizes[0];
  Tensor images({count, sizes[1], sizes[2], channels});
  Real* out = images.data();
  const std::byte* in = array.data.data();
#pragma omp parallel for schedule(static)
  for (Index i = 0; i < images.size(); ++i)
    out[i] = static_cast<Real>(std::to_integer<int>(in[i])) / Real(255);
  return images;
}

std::vector<int> idx_labels(const IdxArray& array, int classes, const std::string& name, Index limit) {
  GRADUS_CHECK(array.sizes.size() == 1, name, ": labels: ", array.sizes.size(), " axes, expected 1");
  GRADUS_CHECK(array.type != IdxType::f32 && array.type != IdxType::f64, name, ": labels: element type 0x",
               hex(static_cast<unsigned char>(array.type), 2), ", expected whole numbers");
  const Index count = limit > 0 ? std::min(limit, array.sizes[0]) : array.sizes[0];
  std::vector<int> labels;
  labels.reserve(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    const int label = static_cast<int>(array.value(i));
    GRADUS_CHECK(0 <= label && label < classes, name, ": label ", i, " is ", label, ", expected 0 .. ",
                 classes - 1);
    labels.push_back(label);
  }
  return labels;
}

IdxArray images_to_idx(const Tensor& images) {
  GRADUS_CHECK(images.rank() == 4 && images.size() > 0 && (images.dim(3) == 1 || images.dim(3) == 3),
               "images_to_idx: shape ", images.shape(), ", expected [N, H, W, 1] or [N, H, W, 3]");
  IdxArray array;
  array.sizes = {images.dim(0), images.dim(1), images.dim(2)};
  if (images.dim(3) == 3) array.sizes.push_back(3);
  array.data.reserve(static_cast<std::size_t>(images.size()));
  for (Real value : images.values()) {
    const Real clipped = value > 0 ? std::min(value, Real(1)) : Real(0);  // a NaN becomes 0
    array.data.push_back(static_cast<std::byte>(std::lround(clipped * 255)));
  }
  return array;
}

IdxArray labels_to_idx(std::span<const int> labels) {
  IdxArray array;
  array.sizes = {static_cast<Index>(labels.size())};
  for (int label : labels) {
    GRADUS_CHECK(0 <= label && label <= 255, "labels_to_idx: label ", label, ", expected 0 .. 255");
    array.data.push_back(static_cast<std::byte>(label));
  }
  return array;
}

Dataset read_idx_dataset(const std::filesystem::path& images, const std::filesystem::path& labels,
                         int classes, Index limit) {
  const IdxArray pictures = read_idx(images), numbers = read_idx(labels);
  GRADUS_CHECK(pictures.sizes[0] == numbers.sizes[0], images.string(), ": ", pictures.sizes[0],
               " images, but ", labels.string(), " has ", numbers.sizes[0], " labels");
  Dataset dataset;
  dataset.name = images.stem().string();
  dataset.images = idx_images(pictures, images.string(), limit);
  dataset.labels = idx_labels(numbers, classes, labels.string(), limit);
  dataset.classes = classes;
  return dataset;
}

}  // namespace gradus
