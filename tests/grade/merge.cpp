#include "merge.hpp"

#include <algorithm>
#include <iostream>

#include "gradebook.hpp"
#include "gradus/base/check.hpp"
#include "report.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

/// The journal of one part.
struct Source {
  fs::path file;
  Records records;
};

std::vector<Source> sources_of(const ClassCommand& command, std::vector<fs::path> files) {
  const fs::path parts = command.out / "parts";
  if (files.empty() && fs::is_directory(parts))
    for (const auto& entry : fs::directory_iterator(parts))
      if (fs::exists(entry.path() / "journal.jsonl")) files.push_back(entry.path());
  GRADUS_CHECK(!files.empty(), parts.string(),
               ": no journal of a part; gradus-grade class --part 1/16 writes the first of 16");
  std::vector<Source> sources;
  for (fs::path file : files) {
    if (fs::is_directory(file)) file /= "journal.jsonl";
    GRADUS_CHECK(fs::is_regular_file(file), file.string(), ": no such journal");
    sources.push_back({file, Records(file)});
    if (const std::size_t damaged = sources.back().records.damaged)
      std::cout << visible(file.string()) << ": " << damaged << (damaged == 1 ? " line is" : " lines are")
                << " damaged and passed over\n";
  }
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.file < b.file; });
  return sources;
}

/// "3", "3 and 7", "3, 7 and 9"
std::string listed(const std::set<std::uint64_t>& numbers) {
  std::string words;
  std::size_t left = numbers.size();
  for (const std::uint64_t number : numbers)
    words += std::to_string(number) + (--left == 0 ? "" : left == 1 ? " and " : ", ");
  return words;
}

/// Whether the results are equal, whichever parts graded them.
bool same_result(Json one, Json other) {
  one.erase("part"), other.erase("part");
  return one == other;
}

/// Selects one result per student and exercise.
class Merge {
 public:
  Merge(const Project& project, const ClassCommand& command, const std::vector<Source>& sources,
        const Journal& journal)
      : project_(project), command_(command), sources_(sources), journal_(journal) {
    for (const Source& source : sources)
      for (const auto& [place, record] : source.records.last)
        parts_ = std::max(parts_, Part::parse(record.value("part", "1/1")).of);
  }

  void add(const Entrant& student) {
    const auto [submitted, refused] = handed_in(student, command_.submissions, project_.exercises);
    if (!refused.empty()) outcomes_.refused.push_back(student.id);
    for (const Exercise& exercise : project_.exercises)
      if (command_.wants(exercise)) select(student.id, exercise, submitted.digest);
  }

  const std::vector<Json>& records() const { return records_; }
  const Outcomes& outcomes() const { return outcomes_; }
  /// The students and exercises without a result.
  const std::set<std::pair<std::string, std::string>>& unresolved() const { return unresolved_; }

  /// Prints why students are REVIEW.
  void print_review(std::size_t students) const {
    for (const std::string& sentence : differing_) std::cout << "REVIEW: " << sentence << "\n";
    std::set<std::uint64_t> numbers;
    for (const std::string& id : missing_) numbers.insert(Part::of_student(id, parts_).number);
    if (!numbers.empty())
      std::cout << "REVIEW: " << missing_.size() << " of " << students
                << " students have no result: " << (numbers.size() == 1 ? "part " : "parts ")
                << listed(numbers) << " of " << parts_ << (numbers.size() == 1 ? " is" : " are")
                << " missing or unfinished; run gradus-grade class --part for each, then merge again\n";
  }

 private:
  /// Adds the result of this submission, if there is one and no journal has another.
  void select(const std::string& id, const Exercise& exercise, const std::string& submission) {
    const Json* chosen = nullptr;
    fs::path file;
    std::string differ;
    for (const Source& source : sources_) {
      const Json* record = result_in(source.records.last, id, exercise, submission);
      if (!record) continue;
      check_origin(source, exercise, *record);
      if (!chosen) chosen = record, file = source.file;
      if (!same_result(*chosen, *record))
        differ = visible(id) + " has two results of " + exercise.folder + " that differ, in " +
                 visible(file.string()) + " and " + visible(source.file.string());
    }
    const Json* regraded = result_in(journal_.last, id, exercise, submission);
    if (regraded && !regraded->contains("part") && regraded->value("by", "") == by_) {
      records_.push_back(*regraded);
      return;
    }
    if (chosen && differ.empty()) {
      records_.push_back(*chosen);
      records_.back()["part"] = chosen->value("part", "1/1");  // it is merged, not regraded here
      return;
    }
    outcomes_.faults.insert(id);
    unresolved_.insert({id, exercise.folder});
    if (chosen)
      differing_.push_back(differ);
    else
      missing_.insert(id);
  }

  /// The result of this submission; null when the journal has none.
  static const Json* result_in(const decltype(Records::last)& last, const std::string& id,
                               const Exercise& exercise, const std::string& submission) {
    const auto found = last.find({id, exercise.folder});
    return found != last.end() && found->second.value("digest", "") == submission ? &found->second : nullptr;
  }

  void check_origin(const Source& source, const Exercise& exercise, const Json& record) {
    const auto by = record.value("by", "");
    if (!first_) first_ = &source, by_ = by;
    GRADUS_CHECK(
        by == by_, first_->file.string(), " and ", source.file.string(),
        " come from different graders, course keys or sandbox levels: grade both parts with the same, "
        "or leave the outdated journal out");
    std::string graded, here;
    for (const Json& todo : record.at("todos")) graded += " " + todo.at("id").get<std::string>();
    for (const GradedFile& one : exercise.files)
      for (const Todo& todo : one.todos) here += " " + todo.id;
    GRADUS_CHECK(graded == here || record.contains("refused"), source.file.string(),
                 ": its results are of another version of the course: ", exercise.folder, " has the TODOs",
                 here, ", the results have", graded);
  }

  const Project& project_;
  const ClassCommand& command_;
  const std::vector<Source>& sources_;
  const Journal& journal_;   // of the class
  std::uint64_t parts_ = 1;  // the finest division among the journals
  const Source* first_ = nullptr;
  std::string by_{};
  std::vector<Json> records_{};
  Outcomes outcomes_{};
  std::set<std::string> missing_{};
  std::set<std::pair<std::string, std::string>> unresolved_{};
  std::vector<std::string> differing_{};
};

}  // namespace

int merge_command(const Project& project, const ClassCommand& given, const std::vector<fs::path>& journals) {
  const ClassCommand command = with_folders(given);
  const Submissions submissions = submissions_in(command.submissions);
  const std::vector<Source> sources = sources_of(command, journals);
  lock_folder(command.out);
  Journal journal(command.out / "journal.jsonl");
  Merge merge(project, command, sources, journal);
  for (const Entrant& student : submissions.students) merge.add(student);
  std::vector<Json> news;
  for (const Json& record : merge.records()) {
    Json& last = journal.last[{record.at("id").get<std::string>(), record.at("exercise").get<std::string>()}];
    if (last.is_null() || !same_result(last, record)) news.push_back(record), last = record;
  }
  journal.append(news);
  for (const auto& place : merge.unresolved()) journal.last.erase(place);  // an earlier submission's result
  std::cout << submissions.students.size() << " submissions, " << sources.size() << " journals\n";
  const int code = publish(project, command, submissions, journal, merge.outcomes());
  merge.print_review(submissions.students.size());
  return code;
}

}  // namespace gradus::grade
