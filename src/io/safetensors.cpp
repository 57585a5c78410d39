#include "gradus/io/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

namespace gradus {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

using Json = nlohmann::json;
using Named = std::pair<std::string, Tensor>;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t max_header = 100'000'000;  // as in the Python package
constexpr std::size_t max_checkpoint = std::size_t{1} << (sizeof(std::size_t) > 4 ? 36 : 31);
constexpr const char* real_type = sizeof(Real) == 4 ? "F32" : "F64";
constexpr const char* notes_key = "__metadata__";

/// Bytes of one element, 0 for a type that the format does not have.
std::uint64_t width_of(const std::string& type) {
  static const std::map<std::string, std::uint64_t> widths = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"I64", 8},     {"U64", 8}, {"F64", 8}};
  const auto found = widths.find(type);
  return found == widths.end() ? 0 : found->second;
}

// --- reading: the header ---

/// Checks during parsing: the JSON library keeps the last of equal keys and accepts lists of any length. Here
/// both are errors, found before they take memory.
class HeaderGuard {
 public:
  explicit HeaderGuard(const std::string& file) : file_(file) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      GRADUS_CHECK(depth <= 2, file_, ": header: nested deeper than a tensor's shape");
      keys_[std::min(depth, 2)].clear();
      values_ = 0;
    } else if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      GRADUS_CHECK(keys_[std::min(depth - 1, 2)].insert(key).second, file_, ": header: the name \"", key,
                   "\" occurs twice");
    } else if (event == Event::value && depth == 3) {
      GRADUS_CHECK(++values_ <= 16, file_, ": header: a list of more than 16 numbers");
    }
    return true;
  }

 private:
  const std::string& file_;
  std::set<std::string> keys_[3];
  int values_ = 0;
};

/// The header's text, and the number of bytes of the header and its length field.
std::string_view header_text(std::span<const std::byte> bytes, const std::string& file) {
  GRADUS_CHECK(bytes.size() >= length_bytes, file, ": ", bytes.size(),
               " bytes: too short for the header's length (8 bytes)");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), length_bytes);
  GRADUS_CHECK(length <= max_header, file, ": header length ", length, " is above the limit of ", max_header,
               " bytes");
  GRADUS_CHECK(length <= bytes.size() - length_bytes, file, ": header length ", length, " but only ",
               bytes.size() - length_bytes, " bytes follow");
  return {reinterpret_cast<const char*>(bytes.data()) + length_bytes, static_cast<std::size_t>(length)};
}

Json parse_header(std::string_view header, const std::string& file) {
  GRADUS_CHECK(!header.empty() && header.front() == '{', file, ": header: does not begin with '{'");
  // The JSON library takes a zero byte for the end of the text.
  GRADUS_CHECK(header.find('\0') == header.npos, file, ": header: invalid JSON at byte ",
               header.find('\0') + 1);
  try {
    HeaderGuard guard(file);
    return Json::parse(header, [&guard](int depth, Json::parse_event_t event, Json& parsed) {
      return guard(depth, event, parsed);
    });
  } catch (const Json::parse_error& error) {
    throw Error(text(file, ": header: invalid JSON at byte ", error.byte));
  } catch (const Json::out_of_range&) {
    throw Error(text(file, ": header: a number is out of range"));
  }
}

/// A tensor's entry in the header.
struct Entry {
  std::string name, type;
  Shape shape{};
  std::uint64_t begin = 0, end = 0;
  std::string refusal{};  ///< why it cannot be read; empty when it can
};

/// A list of whole numbers in the header; `where` begins the messages about it.
std::vector<std::uint64_t> numbers_of(const Json& tensor, const char* key, const std::string& where) {
  const auto found = tensor.find(key);
  GRADUS_CHECK(found != tensor.end(), where, ": ", key, " is missing");
  GRADUS_CHECK(found->is_array(), where, ": ", key, " is not a list");
  std::vector<std::uint64_t> numbers;
  for (const Json& number : *found) {
    GRADUS_CHECK(number.is_number_unsigned(), where, ": ", key, " must hold only whole numbers");
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

/// A shape from at most four sizes.
Shape shape_of(const std::vector<std::uint64_t>& sizes, const std::string& where) {
  Index s[Shape::max_rank] = {};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    GRADUS_CHECK(sizes[i] < (std::uint64_t{1} << 48), where, ": shape: the size ", sizes[i], " is too large");
    s[i] = static_cast<Index>(sizes[i]);
  }
  try {
    switch (sizes.size()) {
      case 0:
        return {1};
      case 1:
        return {s[0]};
      case 2:
        return {s[0], s[1]};
      case 3:
        return {s[0], s[1], s[2]};
      default:
        return {s[0], s[1], s[2], s[3]};
    }
  } catch (const Error& error) {
    throw Error(text(where, ": shape: ", error.what()));
  }
}

/// Whether a tensor of these sizes with elements of `width` bytes takes exactly `bytes` bytes.
bool fits(const std::vector<std::uint64_t>& sizes, std::uint64_t width, std::uint64_t bytes) {
  if (std::find(sizes.begin(), sizes.end(), 0u) != sizes.end()) return bytes == 0;
  for (const std::uint64_t size : sizes) {  // by division: the product may overflow
    if (bytes % size != 0) return false;
    bytes /= size;
  }
  return bytes == width;
}

Entry entry_of(const std::string& name, const Json& tensor, std::uint64_t data_bytes,
               const std::string& file) {
  const std::string where = text(file, ": tensor \"", name, "\"");
  GRADUS_CHECK(tensor.is_object(), where, ": not an object {...} in the header");
  const auto dtype = tensor.find("dtype");
  GRADUS_CHECK(dtype != tensor.end() && dtype->is_string(), where, ": dtype is missing or not a string");
  Entry entry{name, dtype->get<std::string>()};
  const std::uint64_t width = width_of(entry.type);
  const auto sizes = numbers_of(tensor, "shape", where), offsets = numbers_of(tensor, "data_offsets", where);
  GRADUS_CHECK(offsets.size() == 2, where, ": data_offsets has ", offsets.size(), " numbers, needs 2");
  entry.begin = offsets[0];
  entry.end = offsets[1];
  GRADUS_CHECK(entry.begin <= entry.end && entry.end <= data_bytes, where, ": data_offsets [", entry.begin,
               ", ", entry.end, "] are not within the ", data_bytes, " bytes of numbers");
  if (sizes.size() <= Shape::max_rank)
    entry.shape = shape_of(sizes, where);
  else
    entry.refusal = text("shape of ", sizes.size(), " sizes, at most ", Shape::max_rank, " can be read");
  if (width == 0)
    entry.refusal = text("unknown dtype \"", entry.type, "\"");
  else
    GRADUS_CHECK(fits(sizes, width, entry.end - entry.begin), where, ": shape ", tensor["shape"].dump(),
                 " of ", entry.type, " does not fit its ", entry.end - entry.begin, " bytes");
  return entry;
}

/// Every byte belongs to exactly one tensor.
void check_cover(const std::vector<Entry>& entries, std::uint64_t data_bytes, const std::string& file) {
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    GRADUS_CHECK(entry.begin == end, file, ": tensor \"", entry.name, "\": data_offsets begin at ",
                 entry.begin, (entry.begin < end ? ", overlapping" : ", after a gap behind"),
                 " the data that end at ", end);
    end = entry.end;
  }
  GRADUS_CHECK(end == data_bytes, file, ": the tensors end at byte ", end, " of ", data_bytes,
               " bytes of numbers");
}

Notes notes_of(const Json& header, const std::string& file) {
  Notes notes;
  const auto found = header.find(notes_key);
  if (found == header.end() || found->is_null()) return notes;
  GRADUS_CHECK(found->is_object(), file, ": header: ", notes_key, " is not an object {...}");
  for (const auto& [key, value] : found->items()) {
    GRADUS_CHECK(value.is_string(), file, ": header: ", notes_key, ": \"", key, "\" is not a string");
    notes[key] = value.get<std::string>();
  }
  return notes;
}

// --- reading: the numbers ---

double half(std::uint16_t bits) {  // 1 sign, 5 exponent, 10 fraction
  const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  const double size = exponent == 0    ? std::ldexp(fraction, -24)
                      : exponent == 31 ? (fraction ? std::nan("") : HUGE_VAL)
                                       : std::ldexp(fraction + 1024, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

double brain(std::uint16_t bits) {  // the upper half of a float
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
}

/// Whether Real represents this whole number exactly: the span from its first to its last binary 1 decides.
template <class Whole>
bool is_exact(Whole value) {
  const auto bits = static_cast<std::uint64_t>(value);  // NOLINT(bugprone-signed-char-misuse): a number
  const std::uint64_t size = std::cmp_less(value, 0) ? 0 - bits : bits;
  return static_cast<int>(std::bit_width(size)) - std::countr_zero(size) <= std::numeric_limits<Real>::digits;
}

/// Reads numbers as Real, each through value_of. Returns why that is impossible; empty when it succeeds.
template <class Stored, class Value>
std::string read_numbers(const std::byte* from, Tensor& out, Value value_of) {
  for (Index i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, from + static_cast<std::size_t>(i) * sizeof stored, sizeof stored);
    const auto value = value_of(stored);
    out[i] = static_cast<Real>(value);
    if constexpr (std::is_integral_v<Stored> &&
                  std::is_same_v<Stored, std::remove_const_t<decltype(value)>>) {
      if (!is_exact(value)) return text("element ", i, " is ", +value, ", which ", real_type, " rounds");
    } else if (std::isfinite(value) && !std::isfinite(out[i])) {
      return text("element ", i, " is ", value, ", beyond the range of ", real_type);
    }
  }
  return "";
}

/// The same for a dtype given by name.
std::string read_as(const std::string& type, const std::byte* from, Tensor& out) {
  const auto same = [](auto value) { return value; };
  if (type == "F16") return read_numbers<std::uint16_t>(from, out, half);
  if (type == "BF16") return read_numbers<std::uint16_t>(from, out, brain);
  if (type == "F32") return read_numbers<float>(from, out, same);
  if (type == "F64") return read_numbers<double>(from, out, same);
  if (type == "I8") return read_numbers<std::int8_t>(from, out, same);
  if (type == "I16") return read_numbers<std::int16_t>(from, out, same);
  if (type == "I32") return read_numbers<std::int32_t>(from, out, same);
  if (type == "I64") return read_numbers<std::int64_t>(from, out, same);
  if (type == "U8") return read_numbers<std::uint8_t>(from, out, same);
  if (type == "U16") return read_numbers<std::uint16_t>(from, out, same);
  if (type == "U32") return read_numbers<std::uint32_t>(from, out, same);
  if (type == "U64") return read_numbers<std::uint64_t>(from, out, same);
  if (type != "BOOL") return text("dtype ", type, " is not supported");
  const auto odd = std::find_if(from, from + out.size(), [](std::byte b) { return b > std::byte{1}; });
  if (odd != from + out.size()) return text("element ", odd - from, " of type BOOL is neither 0 nor 1");
  return read_numbers<std::uint8_t>(from, out, same);
}

// --- writing ---

/// The header with its length, padded so that the numbers begin at a multiple of 8.
std::string header_of(const std::vector<Named>& tensors, const Notes& notes, const std::string& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!notes.empty()) header[notes_key] = notes;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    GRADUS_CHECK(tensor.rank() > 0, file, ": tensor \"", name, "\" is empty (no shape) and cannot be saved");
    GRADUS_CHECK(name != notes_key && !header.contains(name), file, ": tensor \"", name,
                 "\": the name is taken");
    auto& entry = header[name];
    entry["dtype"] = real_type;
    entry["shape"] = nlohmann::ordered_json::array();
    for (int axis = 0; axis < tensor.rank(); ++axis) entry["shape"].push_back(tensor.dim(axis));
    entry["data_offsets"] = {offset, offset + tensor.bytes()};
    offset += tensor.bytes();
  }
  std::string body;
  try {
    body = header.dump();
  } catch (const nlohmann::json::type_error&) {
    throw Error(text(file, ": a name or note is not valid UTF-8"));
  }
  body.resize((body.size() + 7) / 8 * 8, ' ');
  GRADUS_CHECK(body.size() <= max_header, file, ": the header has ", body.size(), " bytes, at most ",
               max_header, " are allowed");
  const std::uint64_t length = body.size();
  std::string head(length_bytes, '\0');
  std::memcpy(head.data(), &length, length_bytes);
  return head + body;
}

}  // namespace

TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view words = header_text(bytes, name);
  const Json header = parse_header(words, name);
  const std::span<const std::byte> data = bytes.subspan(length_bytes + words.size());
  TensorFile file{name, {}, notes_of(header, name), {}, {}};
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items())
    if (key != notes_key) entries.push_back(entry_of(key, value, data.size(), name));
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_cover(entries, data.size(), name);
  for (const Entry& entry : entries) {
    std::string refusal = entry.refusal;
    Tensor tensor;
    if (refusal.empty()) {
      tensor = Tensor(entry.shape);
      refusal = read_as(entry.type, data.data() + entry.begin, tensor);
    }
    if (!refusal.empty()) {
      file.refused[entry.name] = refusal;
      continue;
    }
    if (entry.type != real_type) file.converted[entry.name] = entry.type;
    file.tensors.emplace_back(entry.name, std::move(tensor));
  }
  return file;
}

TensorFile read_safetensors(const fs::path& path) {
  return parse_safetensors(read_file(path, max_checkpoint), path.string());
}

void write_safetensors(const fs::path& path, const std::vector<Named>& tensors, const Notes& notes) {
  std::vector<Named> sorted = tensors;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Named& a, const Named& b) { return a.first < b.first; });
  const std::string header = header_of(sorted, notes, path.string());
  NewFile file(path);
  file.write(std::as_bytes(std::span(header)));
  for (const auto& [name, tensor] : sorted) file.write(std::as_bytes(tensor.values()));
  file.flush();
  file.commit();
}

}  // namespace gradus
