#pragma once
// Most of what the compiler reads for an exercise are headers: those that every exercise shares are compiled
// ahead.
#include <filesystem>
#include <string>
#include <vector>

#include "compiler.hpp"

namespace gradus::grade {

/// The largest shared header of the library that `source` includes before anything else stands in it, as in
/// "gradus/autograd/op.hpp"; empty when there is none. Compiling it ahead then changes nothing but the time.
///   include   the folder of the library's headers
std::string prelude_of(const std::string& source, const std::filesystem::path& include);

/// `header` compiled ahead with `command` (compiler and flags), in the sandbox: the file to name behind
/// `-include`. It is kept under `cache` and made anew when the command, the compiler, or any header of the
/// library or of the C library changes; GCC itself checks its own version and flags. Empty when it cannot be
/// made: the file is then compiled whole.
std::filesystem::path precompiled(const std::string& header, std::vector<std::string> command,
                                  const Toolchain& tools, const std::filesystem::path& cache,
                                  const BuildOptions& options);

/// Removes all of them: one may be damaged.
void forget_precompiled(const std::filesystem::path& cache);

}  // namespace gradus::grade
