#pragma once
// Learning-rate schedules: factors for the learning rate as functions of progress in [0, 1].
#include "gradus/base/real.hpp"

namespace gradus {

/// 1 for the first half, then linearly down to `floor` at the last step.
Real decay_second_half(double progress, Real floor = Real(0.02));
/// Linear from 1 to `floor`.
Real linear_decay(double progress, Real floor = 0);
/// Half a cosine period from 1 to `floor`. Loshchilov, Hutter 2017.
Real cosine_decay(double progress, Real floor = 0);
/// Linear from 0 to 1 over the first `steps` steps, then 1. `step` counts from 1.
Real warm_up(std::uint64_t step, std::uint64_t steps);

}  // namespace gradus
