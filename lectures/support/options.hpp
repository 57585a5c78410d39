#pragma once
// Options: what every lecture program understands on its command line.
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gradus/base/real.hpp"

namespace gradus::lecture {

/// How long a program may take: tiny a second (for tests), quick a minute, full as long as good results need.
enum class Preset { tiny, quick, full };
std::string_view preset_name(Preset preset);

struct Options {
  Preset preset = Preset::quick;
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: as many as OpenMP takes
  std::filesystem::path out = "out/lecture4";
  std::filesystem::path data = "datasets";
  Index epochs = 0;  ///< 0: the preset's
  bool resume = false;
  bool check_numbers = false;  ///< see Tape::check_numbers
};

/// What --help tells about a program.
struct Lesson {
  std::string name{};   ///< "06_autoencoder": its folder under --out, its key in summary.json
  std::string title{};  ///< "Autoencoders: how small may the bottleneck be?"
  std::string slide{};  ///< "6.S191 L4, \"Autoencoders: background\""
  std::string look{};   ///< what to look at in the pictures
};

/// Why a program ends before it began: code 0 after --help, 2 after a wrong command line.
class EarlyExit : public std::runtime_error {
 public:
  EarlyExit(int code_in, const std::string& message) : std::runtime_error(message), code(code_in) {}
  int code;
};

/// The command line, checked: --preset quick|full, --seed, --threads, --out, --data (when not given: the
/// environment variable GRADUS_DATASETS, else `datasets`), --epochs, --resume, --check-numbers. Throws
/// EarlyExit with the text to print: for --help, and for what is unknown or out of range.
Options parse_options(int argc, const char* const* argv, const Lesson& lesson);

}  // namespace gradus::lecture
