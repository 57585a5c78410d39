#pragma once
// Options: the command line of every lecture program.
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gradus/base/real.hpp"

namespace gradus::lecture {

/// Running time of a program: tiny about a second (for tests), quick about a minute,
/// full as long as good results need.
enum class Preset { tiny, quick, full };
std::string_view preset_name(Preset preset);

struct Options {
  Preset preset = Preset::quick;
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: OpenMP's default
  std::filesystem::path out = "out/lecture4";
  std::filesystem::path data = "datasets";
  Index epochs = 0;  ///< 0: the preset's
  bool resume = false;
  Index shards = 1;            ///< of every batch; by default 8 under a launcher such as mpirun
  bool check_numbers = false;  ///< see Tape::check_numbers
};

/// Description of a program, shown by --help.
struct Lesson {
  std::string name{};   ///< "06_autoencoder": its folder under --out, its key in summary.json
  std::string title{};  ///< "Autoencoders: how small may the bottleneck be?"
  std::string slide{};  ///< "6.S191 L4, \"Autoencoders: background\""
  std::string look{};   ///< what to look for in the pictures
  bool shards = false;  ///< trains by shards, also on several processes: takes --shards
};

/// Ends a program before its lesson starts: exit code 0 after --help, 2 after a wrong command line.
class EarlyExit : public std::runtime_error {
 public:
  EarlyExit(int code_in, const std::string& message) : std::runtime_error(message), code(code_in) {}
  int code;
};

/// Parses and checks the command line: --preset quick|full, --seed, --threads, --out, --data (default:
/// the environment variable GRADUS_DATASETS, else `datasets`), --epochs, --resume, --check-numbers, and
/// --shards where the lesson has it. Throws EarlyExit with the text to print for --help, unknown options,
/// values out of range, and several processes for a lesson without shards.
Options parse_options(int argc, const char* const* argv, const Lesson& lesson);

}  // namespace gradus::lecture
