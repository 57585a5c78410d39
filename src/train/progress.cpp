#include "gradus/train/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

using namespace std::chrono_literals;

constexpr auto redraw_interval = 100ms;  // of a bar
constexpr auto line_interval = 3s;       // of lines
constexpr double memory = 0.98;          // of a running average, a tick: about the last fifty
constexpr int bar_cells = 26;

int terminal_columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

/// 0:07, 12:40, 3:05:00
std::string clock_words(double seconds) {
  const auto all = static_cast<long>(std::min(seconds, 359999.0) + 0.5);
  char buffer[32];
  if (all >= 3600)
    std::snprintf(buffer, sizeof buffer, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
  else
    std::snprintf(buffer, sizeof buffer, "%ld:%02ld", all / 60, all % 60);
  return buffer;
}

std::string short_number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

/// 412/s, 6.3/s, 4.2 s each
std::string rate_words(double rate) {
  if (!(rate > 0) || !std::isfinite(rate)) return "";
  char buffer[32];
  if (rate >= 1)
    std::snprintf(buffer, sizeof buffer, rate < 10 ? "%.1f/s" : "%.0f/s", rate);
  else
    std::snprintf(buffer, sizeof buffer, "%.1f s each", 1 / rate);
  return buffer;
}

std::string drawn_bar(double part) {
  const int full = static_cast<int>(part * bar_cells);
  std::string out;
  for (int i = 0; i < bar_cells; ++i) out += i < full ? "━" : "─";
  return out;
}

/// As much of a text as fits into so many columns: a column a code point.
std::string fitted(const std::string& words, int columns) {
  std::string out;
  for (const char c : words) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts && columns-- <= 0) break;
    out += c;
  }
  return out;
}

}  // namespace

Progress::Progress(std::string title, Index total, const ProgressOptions& options)
    : title_(std::move(title)),
      total_(total),
      done_(options.done),
      started_at_(options.done),
      out_(options.out ? options.out : &std::cout),
      terminal_(options.look == ProgressOptions::Look::bar),
      start_(Clock::now()) {
  GRADUS_CHECK(total >= 0, "Progress: a total of ", total, ": it must not be negative");
  if (options.look == ProgressOptions::Look::automatic)
    terminal_ = out_ == &std::cout && isatty(STDOUT_FILENO) != 0;
  next_draw_ = start_;
  if (!terminal_) next_draw_ += line_interval;
}

Progress::~Progress() {
  try {
    finish();
  } catch (...) {  // a bar is no reason to end a program
  }
}

void Progress::add(const Reading& reading, std::size_t place) {
  if (place >= averages_.size() || averages_[place].name != reading.name) {  // another order than last time
    place = 0;
    while (place < averages_.size() && averages_[place].name != reading.name) ++place;
    if (place == averages_.size()) averages_.push_back({std::string(reading.name)});
  }
  Average& average = averages_[place];
  average.sum += reading.value;
  average.recent = memory * average.recent + (1 - memory) * reading.value;
  average.weight = memory * average.weight + (1 - memory);
  ++average.count;
}

void Progress::show(Readings readings) {
  std::size_t place = 0;
  for (const Reading& reading : readings) add(reading, place++);
}

void Progress::tick(Readings readings) {
  show(readings);
  ++done_;
  const Clock::time_point now = Clock::now();
  if (now >= next_draw_) draw(now, false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  draw(Clock::now(), true);
}

std::string Progress::words(Clock::time_point now, bool last) const {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_ - started_at_) / seconds : 0;
  const double part =
      total_ > 0 ? std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_)) : 1.0;
  std::string out = title_;
  if (terminal_ && !last) out += "  " + drawn_bar(part);
  if (!last || done_ < total_) out += "  " + std::to_string(static_cast<int>(100 * part)) + " %";
  if (const std::string words = rate_words(rate); !words.empty()) out += "  " + words;
  if (last)
    out += "  " + clock_words(seconds);
  else if (rate > 0 && done_ < total_)
    out += "  " + clock_words(static_cast<double>(total_ - done_) / rate) + " left";
  for (const Average& average : averages_)
    out += "  " + average.name + " " +
           short_number(last ? average.sum / static_cast<double>(average.count)
                             : average.recent / average.weight);
  return out;
}

void Progress::draw(Clock::time_point now, bool last) {
  next_draw_ = now;
  if (terminal_)
    next_draw_ += redraw_interval;
  else
    next_draw_ += line_interval;
  const std::string line = words(now, last);
  if (terminal_)
    *out_ << "\r\033[K" << fitted(line, terminal_columns() - 1) << (last ? "\n" : "") << std::flush;
  else
    *out_ << line << std::endl;
}

}  // namespace gradus
