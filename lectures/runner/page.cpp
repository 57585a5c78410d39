#include "runner/page.hpp"

#include <cstdint>
#include <fstream>
#include <locale>
#include <span>
#include <sstream>
#include <utility>

#include "embedded/page_css.hpp"
#include "embedded/page_html.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"

namespace gradus::lecture::page {

std::string slurp(const std::filesystem::path& path) {
  if (std::error_code code; !std::filesystem::is_regular_file(path, code)) return "";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A string entry of a report, or "" when it is missing or not a string.
static std::string text_of(const Json& report, const char* key) {
  const auto found = report.is_object() ? report.find(key) : report.end();
  return found != report.end() && found->is_string() ? found->get<std::string>() : "";
}

/// 03_autoencoder_sampling -> "Autoencoder sampling"
static std::string title_of(const Section& section) {
  if (std::string title = text_of(section.report, "title"); !title.empty()) return title;
  std::string title = section.name.size() > 3 ? section.name.substr(3) : section.name;
  for (char& c : title) c = c == '_' ? ' ' : c;
  if (title.starts_with("pca")) return "PCA" + title.substr(3);
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

/// A figure for the reader: four significant digits, lists with commas.
static std::string figure_text(const Json& value) {
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
    if (report.contains("captions")) picture.caption = text_of(report["captions"], picture.file.c_str());
    if (picture.caption.empty()) {
      picture.caption = std::filesystem::path(picture.file).stem().string();
      for (char& c : picture.caption) c = c == '_' ? ' ' : c;
    }
    pictures.push_back(picture);
  }
  return pictures;
}

/// Escapes text for HTML. With markup, backticks enclose `code` and empty lines separate paragraphs.
static std::string html(std::string_view text, bool markup = false) {
  std::string out;
  bool code = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (markup && c == '`') {
      out += code ? "</code>" : "<code>";
      code = !code;
    } else if (markup && text.substr(i).starts_with("\n\n")) {
      out += "</p><p>";
      ++i;
    } else if (c == '<') {
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
  return out + (code ? "</code>" : "");
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

/// Width and height in pixels, from the header of a PNG; zeros for anything else.
static std::pair<int, int> png_size(std::string_view bytes) {
  if (bytes.size() < 24 || bytes.substr(1, 3) != "PNG") return {0, 0};
  const auto number = [&](std::size_t begin) {
    int value = 0;
    for (std::size_t i = begin; i < begin + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  };
  return {number(16), number(20)};
}

static const char* media_type(const std::string& file) {
  const std::string ending = std::filesystem::path(file).extension().string();
  if (ending == ".svg") return "image/svg+xml";
  if (ending == ".wav") return "audio/wav";
  if (ending == ".jpg" || ending == ".jpeg") return "image/jpeg";
  return ending == ".gif" ? "image/gif" : "image/png";
}

static std::string data_address(const std::string& file, std::string_view bytes) {
  return text("data:", media_type(file), ";base64,", base64(bytes));
}

static void write_players(std::ostream& out, const std::filesystem::path& folder, const Picture& picture) {
  if (picture.sounds.empty()) return;
  out << "<div class=\"players\">";
  for (const SoundFile& sound : picture.sounds)
    out << "<label><a href=\"" << html(sound.file) << "\">" << html(sound.name)
        << "</a><audio controls preload=\"none\" src=\""
        << data_address(sound.file, slurp(folder / sound.file)) << "\"></audio></label>";
  out << "</div>\n";
}

static void write_picture(std::ostream& out, const std::filesystem::path& folder, const Picture& picture) {
  const std::string bytes = slurp(folder / picture.file);
  if (bytes.empty()) {
    out << "<p class=\"bad\">Missing picture: " << html(picture.file) << "</p>\n";
    return;
  }
  if (picture.file.ends_with(".html")) {  // a page of its own: linked, not embedded
    out << "<p class=\"page\"><a href=\"" << html(picture.file) << "\">" << html(picture.caption)
        << "</a></p>\n";
    return;
  }
  // Small pictures are grids of tiny images: their pixels are enlarged without smoothing.
  const auto [width, height] = png_size(bytes);
  const int zoom = width > 0 && width < 360 ? (width < 120 ? 4 : width < 200 ? 3 : 2) : 1;
  const bool plot = width >= 500 && width < 2 * height;  // two of these fit side by side
  out << (plot ? "<figure class=\"half\">" : "<figure>") << "<a href=\"" << html(picture.file)
      << "\"><img alt=\"" << html(picture.caption) << "\"";
  if (width > 0) out << " width=\"" << width * zoom << "\"";
  if (zoom > 1) out << " class=\"pixels\"";
  out << " src=\"" << data_address(picture.file, bytes) << "\"></a>";
  write_players(out, folder, picture);
  out << "<figcaption>" << html(picture.caption) << "</figcaption></figure>\n";
}

static void write_figures(std::ostream& out, const Json& report) {
  const auto figures = report.is_object() ? report.find("figures") : report.end();
  if (figures == report.end() || !figures->is_object() || figures->empty()) return;
  out << "<table class=\"figures\"><tbody>\n";
  for (const auto& [name, value] : figures->items()) {
    out << "<tr><th scope=\"row\">" << html(name) << "</th><td>" << html(figure_text(value))
        << "</td></tr>\n";
  }
  out << "</tbody></table>\n";
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

/// "preset quick, seed 1, generated digits, 12.3 s"
static std::string circumstances(const Section& section) {
  std::string line;
  const auto add = [&](const std::string& part) {
    line += (line.empty() || part.empty() ? "" : " · ") + part;
  };
  if (const std::string preset = text_of(section.report, "preset"); !preset.empty()) add("preset " + preset);
  if (section.report.is_object() && section.report.contains("seed"))
    add("seed " + figure_text(section.report["seed"]));
  add(text_of(section.report, "dataset"));
  if (section.seconds > 0) add(fixed(section.seconds, 1) + " s");
  return line;
}

static std::string badge(State state) {
  return std::string("<span class=\"badge ") + word_of(state) + "\">" + word_of(state) + "</span>";
}

static void write_overview(std::ostream& out, const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    if (!part.title.empty())
      out << "<tr class=\"part\"><th colspan=\"5\" scope=\"rowgroup\">" << html(part.title) << "</th></tr>\n";
    for (const Section& section : part.sections) {
      const std::string seconds = section.seconds > 0 ? fixed(section.seconds, 1) : "";
      out << "<tr><td>" << html(section.name.substr(0, 2)) << "</td><td><a href=\"#" << html(section.name)
          << "\">" << html(title_of(section)) << "</a></td><td>" << badge(section.state)
          << "</td><td class=\"amount\">" << seconds << "</td><td>" << html(headline_of(section.report))
          << "</td></tr>\n";
    }
  }
}

static void write_section(std::ostream& out, const std::filesystem::path& folder, const Section& section) {
  out << "<section id=\"" << html(section.name) << "\">\n<h2><span class=\"number\">"
      << html(section.name.substr(0, 2)) << "</span>" << html(title_of(section)) << badge(section.state)
      << "</h2>\n<p class=\"meta\"><code>" << html(section.name) << "</code> · "
      << html(circumstances(section)) << "</p>\n";
  if (const std::string slide = text_of(section.report, "slide"); !slide.empty()) {
    out << "<p class=\"meta\">Slide: " << html(slide) << "</p>\n";
  }
  if (!section.note.empty()) out << "<p class=\"bad\">" << html(section.note) << "</p>\n";
  if (section.state == State::failed) out << "<pre>" << html(section.log) << "</pre>\n";
  if (const std::string look = text_of(section.report, "look"); !look.empty()) {
    out << "<div class=\"look\"><p>" << html(look, true) << "</p></div>\n";
  }
  out << "<div class=\"pictures\">\n";
  for (const Picture& picture : pictures_of(section.report)) write_picture(out, folder, picture);
  out << "</div>\n";
  write_figures(out, section.report);
  if (section.state == State::fine && !section.log.empty()) {
    out << "<details><summary>Output</summary><pre>" << html(section.log) << "</pre></details>\n";
  }
  out << "</section>\n";
}

static void write_part(std::ostream& out, const std::filesystem::path& folder, const Part& part) {
  if (!part.title.empty()) out << "<h2 class=\"part\">" << html(part.title) << "</h2>\n";
  for (const Section& section : part.sections) write_section(out, folder, section);
}

std::string filled(std::string page, std::string_view place, std::string_view value) {
  const std::string mark = text("@", place, "@");
  const std::size_t begin = page.find(mark);
  GRADUS_CHECK(begin != page.npos, "the page has no place ", mark);
  return page.replace(begin, mark.size(), value);
}

void write(const std::filesystem::path& folder, const std::string& title, const std::string& subtitle,
           const std::vector<Part>& parts) {
  std::ostringstream overview, sections;
  overview.imbue(std::locale::classic());
  sections.imbue(std::locale::classic());
  write_overview(overview, parts);
  for (const Part& part : parts) write_part(sections, folder, part);
  std::string page = filled(std::string(embedded::page_html), "STYLE", embedded::page_css);
  page = filled(filled(page, "TITLE", html(title)), "HEADING", html(title));
  page = filled(filled(page, "SUBTITLE", html(subtitle)), "OVERVIEW", overview.view());
  page = filled(page, "PARTS", sections.view());
  write_file(folder / "index.html", std::as_bytes(std::span(page)));
}

}  // namespace gradus::lecture::page
