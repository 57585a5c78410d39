#include "report.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace gradus::grade {

bool colourful(int file) { return isatty(file) && !std::getenv("NO_COLOR"); }

std::string quoted(const std::string& text, const std::string& prefix, std::size_t most_lines) {
  std::ostringstream out;
  std::istringstream in(text);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    if (count == most_lines) {
      out << prefix << "...\n";
      break;
    }
    out << prefix;
    for (const char letter : line.substr(0, 300)) {
      const auto code = static_cast<unsigned char>(letter);
      if (code == '\t')
        out << "    ";
      else if (code < 32 || code == 127)
        out << "\\x" << std::hex << std::setw(2) << std::setfill('0') << int{code} << std::dec;
      else
        out << letter;
    }
    out << "\n";
  }
  return out.str();
}

std::string visible(const std::string& text) {
  std::string out = quoted(text, "", 1);
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

namespace {

/// Broken between words where it is longer than a screen is wide.
std::string wrapped(std::string line, std::size_t width = 94) {
  const std::string gap(22, ' ');
  for (std::size_t begin = 0; line.size() - begin > width;) {
    const auto space = line.rfind(' ', begin + width);
    if (space == std::string::npos || space <= begin + gap.size()) break;  // one long word
    const auto last = line.find_last_not_of(' ', space);                   // there may be two spaces
    line.replace(last + 1, space - last, "\n" + gap);
    begin = last + 2, width = 100;
  }
  return line;
}

struct Paint {
  bool on;
  const char* operator()(const char* code) const { return on ? code : ""; }
};
constexpr const char *green = "\033[32m", *red = "\033[31m", *grey = "\033[90m", *bold = "\033[1m",
                     *plain = "\033[0m";

}  // namespace

void print_heading(std::ostream& out, const ExerciseResult& result, bool colour) {
  const Paint paint{colour};
  std::ostringstream title;
  title << result.exercise->key() << " " << result.exercise->title;
  out << paint(bold) << std::left << std::setw(40) << title.str() << std::right << std::setw(4)
      << result.points() << " / " << result.most() << paint(plain) << "   sandbox " << name_of(result.level)
      << "   seed " << std::hex << result.seed << std::dec << "\n";
}

void print_todo(std::ostream& out, const TodoResult& todo, bool colour, bool compiler) {
  const Paint paint{colour};
  const bool passed = todo.state == State::pass, waiting = todo.state == State::not_started;
  out << "  "
      << paint(passed    ? green
               : waiting ? grey
                         : red)
      << (passed    ? "✓"
          : waiting ? "○"
                    : "✗")
      << " " << todo.todo.id << " " << std::left << std::setw(48) << todo.todo.title << paint(plain)
      << std::right << std::setw(3) << todo.points << "/" << todo.most;
  if (!passed) {
    out << "   " << (waiting ? "not started, " : "") << todo.path;
    if (todo.line) out << ":" << todo.line;
  }
  out << "\n";
  const CheckResult* failure = todo.first_failure();
  if (!failure || waiting) return;
  out << "      " << paint(red) << failure->title << paint(plain) << ": " << visible(failure->sentence)
      << "\n";
  for (const std::string& line : failure->evidence) out << "      " << wrapped(visible(line)) << "\n";
  if (compiler && !todo.compiler.empty()) out << quoted(todo.compiler, "      | ", 14);
  if (!todo.printed.empty()) out << "      your program printed:\n" << quoted(todo.printed, "      > ");
}

}  // namespace gradus::grade
