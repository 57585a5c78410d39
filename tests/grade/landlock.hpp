#pragma once
// Which files a process may see (Linux).
#ifdef __linux__
#include <filesystem>
#include <vector>

namespace gradus::grade {

/// The kernel's version of Landlock; below 1 where it has none.
int landlock_version();

/// From here on this process sees nothing but these places. False when the kernel refuses.
bool shut_file_system(const std::vector<std::filesystem::path>& readable,
                      const std::filesystem::path& writable);

}  // namespace gradus::grade
#endif
