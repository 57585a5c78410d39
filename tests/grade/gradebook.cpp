#include "gradebook.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "gradus/base/check.hpp"
#include "outputs.hpp"
#include "report.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

std::string safe_dump(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

/// A short, safe file name for an id, distinct for every id (an id that is kept unchanged has no '~').
std::string file_name_of(const std::string& id) {
  std::string name;
  for (const char letter : id.substr(0, 100))
    name +=
        std::isalnum(static_cast<unsigned char>(letter)) || letter == '-' || letter == '_' || letter == '.'
            ? letter
            : '_';
  return name == id ? name : name + "~" + digest(id).substr(0, 12);
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

/// One student's row of the gradebook.
struct Row {
  int total = 0;
  bool review = false;
  std::ostringstream cells, states, seeds;
  std::set<std::string> hashes;  // several if exercises were graded at different times
  std::string level, feedback, refused;
  std::vector<std::string> notes;
};

/// The students who made a mistake, by exercise and mistake: "04 kl.no_half".
using MadeBy = std::map<std::string, std::set<std::string>>;

/// The exercises of this run and of earlier runs.
std::vector<const Exercise*> shown_exercises(const Project& project, const ClassCommand& command,
                                             const std::vector<Entrant>& students, const Journal& journal) {
  std::vector<const Exercise*> exercises;
  for (const Exercise& exercise : project.exercises)
    if (command.wants(exercise) || std::any_of(students.begin(), students.end(), [&](const Entrant& s) {
          return journal.last.count({s.id, exercise.folder});
        }))
      exercises.push_back(&exercise);
  return exercises;
}

std::string heading(const std::vector<const Exercise*>& exercises) {
  std::string line = "id,total";
  for (const Exercise* exercise : exercises) {
    line += "," + exercise->key();
    for (const GradedFile& file : exercise->files)
      for (const Todo& todo : file.todos) line += "," + todo.id;
  }
  return line + ",states,digest,seeds,level,remarks\n";
}

/// Cells of an exercise without a record: REVIEW, or empty when it was not requested.
void add_missing(Row& row, const Exercise& exercise, bool requested) {
  const char* cell = requested ? ",REVIEW" : ",";
  row.review = row.review || requested;
  row.cells << cell;
  for (const GradedFile& file : exercise.files)
    for (std::size_t todo = 0; todo < file.todos.size(); ++todo) row.cells << cell;
}

/// Cells of an exercise from its record, and what the record says about the submission.
void add_record(Row& row, const Exercise& exercise, const Json& record) {
  row.hashes.insert(record.at("digest").get<std::string>().substr(0, 16));
  row.level = record.at("level").get<std::string>();
  row.seeds << (row.seeds.tellp() > 0 ? " " : "") << record.at("seed").get<std::string>();
  row.feedback += record.at("feedback").get<std::string>() + "\n";
  row.notes = record.value("notes", row.notes);  // the same in every exercise of one submission
  const bool refused = record.contains("refused");
  if (refused) row.refused = record.at("refused").get<std::string>();
  std::map<std::string, Json> todos;
  for (const Json& todo : record.at("todos")) todos[todo.at("id").get<std::string>()] = todo;
  int sum = 0;
  std::ostringstream parts;
  for (const GradedFile& file : exercise.files)
    for (const Todo& todo : file.todos) {
      const auto one = todos.find(todo.id);
      const int points = one == todos.end() ? 0 : one->second.at("points").get<int>();
      sum += points;
      parts << "," << points;
      row.states << (row.states.tellp() > 0 ? " " : "") << todo.id << ":"
                 << (one == todos.end() ? (refused ? "refused" : "skipped")
                                        : one->second.at("state").get<std::string>());
    }
  row.cells << "," << sum << parts.str();
  row.total += sum;
}

void add_mistakes(MadeBy& made_by, const Exercise& exercise, const std::string& student, const Json& record) {
  for (const Json& todo : record.at("todos")) {
    std::istringstream made(todo.at("mistake").get<std::string>());  // "kl.no_half + kl.sign"
    for (std::string mistake; made >> mistake;)
      if (mistake != "+") made_by[exercise.key() + " " + mistake].insert(student);
  }
}

std::string line_of(const std::string& student, const Row& row) {
  std::ostringstream line;
  std::string hash;
  for (const std::string& one : row.hashes) hash += (hash.empty() ? "" : " ") + one;
  line << csv_cell(student) << "," << (row.review ? "REVIEW" : std::to_string(row.total)) << row.cells.str()
       << "," << csv_cell(row.states.str()) << "," << hash << "," << csv_cell(row.seeds.str()) << ","
       << row.level << ","
       << csv_cell(row.refused.empty() ? joined(row.notes, "; ") : "refused: " + row.refused) << "\n";
  return line.str();
}

/// Prints the notes on a student's files, and writes the feedback.
void write_feedback(const std::filesystem::path& folder, const std::string& student, const Row& row) {
  for (const std::string& note : row.notes)
    if (!note.starts_with("passed over"))
      std::cout << "  " << visible(student) << ": " << visible(note) << "\n";
  if (!row.feedback.empty() || !row.refused.empty())
    write_text(folder / (file_name_of(student) + ".md"),
               (row.refused.empty() ? "" : "The submission was refused: " + row.refused + "\n\n") +
                   (row.notes.empty() ? "" : "About the files:\n\n- " + joined(row.notes, "\n- ") + "\n\n") +
                   row.feedback);
}

/// Prints and writes how many students made each mistake, the most frequent first.
void write_mistakes(const std::filesystem::path& file, const MadeBy& made_by, std::size_t students) {
  std::vector<std::pair<std::string, std::size_t>> histogram;
  for (const auto& [mistake, ids] : made_by) histogram.emplace_back(mistake, ids.size());
  std::stable_sort(histogram.begin(), histogram.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::ostringstream table;
  table << "exercise and mistake,students,sentence\n";
  for (const auto& [name, count] : histogram) {
    std::string sentence;
    for (const Check& check : checks_of(std::stoi(name.substr(0, 2))))
      for (const Mistake& mistake : check.mistakes)
        if (name.substr(3) == mistake.id) sentence = mistake.sentence;
    table << csv_cell(name) << "," << count << "," << csv_cell(sentence) << "\n";
    std::cout << "  " << count << " of " << students << ": " << name << ", " << sentence << "\n";
  }
  write_text(file, table.str());
}

}  // namespace

Records::Records(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    if (in.eof()) break;  // no newline: a truncated line
    whole += line.size() + 1;
    const auto space = line.find(' ');
    try {
      if (space == std::string::npos || digest(line.substr(space + 1)).substr(0, 16) != line.substr(0, space))
        throw Error("");
      Json record = Json::parse(line.substr(space + 1));
      auto& place = last[{record.at("id").get<std::string>(), record.at("exercise").get<std::string>()}];
      place = std::move(record);
    } catch (const std::exception&) {
      damaged += 1;
    }
  }
}

Journal::Journal(const fs::path& file) : path(file) {
  Records records(path);
  last = std::move(records.last);
  if (fs::exists(path) && fs::file_size(path) > records.whole)
    fs::resize_file(path, records.whole);  // so that the next line starts clean
}

void Journal::append(const std::vector<Json>& records) const {
  std::string lines;
  for (const Json& record : records) {
    const std::string text = safe_dump(record);
    lines += digest(text).substr(0, 16) + " " + text + "\n";
  }
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  GRADUS_CHECK(file >= 0, path.string(), ": cannot be written");
  flock(file, LOCK_EX);
  char last_byte = '\n';
  const off_t size = lseek(file, 0, SEEK_END);
  if (size > 0 && pread(file, &last_byte, 1, size - 1) == 1 && last_byte != '\n' && !lines.empty())
    lines.insert(0, "\n");  // another process of this run was killed while it wrote
  const bool done =
      write(file, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size()) && fsync(file) == 0;
  close(file);
  GRADUS_CHECK(done, path.string(), ": write failed; is the disk full?");
}

int publish(const Project& project, const ClassCommand& command, const Submissions& submissions,
            const Journal& journal, const Outcomes& outcomes) {
  const std::vector<Entrant>& students = submissions.students;
  const std::vector<const Exercise*> exercises = shown_exercises(project, command, students, journal);
  std::string book = heading(exercises);
  MadeBy made_by;
  bool whole = true;
  for (const Entrant& student : students) {
    Row row;
    row.review = outcomes.faults.count(student.id) > 0;
    for (const Exercise* exercise : exercises) {
      const auto found = journal.last.find({student.id, exercise->folder});
      if (found == journal.last.end()) {
        add_missing(row, *exercise, command.wants(*exercise));
        continue;
      }
      add_record(row, *exercise, found->second);
      add_mistakes(made_by, *exercise, student.id, found->second);
    }
    whole = whole && !row.review;
    book += line_of(student.id, row);
    write_feedback(command.out / "feedback", student.id, row);
  }
  write_text(command.out / "gradebook.csv", book);
  write_mistakes(command.out / "mistakes.csv", made_by, students.size());
  std::cout << (command.out / "gradebook.csv").string() << "\n";
  for (const std::string& name : submissions.passed_over)
    std::cout << "passed over: " << visible(name)
              << " (not a submission: expected a zip, a tar or a folder per student; remove or pack it)\n";
  for (const std::string& id : outcomes.refused)
    std::cout << "refused: " << visible(id) << " (see the feedback for the reason)\n";
  return whole ? 0 : 70;
}

}  // namespace gradus::grade
