#pragma once
// The page of a lecture: one self-contained HTML file with every picture and figure, to be opened offline.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <locale>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"

namespace page {

using Json = nlohmann::ordered_json;  // figures stay in the order in which the program reported them

enum class State { fine, failed, stopped, earlier, absent };

/// One program of the lecture: what happened to it, and what it reported.
struct Section {
  std::string name;  ///< 03_autoencoder
  State state = State::absent;
  std::string note;  ///< why it failed
  double seconds = 0;
  Json report;      ///< its entry in summary.json; an empty object when there is none
  std::string log;  ///< the last lines of what it printed
};

/// A file's bytes; "" when there is no such file.
inline std::string slurp(const std::filesystem::path& path) {
  if (std::error_code code; !std::filesystem::is_regular_file(path, code)) return "";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A text entry of a report, or "" when it is missing or no text.
inline std::string text_of(const Json& report, const char* key) {
  const auto found = report.is_object() ? report.find(key) : report.end();
  return found != report.end() && found->is_string() ? found->get<std::string>() : "";
}

/// 03_autoencoder_sampling -> "Autoencoder sampling"
inline std::string title_of(const Section& section) {
  if (std::string title = text_of(section.report, "title"); !title.empty()) return title;
  std::string title = section.name.size() > 3 ? section.name.substr(3) : section.name;
  for (char& c : title) c = c == '_' ? ' ' : c;
  if (title.starts_with("pca")) return "PCA" + title.substr(3);
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

/// A figure as people read it: four significant digits, lists with commas.
inline std::string figure_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return gradus::significant(value.get<double>(), 4);
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const Json& item : value) list += (list.empty() ? "" : ", ") + figure_text(item);
  return list;
}

/// What a program is remembered by: its own headline, or else its first figure.
inline std::string headline_of(const Json& report) {
  if (std::string headline = text_of(report, "headline"); !headline.empty()) return headline;
  const auto figures = report.is_object() ? report.find("figures") : report.end();
  if (figures == report.end() || !figures->is_object() || figures->empty()) return "";
  return figures->begin().key() + " " + figure_text(figures->begin().value());
}

/// A picture of a report: a file below the lecture's folder, and what is written under it.
struct Picture {
  std::string file, caption;
};

/// "pictures" lists the files, "captions" has texts for some of them; the others are called by their name.
inline std::vector<Picture> pictures_of(const Json& report) {
  std::vector<Picture> pictures;
  const auto list = report.is_object() ? report.find("pictures") : report.end();
  if (list == report.end() || !list->is_array()) return pictures;
  for (const Json& entry : *list) {
    if (!entry.is_string()) continue;
    Picture picture{entry.get<std::string>(), ""};
    if (report.contains("captions")) picture.caption = text_of(report["captions"], picture.file.c_str());
    if (picture.caption.empty()) {
      picture.caption = std::filesystem::path(picture.file).stem().string();
      for (char& c : picture.caption) c = c == '_' ? ' ' : c;
    }
    pictures.push_back(picture);
  }
  return pictures;
}

/// Escaped for HTML; `code` in backticks, empty lines part paragraphs.
inline std::string html(std::string_view text, bool markup = false) {
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

inline std::string base64(std::string_view bytes) {
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
inline std::pair<int, int> png_size(std::string_view bytes) {
  if (bytes.size() < 24 || bytes.substr(1, 3) != "PNG") return {0, 0};
  const auto number = [&](std::size_t begin) {
    int value = 0;
    for (std::size_t i = begin; i < begin + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  };
  return {number(16), number(20)};
}

inline const char* media_type(const std::string& file) {
  const std::string ending = std::filesystem::path(file).extension().string();
  if (ending == ".svg") return "image/svg+xml";
  if (ending == ".jpg" || ending == ".jpeg") return "image/jpeg";
  return ending == ".gif" ? "image/gif" : "image/png";
}

inline void write_picture(std::ostream& out, const std::filesystem::path& folder, const Picture& picture) {
  const std::string bytes = slurp(folder / picture.file);
  if (bytes.empty()) {
    out << "<p class=\"bad\">Missing picture: " << html(picture.file) << "</p>\n";
    return;
  }
  if (picture.file.ends_with(".html")) {  // a page of its own: too lively for a picture
    out << "<p class=\"page\"><a href=\"" << html(picture.file) << "\">" << html(picture.caption)
        << "</a></p>\n";
    return;
  }
  // Small pictures are grids of tiny images: their pixels are shown larger, not blurred.
  const auto [width, height] = png_size(bytes);
  const int zoom = width > 0 && width < 360 ? (width < 120 ? 4 : width < 200 ? 3 : 2) : 1;
  const bool plot = width >= 500 && width < 2 * height;  // two of these stand side by side
  out << (plot ? "<figure class=\"half\">" : "<figure>") << "<a href=\"" << html(picture.file)
      << "\"><img alt=\"" << html(picture.caption) << "\"";
  if (width > 0) out << " width=\"" << width * zoom << "\"";
  if (zoom > 1) out << " class=\"pixels\"";
  out << " src=\"data:" << media_type(picture.file) << ";base64," << base64(bytes) << "\"></a><figcaption>"
      << html(picture.caption) << "</figcaption></figure>\n";
}

inline void write_figures(std::ostream& out, const Json& report) {
  const auto figures = report.is_object() ? report.find("figures") : report.end();
  if (figures == report.end() || !figures->is_object() || figures->empty()) return;
  out << "<table class=\"figures\"><tbody>\n";
  for (const auto& [name, value] : figures->items()) {
    out << "<tr><th scope=\"row\">" << html(name) << "</th><td>" << html(figure_text(value))
        << "</td></tr>\n";
  }
  out << "</tbody></table>\n";
}

inline const char* word_of(State state) {
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
inline std::string circumstances(const Section& section) {
  std::string line;
  const auto add = [&](const std::string& part) {
    line += (line.empty() || part.empty() ? "" : " · ") + part;
  };
  if (const std::string preset = text_of(section.report, "preset"); !preset.empty()) add("preset " + preset);
  if (section.report.is_object() && section.report.contains("seed"))
    add("seed " + figure_text(section.report["seed"]));
  add(text_of(section.report, "dataset"));
  if (section.seconds > 0) add(gradus::fixed(section.seconds, 1) + " s");
  return line;
}

inline constexpr const char* style = R"(
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #22252b; --soft: #666b75; --line: #dedbd3; --card: #fff;
  --accent: #8a3b12; --good: #2c6e49; --bad: #a4262c; --mat: #fff; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e4e2dc; --soft: #9a9fa8; --line: #33373e;
  --card: #1e2126; --accent: #e39a6b; --good: #74c69d; --bad: #ff8a80; --mat: #f4f2ed; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0 auto; max-width: 72rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 Georgia, "Iowan Old Style", "DejaVu Serif", serif; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .4rem; font-weight: normal; letter-spacing: -.01em; }
h2 { font-size: 1.5rem; line-height: 1.3; margin: 0; font-weight: normal; }
h2 .number { color: var(--accent); margin-right: .6rem; font-variant-numeric: tabular-nums; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .15em; }
code, pre, .figures, .meta, .overview td, .overview th, figcaption, .badge { font-family: ui-sans-serif, system-ui,
  "Segoe UI", "DejaVu Sans", sans-serif; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; font-size: .85em; }
.meta { color: var(--soft); font-size: .85rem; margin: .2rem 0 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.overview { width: 100%; margin: 1.75rem 0 0; font-size: .92rem; }
.overview th { text-align: left; color: var(--soft); font-weight: normal; font-size: .8rem; }
.overview th, .overview td { padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
.overview .amount, .figures td { text-align: right; white-space: nowrap; }
section { margin-top: 3rem; padding-top: 1.6rem; border-top: 2px solid var(--line); }
.look { max-width: 44rem; margin: 1rem 0; }
.look p { margin: 0 0 .7rem; }
.badge { font-size: .75rem; padding: .05rem .5rem; border: 1px solid currentColor; border-radius: 1rem; white-space: nowrap; }
.ran { color: var(--good); } .failed, .bad { color: var(--bad); } .stopped, .earlier, .not { color: var(--soft); }
h2 .badge { vertical-align: .2em; margin-left: .6rem; }
.pictures { display: flex; flex-wrap: wrap; gap: 1.25rem; align-items: flex-start; margin: 1.25rem 0; }
figure { margin: 0; padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; max-width: 100%; }
@media (min-width: 52rem) { figure.half { max-width: calc(50% - .625rem); } }
figure a { display: block; background: var(--mat); }
.page { margin: 0; font-size: 1.15rem; flex-basis: 100%; }
img { display: block; max-width: 100%; height: auto; }
img.pixels { image-rendering: pixelated; }
figcaption { color: var(--soft); font-size: .82rem; line-height: 1.4; margin-top: .5rem; }
.figures { font-size: .9rem; margin: 1rem 0; }
.figures th { text-align: left; font-weight: normal; padding: .25rem 2.5rem .25rem 0; color: var(--soft); }
.figures tr + tr > * { border-top: 1px solid var(--line); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .75rem; overflow-x: auto; line-height: 1.4; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
@media print { section { break-inside: avoid-page; } details { display: none; } }
)";

inline std::string badge(State state) {
  return std::string("<span class=\"badge ") + word_of(state) + "\">" + word_of(state) + "</span>";
}

inline void write_overview(std::ostream& out, const std::vector<Section>& sections) {
  out << "<div class=\"scroll\"><table class=\"overview\"><thead><tr><th></th><th>Program</th><th></th>"
         "<th class=\"amount\">Seconds</th><th>Key figure</th></tr></thead><tbody>\n";
  for (const Section& section : sections) {
    const std::string seconds = section.seconds > 0 ? gradus::fixed(section.seconds, 1) : "";
    out << "<tr><td>" << html(section.name.substr(0, 2)) << "</td><td><a href=\"#" << html(section.name)
        << "\">" << html(title_of(section)) << "</a></td><td>" << badge(section.state)
        << "</td><td class=\"amount\">" << seconds << "</td><td>" << html(headline_of(section.report))
        << "</td></tr>\n";
  }
  out << "</tbody></table></div>\n";
}

inline void write_section(std::ostream& out, const std::filesystem::path& folder, const Section& section) {
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
    out << "<details><summary>What it printed</summary><pre>" << html(section.log) << "</pre></details>\n";
  }
  out << "</section>\n";
}

/// Writes folder/index.html; pictures are found below the folder and put into the page itself.
/// Throws gradus::Error when it cannot be written.
inline void write(const std::filesystem::path& folder, const std::string& title, const std::string& subtitle,
                  const std::vector<Section>& sections) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" "
         "href=\"data:,\">\n"
         "<title>"
      << html(title) << "</title>\n<style>" << style << "</style>\n</head>\n<body>\n<header>\n<h1>"
      << html(title) << "</h1>\n<p class=\"meta\">" << html(subtitle) << "</p>\n";
  write_overview(out, sections);
  out << "</header>\n<main>\n";
  for (const Section& section : sections) write_section(out, folder, section);
  out << "</main>\n</body>\n</html>\n";
  gradus::write_file(folder / "index.html", std::as_bytes(std::span(out.view())));
}

}  // namespace page
