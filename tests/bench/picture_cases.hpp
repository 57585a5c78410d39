#pragma once
#include <functional>
#include <string>

#include "gradus/base/real.hpp"

/// The number that follows the prefix: 32 for "mlp_vae_b32" and "mlp_vae_b". 0 for other names.
gradus::Index number_after(const std::string& prefix, const std::string& name);

/// The function that runs one training step of a convolutional case; empty for unknown names.
std::function<void()> picture_case(const std::string& name);

/// Floating-point operations of one step of the case "peak".
double peak_flops();
