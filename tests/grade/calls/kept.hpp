#pragma once
// A function must not modify its arguments: a copy of a Tensor shares its numbers.
#include <cstring>

#include "../calls.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {

/// The same calls, wrapped to throw an Error when one of them has changed an argument.
inline std::vector<Call> with_inputs_kept(std::vector<Call> calls) {
  for (Call& call : calls)
    call.run = [run = call.run](const Tensors& in) {
      Tensors before;
      for (const Tensor& one : in) before.push_back(one ? one.clone() : Tensor());
      Tensors out = run(in);
      for (std::size_t i = 0; i < in.size(); ++i)
        GRADUS_CHECK(!in[i] || std::memcmp(in[i].data(), before[i].data(), in[i].bytes()) == 0,
                     "an argument of shape ", in[i].shape(),
                     ", was overwritten: a copy of a Tensor shares its numbers. Write to a new one");
      return out;
    };
  return calls;
}

}  // namespace gradus::grade
