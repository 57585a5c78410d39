#pragma once
// A zip lists its contents twice: in a header before each file and in a table at its end.
// Programs that read different lists unpack different files.
#include <cstddef>
#include <filesystem>
#include <optional>

namespace gradus::grade {

/// The number of entries of a zip; empty when the file is not a zip.
/// Throws Error when the two lists disagree on a name or compression method, when a name contains a NUL,
/// or when the table is not where the end record says.
std::optional<std::size_t> check_zip(const std::filesystem::path& file);

}  // namespace gradus::grade
