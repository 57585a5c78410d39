#include "frame.hpp"

#include <algorithm>
#include <cstring>

#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {
constexpr int same_as = 254, empty = 255;  // special values in place of a tensor's rank
}

void Packer::put(std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<unsigned char>(value >> (8 * i)));
}

void Packer::text(std::string_view value) {
  value = value.substr(0, 65535);
  u16(static_cast<std::uint16_t>(value.size()));
  bytes.insert(bytes.end(), value.begin(), value.end());
}

void Packer::tensor(const Tensor& value) {
  if (!value || value.rank() == 0) return put(empty, 1);  // a tensor without axes has no numbers
  put(static_cast<std::uint64_t>(value.rank()), 1);
  for (int axis = 0; axis < value.rank(); ++axis) u32(static_cast<std::uint32_t>(value.dim(axis)));
  for (const Real one : value.values()) {
    const double number = one;
    std::uint64_t bits;
    std::memcpy(&bits, &number, sizeof bits);
    put(bits, 8);
  }
}

void Packer::tensors(const Tensors& values, bool with_sharing) {
  u16(static_cast<std::uint16_t>(values.size()));
  for (auto value = values.begin(); value != values.end(); ++value) {
    const auto first = std::find_if(values.begin(), value, [&](const Tensor& one) {
      return with_sharing && one && *value && one.data() == value->data() && one.shape() == value->shape();
    });
    if (first == value) {
      tensor(*value);
    } else {
      put(same_as, 1);
      u16(static_cast<std::uint16_t>(first - values.begin()));
    }
  }
}

std::uint64_t Unpacker::take(int count) {
  GRADUS_CHECK(rest_.size() >= static_cast<std::size_t>(count), "the message ends too early");
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) value |= std::uint64_t{rest_[static_cast<std::size_t>(i)]} << (8 * i);
  rest_ = rest_.subspan(static_cast<std::size_t>(count));
  return value;
}

std::string Unpacker::text() {
  const std::size_t length = u16();
  GRADUS_CHECK(rest_.size() >= length, "a text is longer than its message");
  std::string value(reinterpret_cast<const char*>(rest_.data()), length);
  rest_ = rest_.subspan(length);
  return value;
}

Tensor Unpacker::tensor() {
  const auto rank = static_cast<int>(take(1));
  if (rank == empty) return {};
  GRADUS_CHECK(rank >= 1 && rank <= max_rank, "a tensor has ", rank, " axes");
  std::vector<Index> dims;
  std::size_t size = 1;
  for (int axis = 0; axis < rank; ++axis) {
    const std::size_t dim = u32();
    dims.push_back(static_cast<Index>(dim));
    GRADUS_CHECK(dim == 0 || size <= max_payload / dim, "a tensor is larger than a message may be");
    size *= dim;
  }
  GRADUS_CHECK(rest_.size() / 8 >= size, "a tensor is larger than its message");
  Shape shape;
  switch (rank) {
    case 1:
      shape = {dims[0]};
      break;
    case 2:
      shape = {dims[0], dims[1]};
      break;
    case 3:
      shape = {dims[0], dims[1], dims[2]};
      break;
    default:
      shape = {dims[0], dims[1], dims[2], dims[3]};
  }
  Tensor value(shape);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t bits = take(8);
    double number;
    std::memcpy(&number, &bits, sizeof number);
    value[static_cast<Index>(i)] = static_cast<Real>(number);
  }
  return value;
}

Tensors Unpacker::tensors() {
  const int count = u16();
  GRADUS_CHECK(count <= 64, "a message of ", count, " tensors");
  Tensors values;
  for (int i = 0; i < count; ++i) {
    if (rest_.empty() || rest_.front() != same_as) {
      values.push_back(tensor());
      continue;
    }
    take(1);
    const std::size_t first = u16();
    GRADUS_CHECK(first < values.size(), "a tensor claims to share the numbers of a later one");
    values.push_back(values[first]);
  }
  return values;
}

void Unpacker::end() const { GRADUS_CHECK(rest_.empty(), rest_.size(), " bytes too many in a message"); }

Bytes pack_header(const Header& header) {
  Packer out;
  out.u32(frame_magic);
  out.u16(static_cast<std::uint16_t>(header.kind));
  out.u16(header.flags);
  out.u32(header.seq);
  out.u32(static_cast<std::uint32_t>(header.session));
  out.u32(static_cast<std::uint32_t>(header.session >> 32));
  out.u32(header.length);
  return out.bytes;
}

Header unpack_header(std::span<const unsigned char> bytes, std::size_t limit) {
  Unpacker in(bytes);
  GRADUS_CHECK(in.u32() == frame_magic, "not a message from the worker");
  Header header;
  const int kind = in.u16();
  GRADUS_CHECK(kind >= static_cast<int>(Kind::hello) && kind <= static_cast<int>(Kind::thrown),
               "a message of unknown kind ", kind);
  header.kind = static_cast<Kind>(kind);
  header.flags = in.u16();
  GRADUS_CHECK(header.flags == 0, "a message with flags ", header.flags);
  header.seq = in.u32();
  const std::uint64_t low = in.u32(), high = in.u32();
  header.session = low | high << 32;
  header.length = in.u32();
  in.end();
  GRADUS_CHECK(header.length <= limit, "a message of ", header.length, " bytes where ", limit, " are enough");
  return header;
}

}  // namespace gradus::grade
