#include "gradus/train/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "gradus/base/terminal.hpp"

namespace gradus {
namespace {

using namespace std::chrono_literals;

constexpr auto redraw_interval = 100ms;  // between two drawings of the bar
constexpr auto line_interval = 3s;       // between two lines
constexpr double memory = 0.98;          // of a running average, per tick: about the last fifty ticks
constexpr int bar_cells = 26;

/// Durations as 0:07, 12:40, 3:05:00
std::string clock_words(double seconds) {
  const long all = std::lround(std::min(seconds, 359999.0));
  const auto two = [](long part) { return text(part < 10 ? "0" : "", part); };
  const std::string minutes = all >= 3600 ? text(all / 3600, ":", two(all / 60 % 60)) : text(all / 60);
  return minutes + ":" + two(all % 60);
}

/// Rates as 412/s, 6.3/s, 4.2 s each
std::string rate_words(double rate) {
  if (!(rate > 0) || !std::isfinite(rate)) return "";
  return rate >= 1 ? fixed(rate, rate < 10 ? 1 : 0) + "/s" : fixed(1 / rate, 1) + " s each";
}

std::string drawn_bar(double part) {
  const int full = static_cast<int>(part * bar_cells);
  std::string out;
  for (int i = 0; i < bar_cells; ++i) out += i < full ? "━" : "─";
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
    terminal_ = out_ == &std::cout && is_terminal(STDOUT_FILENO);
  next_draw_ = start_;
  if (!terminal_) next_draw_ += line_interval;
}

Progress::~Progress() {
  try {
    finish();
  } catch (...) {  // an error in a progress bar must not end the program
  }
}

void Progress::add(const Reading& reading, std::size_t place) {
  if (place >= averages_.size() || averages_[place].name != reading.name) {  // the order has changed
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
           significant(
               last ? average.sum / static_cast<double>(average.count) : average.recent / average.weight, 4);
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
