#include "calls.hpp"

#include <map>

#include "gradus/base/check.hpp"

namespace gradus::grade {

const Function& call_named(const std::string& name) {
  static const std::map<std::string, Function> table = [] {
    std::map<std::string, Function> all;
    for (const auto& calls : {calls_01, calls_02, calls_03, calls_04, calls_05, calls_06, calls_07, calls_08,
                              calls_09, calls_10, calls_11, calls_12, calls_13, calls_14})
      for (Call& call : calls()) all.emplace(call.name, std::move(call.run));
    return all;
  }();
  const auto found = table.find(name);
  GRADUS_CHECK(found != table.end(), "no call is named '", name, "'");
  return found->second;
}

}  // namespace gradus::grade
