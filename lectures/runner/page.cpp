#include "runner/page.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <fstream>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus::lecture::page {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The length of the number at the beginning of the words, 0 when there is none; `fraction`: it has a point.
std::size_t number_at(std::string_view words, bool& fraction) {
  std::size_t i = 0;
  fraction = false;
  for (; i < words.size(); ++i) {
    const bool point =
        words[i] == '.' && !fraction && i > 0 && i + 1 < words.size() && is_digit(words[i + 1]);
    if (!is_digit(words[i]) && !point) break;
    fraction = fraction || point;
  }
  std::size_t end = i;
  if (i > 0 && i + 2 < words.size() && words[i] == 'e' && (words[i + 1] == '-' || words[i + 1] == '+'))
    for (end = i + 2; end < words.size() && is_digit(words[end]);) ++end;
  if (end <= i + 2) return i;
  fraction = true;
  return end;
}

/// Of a number in the words: its digits from the first that is not 0, without an exponent.
std::ptrdiff_t significant_digits(std::string_view number) {
  number = number.substr(0, number.find('e'));
  number.remove_prefix(std::min(number.find_first_of("123456789"), number.size()));
  return std::count_if(number.begin(), number.end(), is_digit);
}

}  // namespace

bool is_program(std::string_view name) {
  return name.size() > 3 && is_digit(name[0]) && is_digit(name[1]) && name[2] == '_';
}

std::string slurp(const std::filesystem::path& path) {
  if (std::error_code code; !std::filesystem::is_regular_file(path, code)) return "";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text_of(const Json& report, const std::string& key) {
  const auto found = report.is_object() ? report.find(key) : report.end();
  return found != report.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string rounded(double value) {
  const double size = std::abs(value);
  if (size < 1e6 && value == std::round(value)) return fixed(value, 0);
  if (size < 100 || !(size < 1e6)) return significant(value, 3);
  const double unit = std::pow(10.0, std::floor(std::log10(size)) - 2);
  return fixed(std::round(value / unit) * unit, 0);
}

std::string with_rounded_numbers(std::string_view words) {
  std::string out;
  while (!words.empty()) {
    bool fraction = false;
    const char before = out.empty() ? ' ' : out.back();
    const bool inside =
        before == '.' || before == '_' || std::isalnum(static_cast<unsigned char>(before)) != 0;
    const std::size_t size = number_at(words, fraction);
    double value = 0;
    if (fraction && !inside && significant_digits(words.substr(0, size)) > 4 &&
        parse_number(words.substr(0, size), value)) {
      const std::string plain(words.substr(0, size));
      std::string shorter = rounded(value);
      out += shorter.size() < plain.size() ? shorter : plain;
    } else {
      out += words.substr(0, std::max<std::size_t>(size, 1));
    }
    words.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string figure_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return rounded(value.get<double>());
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const Json& item : value) list += (list.empty() ? "" : ", ") + figure_text(item);
  return list;
}

std::string headline_of(const Json& report) {
  if (std::string headline = text_of(report, "headline"); !headline.empty())
    return with_rounded_numbers(headline);
  const auto figures = report.is_object() ? report.find("figures") : report.end();
  if (figures == report.end() || !figures->is_object() || figures->empty()) return "";
  return figures->begin().key() + " " + figure_text(figures->begin().value());
}

/// The sounds below a picture; entries of another form are ignored.
static std::vector<SoundFile> sounds_of(const Json& report, const std::string& picture) {
  std::vector<SoundFile> sounds;
  const Json all = report.value("sounds", Json::object());
  if (!all.is_object() || !all.contains(picture) || !all[picture].is_array()) return sounds;
  for (const Json& entry : all[picture])
    if (const std::string file = text_of(entry, "file"); !file.empty())
      sounds.push_back({file, text_of(entry, "name")});
  return sounds;
}

std::vector<Picture> pictures_of(const Json& report) {
  std::vector<Picture> pictures;
  const auto list = report.is_object() ? report.find("pictures") : report.end();
  if (list == report.end() || !list->is_array()) return pictures;
  for (const Json& entry : *list) {
    if (!entry.is_string()) continue;
    Picture picture{entry.get<std::string>(), "", sounds_of(report, entry)};
    if (report.contains("captions"))
      picture.caption = with_rounded_numbers(text_of(report["captions"], picture.file));
    if (picture.caption.empty()) {
      picture.caption = std::filesystem::path(picture.file).stem().string();
      for (char& c : picture.caption) c = c == '_' ? ' ' : c;
    }
    pictures.push_back(picture);
  }
  return pictures;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      word = word << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

const char* word_of(State state) {
  switch (state) {
    case State::fine:
      return "ran";
    case State::failed:
      return "failed";
    case State::stopped:
      return "stopped";
    case State::earlier:
      return "earlier run";
    case State::absent:
      break;
  }
  return "not run";
}

std::string filled(std::string page, std::string_view place, std::string_view value) {
  const std::string mark = text("@", place, "@");
  const std::size_t begin = page.find(mark);
  GRADUS_CHECK(begin != page.npos, "the page has no place ", mark);
  return page.replace(begin, mark.size(), value);
}

}  // namespace gradus::lecture::page
