#pragma once
// Files: read whole, unpacked by content, replaced only by whole new ones.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

/// The most that a reader takes into memory: of a file, and of what a compressed file unpacks to.
inline constexpr std::size_t max_file_bytes = std::size_t{1} << 30;

/// A whole file. Throws Error when it is missing, not a regular file, empty, larger than `limit` or
/// unreadable.
std::vector<std::byte> read_file(const std::filesystem::path& path, std::size_t limit = max_file_bytes);

/// True when the bytes begin as a gzip file does. The content decides, not the file's name.
bool is_gzip(std::span<const std::byte> bytes);

/// The unpacked content of a gzip file; `name` is for messages.
/// Throws Error for a damaged or cut-off stream, trailing bytes, or more than `limit` bytes of content.
std::vector<std::byte> gunzip(std::span<const std::byte> bytes, const std::string& name,
                              std::size_t limit = max_file_bytes);

/// The bytes as one gzip file.
std::vector<std::byte> gzip(std::span<const std::byte> bytes);

/// Writes a file under a temporary name in the same folder, then renames it: a reader sees the old file or
/// the new one. Throws Error (and leaves no temporary file) when that fails.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Makes the folder and those above it. Throws Error, naming it, when it is not there afterwards.
void make_folder(const std::filesystem::path& folder);

/// The file, or the same with .gz behind its name; an empty path when there is neither. Folders do not count;
/// a link that leads nowhere does, so that reading it says so.
std::filesystem::path plain_or_gz(const std::filesystem::path& path);

/// The bytes of a text file as text, without a UTF-8 byte order mark and without blanks and line ends at the
/// end. Throws Error for UTF-16, naming the file.
std::string_view text_in(std::span<const std::byte> bytes, const std::string& name);

}  // namespace gradus
