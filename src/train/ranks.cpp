#include "gradus/train/ranks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

#include "gradus/base/blas_library.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/hash.hpp"
#include "gradus/base/number.hpp"
#include "gradus/base/runtime.hpp"

namespace gradus {
namespace {

using namespace std::chrono_literals;

// Tags of Ranks itself; MPI guarantees tags up to 32767.
constexpr int sign_tag = Ranks::tags, text_tag = sign_tag + 1, end_tag = sign_tag + 2;
constexpr std::byte one_byte{1};
std::byte ignored_byte;  // all signs of life and ends are received here

/// The first of the environment variables that is a whole number; else 0.
int number_of(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    const char* words = std::getenv(variable);
    std::uint64_t number = 0;
    if (words && parse_whole(words, number) && number <= 1'000'000) return static_cast<int>(number);
  }
  return 0;
}

double patience_of_environment() {
  const char* words = std::getenv("GRADUS_RANK_TIMEOUT");
  if (!words) return 20;
  double seconds = 0;
  GRADUS_CHECK(parse_number(words, seconds) && seconds > 0, "GRADUS_RANK_TIMEOUT is \"", words,
               "\", expected a positive number of seconds");
  return seconds;
}

std::string digest_of(const std::filesystem::path& file) {
  Hash hash;
  for (const std::byte byte : read_file(file)) hash.add(static_cast<std::uint64_t>(byte));
  return hash.digits();
}

/// The processor's instructions among those from which libraries choose at run time.
std::string chosen_instructions() {
  std::string words = text(8 * vector_bytes, "-bit vectors");
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx")) words += ", avx";
  if (__builtin_cpu_supports("fma")) words += ", fma";
  if (__builtin_cpu_supports("avx2")) words += ", avx2";
  if (__builtin_cpu_supports("avx512f")) words += ", avx512";
#endif
  const BlasLibrary& blas = blas_library();
  return words + (blas.handle ? ", OpenBLAS kernel " + blas.kernel : ", no OpenBLAS");
}

}  // namespace

int launched_ranks() {
  if (const int ranks = number_of({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}); ranks > 0) return ranks;
  // a step of Slurm: of one task also when an interactive shell is that task
  const int tasks = number_of({"SLURM_STEP_NUM_TASKS"});
  return tasks > 1 || std::getenv("PMIX_RANK") ? tasks : 0;
}

int ranks_on_this_machine() {
  if (const int ranks = number_of({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}); ranks > 0) return ranks;
  const int nodes = std::max(1, number_of({"SLURM_STEP_NUM_NODES"}));
  return std::max(1, (launched_ranks() + nodes - 1) / nodes);
}

Agreement same_program() {
  Agreement values = {{"instruction set", chosen_instructions()}};
  std::error_code none;
  if (std::filesystem::exists("/proc/self/exe", none)) values["program file"] = digest_of("/proc/self/exe");
  return values;
}

Ranks::Ranks(Transport transport, double patience)
    : transport_(std::move(transport)),
      patience_(patience > 0 ? patience : patience_of_environment()),
      pause_(std::min<Seconds>(1s, patience_ / 5)),
      heard_(static_cast<std::size_t>(transport_.size)),
      said_(heard_.size(), -1),
      listening_(heard_.size(), -1) {
  if (size() == 1) return;
  signs_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    do exchange_signs();
    while (!end_.wait_for(lock, pause_, [this] { return ends_; }));
  });
}

Ranks::~Ranks() { stop_signs(); }

void Ranks::stop_signs() {
  if (!signs_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  end_.notify_all();
  signs_.join();
}

/// Sends one sign of life to every other rank, and notes those that have arrived. The mutex is locked.
void Ranks::exchange_signs() {
  const auto now = Clock::now();
  if (was_stopped(now)) std::fill(heard_.begin(), heard_.end(), now);
  last_signs_ = now;
  for (int other = 0; other < size(); ++other) {
    if (other == rank()) continue;
    int &said = said_[static_cast<std::size_t>(other)],
        &listening = listening_[static_cast<std::size_t>(other)];
    try {
      if (said >= 0 && transport_.done(said)) said = -1;
      if (said < 0) said = transport_.send(other, sign_tag, {&one_byte, 1});
      if (listening < 0) listening = transport_.receive(other, sign_tag, {&ignored_byte, 1});
      while (transport_.done(listening)) {
        heard_[static_cast<std::size_t>(other)] = now;
        listening = transport_.receive(other, sign_tag, {&ignored_byte, 1});
      }
    } catch (const Error&) {  // its connection is broken: wait() names the rank when it needs it
    }
  }
}

int Ranks::send(int to, int tag, std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  return transport_.send(to, tag, bytes);
}

int Ranks::receive(int from, int tag, std::span<std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  return transport_.receive(from, tag, bytes);
}

bool Ranks::done(int message) {
  const std::lock_guard lock(mutex_);
  return transport_.done(message);
}

void Ranks::wait(const std::function<bool()>& ready, const std::function<int()>& awaited) {
  const auto start = Clock::now();
  while (!ready()) {
    const auto now = Clock::now();
    if (now - start < 2ms) {
      std::this_thread::yield();
      continue;
    }
    // a fiftieth of the wait so far: a late answer costs at most 2 %
    std::this_thread::sleep_for(std::clamp<Clock::duration>((now - start) / 50, 50us, 5ms));
    if (now - start < pause_) continue;
    const int other = awaited();
    const auto limit = hurry_ && hurry_() ? std::min<Seconds>(patience_, 10s) : patience_;
    const std::lock_guard lock(mutex_);
    if (was_stopped(now) || now - heard_[static_cast<std::size_t>(other)] < limit) continue;
    throw Error(
        text("rank ", rank(), ": no sign of life from rank ", other, " for ", significant(limit.count(), 3),
             " s: its process has ended or is stopped, or its connection is lost; the last checkpoint "
             "is complete, run again with --resume"));
  }
}

/// Waits for a message from or to another rank.
void Ranks::finish(int message, int other) {
  wait([&] { return done(message); }, [other] { return other; });
}

void Ranks::send_text(int to, const std::string& words) {
  const std::uint64_t length = words.size();
  finish(send(to, text_tag, std::as_bytes(std::span(&length, 1))), to);
  finish(send(to, text_tag, std::as_bytes(std::span(words))), to);
}

std::string Ranks::receive_text(int from) {
  std::uint64_t length = 0;
  finish(receive(from, text_tag, std::as_writable_bytes(std::span(&length, 1))), from);
  std::string words(length, '\0');
  finish(receive(from, text_tag, std::as_writable_bytes(std::span(words))), from);
  return words;
}

std::string Ranks::disagreement(const Agreement& mine) {
  std::string all, sentence;
  for (const auto& [name, value] : mine) all += name + '\n' + value + '\0';
  if (!leads()) {
    send_text(0, all);
    return receive_text(0);
  }
  for (int other = 1; other < size(); ++other) {
    const std::string received = receive_text(other);
    Agreement theirs;
    for (std::size_t at = 0; at < received.size();) {
      const std::size_t line = received.find('\n', at), end = received.find('\0', line);
      theirs[received.substr(at, line - at)] = received.substr(line + 1, end - line - 1);
      at = end + 1;
    }
    for (const auto& [name, value] : mine)
      if (sentence.empty() && theirs[name] != value)
        sentence =
            text("rank ", other, " differs: ", name, " is ", theirs[name].empty() ? "absent" : theirs[name],
                 ", and on rank 0 ", value, "; all ranks need the same");
  }
  for (int other = 1; other < size(); ++other) send_text(other, sentence);
  return sentence;
}

void Ranks::leave() {
  if (!transport_.end) return;
  const auto others = [&](const auto& each) {
    for (int other = 1; other < size(); ++other) each(other);
  };
  const auto told = [&](int other) { finish(send(other, end_tag, {&one_byte, 1}), other); };
  const auto heard = [&](int other) { finish(receive(other, end_tag, {&ignored_byte, 1}), other); };
  if (leads())
    others(heard), others(told);
  else
    told(0), heard(0);
  stop_signs();
  transport_.end();
  transport_ = {.rank = rank(), .size = size()};
}

}  // namespace gradus
