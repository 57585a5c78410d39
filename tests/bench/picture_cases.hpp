#pragma once
#include <functional>
#include <string>

/// The function that does one training step of a convolutional case, or none when there is no case of that
/// name.
std::function<void()> picture_case(const std::string& name);

/// Floating-point operations of one step of the case "peak".
double peak_flops();
