#include "runner/links.hpp"

#include <algorithm>

#include "gradus/base/file.hpp"
#include "runner/page.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

/// src/ops/conv.cpp -> src.ops.conv.cpp
std::string flat(const fs::path& path) {
  std::string name = path.generic_string();
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

bool is_file(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code);
}

}  // namespace

Links::Links(const fs::path& lessons, fs::path out)
    : lessons_(fs::absolute(lessons).lexically_normal()), out_(std::move(out)) {
  if (!lessons_.has_filename()) lessons_ = lessons_.parent_path();  // after a slash at the end
  root_ = (lessons_ / "../..").lexically_normal();
}

std::string Links::address(const fs::path& from, const std::string& target, bool to_results) {
  const std::size_t colon = target.find(':'), hash = std::min(target.find('#'), target.size());
  if (colon != target.npos && colon < target.find('/') && colon < hash) {
    const std::string scheme = target.substr(0, colon);
    return scheme == "http" || scheme == "https" || scheme == "mailto" ? target : "";
  }
  if (hash == 0) return target;
  const std::string anchor = target.substr(hash);
  const std::string page =
      page_of((from / target.substr(0, hash)).lexically_normal(), to_results && anchor.empty());
  return page.empty() ? "" : page + (page.find('#') == page.npos ? anchor : "");
}

std::string Links::picture(const fs::path& from, const std::string& target) {
  const fs::path path = (from / target).lexically_normal(), below = path.lexically_relative(root_);
  if (below.empty() || *below.begin() == ".." || !is_file(path)) return "";
  const fs::path copy = fs::path("pictures") / flat(below);
  make_folder(out_ / "pictures");
  fs::copy_file(path, out_ / copy, fs::copy_options::overwrite_existing);
  return copy.generic_string();
}

std::string Links::page_of(const fs::path& path, bool to_results) {
  const fs::path below = path.lexically_relative(root_), lesson = path.lexically_relative(lessons_);
  if (below.empty() || *below.begin() == "..") return "";
  if (!path.has_filename()) return page_of(path.parent_path(), to_results);
  if (std::error_code code; fs::is_directory(path, code))
    return is_file(path / "README.md") ? page_of(path / "README.md", to_results) : "";
  if (!is_file(path)) return "";
  const std::string name = path.filename().string(), ending = path.extension().string();
  if (*lesson.begin() != "..") {
    const std::string part = lesson.parent_path().generic_string();
    if (part.empty() && name == "README.md") return "index.html";
    if (part.empty() && ending == ".md") return path.stem().string() + ".html";
    if (name == "README.md") return part + ".html";
    if (ending == ".cpp" && to_results && page::is_program(name))
      return part + ".html#" + path.stem().string();
  }
  if (ending == ".md") return add(below, "more");
  const bool code = ending == ".cpp" || ending == ".hpp" || ending == ".sh" || ending == ".py" ||
                    ending == ".txt" || ending == ".json" || ending == ".html" || ending.empty();
  return code ? add(below, "code") : "";
}

std::string Links::add(const fs::path& below, const std::string& folder) {
  std::string& page = pages_[below.generic_string()];
  if (page.empty()) {
    page = folder + "/" + flat(below) + ".html";
    extras_.push_back({root_ / below, page});
  }
  return page;
}

}  // namespace gradus::lecture
