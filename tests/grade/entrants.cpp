#include "entrants.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "compiler.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "state.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

/// "ada" for "ada.zip", "ada/" and "submission_ada.zip"; empty for a file that is not a submission.
std::optional<std::string> student_of(const fs::directory_entry& entry) {
  std::string id = entry.path().filename().string();
  id = Json::parse(Json(id).dump(-1, ' ', false, Json::error_handler_t::replace))
           .get<std::string>();  // same form as in the journal
  if (id.starts_with(".") || id == "__MACOSX") return std::nullopt;
  bool known = entry.is_directory();
  if (!known) {
    std::string small = id;
    for (char& letter : small) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    // Some of these formats cannot be read; the student is then notified.
    for (const char* ending :
         {".zip", ".tar.gz", ".tgz", ".tar", ".cpp", ".cpp.txt", ".rar", ".7z", ".tar.xz", ".tar.bz2", ".gz"})
      if (small.ends_with(ending)) {
        id.resize(id.size() - std::string(ending).size());
        known = true;
        break;
      }
  }
  if (id.starts_with("submission_")) id = id.substr(11);
  return known && !id.empty() ? std::optional(id) : std::nullopt;
}

/// Throws Error when the submission is refused.
Submitted submission_of(const Entrant& student, const std::vector<Exercise>& exercises) {
  Submitted first;
  for (const fs::path& path : student.paths) {
    if (fs::is_symlink(path))
      throw Error(path.filename().string() + ": a link, possibly to another student's file");
    if (!fs::exists(path)) throw GraderFault(path.string() + ": removed while it was graded");
    const Submitted one = read_submission(path, exercises);
    if (&path == &student.paths.front()) first = one;
    GRADUS_CHECK(one.digest == first.digest, "both ", student.paths.front().filename().string(), " and ",
                 path.filename().string(), " exist and differ: keep one of them");
  }
  return first;
}

}  // namespace

Submissions submissions_in(const fs::path& folder) {
  GRADUS_CHECK(fs::is_directory(folder), folder.string(), " is not a folder of submissions");
  Submissions submissions;
  std::map<std::string, std::vector<fs::path>> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (const auto id = student_of(entry))
      found[*id].push_back(entry.path());
    else
      submissions.passed_over.push_back(entry.path().filename().string());
  }
  GRADUS_CHECK(!found.empty(), folder.string(),
               " holds no submissions: expected a zip, a tar or a folder per student");
  std::sort(submissions.passed_over.begin(), submissions.passed_over.end());
  for (auto& [id, paths] : found) {
    std::sort(paths.begin(), paths.end());
    submissions.students.push_back({id, paths});
  }
  return submissions;
}

HandedIn handed_in(const Entrant& student, const fs::path& folder, const std::vector<Exercise>& exercises) {
  try {
    return {submission_of(student, exercises), ""};
  } catch (const Error& error) {
    HandedIn refused{.submitted = {}, .refused = error.what()};
    const std::string before = folder.string() + "/";  // the path is private, and differs between machines
    if (refused.refused.starts_with(before)) refused.refused = refused.refused.substr(before.size());
    refused.submitted.digest = digest("refused" + refused.refused);
    return refused;
  }
}

Part Part::of_student(const std::string& id, std::uint64_t of) {
  return {std::stoull(digest(id).substr(0, 15), nullptr, 16) % of + 1, of};
}

Part Part::parse(const std::string& words) {
  const auto slash = words.find('/');
  Part part;
  const bool numbers = slash != std::string::npos && parse_whole(words.substr(0, slash), part.number) &&
                       parse_whole(words.substr(slash + 1), part.of);
  GRADUS_CHECK(numbers && part.number >= 1 && part.number <= part.of, "--part '", words,
               "': expected K/N with 1 <= K <= N, as in 3/16");
  return part;
}

}  // namespace gradus::grade
