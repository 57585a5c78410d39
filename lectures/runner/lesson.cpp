#include "runner/lesson.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "gradus/base/check.hpp"
#include "runner/exercises.hpp"
#include "runner/quantities.hpp"
#include "runner/source.hpp"
#include "runner/studio.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

using page::escaped;
using page::is_program;
using page::Section;

/// "2_autoencoders" -> "Part 2: autoencoders", for a part without a README.
std::string title_of_part(const std::string& folder) {
  return folder.size() > 2 ? "Part " + folder.substr(0, 1) + ": " + folder.substr(2) : "Other programs";
}

/// The topics of a page: its headings of levels 1 to 3, each with the words below it.
std::vector<Topic> topics_of(const std::vector<Block>& blocks, const std::string& file) {
  std::vector<Topic> topics;
  std::string above;
  for (const Block& block : blocks) {
    if (block.level >= 1 && block.level <= 3) {
      const std::string title = block.words.substr(0, block.words.find_last_not_of(' ') + 1);
      if (block.level < 3) above = title;
      topics.push_back({block.level, block.level < 3 ? title : above + " › " + title,
                        file + (block.level == 1 ? "" : "#" + block.id), ""});
    } else if (!topics.empty()) {
      topics.back().words += block.words + " ";
    }
  }
  return topics;
}

/// "11 The VAE" in the HTML of a heading: the number in a span of its own.
std::string heading_of(const Block& block, page::State state) {
  const std::size_t begin = block.html.find('>') + 1, end = block.html.rfind("</");
  std::string inside = block.html.substr(begin, end - begin);
  if (inside.size() > 3 && isdigit(inside[0]) != 0 && isdigit(inside[1]) != 0 && inside[2] == ' ')
    inside = "<span class=\"number\">" + inside.substr(0, 2) + "</span> " + inside.substr(3);
  return "<h2 id=\"" + escaped(block.id) + "\">" + inside + badge(state) + "</h2>\n";
}

/// The blocks [begin, end), with excerpts of code in a column beside them.
std::string with_code_beside(const std::vector<Block>& blocks, std::size_t begin, std::size_t end) {
  std::string text, code;
  for (std::size_t i = begin; i < end; ++i) (blocks[i].excerpts ? code : text) += blocks[i].html;
  if (code.empty()) return text;
  return "<div class=\"beside\"><div class=\"formulas\">\n" + text + "</div><div class=\"excerpts\">\n" +
         code + "</div></div>\n";
}

/// The index of the first heading of level 3 that starts with these words; else the number of blocks.
std::size_t find_heading(const std::vector<Block>& blocks, std::string_view words) {
  std::size_t i = 0;
  while (i < blocks.size() && !(blocks[i].level == 3 && blocks[i].words.starts_with(words))) ++i;
  return i;
}

}  // namespace

const Section* Renderings::program(const std::string& name) const {
  for (const page::Part& part : book_.parts)
    for (const Section& section : part.sections)
      if (section.name == name) return &section;
  return nullptr;
}

Writers Renderings::writers(const Place& place) {
  Writers writers;
  writers.link = [this, place](const Link& target) { return link(place, target); };
  writers.picture = [this, place](const Link& target) { return picture(place, target); };
  if (!place.lesson) return writers;
  writers.excerpts = [this, place](const std::vector<Link>& targets) { return excerpts(place, targets); };
  writers.code = [this](const std::string& words) {  // `11_vae/name.png`: the picture is on the page
    const Section* section = is_program(words) ? program(words.substr(0, words.find('/'))) : nullptr;
    std::string html = "<code>" + escaped(words) + "</code>";
    if (section == nullptr) return html;
    for (const page::Picture& one : page::pictures_of(section->report))
      if (one.file == words) return "<a href=\"" + escaped(words) + "\">" + html + "</a>";
    return html;
  };
  return writers;
}

std::string Renderings::link(const Place& place, const Link& target) {
  const std::size_t figures = target.target.find("figures.md#");
  if (place.lesson && figures != target.target.npos) {
    const std::string name = target.target.substr(figures + 11);
    const Section* section = program(name);
    const std::string figure = section == nullptr ? "" : figure_of(section->report, name, target.words);
    const Quantity::Better better = quantity_of(name, target.words).better;
    const bool directed = better == Quantity::Better::lower || better == Quantity::Better::higher;
    const std::string title =
        gradus::text(target.words, " of ", name, directed ? gradus::text(": ", words_of(better)) : "");
    return "<a class=\"figure\" title=\"" + escaped(title) + "\" href=\"figures.html" +
           (figure.empty() ? "" : "#" + escaped(name)) + "\">" +
           (figure.empty() ? target.html : escaped(figure)) + "</a>";
  }
  const bool own_source = place.lesson && target.target.find('/') == target.target.npos;
  const std::string address = links_.address(place.folder, target.target, !own_source);
  if (address.empty()) return target.html;
  const bool here = address[0] == '#' || address.find(':') != address.npos;
  return "<a href=\"" + (here ? "" : place.up) + escaped(address) + "\">" + target.html + "</a>";
}

std::string Renderings::picture(const Place& place, const Link& target) {
  const std::string name = target.target.substr(0, target.target.find('/'));
  if (place.lesson && is_program(name)) {  // of a run
    std::error_code code;
    if (!fs::is_regular_file(book_.folders.out / target.target, code))
      return "<p class=\"meta\">" + target.html +
             ": this picture is here after <code>make lecture4 ONLY=" + name.substr(0, 2) + "</code>.</p>";
    shown_.insert(target.target);
    const Section* section = program(name);
    page::Picture shown{target.target, target.words};
    if (section == nullptr) return picture_html(book_.folders.out, "", shown);
    for (const page::Picture& one : page::pictures_of(section->report))
      if (one.file == target.target) shown.sounds = one.sounds;
    return picture_of_run(*section, book_.folders, shown);
  }
  const std::string address = links_.picture(place.folder, target.target);
  if (address.empty()) return target.html;
  return picture_html(book_.folders.out, place.up, {address, target.words});
}

std::string Renderings::excerpts(const Place& place, const std::vector<Link>& targets) {
  const auto has_line = [](const Link& target) { return target.target.find("#L") != target.target.npos; };
  if (std::none_of(targets.begin(), targets.end(), has_line)) return "";
  std::string out;
  for (const Link& target : targets)
    out += has_line(target) ? excerpt(place, target) : "<p class=\"meta\">" + link(place, target) + "</p>\n";
  return out;
}

std::string Renderings::excerpt(const Place& place, const Link& target) {
  const std::size_t hash = target.target.find("#L");
  const fs::path file = (place.folder / target.target.substr(0, hash)).lexically_normal();
  const std::string code = page::slurp(file), label = file.lexically_relative(links_.root()).generic_string();
  if (code.empty())
    return "<p class=\"meta\">" + target.html + ": " + escaped(label) + " is not in this copy.</p>\n";
  const std::vector<std::string> plain = lines_of(code), lines = highlighted(code);
  const Range range = range_of(plain, std::strtoul(target.target.c_str() + hash + 2, nullptr, 10));
  const std::string address = links_.address(place.folder, target.target, false);
  std::string out = "<figure class=\"code\"><figcaption><a href=\"" + place.up + escaped(address) + "\">" +
                    target.html + "</a> <span>" + escaped(label) + "</span></figcaption><pre><code>";
  for (std::size_t i = range.first; i <= range.last; ++i)
    if (!is_mark(plain[i - 1])) out += text_line(i, lines[i - 1]);
  return out + "</code></pre></figure>\n";
}

std::string Renderings::section(const Section& one, const std::string& file,
                                const std::vector<Block>& blocks) {
  std::string out = "<section id=\"" + escaped(one.name) + "\">\n" + heading_of(blocks[0], one.state);
  const std::size_t derivation = find_heading(blocks, "Derivation"),
                    picture = find_heading(blocks, "The picture");
  std::size_t results = blocks.size();
  if (picture < blocks.size()) {
    results = picture + 1;
    while (results < blocks.size() && blocks[results].level == 0) ++results;
  }
  std::size_t i = 1;
  if (blocks.size() > 1 && blocks[1].level == 0) {  // the slides and the source
    out += "<div class=\"slides\">" + blocks[i++].html + "</div>\n";
  }
  out += state_of(one);
  while (i < std::min(derivation, results)) out += blocks[i++].html;
  const std::size_t beside = std::max(i, std::min(picture, results));
  out += with_code_beside(blocks, i, beside);
  for (i = beside; i < results; ++i) out += blocks[i].html;
  out += results_of(one, book_.folders, shown_);
  out += studio_boxes(links_.root(), book_.folders, file + "#" + one.name);
  const std::size_t exercise = find_heading(blocks, "Exercise");
  std::string end;
  for (; i < blocks.size(); ++i) (i < exercise ? out : end) += blocks[i].html;
  return out + end + exercise_boxes(links_.root(), end) + "</section>\n";
}

std::string Renderings::section_without_lesson(const Section& one) const {
  const std::string slide = page::text_of(one.report, "slide");
  return "<section id=\"" + escaped(one.name) + "\">\n<h2><span class=\"number\">" +
         escaped(one.name.substr(0, 2)) + "</span> " + escaped(title_of(one)) + badge(one.state) + "</h2>\n" +
         (slide.empty() ? "" : "<p class=\"meta\">Slide: " + escaped(slide) + "</p>\n") + state_of(one) +
         results_of(one, book_.folders, {}) + "</section>\n";
}

Page Renderings::part(const page::Part& part) {
  const Place place{links_.lessons() / part.folder, "", true};
  Page page{
      part.folder.empty() ? "programs.html" : part.folder + ".html", title_of_part(part.folder), "", {}};
  const std::string lesson = part.folder.empty() ? "" : page::slurp(place.folder / "README.md");
  const std::vector<Block> blocks = parse_markdown(lesson, writers(place), formulas);
  page.topics = topics_of(blocks, page.file);
  if (!page.topics.empty() && page.topics[0].level == 1) page.title = page.topics[0].title;
  std::set<std::string> done;
  std::string name;  // of the program whose section follows
  // Whether a program's section starts at block i: its heading begins with the program's number. Sets `name`.
  const auto starts = [&](std::size_t i) {
    if (blocks[i].level != 2) return false;
    const std::string number = blocks[i].words.substr(0, 2) + "_";
    for (const Section& one : part.sections)
      if (one.name.starts_with(number)) {
        name = one.name;
        return true;
      }
    return false;
  };
  for (std::size_t i = 0; i < blocks.size();) {
    std::size_t end = i + 1;
    while (end < blocks.size() && blocks[end].level != 2) ++end;
    const std::vector<Block> chunk(blocks.begin() + static_cast<std::ptrdiff_t>(i),
                                   blocks.begin() + static_cast<std::ptrdiff_t>(end));
    if (starts(i)) {
      page.body += section(*program(name), page.file, chunk);
      done.insert(name);
    } else {
      for (const Block& block : chunk) page.body += block.html;
    }
    i = end;
  }
  if (blocks.empty()) page.body = "<h1>" + escaped(page.title) + "</h1>\n";
  for (const Section& one : part.sections) {
    if (done.contains(one.name)) continue;
    page.body += section_without_lesson(one);
    page.topics.push_back({2, one.name.substr(0, 2) + " " + title_of(one), page.file + "#" + one.name,
                           page::text_of(one.report, "look")});
  }
  return page;
}

Page Renderings::text(const fs::path& source, const std::string& file, const std::string& up) {
  const std::vector<Block> blocks =
      parse_markdown(page::slurp(source), writers({source.parent_path(), up, false}), formulas);
  Page page{file, source.stem().string(), "", topics_of(blocks, file)};
  if (!page.topics.empty()) page.title = page.topics[0].title;
  for (const Block& block : blocks) page.body += block.html;
  return page;
}

Page Renderings::code(const fs::path& source, const std::string& file) const {
  const std::string name = source.lexically_relative(links_.root()).generic_string();
  const bool cpp = name.ends_with("pp");
  const std::string content = page::slurp(source);
  Page page{file, name, "<h1><code>" + escaped(name) + "</code></h1>\n<pre class=\"source\"><code>", {}};
  std::size_t number = 0;
  for (const std::string& line : cpp ? highlighted(content) : lines_of(escaped(content)))
    page.body += text_line(++number, line, true);
  page.body += "</code></pre>\n";
  return page;
}

std::string Renderings::figures() const {
  std::string out;
  const bool beside = std::any_of(book_.parts.begin(), book_.parts.end(), [](const page::Part& part) {
    return std::any_of(part.sections.begin(), part.sections.end(),
                       [](const Section& one) { return !one.beside.empty(); });
  });
  for (const page::Part& part : book_.parts) {
    for (const Section& one : part.sections) {
      const std::string rows = figure_rows(one);
      if (rows.empty()) continue;
      const std::string address = (part.folder.empty() ? "programs" : part.folder) + ".html#" + one.name;
      out += "<tbody id=\"" + escaped(one.name) + "\"><tr class=\"part\"><th colspan=\"" +
             (beside ? "4" : "3") + "\" scope=\"rowgroup\"><a href=\"" + escaped(address) + "\">" +
             escaped(one.name) + "</a></th></tr>\n" + rows;
      out += "</tbody>\n";
    }
  }
  if (out.empty()) return "<p>No program has run yet: <code>make lecture4</code>.</p>\n";
  return "<div class=\"scroll\" role=\"group\" aria-label=\"Figures\"><table class=\"figures\">\n" +
         figures_head(beside) + out + "</table></div>\n";
}

}  // namespace gradus::lecture
