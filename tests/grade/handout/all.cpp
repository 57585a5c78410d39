// The checks of every exercise as recorded numbers: inputs and right answers,
// drawn before this copy was made.
#include "../check.hpp"
#include "../recorded.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

namespace gradus::grade {

const std::vector<Check>& checks_of(int exercise) {
  static const std::map<int, std::vector<Check>> all = [] {
    const std::string file = GRADUS_SOURCE_DIR "/exercises/recorded.json.gz";
    const std::vector<std::byte> text = gunzip(read_file(file), file);
    return recorded_checks({reinterpret_cast<const char*>(text.data()), text.size()});
  }();
  const auto found = all.find(exercise);
  GRADUS_CHECK(found != all.end(), "no checks for exercise ", exercise);
  return found->second;
}

}  // namespace gradus::grade
