#pragma once
// Files: reading whole files, decompressing gzip by content, replacing files atomically.
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

/// The limit on the bytes that a reader holds in memory: of a file, and of the content of a compressed file.
inline constexpr std::size_t max_file_bytes = std::size_t{1} << 30;

/// The bytes of a file.
/// Throws Error when it is missing, not a regular file, empty, larger than `limit` or unreadable.
std::vector<std::byte> read_file(const std::filesystem::path& path, std::size_t limit = max_file_bytes);

/// True when the bytes begin with the gzip magic number; the file's name is not considered.
bool is_gzip(std::span<const std::byte> bytes);

/// The decompressed content of a gzip file; `name` is for messages.
/// Throws Error for a damaged or truncated stream, trailing bytes, or more than `limit` bytes of content.
std::vector<std::byte> gunzip(std::span<const std::byte> bytes, const std::string& name,
                              std::size_t limit = max_file_bytes);

/// The decompressed content of a zlib stream (RFC 1950), whose end may be followed by other bytes; `name` is
/// for messages. Throws Error for a damaged or truncated stream, or more than `limit` bytes of content.
std::vector<std::byte> unpack_zlib(std::span<const std::byte> bytes, const std::string& name,
                                   std::size_t limit = max_file_bytes);

/// The bytes, compressed as one gzip file.
std::vector<std::byte> gzip(std::span<const std::byte> bytes);

/// A file that is written under a temporary name in the same folder and renamed when it is complete: a reader
/// sees the old file or the new one. Without commit() the temporary file is removed.
/// All functions throw Error when the file cannot be written.
class NewFile {
 public:
  /// Opens the temporary file, in the folder of `path`.
  explicit NewFile(const std::filesystem::path& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// The temporary name, for a program that writes the file itself.
  const std::filesystem::path& temporary() const { return temporary_; }
  /// Appends the bytes.
  void write(std::span<const std::byte> bytes);
  /// Forces the bytes onto the disk, and later the name: a power failure leaves the old file or the new one.
  void flush();
  /// Renames the file.
  void commit();

 private:
  [[noreturn]] void fail(const std::string& why);

  std::filesystem::path path_, temporary_;
  int file_ = -1;
  bool flushed_ = false;
};

/// A lock that is held until the end of its scope; other holders wait, in this process and in all others.
class FileLock {
 public:
  /// Creates `file`, readable by its owner only, if it does not exist; it is never removed. Calls `on_wait`
  /// before it waits for another holder. Throws Error when the file cannot be written or locked.
  explicit FileLock(const std::filesystem::path& file, const std::function<void()>& on_wait = {});
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

/// Writes the bytes as a NewFile. Throws Error when that fails.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Creates the folder and its parents. Throws Error, naming it, when it does not exist afterwards.
void make_folder(const std::filesystem::path& folder);

/// The path itself, or the path with .gz appended; an empty path when neither exists. Folders are ignored. A
/// broken link counts as existing, so that reading it reports the error.
std::filesystem::path plain_or_gz(const std::filesystem::path& path);

/// The words as one word of a POSIX shell's command, in single quotes.
std::string shell_quoted(std::string_view words);

/// The bytes of a text file, without a UTF-8 byte order mark and without trailing blanks and line ends.
/// Throws Error for UTF-16, naming the file.
std::string_view text_in(std::span<const std::byte> bytes, const std::string& name);

}  // namespace gradus
