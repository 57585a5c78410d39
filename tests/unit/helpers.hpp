#pragma once
// Helpers shared by the unit tests.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <sstream>
#include <streambuf>
#include <string>
#include <system_error>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/tensor/tensor.hpp"

/// Sanitizers keep loops scalar: a block of 1024 terms is then added in one chain instead of four, with four
/// times as many roundings in a row.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr double chains = 4;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr double chains = 4;
#else
inline constexpr double chains = 1;
#endif
#else
inline constexpr double chains = 1;
#endif

/// The message of the Error thrown by f; empty when it throws none.
template <class F>
std::string message(F f) {
  try {
    f();
  } catch (const gradus::Error& error) {
    return error.what();
  }
  return {};
}

/// Whether `whole` contains all these parts; reports the missing one.
inline bool contains(const std::string& whole, std::initializer_list<std::string> parts) {
  for (const std::string& part : parts)
    if (whole.find(part) == whole.npos) {
      MESSAGE("\"" << whole << "\" lacks \"" << part << "\"");
      return false;
    }
  return true;
}
inline bool contains(const std::string& whole, const std::string& part) {
  return whole.find(part) != whole.npos;
}

inline bool same_bits(const gradus::Tensor& a, const gradus::Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

inline std::vector<gradus::Real> numbers(const gradus::Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

/// Captures cout and cerr during its lifetime.
class Heard {
 public:
  Heard() : out_(std::cout.rdbuf(words_.rdbuf())), err_(std::cerr.rdbuf(complaints_.rdbuf())) {}
  ~Heard() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;
  std::string words() const { return words_.str(); }
  std::string complaints() const { return complaints_.str(); }

 private:
  std::ostringstream words_, complaints_;
  std::streambuf *out_, *err_;
};

/// A new folder that is removed at the end of its lifetime.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "gradus_test_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& file) const { return path / file; }
};

/// All bytes of a file; empty when it does not exist.
inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether this program can start itself. An emulated one cannot, unless the system starts foreign programs
/// (binfmt_misc).
inline bool starts_itself() {
  std::error_code none;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", none).string();
  return !self.empty() && std::system(("'" + self + "' --version > /dev/null 2>&1").c_str()) == 0;
}
