#pragma once
// Progress: a progress bar for long computations.
#include <chrono>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// A named value to show: {"loss", loss}. A Var must be of shape [1], else Error.
struct Reading {
  // From a number, or a Var of shape [1].
  Reading(std::string_view name_in, double value_in) : name(name_in), value(value_in) {}
  Reading(std::string_view name_in, const Var& value_in)
      : name(name_in), value(static_cast<double>(value_in.item())) {}

  std::string_view name;  ///< shown before the value
  double value;           ///< the value
};
/// The readings of one step.
using Readings = std::initializer_list<Reading>;

/// How a Progress is shown.
struct ProgressOptions {
  /// bar: a line that is redrawn; lines: one after another; automatic: a bar on a terminal, else lines.
  enum class Look { automatic, bar, lines };
  Index done = 0;               ///< ticks made before, in a resumed training
  Look look = Look::automatic;  ///< of the output
  std::ostream* out = nullptr;  ///< where to write; null: std::cout
};

/// A progress bar with rate, remaining time and running averages of the readings:
///
///     Progress bar("epoch 3", loader.size());
///     for (...) bar.tick({{"recon", recon}, {"kl", kl}});
///
///     epoch 3  ━━━━━━━━━━━━━━━━──────────  61 %  412/s  0:03 left  recon 31.27  kl 4.118
///
/// The bar is redrawn at most ten times per second. Where the output is not a terminal, it prints a line at
/// the end and before that at most one every three seconds. Averages are taken over about the last fifty
/// ticks, in the last line over all ticks. A tick costs well under a microsecond.
class Progress {
 public:
  /// `total` ticks will be made. Throws Error when it is negative.
  Progress(std::string title, Index total, const ProgressOptions& options = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Marks one unit of work as done.
  void tick(Readings readings = {});
  /// Shows readings without progress, for units of work with several readings.
  void show(Readings readings);
  /// Draws the last line. The destructor calls it if necessary.
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
