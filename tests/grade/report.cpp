#include "report.hpp"

#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace gradus::grade {

namespace {

/// Length of the character at `at` if it is visible; 0 for control characters,
/// marks that change the text direction, and damaged UTF-8.
std::size_t seen(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(at);
  if (lead < 0x80) return lead >= 32 && lead != 127;
  const std::size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  std::uint32_t code = length ? lead & (0x7fu >> length) : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(at + i) & 0x3f);
  }
  const bool shortest = code >= (length == 3 ? 0x800u : length == 4 ? 0x10000u : 0u);
  if (!shortest || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
  const bool turns = code == 0x061c || (code >= 0x200e && code <= 0x200f) ||
                     (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return code < 0xa0 || turns ? 0 : length;
}

}  // namespace

int line_that_turns(const std::string& text) {
  int line = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    line += text[at] == '\n';
    const std::string two = text.substr(at, 2);
    const unsigned third = at + 2 < text.size() ? static_cast<unsigned char>(text[at + 2]) : 0;
    if (two == "\xd8\x9c" ||
        (two == "\xe2\x80" && (third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae))) ||
        (two == "\xe2\x81" && third >= 0xa6 && third <= 0xa9))
      return line;
  }
  return 0;
}

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
    constexpr std::size_t most = 1000;  // library types have long names
    for (std::size_t at = 0, length; at < std::min(line.size(), most);
         at += std::max<std::size_t>(length, 1)) {
      length = seen(line, at);
      if (length)
        out << line.substr(at, length);
      else if (line[at] == '\t')
        out << "    ";
      else
        out << "\\x" << std::hex << std::setw(2) << std::setfill('0')
            << int{static_cast<unsigned char>(line[at])} << std::dec;
    }
    out << (line.size() > most ? "...\n" : "\n");
  }
  return out.str();
}

std::string visible(const std::string& text) {
  const std::string lines = quoted(text, "", 1);
  return lines.substr(0, lines.find('\n'));
}

namespace {

/// Breaks a line between words where it exceeds the screen width.
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
      << "   seed " << std::hex << result.seed << std::dec;
  if (result.spent > result.budget.exercise / 2)  // rarely shown, so the same seed gives the same report
    out << "   took " << static_cast<int>(result.spent) << " of " << result.budget.exercise << " s";
  out << "\n";
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
    out << "   " << (waiting ? "not started, " : "") << todo.path << ":"
        << std::max(1, todo.line);  // editors lead to a file only with a line
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
