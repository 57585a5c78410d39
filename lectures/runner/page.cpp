#include "runner/page.hpp"

#include <cstdint>
#include <fstream>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus::lecture::page {

bool is_program(std::string_view name) {
  return name.size() > 3 && name[0] >= '0' && name[0] <= '9' && name[1] >= '0' && name[1] <= '9' &&
         name[2] == '_';
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

std::string figure_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return significant(value.get<double>(), 4);
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const Json& item : value) list += (list.empty() ? "" : ", ") + figure_text(item);
  return list;
}

std::string headline_of(const Json& report) {
  if (std::string headline = text_of(report, "headline"); !headline.empty()) return headline;
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
    if (report.contains("captions")) picture.caption = text_of(report["captions"], picture.file);
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
