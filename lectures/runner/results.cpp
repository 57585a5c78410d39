#include "runner/results.hpp"

#include <utility>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "runner/quantities.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

using page::escaped;
using page::Json;
using page::Picture;
using page::Section;
using page::State;
using page::text_of;

/// Width and height in pixels, from the header of a PNG; zeros for anything else.
std::pair<int, int> png_size(std::string_view bytes) {
  if (bytes.size() < 24 || bytes.substr(1, 3) != "PNG") return {0, 0};
  const auto number = [&](std::size_t begin) {
    int value = 0;
    for (std::size_t i = begin; i < begin + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  };
  return {number(16), number(20)};
}

/// `words` with `code` between backticks; empty lines separate paragraphs.
std::string paragraphs(const std::string& words) {
  std::string out;
  bool code = false;
  const std::string html = escaped(words);
  for (std::size_t i = 0; i < html.size(); ++i) {
    if (html[i] == '`') {
      out += code ? "</code>" : "<code>";
      code = !code;
    } else if (html.compare(i, 2, "\n\n") == 0) {
      out += "</p><p>";
      ++i;
    } else {
      out += html[i];
    }
  }
  return "<p>" + out + (code ? "</code></p>" : "</p>");
}

std::string figures_table(const Section& section) {
  const std::string rows = figure_rows(section);
  if (rows.empty()) return "";
  return text("<div class=\"scroll\" role=\"group\" aria-label=\"Figures\"><table class=\"figures\">",
              figures_head(!section.beside.empty()), "<tbody>\n", rows, "</tbody></table></div>\n");
}

std::string player_html(const fs::path& folder, const std::string& url_prefix, const SoundFile& sound) {
  if (std::error_code code; !fs::is_regular_file(folder / sound.file, code))
    return "<p class=\"bad\">Missing sound: " + escaped(sound.file) + "</p>";
  const std::string url = escaped(url_prefix + sound.file);
  return "<label><a href=\"" + url + "\">" + escaped(sound.name) +
         "</a><audio controls preload=\"none\" src=\"" + url + "\"></audio></label>";
}

/// "preset quick · seed 1 · generated digits · 12.3 s"
std::string circumstances(const Section& section) {
  std::string line;
  const auto add = [&](const std::string& part) {
    line += (line.empty() || part.empty() ? "" : " · ") + part;
  };
  if (const std::string preset = text_of(section.report, "preset"); !preset.empty()) add("preset " + preset);
  if (section.report.is_object() && section.report.contains("seed"))
    add("seed " + section.report["seed"].dump());  // exact, so that the run can be repeated
  add(text_of(section.report, "dataset"));
  if (section.seconds > 0) add(fixed(section.seconds, 1) + " s");
  return line;
}

}  // namespace

std::string title_of(const Section& section) {
  if (std::string title = text_of(section.report, "title"); !title.empty()) return title;
  std::string title = section.name.size() > 3 ? section.name.substr(3) : section.name;
  for (char& c : title) c = c == '_' ? ' ' : c;
  if (title.starts_with("pca")) return "PCA" + title.substr(3);
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

std::string badge(State state) {
  return std::string("<span class=\"badge ") + page::word_of(state) + "\">" + page::word_of(state) +
         "</span>";
}

std::string state_of(const Section& section) {
  if (section.state == State::absent)
    return "<p class=\"meta\">This program has not run. Its pictures and figures are here after <code>make "
           "lecture4 ONLY=" +
           escaped(section.name.substr(0, 2)) + "</code>.</p>\n";
  std::string out = "<p class=\"meta\"><code>" + escaped(section.name) + "</code> · " +
                    escaped(circumstances(section)) + "</p>\n";
  if (!section.note.empty()) out += "<p class=\"bad\">" + escaped(section.note) + "</p>\n";
  if (section.state == State::failed) out += "<pre>" + escaped(section.log) + "</pre>\n";
  return out;
}

std::string picture_html(const fs::path& folder, const std::string& url_prefix, const Picture& picture) {
  const std::string url = escaped(url_prefix + picture.file), caption = escaped(picture.caption);
  if (std::error_code code; !fs::is_regular_file(folder / picture.file, code))
    return "<p class=\"bad\">Missing picture: " + escaped(picture.file) + "</p>\n";
  if (picture.file.ends_with(".html"))  // a page of its own
    return "<p class=\"page\"><a href=\"" + url + "\">" + caption + "</a></p>\n";
  std::string players;
  for (const SoundFile& sound : picture.sounds) players += player_html(folder, url_prefix, sound);
  if (!players.empty()) players = "<div class=\"players\">" + players + "</div>\n";
  // Small pictures are grids of tiny images: their pixels are enlarged without smoothing.
  const auto [width, height] = png_size(page::slurp(folder / picture.file));
  const int zoom = width > 0 && width < 360 ? (width < 120 ? 4 : width < 200 ? 3 : 2) : 1;
  const bool plot = width >= 500 && width < 2 * height;  // two of these fit side by side
  return text(plot ? "<figure class=\"half\">" : "<figure>", "<a href=\"", url,
              "\"><img loading=\"lazy\" alt=\"", caption, "\"",
              width > 0 ? text(" width=\"", width * zoom, "\" height=\"", height * zoom, "\"") : "",
              zoom > 1 ? " class=\"pixels\"" : "", " src=\"", url, "\"></a>", players, "<figcaption>",
              caption, "</figcaption></figure>\n");
}

std::string picture_of_run(const Section& section, const Folders& folders, const Picture& picture) {
  std::string own = picture_html(folders.out, "", picture);
  if (section.beside.empty() || folders.beside.empty()) return own;
  const std::string up = fs::relative(folders.beside, folders.out).generic_string() + "/";
  std::string other = "<p class=\"meta\">no such picture</p>";
  for (const Picture& one : page::pictures_of(section.beside))
    if (one.file == picture.file)
      other = picture_html(folders.beside, up, {one.file, picture.caption, one.sounds});
  return "<div class=\"pair\"><div><p class=\"meta\">Your files</p>" + own +
         "</div><div><p class=\"meta\">The library's files</p>" + other + "</div></div>\n";
}

std::string results_of(const Section& section, const Folders& folders, const std::set<std::string>& shown) {
  std::string out;
  if (const std::string look = text_of(section.report, "look"); !look.empty())
    out += "<div class=\"look\">" + paragraphs(look) + "</div>\n";
  std::string pictures;
  for (const Picture& picture : page::pictures_of(section.report))
    if (!shown.contains(picture.file)) pictures += picture_of_run(section, folders, picture);
  if (!pictures.empty()) out += "<div class=\"pictures\">\n" + pictures + "</div>\n";
  out += figures_table(section);
  if (section.state == State::fine && !section.log.empty())
    out += "<details class=\"output\"><summary>Output</summary><pre>" + escaped(section.log) +
           "</pre></details>\n";
  return out;
}

std::string figure_of(const Json& report, const std::string& program, const std::string& name) {
  const Json figures = report.is_object() ? report.value("figures", Json::object()) : Json();
  if (!figures.is_object() || !figures.contains(name)) return "";
  const std::string_view unit = quantity_of(program, name).unit;
  return page::figure_text(figures[name]) + (unit.empty() ? "" : " ") + std::string(unit);
}

std::string figures_head(bool beside) {
  return beside ? "<thead><tr><th>Figure</th><th>your files</th><th>the library's</th><td></td></tr></thead>"
                : "";
}

std::string figure_rows(const Section& section) {
  std::string rows;
  if (!section.report.is_object()) return rows;
  const Json figures = section.report.value("figures", Json::object());
  if (!figures.is_object()) return rows;
  const auto cell = [](std::string_view words) { return "<td>" + escaped(words) + "</td>"; };
  for (const auto& [name, value] : figures.items()) {
    rows += "<tr><th scope=\"row\">" + escaped(name) + "</th>" +
            cell(figure_of(section.report, section.name, name));
    if (!section.beside.empty()) rows += cell(figure_of(section.beside, section.name, name));
    rows += cell(words_of(quantity_of(section.name, name).better)) + "</tr>\n";
  }
  return rows;
}

}  // namespace gradus::lecture
