#pragma once
// The students of a class and their submissions, and the part of a distributed run that grades a student.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "archive.hpp"

namespace gradus::grade {

/// A student with a submission.
struct Entrant {
  std::string id;
  std::vector<std::filesystem::path> paths;  ///< more than one if both "ada.zip" and "ada/" exist
};

struct Submissions {
  std::vector<Entrant> students;         ///< sorted by id
  std::vector<std::string> passed_over;  ///< names of files that are not submissions
};
/// Lists a folder with one folder or archive per student. Throws Error when it contains none.
Submissions submissions_in(const std::filesystem::path& folder);

/// What a student handed in. A refused submission (not an archive, a link, two that differ) has no files and
/// a sentence with the reason.
struct HandedIn {
  Submitted submitted;
  std::string refused;
};
/// Throws GraderFault when this machine cannot read the files.
HandedIn handed_in(const Entrant& student, const std::filesystem::path& folder,
                   const std::vector<Exercise>& exercises);

/// One share of a class that is graded on several machines: part `number` of `of`, counted from 1.
struct Part {
  std::uint64_t number = 1, of = 1;
  std::string name() const { return std::to_string(number) + "/" + std::to_string(of); }
  std::string folder() const { return std::to_string(number) + "-of-" + std::to_string(of); }
  /// Whether this part grades the student. Depends on the digest of the id alone: not on the machine, nor
  /// on the other students.
  bool grades(const std::string& id) const { return of_student(id, of).number == number; }
  static Part of_student(const std::string& id, std::uint64_t of);
  /// Parses "3/16". Throws Error for other text.
  static Part parse(const std::string& words);
};

}  // namespace gradus::grade
