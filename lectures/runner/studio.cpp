#include "runner/studio.hpp"

#include <algorithm>
#include <vector>

#include "gradus/base/check.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

using page::escaped;
using page::Json;

Json panels_of(const fs::path& file) {
  const std::string words = page::slurp(file);
  if (words.empty()) return Json::array();  // a copy without the studio
  const Json studio = Json::parse(words, nullptr, false);
  GRADUS_CHECK(studio.is_object() && studio.contains("panels") && studio["panels"].is_array(), file.string(),
               ": expected an object with a list \"panels\"");
  for (const Json& panel : studio["panels"]) {
    const std::string id = page::text_of(panel, "id");
    GRADUS_CHECK(!id.empty() && !page::text_of(panel, "title").empty(), file.string(),
                 ": every panel needs an \"id\" and a \"title\"");
    GRADUS_CHECK(panel.contains("book") && panel["book"].is_array() &&
                     std::all_of(panel["book"].begin(), panel["book"].end(),
                                 [](const Json& entry) { return entry.is_string(); }),
                 file.string(), ": \"book\" of panel ", id,
                 " must be a list of sections such as \"3_variational.html#11_vae\"");
  }
  return studio["panels"];
}

std::string box(const std::string& page, const Folders& folders, const Json& panel,
                const std::string& settings) {
  const std::string title = escaped(page::text_of(panel, "title"));
  if (page.empty())
    return "<p class=\"meta studio\">The studio shows this in motion, in its panel “" + title +
           "”: <code>make studio" + (folders.beside.empty() ? "" : " MINE=1") + "</code> writes it.</p>\n";
  return "<div class=\"studio\"><p><a href=\"" + escaped(page + "#" + page::text_of(panel, "id") + settings) +
         "\">The studio: " + title +
         "</a></p>\n<details><summary>Show the panel here</summary><iframe title=\"The studio: " + title +
         "\"></iframe></details></div>\n";
}

}  // namespace

std::string studio_page(const Folders& folders) {
  std::vector<std::string> pages{"../studio/index.html"};
  if (!folders.beside.empty()) pages.insert(pages.begin(), "../studio/mine.html");
  const auto found = std::find_if(pages.begin(), pages.end(), [&](const std::string& page) {
    std::error_code code;
    return fs::is_regular_file(folders.out / page, code);
  });
  return found == pages.end() ? "" : *found;
}

std::string studio_boxes(const fs::path& root, const Folders& folders, const std::string& place) {
  const std::string page = studio_page(folders);
  std::string boxes;
  for (const Json& panel : panels_of(root / "studio/studio.json"))
    for (const std::string entry : panel["book"]) {
      const std::size_t mark = std::min(entry.find('?'), entry.size());
      if (entry.substr(0, mark) == place) boxes += box(page, folders, panel, entry.substr(mark));
    }
  return boxes;
}

}  // namespace gradus::lecture
