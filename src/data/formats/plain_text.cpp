#include "gradus/data/formats/plain_text.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace {

/// The number of bytes of the letter at the beginning of `rest`; 0 when these bytes are not UTF-8 (RFC 3629).
std::size_t letter_length(std::string_view rest) {
  const auto byte = [rest](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length > rest.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Overlong forms, surrogates, and code points above 10FFFF differ from valid letters in their second byte.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

/// The letters of one file, in UTF-8.
std::vector<std::string_view> letters_of(std::string_view content, const std::string& name) {
  std::vector<std::string_view> letters;
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < content.size();) {
    const std::size_t length = letter_length(content.substr(i));
    GRADUS_CHECK(length > 0, name, ": line ", line, ", column ", column, ": byte 0x",
                 hex(static_cast<unsigned char>(content[i]), 2), " is not UTF-8 text");
    const std::string_view letter = content.substr(i, length);
    i += length;
    if (letter == "\r" && content.substr(i, 1) == "\n") continue;
    const bool c1 = letter[0] == '\xc2' && static_cast<unsigned char>(letter[1]) < 0xa0;  // U+0080 .. U+009F
    const auto code = static_cast<unsigned char>(letter[c1 ? 1 : 0]);
    GRADUS_CHECK(((code >= 0x20 && code != 0x7f) || letter == "\t" || letter == "\n") && !c1, name, ": line ",
                 line, ", column ", column, ": control character 0x", hex(code, 2), ", expected text");
    letters.push_back(letter);
    if (letter == "\n") {
      ++line, column = 1;
    } else {
      ++column;
    }
  }
  return letters;
}

PlainText numbered(const std::vector<std::string_view>& letters, const std::string& name) {
  std::map<std::string_view, int> index;
  for (const std::string_view letter : letters) index.emplace(letter, 0);
  PlainText text;
  text.name = name;
  for (auto& [letter, number] : index) {
    number = static_cast<int>(text.alphabet.size());
    text.alphabet.emplace_back(letter);
  }
  for (const std::string_view letter : letters) text.letters.push_back(index[letter]);
  return text;
}

std::vector<std::byte> unpacked(std::vector<std::byte> bytes, const std::string& name) {
  if (!is_gzip(bytes)) return bytes;
  bytes = gunzip(bytes, name);
  GRADUS_CHECK(!is_gzip(bytes), name, ": gzip inside gzip, expected text inside gzip");
  return bytes;
}

}  // namespace

std::string PlainText::words(std::size_t begin, std::size_t end) const {
  GRADUS_CHECK(begin <= end && end <= letters.size(), "PlainText: letters ", begin, " .. ", end, " of ",
               letters.size());
  std::string out;
  for (std::size_t i = begin; i < end; ++i) out += alphabet[static_cast<std::size_t>(letters[i])];
  return out;
}

PlainText parse_text(std::span<const std::byte> bytes, const std::string& name) {
  const std::vector<std::byte> plain = unpacked({bytes.begin(), bytes.end()}, name);
  const std::vector<std::string_view> letters = letters_of(text_in(plain, name), name);
  GRADUS_CHECK(!letters.empty(), name, ": no letter, expected text");
  return numbered(letters, name);
}

PlainText read_text(const std::vector<std::filesystem::path>& paths) {
  GRADUS_CHECK(!paths.empty(), "read_text: no file");
  std::vector<std::vector<std::byte>> files;
  std::vector<std::string_view> letters;
  for (const std::filesystem::path& path : paths) {
    files.push_back(unpacked(read_file(path), path.string()));
    const std::vector<std::string_view> more =
        letters_of(text_in(files.back(), path.string()), path.string());
    GRADUS_CHECK(!more.empty(), path.string(), ": no letter, expected text");
    if (!letters.empty()) letters.insert(letters.end(), {"\n", "\n"});
    letters.insert(letters.end(), more.begin(), more.end());
  }
  return numbered(letters, paths.size() == 1 ? paths[0].string() : text(paths.size(), " files"));
}

}  // namespace gradus
