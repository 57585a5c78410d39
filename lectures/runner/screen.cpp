#include "runner/screen.hpp"

#include <unistd.h>

#include <iostream>
#include <sstream>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "gradus/base/terminal.hpp"
#include "runner/process.hpp"

namespace gradus::lecture {

Screen::Screen(std::ptrdiff_t count, std::size_t width)
    : count_(count), width_(width), terminal_(is_terminal(STDOUT_FILENO)) {}

std::string Screen::head(const std::string& name) const {
  return text('[', ended_ + 1, '/', count_, "] ", name.empty() ? "" : pad_right(name, width_ + 2));
}

void Screen::update(const std::string& name, double seconds, const std::string& words) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  running_[name] = seconds;
  std::string line = head(name) + fixed(seconds, 1) + " s  " + words;
  if (running_.size() > 1) {
    line = head("");
    for (const auto& [other, so_far] : running_) line += other + " " + fixed(so_far, 0) + " s  ";
  }
  std::cout << "\r\033[K" << fitted(line, terminal_columns() - 1) << std::flush;
}

void Screen::finish(const page::Section& section, const std::filesystem::path& folder) {
  const std::lock_guard lock(mutex_);
  running_.erase(section.name);
  std::cout << (terminal_ ? "\r\033[K" : "") << head(section.name) << fixed(section.seconds, 1) << " s  ";
  ++ended_;
  if (section.state == page::State::fine) {
    std::cout << page::headline_of(section.report) << std::endl;
    return;
  }
  std::cout << page::word_of(section.state)
            << (section.state == page::State::failed ? ": " + section.note : "") << "; from "
            << (folder / section.name / "log.txt").string() << ":\n";
  std::istringstream lines(last_lines(section.log, 8));
  for (std::string words; std::getline(lines, words);) std::cout << "      | " << words << '\n';
  std::cout << std::flush;
}

}  // namespace gradus::lecture
