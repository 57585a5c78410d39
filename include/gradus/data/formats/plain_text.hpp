#pragma once
// Plain text as numbers: every letter of a UTF-8 file becomes an index in an alphabet.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace gradus {

/// A text and its alphabet.
struct PlainText {
  std::string name{};                   ///< the file, for messages
  std::vector<std::string> alphabet{};  ///< the different letters, each in UTF-8, sorted byte by byte
  std::vector<int> letters{};           ///< one index in the alphabet per letter of the text

  /// Letters begin .. end-1 as UTF-8. Throws Error outside the range.
  std::string words(std::size_t begin, std::size_t end) const;
};

/// The text in a file's bytes, plain or gzip; `name` is for messages. A letter is a code point. A byte order
/// mark is skipped, line ends CR LF become LF, and blanks and line ends at the end of the file are dropped.
/// Throws Error, with line and column, for bytes that are not UTF-8 and for control characters other than tab
/// and line end; for UTF-16, and when no letter is left.
PlainText parse_text(std::span<const std::byte> bytes, const std::string& name);
/// Some files, one after the other with an empty line between them, with one alphabet.
/// Throws Error also when a file cannot be read or the list is empty.
PlainText read_text(const std::vector<std::filesystem::path>& paths);

}  // namespace gradus
