#pragma once
// A program of the lecture in its own process: its output goes to a log, and signals to the runner reach it.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gradus::lecture {

/// Called about five times per second with the seconds since the start and the program's latest line.
using OnOutput = std::function<void(double seconds, const std::string& words)>;

/// From now on SIGINT and SIGTERM are forwarded to the running program, and SIGPIPE is ignored.
void forward_signals();
/// Number of the signal that was received, else 0.
int signal_received();

/// Runs the program with its output in the log; returns its status as from waitpid. Throws Error when the log
/// cannot be written.
int run_logged(const std::filesystem::path& program, const std::filesystem::path& log_file,
               const std::vector<std::string>& settings, const OnOutput& on_output);
/// "exit code 1", or "ended by signal: Killed", from a status of run_logged.
std::string reason_of(int status);

}  // namespace gradus::lecture
