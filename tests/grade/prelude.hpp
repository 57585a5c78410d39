#pragma once
// Precompiled headers: most of what the compiler reads for an exercise is headers that all exercises share.
#include <filesystem>
#include <string>
#include <vector>

#include "compiler.hpp"

namespace gradus::grade {

/// The largest shared library header that `source` includes before any other code,
/// such as "gradus/autograd/op.hpp"; empty when there is none. Precompiling it then changes only the time.
///   include   the folder of the library's headers
std::string prelude_of(const std::string& source, const std::filesystem::path& include);

/// Precompiles `header` with `command` (compiler and flags) in the sandbox and returns the file
/// for `-include`. The result is cached under `cache` and rebuilt when the command, the compiler,
/// or any header of the library or the C library changes; GCC itself checks its version and flags.
/// Empty when it cannot be built: the file is then compiled without it.
std::filesystem::path precompiled(const std::string& header, std::vector<std::string> command,
                                  const Toolchain& tools, const std::filesystem::path& cache,
                                  const BuildOptions& options);

/// Removes all precompiled headers, since one may be damaged.
void forget_precompiled(const std::filesystem::path& cache);

}  // namespace gradus::grade
