#pragma once
// A zip says twice what is in it: before every file, and in a table at its end. Programs that read different
// halves unpack different files.
#include <cstddef>
#include <filesystem>
#include <optional>

namespace gradus::grade {

/// The number of entries of a zip; nothing when the file is none. Throws Error when its two halves disagree
/// about a name or the way of packing, when a name holds a NUL, or when the table does not lie where the end
/// says.
std::optional<std::size_t> check_zip(const std::filesystem::path& file);

}  // namespace gradus::grade
