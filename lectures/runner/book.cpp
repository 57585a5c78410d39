#include "runner/book.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "embedded/book_css.hpp"
#include "embedded/book_html.hpp"
#include "embedded/book_js.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"
#include "runner/formula_marks.hpp"
#include "runner/lesson.hpp"
#include "runner/studio.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

using page::escaped;
using page::Section;

void write(const fs::path& path, std::string_view words) {
  write_file(path, std::as_bytes(std::span(words)));
}

std::string replaced(std::string words, std::string_view from, std::string_view to) {
  for (std::size_t i = 0; (i = words.find(from, i)) != words.npos; i += to.size())
    words.replace(i, from.size(), to);
  return words;
}

std::string anchor(const std::string& address, const std::string& words, const char* attributes = "") {
  return "<a" + std::string(attributes) + " href=\"" + escaped(address) + "\">" + escaped(words) + "</a>";
}

/// "slides.html" -> "Slides"
std::string short_title(const Page& page) {
  std::string title = fs::path(page.file).stem().string();
  if (title == "index") title = "contents";
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  return title;
}

/// The title of a program's section: that of its lesson, else that of its report.
std::string title_in(const Page& page, const Section& section) {
  for (const Topic& topic : page.topics)
    if (topic.level == 2 && topic.title.starts_with(section.name.substr(0, 2) + " "))
      return topic.title.substr(3);
  return title_of(section);
}

/// The rows of one part in the table of contents.
std::string contents_of(const page::Part& part, const Page& page) {
  std::string out = "<tr class=\"part\"><th colspan=\"5\" scope=\"rowgroup\">" +
                    anchor(page.file, page.title) + "</th></tr>\n";
  for (const Section& section : part.sections) {
    out += text("<tr><td>", escaped(section.name.substr(0, 2)), "</td><td>",
                anchor(page.file + "#" + section.name, title_in(page, section)), "</td><td>",
                badge(section.state), "</td><td class=\"amount\">",
                section.seconds > 0 ? fixed(section.seconds, 1) : "", "</td><td>",
                escaped(page::headline_of(section.report)), "</td></tr>\n");
  }
  return out;
}

/// `exercises`: the address of the list of exercises, "" when it is not in this copy.
Page contents(const Book& book, const std::vector<Page>& parts, const std::vector<Page>& others,
              const std::string& exercises) {
  std::string rows, list;
  for (std::size_t i = 0; i < parts.size(); ++i) rows += contents_of(book.parts[i], parts[i]);
  if (!exercises.empty()) list += "<li>" + anchor(exercises, "Exercises") + "</li>\n";
  if (const std::string studio = studio_page(book.folders); !studio.empty())
    list += "<li>" + anchor(studio, "The studio: the models of the lecture in motion") + "</li>\n";
  for (const Page& page : others) list += "<li>" + anchor(page.file, page.title) + "</li>\n";
  return {"index.html",
          book.title,
          "<h1>" + escaped(book.title) + "</h1>\n<p class=\"meta\">" + escaped(book.subtitle) +
              "</p>\n<div class=\"scroll\" role=\"group\" aria-label=\"Contents\"><table "
              "class=\"overview\"><thead><tr><td></td><th>Program</th>"
              "<td></td><th class=\"amount\">Seconds</th><th>Key figure</th></tr></thead><tbody>\n" +
              rows + "</tbody></table></div>\n<ul class=\"others\">\n" + list +
              "<li><a href=\"book.html\">The whole book on one page, for print</a></li>\n</ul>\n",
          {}};
}

/// The links to the sections of a part, at the beginning of its page.
std::string sections_of(const Page& page) {
  std::string list;
  for (const Topic& topic : page.topics)
    if (topic.level == 2)
      list += "<li>" + anchor(topic.address.substr(topic.address.find('#')), topic.title) + "</li>\n";
  return list.empty()
             ? ""
             : "<nav class=\"sections\" aria-label=\"Sections of this page\"><ul>\n" + list + "</ul></nav>\n";
}

/// Keeps a formula of a paragraph and the punctuation behind it on one line.
std::string with_punctuation(std::string_view html) {
  constexpr std::string_view end = "</math>";
  std::string out;
  for (std::size_t stop; (stop = html.find(end)) != html.npos; html.remove_prefix(stop + end.size())) {
    const std::size_t start = std::min(html.rfind("<math", stop), stop);
    const std::size_t next = stop + end.size();
    const bool bound = next < html.size() && std::string_view(",.;:)?!").find(html[next]) != html.npos;
    out += html.substr(0, start);
    out += bound ? "<span class=\"bound\">" : "";
    out += html.substr(start, next - start);
    if (bound) out += text(html[next], "</span>"), html.remove_prefix(1);
  }
  return out + std::string(html);
}

/// Header, body and footer of pages, in the order of reading.
class Frame {
 public:
  Frame(const Book& book, std::vector<std::string> mathml, const std::vector<Formula>& formulas)
      : book_(book), mathml_(std::move(mathml)), formulas_(formulas) {}

  std::string body(const std::string& html) {
    return with_punctuation(with_formulas(html, [this](std::size_t i) {
      const Formula& formula = formulas_[i];
      raw_ = raw_ || mathml_[i].empty();
      const std::string words = mathml_[i].empty() ? "<code>" + escaped(formula.tex) + "</code>" : mathml_[i];
      return formula.display ? "<span class=\"display\">" + words + "</span>" : words;
    }));
  }
  /// `before` and `after` are neighbours in the order of reading, or null.
  std::string html(const Page& page, const std::vector<Page>& menu, const Page* before, const Page* after) {
    const std::string up = page.file.find('/') == page.file.npos ? "" : "../";
    raw_ = false;
    std::string text = body(page.body), links, footer;
    if (raw_)
      text =
          "<p class=\"meta\">Some formulas are shown as TeX, because Node.js or KaTeX is missing: <code>make "
          "deps-lecture</code> installs them.</p>\n" +
          text;
    for (const Page& one : menu)
      links +=
          anchor(up + one.file, short_title(one), one.file == page.file ? " aria-current=\"page\"" : "") +
          "\n";
    if (before != nullptr) footer += anchor(up + before->file, "← " + before->title, " rel=\"prev\"") + "\n";
    if (after != nullptr) footer += anchor(up + after->file, after->title + " →", " rel=\"next\"") + "\n";
    if (footer.empty()) footer = anchor(up + "index.html", "Contents") + "\n";
    std::string frame = replaced(std::string(embedded::book_html), "@UP@", up);
    frame = page::filled(frame, "TITLE",
                         escaped(page.title == book_.title ? page.title : page.title + " · " + book_.title));
    frame = page::filled(page::filled(frame, "BOOK", escaped(book_.title)), "MENU", links);
    return page::filled(page::filled(frame, "FOOTER", footer), "BODY", text);
  }

 private:
  const Book& book_;
  std::vector<std::string> mathml_;
  const std::vector<Formula>& formulas_;
  bool raw_ = false;
};

/// All pages in one: links between them lead to the place in this page, and every id is there once.
Page in_one(const Book& book, const std::vector<Page>& pages) {
  std::string all;
  for (const Page& page : pages)
    all += "<article id=\"" + fs::path(page.file).stem().string() + "\">\n" + page.body + "</article>\n";
  for (const Page& page : pages) {
    all = replaced(all, "href=\"" + page.file + "#", "href=\"#");
    all =
        replaced(all, "href=\"" + page.file + "\"", "href=\"#" + fs::path(page.file).stem().string() + "\"");
  }
  all = replaced(all, " loading=\"lazy\"", "");
  std::string out;
  std::set<std::string> ids;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    const std::size_t id = all.find(" id=\"", begin);
    out += all.substr(begin, id == all.npos ? id : id - begin);
    if (id == all.npos) break;
    end = all.find('"', id + 5) + 1;
    if (ids.insert(all.substr(id, end - id)).second) out += all.substr(id, end - id);
  }
  return {"book.html", book.title, out, {}};
}

/// The search index: [title, address, words] per heading.
std::string search_index(const std::vector<Page>& pages) {
  page::Json index = page::Json::array();
  for (const Page& page : pages)
    for (const Topic& topic : page.topics) index.push_back({topic.title, topic.address, topic.words});
  return "const SECTIONS = " +
         replaced(index.dump(-1, ' ', false, page::Json::error_handler_t::replace), "</", "<\\/") + ";\n";
}

/// errata.md, figures.md, slides.md, ...: the texts beside the lessons, and the figures of the run.
std::vector<Page> texts_beside(const fs::path& lessons, Renderings& renderings) {
  std::vector<Page> pages;
  std::set<fs::path> files{lessons / "figures.md"};
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(lessons, code))
    if (entry.path().extension() == ".md" && entry.path().filename() != "README.md")
      files.insert(entry.path());
  for (const fs::path& file : files) {
    Page page = renderings.text(file, file.stem().string() + ".html", "");
    if (file.stem() == "figures") {
      page.title = "Figures of this run";
      page.body = "<h1>Figures of this run</h1>\n" + renderings.figures() +
                  replaced(replaced(page.body, "<h1 ", "<h2 "), "</h1>", "</h2>");
    }
    pages.push_back(std::move(page));
  }
  return pages;
}

/// The pages of linked files; a text among them may link to more.
std::vector<Page> linked_files(Links& links, Renderings& renderings) {
  std::vector<Page> pages;
  for (std::size_t i = 0; i < links.extras().size(); ++i) {
    const Links::Extra extra = links.extras()[i];
    pages.push_back(extra.page.starts_with("more/") ? renderings.text(extra.source, extra.page, "../")
                                                    : renderings.code(extra.source, extra.page));
  }
  return pages;
}

}  // namespace

void write_book(const Book& book) {
  const fs::path& out = book.folders.out;
  Links links(book.lessons, out);
  Renderings renderings(book, links);
  std::vector<Page> parts;
  for (const page::Part& part : book.parts) parts.push_back(renderings.part(part));
  for (Page& page : parts) {  // the sections' links follow the heading
    const std::size_t end = page.body.find("</h1>\n");
    if (end != page.body.npos) page.body.insert(end + 6, sections_of(page));
  }
  const std::string exercises = links.address(links.lessons(), "../../exercises/README.md", false);
  const std::vector<Page> others = texts_beside(links.lessons(), renderings),
                          linked = linked_files(links, renderings);

  std::vector<Page> pages{contents(book, parts, others, exercises)}, menu{pages[0]};
  pages.insert(pages.end(), parts.begin(), parts.end());
  pages.insert(pages.end(), others.begin(), others.end());
  menu.insert(menu.end(), others.begin(), others.end());
  Frame frame(book, as_mathml(renderings.formulas, out), renderings.formulas);
  for (const char* folder : {"code", "more"}) make_folder(out / folder);
  for (const Page& page : linked) write(out / page.file, frame.html(page, menu, nullptr, nullptr));
  for (std::size_t i = 0; i < pages.size(); ++i)
    write(out / pages[i].file, frame.html(pages[i], menu, i > 0 ? &pages[i - 1] : nullptr,
                                          i + 1 < pages.size() ? &pages[i + 1] : nullptr));
  write(out / "book.html", frame.html(in_one(book, pages), menu, nullptr, nullptr));
  pages.insert(pages.end(), linked.begin(), linked.end());
  write(out / "search.js", search_index(pages));
  write(out / "book.css", embedded::book_css);
  write(out / "book.js", embedded::book_js);
}

}  // namespace gradus::lecture
