#pragma once
#include <functional>
#include <string>

/// The function that runs one training step of a convolutional case; empty for unknown names.
std::function<void()> picture_case(const std::string& name);

/// Floating-point operations of one step of the case "peak".
double peak_flops();
