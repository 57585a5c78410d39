#include "stubs.hpp"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <sstream>

#include "gradus/base/check.hpp"

namespace gradus::grade {

std::string trimmed(const std::string& line) {
  const auto first = line.find_first_not_of(" \t");
  return first == std::string::npos ? "" : line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

namespace {

const std::regex marker(R"re(^( *)// \[([0-9]+(?:\.[0-9]+)?)\]$)re");
constexpr const char* end_marker = "// [end]";

/// The task as a comment, and the call that marks it as unfinished.
std::vector<std::string> open_task(const Todo& todo, const std::string& indent) {
  std::vector<std::string> lines;
  for (const std::string& line : todo.task)
    lines.push_back(indent + "// " + (lines.empty() ? "TODO(" + todo.id + ") " : "") + line);
  std::string call = indent + "todo(\"" + todo.id + "\"";
  for (const std::string& name : todo.unused) call += ", " + name;
  lines.push_back(call + ");");
  return lines;
}

/// Inserts `include` among the sorted "gradus/..." lines, after the file's own header.
void add_include(std::vector<std::string>& lines, const std::string& include) {
  std::size_t at = lines.size(), first = lines.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("#include \"gradus/")) continue;
    if (first == lines.size()) {
      first = i;  // the file's own header comes first
      if (i + 1 < lines.size() && !lines[i + 1].empty()) at = i + (lines[i] < include);
    } else if (lines[i] < include) {
      at = i + 1;
    } else if (at == lines.size()) {
      at = i;
    }
  }
  if (first == lines.size()) throw Error("a graded file must include a header of the library");
  if (at == lines.size()) {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(first) + 1, {"", include});
  } else {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), include);
  }
}

}  // namespace

std::string stub_of(const GradedFile& file, const std::string& source) {
  std::istringstream in(source);
  std::vector<std::string> out;
  std::set<std::string> seen;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const auto fault = [&](const std::string& words) {
      return Error(text(file.source, ":", number, ": ", words));
    };
    if (std::smatch match; std::regex_match(line, match, marker)) {
      const std::string id = match[2];
      if (inside) throw fault("[" + id + "] inside another region");
      inside = true;
      if (id.find('.') == std::string::npos) continue;
      const auto todo =
          std::find_if(file.todos.begin(), file.todos.end(), [&](const Todo& one) { return one.id == id; });
      if (todo == file.todos.end()) throw fault("TODO " + id + " is not in exercise.json");
      if (!seen.insert(id).second) throw fault("TODO " + id + " occurs twice");
      for (const std::string& open : open_task(*todo, match[1])) out.push_back(open);
    } else if (trimmed(line) == end_marker) {
      if (!inside) throw fault("[end] without a beginning");
      inside = false;
    } else if (!inside && !(line.empty() && !out.empty() && out.back().empty())) {  // no double blank lines
      out.push_back(line);
    }
  }
  if (inside) throw Error(file.source + ": a region without [end]");
  for (const Todo& todo : file.todos)
    GRADUS_CHECK(seen.count(todo.id), file.source, ": no region [", todo.id, "], which exercise.json names");
  add_include(out, "#include \"gradus/base/todo.hpp\"");
  std::string stub = "// Your file for exercise " + file.todos[0].id.substr(0, file.todos[0].id.find('.')) +
                     ". The lesson is README.md beside it; every TODO is a part of its own.\n";
  for (const std::string& line : out) stub += line + "\n";
  return stub;
}

std::vector<std::string> solution_lines(const std::string& source) {
  std::istringstream in(source);
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const std::string bare = trimmed(line);
    if (std::regex_match(line, marker)) {
      inside = true;
    } else if (bare == end_marker) {
      inside = false;
    } else if (inside && bare.size() >= 12) {
      lines.push_back(bare);
    }
  }
  return lines;
}

std::string without_comments(std::string text) {
  for (std::size_t at = 0, end; at < text.size(); at = end) {
    end = at + 1;
    if (text[at] == '"') {  // strings are kept unchanged
      while (end < text.size() && text[end] != '"' && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      ++end;
    } else if (text.compare(at, 2, "//") == 0) {
      end = std::min(text.find('\n', at), text.size());
      std::fill(text.begin() + static_cast<std::ptrdiff_t>(at),
                text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
    } else if (text.compare(at, 2, "/*") == 0) {
      const std::size_t close = text.find("*/", at + 2);
      end = close == std::string::npos ? text.size() : close + 2;
      std::replace_if(
          text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(end),
          [](char letter) { return letter != '\n'; }, ' ');
    }
  }
  return text;
}

namespace {

/// Number of the line that contains `words`, from 1, or 0.
int line_with(const std::string& text, const std::string& words) {
  const auto at = text.find(words);
  if (at == std::string::npos) return 0;
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace

int open_line(const std::string& source, const std::string& todo) {
  return line_with(without_comments(source), "todo(\"" + todo + "\"");
}
int task_line(const std::string& source, const std::string& todo) {
  return line_with(source, "TODO(" + todo + ")");
}

namespace {

/// "Tensor GaussianKl::forward(": how the function of a task begins in the library's file or the exercise's.
/// Empty if the task is not there.
std::string beginning_of(const std::string& original, const std::string& todo) {
  const int mark = line_with(original, "// [" + todo + "]"), task = mark ? mark : task_line(original, todo);
  std::istringstream lines(original);
  std::string begin, line;
  for (int number = 1; number < task && std::getline(lines, line); ++number)
    if (!line.empty() && std::isalpha(static_cast<unsigned char>(line[0])) &&
        line.find('(') != std::string::npos)
      begin = line.substr(0, line.find('(') + 1);
  return begin;
}

}  // namespace

int function_line(const std::string& source, const std::string& todo, const std::string& original) {
  const int task = task_line(source, todo);
  if (!task) {
    const std::string begin = beginning_of(original, todo);
    return begin.empty() ? 0 : line_with(source, begin);
  }
  std::istringstream lines(source);
  int begin = task > 0, number = 1;
  for (std::string line; number < task && std::getline(lines, line); ++number)
    if (line.starts_with("}")) begin = number + 1;
  return begin;
}

}  // namespace gradus::grade
