#pragma once
// Submissions: a folder, or an archive that nobody has looked at yet.
#include <ctime>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "course.hpp"

namespace gradus::grade {

/// What was found: texts of graded files, by name ("gaussian_kl.cpp"); and remarks on what was taken by
/// another name, ignored or passed over, with what to do.
struct Submitted {
  std::map<std::string, std::string> files;
  std::vector<std::string> notes;
  std::string digest;  ///< SHA-256 over names and texts
};

/// Reads a folder, a zip, a tar, a file, or a learning platform's folder that holds zips. Only graded files
/// are taken, wherever in it they are; names of entries are never used as paths. What can be meant without
/// doubt is taken and said: "Gaussian_KL (1).cpp", ".cpp.txt", a copy in build/ when nothing lies elsewhere.
/// Of copies in a folder like backup/ and files outside of it those outside count; two that disagree are not
/// taken, the other files are. Throws Error when it is none of these, damaged, contradicts itself, has more
/// than 100 000 entries, a graded file of more than 256 KiB, more than 4 MiB of them, is larger than 256 MiB,
/// or is a bomb (a tar that unpacks to more than 1 GiB, or to more than 64 MiB and 50 times its size).
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
