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

/// Selects one result per student and exercise.
class Merge {
 public:
  Merge(const Project& project, const ClassCommand& command, const std::vector<Source>& sources)
      : project_(project), command_(command), sources_(sources) {
    for (const Source& source : sources)
      for (const auto& [place, record] : source.records.last)
        parts_ = std::max(parts_, Part::parse(record.value("part", "1/1")).of);
  }

  void add(const Entrant& student) {
    const auto [submitted, refused] = handed_in(student, command_.submissions, project_.exercises);
    if (!refused.empty()) outcomes_.refused.push_back(student.id);
    for (const Exercise& exercise : project_.exercises)
      if (command_.wants(exercise)) select(student.id, exercise.folder, submitted.digest);
  }

  const std::vector<Json>& records() const { return records_; }
  const Outcomes& outcomes() const { return outcomes_; }

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
  void select(const std::string& id, const std::string& exercise, const std::string& submission) {
    Json chosen;
    const Source* from = nullptr;
    for (const Source& source : sources_) {
      const auto found = source.records.last.find({id, exercise});
      if (found == source.records.last.end() || found->second.at("digest") != submission) continue;
      Json record = found->second;
      record.erase("part");
      check_grader(source, record.at("by").get<std::string>());
      if (from && record != chosen) {
        outcomes_.faults.insert(id);
        differing_.push_back(visible(id) + " has two results of " + exercise + " that differ, in " +
                             visible(from->file.string()) + " and " + visible(source.file.string()));
        return;
      }
      chosen = std::move(record), from = &source;
    }
    if (from) {
      records_.push_back(std::move(chosen));
    } else {
      outcomes_.faults.insert(id);
      missing_.insert(id);
    }
  }

  void check_grader(const Source& source, const std::string& by) {
    if (!first_) first_ = &source, by_ = by;
    GRADUS_CHECK(
        by == by_, first_->file.string(), " and ", source.file.string(),
        " come from different graders, course keys or sandbox levels: grade both parts with the same, "
        "or leave the outdated journal out");
  }

  const Project& project_;
  const ClassCommand& command_;
  const std::vector<Source>& sources_;
  std::uint64_t parts_ = 1;  // the finest division among the journals
  const Source* first_ = nullptr;
  std::string by_{};
  std::vector<Json> records_{};
  Outcomes outcomes_{};
  std::set<std::string> missing_{};
  std::vector<std::string> differing_{};
};

}  // namespace

int merge_command(const Project& project, const ClassCommand& given, const std::vector<fs::path>& journals) {
  const ClassCommand command = with_folders(given);
  const Submissions submissions = submissions_in(command.submissions);
  const std::vector<Source> sources = sources_of(command, journals);
  Merge merge(project, command, sources);
  for (const Entrant& student : submissions.students) merge.add(student);
  lock_folder(command.out);
  Journal journal(command.out / "journal.jsonl");
  std::vector<Json> news;
  for (const Json& record : merge.records()) {
    Json& last = journal.last[{record.at("id").get<std::string>(), record.at("exercise").get<std::string>()}];
    if (last != record) news.push_back(record), last = record;
  }
  journal.append(news);
  std::cout << submissions.students.size() << " submissions, " << sources.size() << " journals\n";
  const int code = publish(project, command, submissions, journal, merge.outcomes());
  merge.print_review(submissions.students.size());
  return code;
}

}  // namespace gradus::grade
