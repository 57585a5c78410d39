#pragma once
// USPS digits in the text format of "The Elements of Statistical Learning": each line has a label
// and 256 grey values.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// The digits in a file's bytes, plain or gzip; `name` is for messages.
///
///   file    label 0 .. 9, then 16 x 16 values in [-1, 1], row by row, one digit per line
///   images  [N, 16, 16, 1] in [0, 1]: (value + 1) / 2
///
/// Throws Error with line and column for anything else.
Dataset parse_usps(std::span<const std::byte> bytes, const std::string& name);
/// The same from a file. Throws Error also when it cannot be read.
Dataset read_usps(const std::filesystem::path& path);

/// `<root>/usps/zip.train` and `zip.test`, each with or without .gz.
/// Throws Error when one is missing or broken.
Split load_usps(const std::filesystem::path& root);

}  // namespace gradus
