#pragma once
// File access control of the sandbox (Linux Landlock).
#ifdef __linux__
#include <filesystem>
#include <vector>

namespace gradus::grade {

/// The kernel's version of Landlock; below 1 if unsupported.
int landlock_version();

/// Restricts this process to these paths from now on. False when the kernel refuses.
bool restrict_files(const std::vector<std::filesystem::path>& readable,
                    const std::filesystem::path& writable);

}  // namespace gradus::grade
#endif
