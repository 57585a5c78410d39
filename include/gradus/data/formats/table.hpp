#pragma once
// Tables: comma-separated values, with or without a header line; the last column is optionally a label.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// Options of the table reader.
struct TableOptions {
  bool labels = true;    ///< the last column is a label: an integer (used as it is) or a text (numbered by
                         ///< first use)
  char separator = ',';  ///< between the fields of a line
};

/// A table that was read.
struct Table {
  /// Names of all columns, including the label's; empty when the file has no header.
  std::vector<std::string> columns;
  Dataset data;  ///< images [N, D]: the values as in the file, not scaled to [0, 1]
};

/// The table in a file's bytes, plain or gzip; `name` is for messages. The first line is a header when
/// none of its number columns contains a number. Fields may be quoted; empty lines at the end are
/// ignored. Throws Error with line and column for a field that is not a finite number, a line of another
/// length, or an unclosed quote.
Table parse_table(std::span<const std::byte> bytes, const std::string& name,
                  const TableOptions& options = {});
/// The same from a file. Throws Error also when it cannot be read.
Table read_table(const std::filesystem::path& path, const TableOptions& options = {});

}  // namespace gradus
