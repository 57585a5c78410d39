#include "zip_directory.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

// PKWARE's APPNOTE.TXT 6.3.10: 4.3.7 local header, 4.3.12 table ("central directory"), 4.3.16 end
constexpr std::size_t local_bytes = 30, entry_bytes = 46, end_bytes = 22, most_comment = 65535;

std::size_t number(const std::string& bytes, std::size_t at, std::size_t size) {
  std::size_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::string piece(std::ifstream& in, std::size_t from, std::size_t size) {
  std::string bytes(size, '\0');
  in.clear();
  in.seekg(static_cast<std::streamoff>(from));
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  GRADUS_CHECK(in.gcount() == static_cast<std::streamsize>(size), "a damaged zip: truncated");
  return bytes;
}

/// Compares the table's entry at `at` with the header before its file.
void compare(std::ifstream& in, const std::string& table, std::size_t at) {
  const std::string name = table.substr(at + entry_bytes, number(table, at + 28, 2));
  GRADUS_CHECK(name.find('\0') == std::string::npos, "a name in the zip contains a NUL");
  const std::size_t begin = number(table, at + 42, 4);
  const std::string local = piece(in, begin, local_bytes);
  GRADUS_CHECK(local.starts_with("PK\003\004"), "a damaged zip: no file at the position in its table");
  GRADUS_CHECK(number(local, 26, 2) == name.size() && piece(in, begin + local_bytes, name.size()) == name &&
                   number(local, 8, 2) == number(table, at + 10, 2),
               "the zip contradicts itself about '", name.substr(0, 200), "': create it again");
}

}  // namespace

std::optional<std::size_t> check_zip(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::size_t size = std::filesystem::file_size(file);
  char magic[4] = {};
  in.read(magic, 4);
  if (size < end_bytes || std::memcmp(magic, "PK", 2) != 0) return std::nullopt;
  const std::size_t tail_bytes = std::min(size, end_bytes + most_comment);
  const std::string tail = piece(in, size - tail_bytes, tail_bytes);
  const auto end = tail.rfind("PK\005\006");
  GRADUS_CHECK(end != std::string::npos && end + end_bytes <= tail.size(),
               "a damaged zip: its end is missing");
  const std::size_t entries = number(tail, end + 10, 2), bytes = number(tail, end + 12, 4),
                    begin = number(tail, end + 16, 4);
  GRADUS_CHECK(entries < 0xffff && begin != 0xffffffff, "a zip of more than 65534 entries or 4 GiB");
  GRADUS_CHECK(begin <= size && bytes <= size - begin, "a damaged zip: its table is missing");
  const std::string table = piece(in, begin, bytes);
  std::size_t at = 0;
  for (std::size_t i = 0; i < entries; ++i) {
    GRADUS_CHECK(at + entry_bytes <= bytes && table.compare(at, 4, "PK\001\002") == 0,
                 "a damaged zip: its table ends early");
    const std::size_t whole =
        entry_bytes + number(table, at + 28, 2) + number(table, at + 30, 2) + number(table, at + 32, 2);
    GRADUS_CHECK(whole <= bytes - at, "a damaged zip: its table ends early");
    compare(in, table, at);
    at += whole;
  }
  return entries;
}

}  // namespace gradus::grade
