#pragma once
// What the runner shows while programs run, several at the same time.
#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "runner/page.hpp"

namespace gradus::lecture {

/// On a terminal one line that is rewritten in place; for every program that has ended, its result.
/// Several threads may call it.
class Screen {
 public:
  /// `count` programs will run; the longest name has `width` characters.
  Screen(std::ptrdiff_t count, std::size_t width);

  /// The program has run for so long, and this is its latest line.
  void update(const std::string& name, double seconds, const std::string& words);
  /// The program has ended: its key figure, or what went wrong with the end of its log below `folder`.
  void finish(const page::Section& section, const std::filesystem::path& folder);

 private:
  std::string head(const std::string& name) const;

  std::ptrdiff_t count_, ended_ = 0;
  std::size_t width_;
  bool terminal_;
  std::map<std::string, double> running_{};  // seconds
  std::mutex mutex_{};
};

}  // namespace gradus::lecture
