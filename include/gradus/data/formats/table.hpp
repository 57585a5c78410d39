#pragma once
// Tables: comma-separated numbers, with or without a line of names, the last column a label if wanted.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gradus/data/dataset.hpp"

namespace gradus {

struct TableOptions {
  bool labels = true;  ///< the last column is a label: a whole number (taken as it is) or a text (numbered by
                       ///< first use)
  char separator = ',';
};

struct Table {
  std::vector<std::string>
      columns;   ///< names of all columns, the label's included; empty when the file has no header
  Dataset data;  ///< images [N, D]: the numbers as they stand in the file, not scaled to [0, 1]
};

/// The table in a file's bytes, plain or gzip; `name` is for messages. The first line is a header when none
/// of its number columns holds a number. Fields may be quoted; empty lines at the end do not count. Throws
/// Error with line and column for a field that is no finite number, a line of another length, an unclosed
/// quote.
Table parse_table(std::span<const std::byte> bytes, const std::string& name,
                  const TableOptions& options = {});
Table read_table(const std::filesystem::path& path, const TableOptions& options = {});

}  // namespace gradus
