#include "gradus/data/formats/table.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace {

// A position in a file, for messages.
struct Place {
  const std::string& name;
  std::size_t line;
  std::size_t column;  // field, from 1
};

std::ostream& operator<<(std::ostream& stream, const Place& place) {
  return stream << place.name << ": line " << place.line << ", column " << place.column;
}

std::string shortened(std::string_view field) {
  return field.size() <= 20 ? std::string(field) : std::string(field.substr(0, 20)) + "...";
}

std::string trimmed(std::string_view field) {
  const std::size_t begin = field.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return "";
  return std::string(field.substr(begin, field.find_last_not_of(" \t\r") - begin + 1));
}

// The fields of a line. A quoted field ends at the quote; inside it, a doubled quote stands for one quote.
std::vector<std::string> split_line(std::string_view line, const std::string& name, std::size_t number,
                                    char separator) {
  std::vector<std::string> fields;
  for (std::size_t i = 0;;) {
    const std::size_t quote = line.find_first_not_of(" \t", i);
    if (quote != std::string_view::npos && line[quote] == '"') {
      std::string field;
      for (i = quote + 1; i < line.size() && (line[i] != '"' || line.substr(i, 2) == "\"\""); ++i) {
        if (line[i] == '"') ++i;
        field += line[i];
      }
      const Place place{name, number, fields.size() + 1};
      GRADUS_CHECK(i < line.size(), place, ": the quote is not closed");
      i = std::min(line.find_first_not_of(" \t\r", i + 1), line.size());
      GRADUS_CHECK(i == line.size() || line[i] == separator, place,
                   ": text after the closing quote, expected '", separator, "'");
      fields.push_back(std::move(field));
    } else {
      const std::size_t end = std::min(line.find(separator, i), line.size());
      fields.push_back(trimmed(line.substr(i, end - i)));
      i = end;
    }
    if (i >= line.size()) return fields;
    ++i;  // past the separator
  }
}

// A guess why a field is not a number, for the end of a message; empty when there is none.
std::string guess(const std::string& field, char separator) {
  for (const char other : {';', '\t', ','})
    if (other != separator && field.find(other) != field.npos) {
      std::string point = field;
      std::replace(point.begin(), point.end(), ',', '.');
      double ignored = 0;
      if (other == ',' && parse_number(point, ignored)) return " (decimals are written with a point)";
      return text(" (are the columns separated by ", other == '\t' ? "tabs" : std::string{'\'', other, '\''},
                  "? then set TableOptions::separator)");
    }
  return "";
}

bool is_header(const std::vector<std::string>& fields, std::size_t numbers) {
  double ignored = 0;
  return std::none_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(numbers),
                      [&](const std::string& field) { return parse_number(field, ignored); });
}

// Maps labels to 0 .. classes-1: whole numbers below 1000 keep their value, any other text is a class name.
void set_labels(Dataset& data, const std::vector<std::string>& words) {
  constexpr double most = 1000;
  double value = 0;
  const bool numbers = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return parse_number(word, value) && value >= 0 && value < most && value == std::floor(value);
  });
  std::map<std::string, int> known;
  for (const std::string& word : words) {
    if (numbers) {
      parse_number(word, value);
      data.labels.push_back(static_cast<int>(value));
    } else {
      const auto [found, fresh] = known.try_emplace(word, static_cast<int>(known.size()));
      if (fresh) data.class_names.push_back(word);
      data.labels.push_back(found->second);
    }
  }
  data.classes = *std::max_element(data.labels.begin(), data.labels.end()) + 1;
}

// The contents read so far.
struct Reader {
  const std::string& name;
  const TableOptions& options;
  Table table{};
  std::vector<Real> values{};
  std::vector<std::string> words{};
  std::size_t width = 0;  // fields per line, set by the first line

  std::size_t numbers() const { return width - (options.labels ? 1 : 0); }

  void line(std::string_view content, std::size_t number) {
    const std::vector<std::string> fields = split_line(content, name, number, options.separator);
    if (width == 0) {
      width = fields.size();
      GRADUS_CHECK(numbers() > 0, name, ": line ", number, ": ", width, width == 1 ? " column" : " columns",
                   ", expected at least one number", options.labels ? " and the label" : "",
                   guess(fields[0], options.separator));
      if (is_header(fields, numbers())) {
        table.columns = fields;
        return;
      }
    }
    GRADUS_CHECK(fields.size() == width, name, ": line ", number, ": ", fields.size(), " columns, expected ",
                 width, " as in the first line");
    for (std::size_t i = 0; i < numbers(); ++i) {
      double value = 0;
      GRADUS_CHECK(parse_number(fields[i], value), Place{name, number, i + 1},
                   table.columns.empty() ? "" : " (" + table.columns[i] + ")", ": expected a number, got '",
                   shortened(fields[i]), "'", guess(fields[i], options.separator));
      values.push_back(static_cast<Real>(value));
    }
    if (!options.labels) return;
    GRADUS_CHECK(!fields.back().empty(), Place{name, number, width}, ": the label is empty");
    words.push_back(fields.back());
  }
};

}  // namespace

Table parse_table(std::span<const std::byte> bytes, const std::string& name, const TableOptions& options) {
  if (is_gzip(bytes)) {
    const std::vector<std::byte> unpacked = gunzip(bytes, name);
    GRADUS_CHECK(!is_gzip(unpacked), name, ": gzip inside gzip, expected text inside gzip");
    return parse_table(unpacked, name, options);
  }
  const std::string_view content = text_in(bytes, name);
  Reader reader{name, options};
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    reader.line(content.substr(begin, end - begin), ++number);
    begin = end + 1;
  }
  GRADUS_CHECK(!reader.values.empty(), name, ": no line of numbers");
  const auto columns = static_cast<Index>(reader.numbers());
  Table table = std::move(reader.table);
  table.data.name = name;
  table.data.images =
      Tensor::of({static_cast<Index>(reader.values.size()) / columns, columns}, reader.values);
  if (options.labels) set_labels(table.data, reader.words);
  return table;
}

Table read_table(const std::filesystem::path& path, const TableOptions& options) {
  Table table = parse_table(read_file(path), path.string(), options);
  table.data.name = path.stem().string();
  return table;
}

}  // namespace gradus
