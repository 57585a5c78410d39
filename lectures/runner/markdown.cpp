#include "runner/markdown.hpp"

#include <md4c.h>

#include <algorithm>
#include <array>
#include <map>

#include "gradus/base/check.hpp"
#include "runner/formula_marks.hpp"
#include "runner/page.hpp"
#include "runner/source.hpp"

namespace gradus::lecture {
namespace {

using page::escaped;

std::string words_of(const MD_ATTRIBUTE& attribute) {
  return attribute.text == nullptr ? "" : std::string(attribute.text, attribute.size);
}

/// Raw HTML with the allowed tags; everything else is escaped.
std::string allowed_html(std::string_view raw) {
  static constexpr std::array tags{"<details>", "</details>", "<summary>", "</summary>", "<br>",  "<sup>",
                                   "</sup>",    "<sub>",      "</sub>",    "<kbd>",      "</kbd>"};
  std::string out;
  while (!raw.empty()) {
    const auto tag =
        std::find_if(tags.begin(), tags.end(), [&](std::string_view one) { return raw.starts_with(one); });
    const std::size_t size = tag == tags.end() ? 1 : std::string_view(*tag).size();
    out += tag == tags.end() ? escaped(raw.substr(0, 1)) : *tag;
    raw.remove_prefix(size);
  }
  return out;
}

/// The id of a heading, as GitHub makes it: lower case, hyphens for blanks, no punctuation.
std::string slug_of(std::string_view words) {
  std::string id;
  for (const char c : words) {
    if (c >= 'A' && c <= 'Z')
      id += static_cast<char>(c - 'A' + 'a');
    else if (c == ' ')
      id += '-';
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c < 0)
      id += c;
  }
  return id;
}

/// Receives the blocks, spans and texts of md4c, and writes HTML.
class Renderer {
 public:
  Renderer(const Writers& writers, const std::vector<Formula>& formulas)
      : writers_(writers), formulas_(formulas) {}

  void enter(MD_BLOCKTYPE type, void* detail);
  void leave(MD_BLOCKTYPE type, void* detail);
  void enter(MD_SPANTYPE type);
  void leave(MD_SPANTYPE type, void* detail);
  void add(MD_TEXTTYPE type, std::string_view words);

  std::vector<Block> blocks{};

 private:
  struct Piece {
    std::string html{}, words{};
  };
  void open() { pieces_.emplace_back(); }
  Piece close() {
    Piece piece = std::move(pieces_.back());
    pieces_.pop_back();
    return piece;
  }
  void put(std::string_view html, std::string_view words = "") {
    pieces_.back().html += html;
    pieces_.back().words += words;
  }
  std::string tex_of(std::string_view words) const {
    return with_formulas(words, [this](std::size_t i) { return formulas_[i].tex; });
  }
  void end_paragraph();
  void end_code(const MD_BLOCK_CODE_DETAIL& detail);
  void end_heading(unsigned level);
  void end_span_with_target(MD_SPANTYPE type, void* detail);

  const Writers& writers_;
  const std::vector<Formula>& formulas_;
  std::vector<Piece> pieces_{{}};
  Block block_{};
  int depth_ = 0, in_link_ = 0;
  std::vector<Link> links_{};  // of the paragraph
  std::size_t pictures_ = 0;   // of the paragraph
  bool only_links_ = true, in_code_ = false;
  std::map<std::string, int> ids_{};
};

const char* tag_of(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      return "blockquote";
    case MD_BLOCK_UL:
      return "ul";
    case MD_BLOCK_LI:
      return "li";
    case MD_BLOCK_THEAD:
      return "thead";
    case MD_BLOCK_TBODY:
      return "tbody";
    case MD_BLOCK_TR:
      return "tr";
    case MD_BLOCK_TH:
      return "th";
    case MD_BLOCK_TD:
      return "td";
    default:
      return nullptr;
  }
}

void Renderer::enter(MD_BLOCKTYPE type, void* detail) {
  if (type == MD_BLOCK_DOC) return;
  if (depth_++ == 0) block_ = {}, open();
  if (type == MD_BLOCK_P || type == MD_BLOCK_H || type == MD_BLOCK_CODE) {
    open();
    links_.clear();
    pictures_ = 0;
    only_links_ = true;
    in_code_ = type == MD_BLOCK_CODE;
  } else if (type == MD_BLOCK_TABLE) {
    put("<div class=\"scroll\" role=\"group\" aria-label=\"Table\"><table>\n");
  } else if (type == MD_BLOCK_OL) {
    const unsigned start = static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start;
    put(start == 1 ? "<ol>\n" : text("<ol start=\"", start, "\">\n"));
  } else if (type == MD_BLOCK_TH || type == MD_BLOCK_TD) {
    const MD_ALIGN align = static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align;
    put(text('<', tag_of(type),
             align == MD_ALIGN_RIGHT    ? " class=\"right\">"
             : align == MD_ALIGN_CENTER ? " class=\"center\">"
                                        : ">"));
  } else if (const char* tag = tag_of(type)) {
    put(text('<', tag, '>'));
  }
}

void Renderer::leave(MD_BLOCKTYPE type, void* detail) {
  if (type == MD_BLOCK_DOC) return;
  if (type == MD_BLOCK_P)
    end_paragraph();
  else if (type == MD_BLOCK_H)
    end_heading(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
  else if (type == MD_BLOCK_CODE)
    end_code(*static_cast<MD_BLOCK_CODE_DETAIL*>(detail));
  else if (type == MD_BLOCK_TABLE)
    put("</table></div>\n");
  else if (type == MD_BLOCK_OL)
    put("</ol>\n");
  else if (type == MD_BLOCK_HR)
    put("<hr>\n");
  else if (const char* tag = tag_of(type))
    put(text("</", tag, ">\n"), " ");
  if (--depth_ > 0) return;
  Piece piece = close();
  block_.html = std::move(piece.html);
  block_.words = tex_of(piece.words);
  blocks.push_back(std::move(block_));
}

void Renderer::end_paragraph() {
  const Piece piece = close();
  if (only_links_ && !links_.empty() && writers_.excerpts) {
    if (const std::string html = writers_.excerpts(links_); !html.empty()) {
      block_.excerpts = depth_ == 1;
      return put(html, piece.words + " ");
    }
  }
  const bool picture = pictures_ == 1 && only_links_ && links_.empty();  // a figure is no part of a paragraph
  put(picture ? piece.html + "\n" : "<p>" + piece.html + "</p>\n", piece.words + " ");
}

void Renderer::end_heading(unsigned level) {
  const Piece piece = close();
  std::string id = slug_of(tex_of(piece.words));
  if (const int count = ids_[id]++; count > 0) id += "-" + std::to_string(count);
  if (depth_ == 1) block_.level = static_cast<int>(level), block_.id = id;
  put(text("<h", level, " id=\"", escaped(id), "\">", piece.html, "</h", level, ">\n"), piece.words + " ");
}

void Renderer::end_code(const MD_BLOCK_CODE_DETAIL& detail) {
  const Piece piece = close();
  const std::string info = words_of(detail.info);
  in_code_ = false;
  std::string code = escaped(piece.words);
  if (info.starts_with("cpp")) {
    code.clear();
    for (const std::string& line : highlighted(piece.words)) code += line + "\n";
  }
  const std::string block = "<pre><code>" + code + "</code></pre>\n";
  if (!info.starts_with("example")) return put(block, piece.words + " ");
  put("<div class=\"example\"><p>Numbers that the tests compute with the library</p>" + block + "</div>\n",
      piece.words + " ");
}

void Renderer::enter(MD_SPANTYPE type) {
  if (type == MD_SPAN_EM) put("<em>");
  if (type == MD_SPAN_STRONG) put("<strong>");
  if (type == MD_SPAN_DEL) put("<del>");
  if (type == MD_SPAN_CODE || type == MD_SPAN_A || type == MD_SPAN_IMG) open();
  if (type == MD_SPAN_CODE) in_code_ = true;
  in_link_ += type == MD_SPAN_A || type == MD_SPAN_IMG;
}

void Renderer::leave(MD_SPANTYPE type, void* detail) {
  if (type == MD_SPAN_EM) put("</em>");
  if (type == MD_SPAN_STRONG) put("</strong>");
  if (type == MD_SPAN_DEL) put("</del>");
  if (type == MD_SPAN_CODE) {
    const Piece piece = close();
    in_code_ = false;
    const bool plain = in_link_ > 0 || !writers_.code;
    put(plain ? "<code>" + escaped(piece.words) + "</code>" : writers_.code(piece.words), piece.words);
  }
  if (type == MD_SPAN_A || type == MD_SPAN_IMG) end_span_with_target(type, detail);
}

void Renderer::end_span_with_target(MD_SPANTYPE type, void* detail) {
  const Piece piece = close();
  --in_link_;
  Link link{"", piece.html, piece.words};
  if (type == MD_SPAN_IMG) {
    link.target = words_of(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src);
    ++pictures_;
    return put(writers_.picture ? writers_.picture(link) : piece.html, piece.words);
  }
  link.target = words_of(static_cast<MD_SPAN_A_DETAIL*>(detail)->href);
  links_.push_back(link);
  put(writers_.link ? writers_.link(link) : piece.html, piece.words);
}

void Renderer::add(MD_TEXTTYPE type, std::string_view words) {
  if (in_link_ == 0 && !in_code_ && words.find_first_not_of(" ,·") != words.npos && type != MD_TEXT_SOFTBR)
    only_links_ = false;
  if (in_link_ == 0 && in_code_) only_links_ = false;
  if (type == MD_TEXT_BR)
    put("<br>\n", " ");
  else if (type == MD_TEXT_SOFTBR)
    put("\n", " ");
  else if (type == MD_TEXT_HTML)
    put(allowed_html(words), words.starts_with('<') ? " " : words);
  else if (type == MD_TEXT_ENTITY)
    put(words, words);
  else if (type != MD_TEXT_NULLCHAR)
    put(escaped(words), words);
}

Renderer& renderer(void* self) { return *static_cast<Renderer*>(self); }

}  // namespace

std::vector<Block> parse_markdown(std::string_view words, const Writers& writers,
                                  std::vector<Formula>& formulas) {
  const std::string plain = without_formulas(words, formulas);
  Renderer result(writers, formulas);
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    return renderer(self).enter(type, detail), 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    return renderer(self).leave(type, detail), 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void*, void* self) { return renderer(self).enter(type), 0; };
  parser.leave_span = [](MD_SPANTYPE type, void* detail, void* self) {
    return renderer(self).leave(type, detail), 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* begin, MD_SIZE size, void* self) {
    return renderer(self).add(type, {begin, size}), 0;
  };
  GRADUS_CHECK(md_parse(plain.data(), static_cast<MD_SIZE>(plain.size()), &parser, &result) == 0,
               "parse_markdown: no memory");
  return std::move(result.blocks);
}

}  // namespace gradus::lecture
