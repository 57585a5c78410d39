#pragma once
// Drawing a tape: parameters and ops are boxes, values are arrows.
// 6.S191 L4, "Reparametrizing the sampling layer".
#include <filesystem>
#include <functional>
#include <string>

#include "gradus/autograd/tape.hpp"

namespace gradus {

/// The tape in Graphviz' DOT language: parameters are blue, ops show their output shape, constants are grey.
/// `name` returns a parameter's label; without it the label is the shape alone.
std::string to_dot(const Tape& tape, const std::function<std::string(const Parameter&)>& name = {});

/// Writes path.dot and, where Graphviz' `dot` is installed, path.svg beside it. Returns true when the SVG was
/// written. Throws Error when the folder is not writable.
bool draw_tape(const Tape& tape, const std::filesystem::path& path,
               const std::function<std::string(const Parameter&)>& name = {});

}  // namespace gradus
