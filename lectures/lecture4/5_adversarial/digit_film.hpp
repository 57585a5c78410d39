#pragma once
// What a training of digits records at chosen steps, and its time.
#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// Records the pictures of fixed noise at chosen steps of a training,
/// generated with the weights of each step: [steps, N, 28, 28, 1].
/// The record is part of the checkpoint, so it has no gaps after an interruption.
class DigitFilm {
 public:
  DigitFilm(std::vector<Index> steps, const Tensor& noise) : steps_(std::move(steps)), noise_(noise) {
    pictures_ = Tensor::zeros({static_cast<Index>(steps_.size()), noise.dim(0) * 784});
  }
  State state() { return {{{"pictures", pictures_}}, {}}; }

  template <class Draw>
  void look(Index step, Draw draw) {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (steps_[i] == step) pictures(i).copy_from(draw(noise_));
  }
  std::size_t size() const { return steps_.size(); }
  Index step(std::size_t i) const { return steps_[i]; }
  const Tensor& noise() const { return noise_; }
  Tensor pictures(std::size_t i) const {
    return pictures_.row(static_cast<Index>(i)).reshape({noise_.dim(0), 28, 28, 1});
  }

 private:
  std::vector<Index> steps_;
  Tensor noise_, pictures_;
};

/// Time of a training, accumulated over resumed runs.
struct Stopwatch {
  std::uint64_t microseconds = 0;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
  State state() { return {{}, {{"microseconds", &microseconds}}}; }
  void lap() {
    const auto now = std::chrono::steady_clock::now();
    microseconds +=
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - last).count());
    last = now;
  }
};

/// Scores and pictures of a generator at chosen steps, with the training time until then. The record is part
/// of the checkpoint.
class ScoreFilm {
 public:
  /// noise [N, K]; `score` maps pictures [N, 28, 28, 1]; the first ten pictures of each step are kept.
  ScoreFilm(std::vector<Index> steps, const Tensor& noise, std::function<double(const Tensor&)> score)
      : steps_(std::move(steps)), noise_(noise), score_(std::move(score)) {
    const auto count = static_cast<Index>(steps_.size());
    scores_ = Tensor::zeros({count}), seconds_ = Tensor::zeros({count}),
    pictures_ = Tensor::zeros({count, 7840});
  }
  State state() { return {{{"scores", scores_}, {"seconds", seconds_}, {"pictures", pictures_}}, {}}; }

  /// Draws and scores if the step is one of the chosen steps; returns whether it is.
  bool look(Index step, std::uint64_t microseconds, const std::function<Tensor(const Tensor&)>& draw) {
    const auto found = std::find(steps_.begin(), steps_.end(), step);
    if (found == steps_.end()) return false;
    const auto i = static_cast<Index>(found - steps_.begin());
    const Tensor drawn = draw(noise_);
    scores_[i] = static_cast<Real>(score_(drawn)),
    seconds_[i] = static_cast<Real>(double(microseconds) / 1e6);
    pictures(static_cast<std::size_t>(i)).copy_from(drawn.rows(0, 10));
    return true;
  }
  std::size_t size() const { return steps_.size(); }
  const Tensor& noise() const { return noise_; }
  std::vector<double> seconds() const { return {seconds_.values().begin(), seconds_.values().end()}; }
  std::vector<double> scores() const { return {scores_.values().begin(), scores_.values().end()}; }
  Tensor pictures(std::size_t i) const {
    return pictures_.row(static_cast<Index>(i)).reshape({10, 28, 28, 1});
  }

 private:
  std::vector<Index> steps_;
  Tensor noise_, scores_, seconds_, pictures_;
  std::function<double(const Tensor&)> score_;
};

}  // namespace gradus::lecture
