#pragma once
// The parameters of two networks that one optimizer trains.
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

inline std::vector<Parameter*> parameters_of(Module& first, Module& second) {
  std::vector<Parameter*> all = first.parameters();
  for (Parameter* parameter : second.parameters()) all.push_back(parameter);
  return all;
}

}  // namespace gradus::lecture
