#pragma once
// The grader's side of the student's process: sends calls, receives answers,
// and describes every other outcome in a sentence.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "frame.hpp"
#include "guarded.hpp"
#include "scratch.hpp"
#include "state.hpp"

namespace gradus::grade {

class Student {
 public:
  /// Starts the worker and waits for its first message.
  /// Throws StudentFault when the student's code ends it before that.
  ///   libraries   folders of a compiler's own libraries, in addition to the system's
  Student(const std::filesystem::path& worker, Level level, int slot = 0, Guards guards = Guards::nan,
          const std::vector<std::filesystem::path>& libraries = {});
  ~Student();
  Student(const Student&) = delete;
  Student& operator=(const Student&) = delete;

  /// Makes one call. `most_bytes` bounds the answer. Throws StudentFault for everything but an answer.
  Tensors call(const std::string& name, const Tensors& inputs, double seconds = 2,
               std::size_t most_bytes = max_payload);

  /// Limits the total time of all calls from now on.
  void hurry(double seconds) { most_seconds_ = std::min(most_seconds_, seconds_ + seconds); }
  /// Adds the seconds of every later call to `sum`.
  void charge(double& sum) { charged_ = &sum; }

  /// The output of the student's code so far (64 KiB at most), and the number of bytes dropped.
  const std::string& printed() const { return printed_; }
  std::size_t dropped() const { return dropped_; }

 private:
  struct Answer {
    Header header;
    Bytes payload;
  };
  Answer exchange(const Bytes& question, double seconds, std::size_t most_bytes, const std::string& asked);
  void listen();
  [[noreturn]] void ended(const std::string& asked, bool out_of_time, double seconds);

  Level level_;
  int slot_;
  std::optional<Scratch> copy_{};  // of a worker outside the reach of the sandbox's user
  std::filesystem::path worker_;
  double seconds_ = 0, most_seconds_ = 20;  // total of all calls
  double* charged_ = nullptr;
  Process process_;
  std::uint64_t session_;
  std::uint32_t seq_ = 0;
  std::string printed_;
  std::size_t dropped_ = 0;
  Bytes surplus_;
};

}  // namespace gradus::grade
