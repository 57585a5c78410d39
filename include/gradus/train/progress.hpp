#pragma once
// Progress: a bar for everything that takes longer than a moment.
#include <chrono>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// A named number to show: {"loss", loss}. A Var must be of shape [1].
struct Reading {
  Reading(std::string_view name_in, double value_in) : name(name_in), value(value_in) {}
  Reading(std::string_view name_in, const Var& value_in)
      : name(name_in), value(static_cast<double>(value_in.item())) {}

  std::string_view name;
  double value;
};
using Readings = std::initializer_list<Reading>;

struct ProgressOptions {
  enum class Look { automatic, bar, lines };
  Index done = 0;               ///< ticks that were made earlier (a resumed training)
  Look look = Look::automatic;  ///< a bar when the output is a terminal, else lines
  std::ostream* out = nullptr;  ///< null: std::cout
};

/// A bar with rate, remaining time and running averages of the readings:
///
///     Progress bar("epoch 3", loader.size());
///     for (...) bar.tick({{"recon", recon}, {"kl", kl}});
///
///     epoch 3  ━━━━━━━━━━━━━━━━──────────  61 %  412/s  0:03 left  recon 31.27  kl 4.118
///
/// It redraws itself at most ten times a second. Where the output is no terminal it prints a line at the end
/// and at most one in three seconds before. The last line has the averages over all ticks, before it they are
/// over about the last fifty. A tick costs well under a microsecond.
class Progress {
 public:
  /// Throws Error when the total is negative.
  Progress(std::string title, Index total, const ProgressOptions& options = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// One piece of work is done.
  void tick(Readings readings = {});
  /// Readings without progress, for a piece of work that has several.
  void show(Readings readings);
  /// Draws the last line; by the destructor if not before.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  struct Average {
    std::string name;
    double sum = 0, recent = 0, weight = 0;
    Index count = 0;
  };
  void add(const Reading& reading, std::size_t place);
  void draw(Clock::time_point now, bool last);
  std::string words(Clock::time_point now, bool last) const;

  std::string title_;
  Index total_, done_, started_at_;
  std::ostream* out_;
  bool terminal_, finished_ = false;
  Clock::time_point start_, next_draw_;
  std::vector<Average> averages_;
};

}  // namespace gradus
