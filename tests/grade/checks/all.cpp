// The checks of every exercise.
#include "../check.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {

const std::vector<Check>& checks_of(int exercise) {
  static const std::vector<std::vector<Check>> all = {checks_01(), checks_02(), checks_03(),
                                                      checks_04(), checks_05(), checks_06(),
                                                      checks_07(), checks_08(), checks_09()};
  GRADUS_CHECK(exercise >= 1 && exercise <= static_cast<int>(all.size()), "no checks for exercise ",
               exercise);
  return all[static_cast<std::size_t>(exercise - 1)];
}

}  // namespace gradus::grade
