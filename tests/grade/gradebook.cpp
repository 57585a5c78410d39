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

}  // namespace

Journal::Journal(const fs::path& file) : path(file) {
  std::ifstream in(path, std::ios::binary);
  std::uintmax_t whole = 0;
  for (std::string line; std::getline(in, line);) {
    if (in.eof()) break;  // no newline: a truncated line
    const auto space = line.find(' ');
    try {
      if (space == std::string::npos || digest(line.substr(space + 1)).substr(0, 16) != line.substr(0, space))
        throw Error("");
      Json record = Json::parse(line.substr(space + 1));
      auto& place = last[{record.at("id").get<std::string>(), record.at("exercise").get<std::string>()}];
      place = std::move(record);
    } catch (const std::exception&) {
    }
    whole += line.size() + 1;
  }
  if (in.is_open() && fs::file_size(path) > whole) {
    in.close();
    fs::resize_file(path, whole);  // removes a truncated line, so that the next line starts clean
  }
}

void Journal::append(const Json& record) const {
  const std::string text = safe_dump(record), line = digest(text).substr(0, 16) + " " + text + "\n";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  GRADUS_CHECK(file >= 0, path.string(), ": cannot be written");
  flock(file, LOCK_EX);
  const bool done =
      write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && fsync(file) == 0;
  close(file);
  GRADUS_CHECK(done, path.string(), ": write failed; is the disk full?");
}

bool write_tables(const Place& place, const ClassCommand& command, const std::vector<Entrant>& students,
                  const Journal& journal, const std::set<std::string>& faults) {
  std::vector<const Exercise*> exercises;  // of this run and of earlier runs
  for (const Exercise& exercise : place.exercises)
    if (command.wants(exercise) || std::any_of(students.begin(), students.end(), [&](const Entrant& s) {
          return journal.last.count({s.id, exercise.folder});
        }))
      exercises.push_back(&exercise);
  std::ostringstream book;
  book << "id,total";
  for (const Exercise* exercise : exercises) {
    book << "," << exercise->key();
    for (const GradedFile& file : exercise->files)
      for (const Todo& todo : file.todos) book << "," << todo.id;
  }
  book << ",states,digest,seeds,level,remarks\n";
  std::map<std::string, std::set<std::string>> who_made;
  bool whole = true;
  for (const Entrant& student : students) {
    int total = 0;
    bool review = faults.count(student.id) > 0;
    std::ostringstream cells, states, seeds;
    std::set<std::string> hashes;  // several if exercises were graded at different times
    std::string level, feedback, refused;
    std::vector<std::string> notes;
    for (const Exercise* exercise : exercises) {
      const auto found = journal.last.find({student.id, exercise->folder});
      std::map<std::string, Json> todos;
      bool taken = true;
      const bool chosen = command.wants(*exercise);
      const char* missing = chosen ? "REVIEW" : "";  // not requested: empty, not a fault
      if (found == journal.last.end()) {
        review = review || chosen;
      } else {
        const Json& record = found->second;
        hashes.insert(record.at("digest").get<std::string>().substr(0, 16));
        level = record.at("level").get<std::string>();
        seeds << (seeds.tellp() > 0 ? " " : "") << record.at("seed").get<std::string>();
        feedback += record.at("feedback").get<std::string>() + "\n";
        notes = record.value("notes", notes);  // the same in every exercise of one submission
        if (record.contains("refused")) refused = record.at("refused").get<std::string>(), taken = false;
        for (const Json& todo : record.at("todos")) {
          todos[todo.at("id").get<std::string>()] = todo;
          std::istringstream made(todo.at("mistake").get<std::string>());  // "kl.no_half + kl.sign"
          for (std::string mistake; made >> mistake;)
            if (mistake != "+") who_made[exercise->key() + " " + mistake].insert(student.id);
        }
      }
      int sum = 0;
      std::ostringstream parts;
      for (const GradedFile& file : exercise->files)
        for (const Todo& todo : file.todos) {
          const auto one = todos.find(todo.id);
          if (found == journal.last.end()) {
            parts << "," << missing;
          } else {
            const int points = one == todos.end() ? 0 : one->second.at("points").get<int>();
            sum += points;
            parts << "," << points;
            states << (states.tellp() > 0 ? " " : "") << todo.id << ":"
                   << (one == todos.end() ? (taken ? "skipped" : "refused")
                                          : one->second.at("state").get<std::string>());
          }
        }
      cells << "," << (found == journal.last.end() ? missing : std::to_string(sum)) << parts.str();
      total += sum;
    }
    whole = whole && !review;
    std::string hash;
    for (const std::string& one : hashes) hash += (hash.empty() ? "" : " ") + one;
    book << csv_cell(student.id) << "," << (review ? "REVIEW" : std::to_string(total)) << cells.str() << ","
         << csv_cell(states.str()) << "," << hash << "," << csv_cell(seeds.str()) << "," << level << ","
         << csv_cell(refused.empty() ? joined(notes, "; ") : "refused: " + refused) << "\n";
    for (const std::string& note : notes)
      if (!note.starts_with("passed over"))
        std::cout << "  " << visible(student.id) << ": " << visible(note) << "\n";
    if (!feedback.empty() || !refused.empty())
      write_text(command.out / "feedback" / (file_name_of(student.id) + ".md"),
                 (refused.empty() ? "" : "The submission was refused: " + refused + "\n\n") +
                     (notes.empty() ? "" : "About the files:\n\n- " + joined(notes, "\n- ") + "\n\n") +
                     feedback);
  }
  write_text(command.out / "gradebook.csv", book.str());
  std::vector<std::pair<std::string, std::size_t>> histogram;
  for (const auto& [mistake, ids] : who_made) histogram.emplace_back(mistake, ids.size());
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
    std::cout << "  " << count << " of " << students.size() << ": " << name << ", " << sentence << "\n";
  }
  write_text(command.out / "mistakes.csv", table.str());
  return whole;
}

}  // namespace gradus::grade
