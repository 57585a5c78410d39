#pragma once
// Reads submissions: a folder or an untrusted archive.
#include <ctime>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "course.hpp"

namespace gradus::grade {

/// Result of reading a submission: the texts of the graded files by name ("gaussian_kl.cpp"),
/// and notes on files that were renamed, ignored or skipped, with instructions.
struct Submitted {
  std::map<std::string, std::string> files;
  std::vector<std::string> notes;
  std::string digest;  ///< SHA-256 over names and texts
};

/// Reads a folder, a zip, a tar, a single file, or a learning platform's folder that holds zips.
/// Only graded files are read, wherever they lie in it; entry names are never used as paths.
/// Unambiguous variants are accepted and noted: "Gaussian_KL (1).cpp", ".cpp.txt",
/// a copy in build/ when no other copy exists. Copies in a folder like backup/ yield to copies outside it;
/// if two copies of equal rank differ, that file is not graded, the others are.
/// Throws Error for any other kind of file, for damaged or inconsistent archives, more than 100 000 entries,
/// a graded file above 256 KiB, more than 4 MiB of graded files, an archive above 256 MiB,
/// and bombs (a tar that unpacks to more than 1 GiB, or to more than 64 MiB and 50 times its size).
/// Throws GraderFault when this machine cannot read the files.
Submitted read_submission(const std::filesystem::path& path, const std::vector<Exercise>& exercises);

struct Packed {
  std::string name, text;
  bool executable = false;
};
/// A zip of these files in this order. All entries have one date in UTC (1980, the first year that zip
/// can represent, by default), so the same files give the same bytes. Not thread-safe.
void write_zip(const std::filesystem::path& file, const std::vector<Packed>& entries,
               std::time_t time = 315619200);

}  // namespace gradus::grade
