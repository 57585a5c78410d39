// The checks of every exercise.
#include "../check.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {

const std::vector<Check>& checks_of(int exercise) {
  static const std::map<int, std::vector<Check>> all = {
      {1, checks_01()},  {2, checks_02()},  {3, checks_03()},  {4, checks_04()}, {5, checks_05()},
      {6, checks_06()},  {7, checks_07()},  {8, checks_08()},  {9, checks_09()}, {10, checks_10()},
      {11, checks_11()}, {12, checks_12()}, {13, checks_13()}, {14, checks_14()}};
  const auto found = all.find(exercise);
  GRADUS_CHECK(found != all.end(), "no checks for exercise ", exercise);
  return found->second;
}

}  // namespace gradus::grade
