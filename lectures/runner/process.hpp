#pragma once
// A program of the lecture in its own process: its output goes to a log, and signals to the runner reach it.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gradus::lecture {

/// The largest number of programs that may run at the same time.
inline constexpr int most_together = 64;

/// Called about five times per second with the seconds since the start and the program's latest line.
using OnOutput = std::function<void(double seconds, const std::string& words)>;

/// From now on SIGINT and SIGTERM are forwarded to the running programs, and SIGPIPE is ignored.
void forward_signals();
/// Number of the signal that was received, else 0.
int signal_received();

/// Runs the program with its output in the log; returns its status as from waitpid. Several threads may call
/// it. Throws Error when the log cannot be written.
int run_logged(const std::filesystem::path& program, const std::filesystem::path& log_file,
               const std::vector<std::string>& settings, const OnOutput& on_output);
/// The last lines of a log, for a page or a terminal.
std::string last_lines(const std::string& log, int count);
/// "exit code 1", or "ended by signal: Killed", from a status of run_logged.
std::string reason_of(int status);

}  // namespace gradus::lecture
