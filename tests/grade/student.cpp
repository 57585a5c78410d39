#include "student.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <random>
#include <sstream>

#include "timed.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;

const char* name_of(State state) {
  constexpr const char* names[] = {
      "pass",         "wrong",     "not_started", "compile_error",  "crash",   "timeout",     "memory",
      "output_flood", "bad_reply", "banned_call", "sandbox_denied", "skipped", "grader_fault"};
  return names[static_cast<int>(state)];
}

namespace {

constexpr std::size_t most_printed = 64 << 10, flood = 16 << 20;

/// "exercises/04_divergences/gaussian_kl.cpp:14" from return addresses: the first line of the student's file.
std::string place_of(const fs::path& worker, Level level, int slot,
                     const std::vector<std::string>& addresses) {
  if (addresses.empty()) return "";
  std::vector<std::string> command = {"/usr/bin/addr2line", "-e", worker.string()};
  command.insert(command.end(), addresses.begin(), addresses.end());
  if (!fs::exists(command[0])) return "";
  const Outcome outcome = run(command,
                              {.level = level,
                               .limits = {.memory = std::size_t{2} << 30},
                               .readable = {worker},
                               .compiler = true,
                               .slot = slot},
                              5);
  std::istringstream lines(outcome.text);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find("exercises/");
    if (at != std::string::npos) return line.substr(at, line.find(' ', at) - at);
  }
  return "";
}

constexpr long most_number = 1 << 30;
struct Crash {
  int signal = 0;
  long tensor = -1, element = 0;
  bool raised = false;   // by the code itself
  char access[20] = "";  // "reads", "writes"
  unsigned long address = ~0UL;
  std::vector<std::string> addresses;
};

/// Reads and removes the lines that guarded.cpp wrote while the process was ending.
Crash take_crash(std::string& printed) {
  Crash crash;
  const auto begin = printed.find("\ngradus-fault: ");
  if (begin == std::string::npos) return crash;
  std::istringstream lines(printed.substr(begin));
  printed.resize(begin);
  for (std::string line; std::getline(lines, line);) {
    if (std::sscanf(line.c_str(), "gradus-fault: signal %d tensor %ld element %ld %19[a-z ]", &crash.signal,
                    &crash.tensor, &crash.element, crash.access) >= 1) {
      std::sscanf(line.c_str(), "gradus-fault: signal %*d address %lx", &crash.address);
      crash.raised = line.ends_with(" raised");
      if (crash.tensor > most_number || std::abs(crash.element) > most_number) crash = {};  // invalid
      continue;
    }
    if (line.starts_with("gradus-frame: 0x") && line.size() < 40) crash.addresses.push_back(line.substr(14));
  }
  return crash;
}

/// What the signal that ended the process says about the student's code.
///   of_library   whether one of the standard library's own checks failed
///   where        "" or " at file:line"
///   asked        the call, or "the start"
StudentFault fault_of_signal(int signal, const Crash& crash, bool of_library, const std::string& where,
                             const std::string& asked) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
      if (crash.address < 4096 * sizeof(Real))
        return StudentFault(
            State::crash,
            "crashed" + where +
                ": an empty tensor (never initialised, or moved from) or a null pointer has no numbers");
      return StudentFault(
          State::crash,
          "crashed" + where +
              ": an invalid address (an index out of range, an empty tensor, or infinite recursion)");
    case SIGFPE:
      return StudentFault(State::crash, "crashed" + where + ": integer division by zero");
    case SIGABRT:
      if (of_library) return StudentFault(State::crash, "an index is outside a vector or span" + where);
      return StudentFault(
          State::crash, "ended itself with abort()" + where + " (a failed assert, or an uncaught exception)");
    case SIGILL:
      return StudentFault(State::crash,
                          "crashed" + where + ": a function that returns a value ended without return");
    case SIGKILL:
      return StudentFault(State::memory,
                          "was ended by signal 9 (SIGKILL), which the system sends when memory is low", true);
    case SIGXCPU:
      return StudentFault(State::timeout,
                          "used up its processor time for " + asked + ": is there an infinite loop?");
    case SIGXFSZ:
      return StudentFault(State::sandbox_denied, "tried to write a large file");
    case SIGSYS:
      return StudentFault(
          State::sandbox_denied,
          "was ended for an action that exercises may not take" +
              std::string(asked == "the start" ? " before any call" : "") +
              " (start a process or a thread, open a connection, exit with a code below 0 or above 127)");
    default:
      return StudentFault(State::crash, text("was ended by signal ", signal, where));
  }
}

/// The same for an exception that a call ended with, or another end that the worker reports.
StudentFault fault_of_exception(const std::string& name, const std::string& type, const std::string& what) {
  if (type == "memory")
    return StudentFault(State::memory,
                        name + " throws std::bad_alloc: it requests more memory than is available (1 GiB)");
  if (type == "large") return StudentFault(State::wrong, name + " " + what);
  if (type == "denied")
    return StudentFault(State::sandbox_denied, "tried an action that exercises may not take: " + what);
  if (type == "overrun") return StudentFault(State::crash, name + " " + what);
  const bool of_library = type == "gradus::Error", index = type == "std::out_of_range";
  return StudentFault(State::wrong, of_library ? name + " throws: the library rejects its arguments: " + what
                                               : name + " throws " + type +
                                                     (index ? ", an index is out of range" : "") +
                                                     (what.empty() ? "" : ": " + what));
}

}  // namespace

Student::Student(const fs::path& worker, Level level, int slot, Guards guards,
                 const std::vector<fs::path>& libraries)
    : level_(level), slot_(slot), worker_(worker) {
  if (!reachable(worker, level)) worker_ = copy_.emplace(level, slot).bring(worker);
  std::random_device device;
  session_ = (std::uint64_t{device()} << 32) | device();
  try {
    process_ = start({worker_.string(), std::to_string(static_cast<int>(guards))},
                     {.level = level, .readable = {worker_}, .toolchain = libraries, .slot = slot});
  } catch (const CannotRun&) {
    throw StudentFault(
        State::crash,
        "the program built from your file does not start: is a variable larger than the memory (1 GiB)?");
  }
  try {
    const Answer answer = exchange({}, 5, max_payload, "the start");
    if (answer.header.kind != Kind::hello || !answer.payload.empty() || answer.header.session != 0 ||
        answer.header.seq != 0)
      throw StudentFault(State::bad_reply, "your code wrote to the grader's channel before any call");
  } catch (...) {
    finish(process_, true);
    throw;
  }
}

Student::~Student() { finish(process_, true); }

void Student::listen() {
  char piece[4096];
  for (;;) {
    const ssize_t got = read(process_.text, piece, sizeof piece);
    if (got == 0) {  // closed: no more output
      close(process_.text);
      process_.text = -1;
    }
    if (got <= 0) return;
    const std::size_t size = static_cast<std::size_t>(got),
                      room = most_printed - std::min(most_printed, printed_.size());
    printed_.append(piece, std::min(size, room));
    dropped_ += size - std::min(size, room);
    if (dropped_ > flood)
      throw StudentFault(State::output_flood,
                         "your code prints more than 16 MiB: remove the output from the loop");
  }
}

Student::Answer Student::exchange(const Bytes& question, double seconds, std::size_t most_bytes,
                                  const std::string& asked) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  std::size_t sent = 0;
  Bytes got = std::move(surplus_);
  surplus_.clear();
  if (!question.empty() && !got.empty())
    throw StudentFault(State::bad_reply, "your code wrote to the grader's channel outside a call");
  std::size_t wanted = header_bytes;
  Header header;
  bool have_header = false;
  int late = 0;
  for (;;) {
    if (!have_header && got.size() >= header_bytes) {
      try {
        header = unpack_header(std::span(got).first(header_bytes), max_payload);
      } catch (const Error& error) {
        throw StudentFault(State::bad_reply,
                           std::string("the answer of ") + asked + " is not valid: " + error.what());
      }
      if (header.length > most_bytes)
        throw StudentFault(State::wrong,
                           text(asked, " returns ", header.length / 8, " numbers or more, at most ",
                                most_bytes / 8, " were expected: check the shapes"));
      have_header = true;
      wanted = header_bytes + header.length;
    }
    if (have_header && got.size() >= wanted) {
      listen();
      surplus_.assign(got.begin() + static_cast<std::ptrdiff_t>(wanted), got.end());
      return {header, Bytes(got.begin() + header_bytes, got.begin() + static_cast<std::ptrdiff_t>(wanted))};
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0 && late++ > 0) ended(asked, true, seconds);  // received data is read first
    const bool sending = sent < question.size();
    pollfd files[] = {
        {process_.from, POLLIN, 0}, {process_.text, POLLIN, 0}, {sending ? process_.to : -1, POLLOUT, 0}};
    if (poll(files, 3, static_cast<int>(std::max<decltype(left)>(left, 0))) < 0) continue;
    if (files[1].revents & (POLLIN | POLLHUP)) listen();
    if (sending && files[2].revents) {
      const ssize_t put = write(process_.to, question.data() + sent, question.size() - sent);
      if (put > 0) sent += static_cast<std::size_t>(put);
      if (put < 0 && errno != EAGAIN && errno != EINTR) ended(asked, false, seconds);
    }
    if (files[0].revents & (POLLIN | POLLHUP)) {
      unsigned char piece[16384];
      const ssize_t count =
          read(process_.from, piece, std::min(sizeof piece, wanted - got.size() + (have_header ? 64 : 0)));
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) ended(asked, false, seconds);
      if (count > 0) got.insert(got.end(), piece, piece + count);
    }
  }
}

void Student::ended(const std::string& asked, bool out_of_time, double seconds) {
  if (!out_of_time) {  // final output may still be in the pipe
    pollfd one{process_.text, POLLIN, 0};
    for (int i = 0; i < 20 && poll(&one, 1, 100) > 0 && !(one.revents & POLLHUP && !(one.revents & POLLIN));
         ++i)
      listen();
  }
  const Ending ending = finish(process_, out_of_time);
  if (out_of_time) {
    std::ostringstream words;
    words << "no answer within " << seconds << " s for " << asked << ": is there an infinite loop?";
    throw StudentFault(State::timeout, words.str(), true);
  }
  Crash crash = take_crash(printed_);
  if (crash.signal != ending.signal) crash = {};  // not the ending signal: the lines are from another source
  const std::string place = place_of(worker_, level_, slot_, crash.addresses);
  const std::string where = place.empty() ? "" : " at " + place;
  if (crash.tensor >= 0)
    throw StudentFault(
        State::crash,
        text(crash.access, crash.element < 0 ? " before the first element" : " past the end",
             " of a tensor of ", crash.tensor, " numbers: element [", crash.element, "]", where));
  if (crash.raised) throw StudentFault(State::crash, text("ended itself by signal ", ending.signal, where));
  if (ending.signal != 0)
    throw fault_of_signal(ending.signal, crash, printed_.find("Assertion '__") != std::string::npos, where,
                          asked);
  if (asked == "the start") {
    throw StudentFault(State::crash, text("your file ends the program (exit ", ending.code,
                                          ") before main, in a constructor or a static variable"));
  }
  throw StudentFault(State::crash,
                     text("ended the program (exit ", ending.code, ") instead of returning from ", asked));
}

Tensors Student::call(const std::string& name, const Tensors& inputs, double seconds,
                      std::size_t most_bytes) {
  if (process_.pid < 0) throw StudentFault(State::crash, "the process has ended before " + name);
  Packer payload;
  payload.text(name);
  payload.tensors(inputs);
  Bytes question =
      pack_header({Kind::call, 0, ++seq_, session_, static_cast<std::uint32_t>(payload.bytes.size())});
  question.insert(question.end(), payload.bytes.begin(), payload.bytes.end());
  const double left = std::max(most_seconds_ - seconds_, 0.0);
  const Answer answer = [&] {
    std::optional<Timed> charged;
    if (charged_) charged.emplace(*charged_);
    const Timed timed(seconds_);
    return exchange(question, std::min(seconds, left), most_bytes, name);
  }();
  if (answer.header.session != session_ || answer.header.seq != seq_ || !surplus_.empty())
    throw StudentFault(State::bad_reply,
                       "the answer of " + name + " does not match the call: only return values count");
  Unpacker in(answer.payload);
  std::string type, what;
  try {
    switch (answer.header.kind) {
      case Kind::result: {
        const std::string denied = in.text();
        Tensors outputs = in.tensors();
        in.end();
        if (!denied.empty())
          throw StudentFault(State::sandbox_denied, "tried an action that exercises may not take: " + denied);
        return outputs;
      }
      case Kind::todo: {
        const std::string id = in.text(), file = in.text();
        const std::uint32_t line = in.u32();
        throw StudentFault(State::not_started, text("TODO ", id, " is not written yet: ", file, ":", line));
      }
      case Kind::thrown:
        type = in.text();
        what = in.text();
        break;
      default:
        throw Error("a message of the wrong kind");
    }
  } catch (const StudentFault&) {
    throw;
  } catch (const Error& error) {
    throw StudentFault(State::bad_reply, "the answer of " + name + " is damaged: " + error.what());
  }
  throw fault_of_exception(name, type, what);
}

}  // namespace gradus::grade
