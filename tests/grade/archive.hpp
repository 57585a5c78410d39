#pragma once
// Submissions: a folder, or an archive that nobody has looked at yet.
#include <ctime>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "course.hpp"

namespace gradus::grade {

/// What was found: texts of graded files, by name ("gaussian_kl.cpp"); and remarks ("ignored: Makefile").
struct Submitted {
  std::map<std::string, std::string> files;
  std::vector<std::string> notes;
  std::string digest;  ///< SHA-256 over names and texts
};

/// Reads a folder, a zip, or a tar. Only the names of graded files are taken, wherever in the archive they
/// are; names of entries are never used as paths. Throws Error when it is none of these, damaged, holds a
/// graded file twice with different text, more than 2000 entries, one larger than 256 KiB, or unpacks to more
/// than 4 MiB, or as a tar to more than 64 MiB (a bomb).
Submitted read_submission(const std::filesystem::path& path, const std::vector<Exercise>& exercises);

struct Packed {
  std::string name, text;
  bool executable = false;
};
/// A zip of these files in this order, all with one date (of 1980, the first year that zip knows, if none is
/// given), in UTC: the same files give the same bytes. Not for two threads at once.
void write_zip(const std::filesystem::path& file, const std::vector<Packed>& entries,
               std::time_t time = 315619200);

}  // namespace gradus::grade
