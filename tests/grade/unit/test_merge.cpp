// Parts of a class: who belongs to which, and journals that are merged to the same tables in every division.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "../compiler.hpp"
#include "../gradebook.hpp"
#include "../merge.hpp"
#include "../state.hpp"
#include "gradus/base/random.hpp"
#include "setup.hpp"

using namespace gradus;
using namespace gradus::grade;
namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

/// A class of `count` students with results of one exercise, without grading.
struct Trial {
  Folder folder{"merge"};
  fs::path home = folder.path;
  Project project{.root = home, .exercises = one_exercise(), .tools = {}};
  std::map<std::string, Json> records{};

  explicit Trial(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = "student " + std::to_string(i);
      write_text(home / "class" / id / "gaussian_kl.cpp", "// " + id + "\n");
      const Entrant student{id, {home / "class" / id}};
      records[id] = {
          {"id", id},
          {"digest", handed_in(student, home / "class", project.exercises).submitted.digest},
          {"exercise", "04_x"},
          {"seed", "beef"},
          {"level", "L3"},
          {"by", "grader"},
          {"notes", Json::array()},
          {"todos",
           {{{"id", "4.5"}, {"state", "wrong"}, {"points", i}, {"most", 19}, {"mistake", "kl.sign"}}}},
          {"feedback", "of " + id}};
    }
  }

  /// Merges and returns the exit code; the output is in `said`.
  int merge(const std::string& out, const std::vector<fs::path>& journals) {
    std::ostringstream text;
    std::streambuf* before = std::cout.rdbuf(text.rdbuf());
    int code = 0;
    try {
      code = merge_command(project, {.submissions = home / "class", .out = home / out}, journals);
    } catch (const Error& error) {
      text << error.what();
      code = 2;
    }
    std::cout.rdbuf(before);
    said = text.str();
    return code;
  }
  std::string said{};

  fs::path journal(const std::string& name, const std::vector<Json>& lines) {
    const fs::path file = home / name / "journal.jsonl";
    fs::create_directories(file.parent_path());
    Journal(file).append(lines);
    return file;
  }
  std::string tables(const std::string& out) {
    std::string all = read_text(home / out / "gradebook.csv") + read_text(home / out / "mistakes.csv");
    for (const auto& [id, record] : records) {
      std::string name = id;
      std::replace(name.begin(), name.end(), ' ', '_');
      all += read_text(home / out / "feedback" / (name + "~" + digest(id).substr(0, 12) + ".md"));
    }
    return all;
  }
};

Json with_part(Json record, const Part& part) {
  record["part"] = part.name();
  return record;
}

}  // namespace

TEST_CASE("a student's part depends on the id alone") {
  const std::vector<std::uint64_t> of_3 = {3, 2, 1, 1, 2}, of_4 = {4, 2, 2, 3, 4};
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string id = "student_0" + std::to_string(i);
    CHECK(Part::of_student(id, 3).number == of_3[i]);
    CHECK(Part::of_student(id, 4).number == of_4[i]);
  }
  std::map<std::uint64_t, int> sizes;
  for (int i = 0; i < 1600; ++i) sizes[Part::of_student("s" + std::to_string(i), 16).number] += 1;
  REQUIRE(sizes.size() == 16);
  for (const auto& [number, size] : sizes) CHECK((size > 60 && size < 145));
  CHECK(Part::parse("003/16").name() == "3/16");
  for (const char* words : {"0/4", "5/4", "x", "", "/", "3", "1/0", "-1/4", "1/2/3", " 1/4", "1 /4", "1.5/4"})
    CHECK_THROWS_WITH_AS(Part::parse(words), doctest::Contains("expected K/N with 1 <= K <= N"), Error);
}

TEST_CASE("100 random divisions with repeated, killed and shuffled parts give the tables of one journal") {
  Trial trial(12);
  std::vector<Json> all;
  for (const auto& [id, record] : trial.records) all.push_back(record);
  CHECK(trial.merge("whole", {trial.journal("one", all)}) == 0);
  const std::string expected = trial.tables("whole");
  Rng rng(21);
  for (int split = 0; split < 100; ++split) {
    const std::string name = "split_" + std::to_string(split);
    const std::uint64_t parts = 1 + rng.below(20);
    std::vector<fs::path> journals;
    std::uint64_t lost = 1 + rng.below(parts);
    std::size_t lost_students = 0;
    std::vector<fs::path> without;
    for (std::uint64_t number = 1; number <= parts; ++number) {
      const Part part{number, parts};
      std::vector<Json> own;
      for (const Json& record : all)
        if (part.grades(record.at("id"))) own.push_back(with_part(record, part));
      for (std::uint64_t copy = 0; copy <= rng.below(3); ++copy) {
        journals.push_back(trial.journal(name + "/" + part.folder() + "_" + std::to_string(copy), own));
        if (number != lost) without.push_back(journals.back());
        const std::string text = own.empty() ? "" : read_text(journals.back());
        std::ofstream torn(journals.back(), std::ios::app);
        torn << text.substr(0, rng.below(text.size() + 1) * 9 / 10 % 300);  // killed while it repeated a line
      }
      if (number == lost) lost_students = own.size();
    }
    std::vector<fs::path> shuffled;
    for (const Index at : rng.permutation(static_cast<Index>(journals.size())))
      shuffled.push_back(journals[static_cast<std::size_t>(at)]);
    CHECK(trial.merge(name + "/merged", shuffled) == 0);
    CHECK(trial.tables(name + "/merged") == expected);
    if (without.empty()) continue;
    CHECK(trial.merge(name + "/part", without) == (lost_students ? 70 : 0));
    const auto book = read_text(trial.home / name / "part" / "gradebook.csv");
    CHECK(static_cast<std::size_t>(std::count(book.begin(), book.end(), '\n')) == all.size() + 1);
    for (const Json& record : all)
      CHECK((book.find(record.at("id").get<std::string>() + ",REVIEW,REVIEW,REVIEW,") != std::string::npos) ==
            Part{lost, parts}.grades(record.at("id")));
  }
}

TEST_CASE("a merge never chooses between results that differ, and needs no order") {
  Trial trial(3);
  std::vector<Json> all;
  for (const auto& [id, record] : trial.records) all.push_back(record);
  std::vector<Json> other = all;
  other[1]["todos"][0]["points"] = 7;
  const fs::path a = trial.journal("a", all), b = trial.journal("b", other);
  CHECK(trial.merge("ab", {a, b}) == 70);
  CHECK(trial.said.find("student 1 has two results of 04_x that differ") != std::string::npos);
  const std::string said = trial.said, book = read_text(trial.home / "ab" / "gradebook.csv");
  CHECK(book.find("student 1,REVIEW,REVIEW") != std::string::npos);
  CHECK(book.find("student 2,2,2") != std::string::npos);
  CHECK(trial.merge("ba", {b, a}) == 70);
  CHECK(read_text(trial.home / "ba" / "gradebook.csv") == book);
  // The last result of one journal counts: a regrade.
  CHECK(trial.merge("regraded", {trial.journal("b", all)}) == 0);
  // An earlier submission's result does not.
  std::vector<Json> old = other;
  for (Json& record : old) record["digest"] = "of another submission";
  CHECK(trial.merge("old_and_a", {trial.journal("old", old), a}) == 0);
  CHECK(trial.merge("only_old", {trial.journal("old", {})}) == 70);
  CHECK(trial.said.find("3 of 3 students have no result: part 1 of 1 is missing or unfinished") !=
        std::string::npos);
  // Nor is one taken from another grader.
  for (Json& record : other) record["by"] = "another grader";
  CHECK(trial.merge("mixed", {a, trial.journal("c", other)}) == 2);
  CHECK(trial.said.find("come from different graders, course keys or sandbox levels") != std::string::npos);
  CHECK_FALSE(fs::exists(trial.home / "mixed" / "gradebook.csv"));
}

TEST_CASE("a regrade in the merged folder takes precedence, an outdated result does not") {
  Trial trial(3);
  std::vector<Json> all;
  for (const auto& [id, record] : trial.records) all.push_back(with_part(record, {1, 1}));
  std::vector<Json> other = all;
  other[1]["todos"][0]["points"] = 7;
  const fs::path a = trial.journal("a", all), b = trial.journal("b", other);
  const auto book = [&] { return read_text(trial.home / "out" / "gradebook.csv"); };
  const auto own = [&](Json record) {
    record.erase("part");
    trial.journal("out", {record});
  };
  CHECK(trial.merge("out", {a, b}) == 70);
  own(other[1]);
  CHECK(trial.merge("out", {a, b}) == 0);
  CHECK(book().find("student 1,7,7") != std::string::npos);
  // What is merged counts as regraded neither here nor in a journal without parts.
  for (std::vector<Json> results : {all, other}) {
    for (Json& record : results) record.erase("part");
    CHECK(trial.merge("again", {trial.journal("plain", results)}) == 0);
  }
  CHECK(read_text(trial.home / "again" / "gradebook.csv") == book());
  // The class's journal has results of an earlier submission: no number of it is shown.
  write_text(trial.home / "class" / "student 1" / "gaussian_kl.cpp", "// a later submission\n");
  CHECK(trial.merge("out", {a}) == 70);
  CHECK(book().find("student 1,REVIEW,REVIEW,REVIEW") != std::string::npos);
  // A regrade by another grader does not count.
  other[2]["todos"][0]["points"] = 9, other[2]["by"] = "another grader";
  own(other[2]);
  CHECK(trial.merge("out", {a}) == 70);
  CHECK(book().find("student 2,2,2") != std::string::npos);
}

TEST_CASE("results of another version of the course are refused") {
  Trial trial(1);
  Json old = trial.records["student 0"];
  old["todos"][0]["id"] = "4.4";
  CHECK(trial.merge("out", {trial.journal("old", {old})}) == 2);
  CHECK(trial.said.find("another version of the course: 04_x has the TODOs 4.5, the results have 4.4") !=
        std::string::npos);
  old.erase("by");
  trial.merge("out", {trial.journal("a", {trial.records["student 0"]}), trial.journal("older", {old})});
  CHECK(trial.said.find("come from different graders") != std::string::npos);
}

TEST_CASE("a line that a killed process has cut costs no other line") {
  Trial trial(2);
  const Json &first = trial.records["student 0"], &second = trial.records["student 1"];
  const Journal running(trial.journal("a", {first}));  // of another process of the same run
  std::ofstream(running.path, std::ios::app) << "0123456789abcdef {\"id\":\"student 1\",";
  running.append({second});
  const Records records(running.path);
  CHECK(records.last.size() == 2);
  CHECK(records.damaged == 1);
}

TEST_CASE("a submission that this machine cannot read is a fault of the grader, not a refusal") {
  Trial trial(1);
  const auto read = [&](const fs::path& path) {
    return handed_in({"student 0", {path}}, trial.home / "class", trial.project.exercises);
  };
  CHECK(read(trial.home / "class" / "student 0").refused.empty());
  CHECK_THROWS_AS(read(trial.home / "class" / "gone"), GraderFault);
  write_text(trial.home / "class" / "student 1.zip", "no archive");
  CHECK(read(trial.home / "class" / "student 1.zip").refused.starts_with("student 1.zip: "));
  if (geteuid() != 0) {
    fs::permissions(trial.home / "class" / "student 0" / "gaussian_kl.cpp", fs::perms::none);
    CHECK_THROWS_AS(read(trial.home / "class" / "student 0"), GraderFault);
  }
}
