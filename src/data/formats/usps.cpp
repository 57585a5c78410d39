#include "gradus/data/formats/usps.hpp"

#include <algorithm>
#include <string_view>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace {

constexpr Index side = 16, pixels = side * side;

// The next run of non-blanks of the line, from `place` on; moves `place` behind it.
std::string_view next_token(std::string_view line, std::size_t& place) {
  while (place < line.size() && (line[place] == ' ' || line[place] == '\t' || line[place] == '\r')) ++place;
  const std::size_t begin = place;
  while (place < line.size() && line[place] != ' ' && line[place] != '\t' && line[place] != '\r') ++place;
  return line.substr(begin, place - begin);
}

std::string shortened(std::string_view token) {
  return token.size() <= 20 ? std::string(token) : std::string(token.substr(0, 20)) + "...";
}

// Returns the label of one line and writes its pixels to `out` [256].
int parse_line(std::string_view line, const std::string& name, std::size_t number, Real* out) {
  int label = 0;
  std::size_t place = 0;
  for (Index field = 0; field <= pixels; ++field) {
    const std::string_view token = next_token(line, place);
    double value = 0;
    GRADUS_CHECK(!token.empty(), name, ": line ", number, ": ", field, " numbers, expected a label and ",
                 pixels, " grey values");
    GRADUS_CHECK(parse_number(token, value), name, ": line ", number, ", column ", place - token.size() + 1,
                 ": expected a number, got '", shortened(token), "'");
    if (field == 0) {
      label = value >= 0 && value <= 9 ? static_cast<int>(value) : -1;
      GRADUS_CHECK(label == value, name, ": line ", number, ", column ", place - token.size() + 1,
                   ": label '", shortened(token), "', expected 0 .. 9");
    } else {
      GRADUS_CHECK(-1 <= value && value <= 1, name, ": line ", number, ", column ", place - token.size() + 1,
                   ": grey value '", shortened(token), "', expected -1 .. 1");
      out[field - 1] = static_cast<Real>((value + 1) / 2);
    }
  }
  const std::string_view rest = next_token(line, place);
  GRADUS_CHECK(rest.empty(), name, ": line ", number, ", column ", place - rest.size() + 1, ": '",
               shortened(rest), "' after ", pixels, " grey values, expected the end of the line");
  return label;
}

}  // namespace

Dataset parse_usps(std::span<const std::byte> bytes, const std::string& name) {
  if (is_gzip(bytes)) {
    const std::vector<std::byte> unpacked = gunzip(bytes, name);
    GRADUS_CHECK(!is_gzip(unpacked), name, ": gzip inside gzip, expected text inside gzip");
    return parse_usps(unpacked, name);
  }
  const std::string_view file = text_in(bytes, name);
  std::vector<Real> values;
  Dataset dataset;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < file.size(); ++number) {
    const std::size_t end = std::min(file.find('\n', begin), file.size());
    values.resize(values.size() + pixels);
    dataset.labels.push_back(
        parse_line(file.substr(begin, end - begin), name, number + 1, &values[values.size() - pixels]));
    begin = end + 1;
  }
  GRADUS_CHECK(number > 0, name, ": no line, expected a label and ", pixels, " grey values per line");
  dataset.name = name;
  dataset.images = Tensor::of({static_cast<Index>(number), side, side, 1}, values);
  dataset.classes = 10;
  return dataset;
}

Dataset read_usps(const std::filesystem::path& path) {
  Dataset dataset = parse_usps(read_file(path), path.string());
  dataset.name = path.stem().string();
  return dataset;
}

Split load_usps(const std::filesystem::path& root) {
  const auto read = [&](const char* file) {
    const std::filesystem::path path = plain_or_gz(root / "usps" / file);
    return read_usps(path.empty() ? root / "usps" / text(file, ".gz") : path);
  };
  Split split{read("zip.train"), read("zip.test"), ""};
  split.train.name = "USPS train";
  split.test.name = "USPS test";
  split.note = text("USPS: ", split.train.size(), " training and ", split.test.size(), " test digits.");
  return split;
}

}  // namespace gradus
