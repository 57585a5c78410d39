#pragma once
// The tape drawn: parameters and ops as boxes, values as arrows. 6.S191 L4, "Reparametrizing the sampling
// layer".
#include <filesystem>
#include <functional>
#include <string>

#include "gradus/autograd/tape.hpp"

namespace gradus {

/// The tape in Graphviz' DOT language: parameters blue, ops with their output shape, constants grey; `name`
/// gives a parameter its label (its shape alone without it).
std::string to_dot(const Tape& tape, const std::function<std::string(const Parameter&)>& name = {});

/// Writes path.dot, and path.svg beside it where Graphviz' `dot` is installed. Returns true when the SVG was
/// made. Throws Error when the folder cannot be written to.
bool draw_tape(const Tape& tape, const std::filesystem::path& path,
               const std::function<std::string(const Parameter&)>& name = {});

}  // namespace gradus
