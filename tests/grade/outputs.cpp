#include "outputs.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "gradus/base/number.hpp"
#include "report.hpp"

namespace gradus::grade {
namespace {

using Json = nlohmann::ordered_json;

/// The full report of a TODO as plain text.
std::string words_about(const TodoResult& todo) {
  std::ostringstream out;
  const CheckResult* failure = todo.first_failure();
  if (!failure) return "all checks pass";
  if (todo.state == State::not_started) {
    out << "not started: " << todo.path;
    if (todo.line) out << ":" << todo.line;
    return out.str();
  }
  out << failure->title << ": " << failure->sentence << "\n";
  for (const std::string& line : failure->evidence) out << line << "\n";
  if (!todo.compiler.empty()) out << quoted(todo.compiler, "| ", 14);
  if (!todo.printed.empty()) out << "your program printed:\n" << quoted(todo.printed, "> ");
  return out.str();
}

/// XML 1.0 text: removes control characters, escapes the five special ones,
/// replaces damaged UTF-8 by question marks.
std::string xml(const std::string& text) {
  // nlohmann-json replaces damaged UTF-8; then XML's rules apply.
  const std::string sound =
      Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
  std::string out;
  for (std::size_t at = 0; at < sound.size(); ++at) {
    const char letter = sound[at];
    if (sound.compare(at, 3, "\xef\xbf\xbe") == 0 || sound.compare(at, 3, "\xef\xbf\xbf") == 0) {
      out += '?';  // U+FFFE and U+FFFF are not XML characters
      at += 2;
      continue;
    }
    switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        if (static_cast<unsigned char>(letter) >= 32 || letter == '\n' || letter == '\t')
          out += letter;
        else
          out += '?';
    }
  }
  return out;
}

/// Escapes properties and messages of GitHub's workflow commands.
std::string command_text(const std::string& text, bool property) {
  std::string out;
  for (const char letter : text) {
    if (letter == '%')
      out += "%25";
    else if (letter == '\r')
      out += "%0D";
    else if (letter == '\n')
      out += "%0A";
    else if (property && letter == ':')
      out += "%3A";
    else if (property && letter == ',')
      out += "%2C";
    else if (static_cast<unsigned char>(letter) < 32)
      out += '?';
    else
      out += letter;
  }
  return out;
}

/// Escapes a Markdown table cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '|' || letter == '\\' || letter == '`' || letter == '*' || letter == '_' || letter == '<' ||
        letter == '[')
      out += '\\';
    out += static_cast<unsigned char>(letter) < 32 || letter == 127 ? ' ' : letter;
  }
  return out;
}

}  // namespace

std::string hexadecimal(std::uint64_t number) {
  std::ostringstream out;
  out << std::hex << number;
  return out.str();
}

std::string gradescope_json(const std::vector<ExerciseResult>& results, bool complete,
                            const std::vector<std::string>& notes) {
  Json tests = Json::array();
  double seconds = 0;
  int points = 0;
  for (const ExerciseResult& result : results)
    for (const TodoResult& todo : result.todos) {
      seconds += todo.seconds;
      points += todo.points;
      tests.push_back({{"number", todo.todo.id},
                       {"name", result.exercise->title + ": " + todo.todo.title},
                       {"score", todo.points},
                       {"max_score", todo.most},
                       {"status", todo.state == State::pass ? "passed" : "failed"},
                       {"output", words_about(todo).substr(0, 16000)},
                       {"output_format", "text"},
                       {"tags", {name_of(todo.state)}},
                       {"visibility", "visible"}});
    }
  std::string said = complete ? "" : "grading was not finished; these are the results so far";
  for (const std::string& note : notes) said += (said.empty() ? "" : "\n") + note;
  Json root;
  if (complete) root["score"] = points;  // no score before all results are known
  root["execution_time"] = seconds;
  root["output"] = said;
  root["visibility"] = "visible";
  root["tests"] = complete ? tests : Json::array();
  root["extra_data"] = {{"complete", complete},
                        {"seed", results.empty() ? "" : hexadecimal(results[0].seed)},
                        {"sandbox", results.empty() ? "" : name_of(results[0].level)}};
  return root.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string junit_xml(const std::vector<ExerciseResult>& results) {
  std::ostringstream suites;
  int all = 0, all_failures = 0, all_errors = 0;
  double all_seconds = 0;
  for (const ExerciseResult& result : results) {
    std::ostringstream cases;
    int tests = 0, failures = 0, errors = 0;
    double seconds = 0;
    for (const TodoResult& todo : result.todos)
      for (const CheckResult& check : todo.checks) {
        ++tests;
        seconds += check.seconds;
        cases << "    <testcase classname=\"" << xml(result.exercise->folder) << "\" name=\""
              << xml(todo.todo.id + " " + todo.todo.title + ", " + check.title) << "\" time=\""
              << fixed(check.seconds, 3) << "\"";
        if (check.state == State::pass) {
          cases << "/>\n";
          continue;
        }
        const bool wrong = check.state == State::wrong;
        (wrong ? failures : errors) += 1;
        std::string body = check.sentence;
        for (const std::string& line : check.evidence) body += "\n" + line;
        cases << ">\n      <" << (wrong ? "failure" : "error") << " message=\"" << xml(check.sentence)
              << "\" type=\"" << name_of(check.state) << "\">" << xml(body) << "</"
              << (wrong ? "failure" : "error") << ">\n    </testcase>\n";
      }
    suites << "  <testsuite name=\"" << xml(result.exercise->folder) << "\" tests=\"" << tests
           << "\" failures=\"" << failures << "\" errors=\"" << errors << "\" time=\"" << fixed(seconds, 3)
           << "\">\n"
           << cases.str() << "  </testsuite>\n";
    all += tests, all_failures += failures, all_errors += errors, all_seconds += seconds;
  }
  std::ostringstream out;
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gradus\" tests=\"" << all
      << "\" failures=\"" << all_failures << "\" errors=\"" << all_errors << "\" time=\""
      << fixed(all_seconds, 3) << "\">\n"
      << suites.str() << "</testsuites>\n";
  return out.str();
}

std::string github_annotations(const std::vector<ExerciseResult>& results) {
  std::ostringstream out;
  for (const ExerciseResult& result : results)
    for (const TodoResult& todo : result.todos) {
      const CheckResult* failure = todo.first_failure();
      if (!failure) continue;
      const bool waiting = todo.state == State::not_started;
      std::string message = waiting ? "not started" : failure->sentence;
      if (!waiting)
        for (const std::string& line : failure->evidence)
          if (line.starts_with("likely cause")) message += "\n" + line;
      out << "::" << (waiting ? "notice" : "error") << " file=" << command_text(todo.path, true)
          << ",line=" << std::max(1, todo.line)
          << ",title=" << command_text("TODO " + todo.todo.id + " " + todo.todo.title, true)
          << "::" << command_text(quoted(message, "", 40), false) << "\n";
    }
  return out.str();
}

std::string markdown(const std::vector<ExerciseResult>& results, const std::string& title,
                     const std::vector<std::string>& notes) {
  std::ostringstream out;
  int points = 0, most = 0;
  for (const ExerciseResult& result : results) points += result.points(), most += result.most();
  out << "# " << cell(title) << "\n\n**" << points << " of " << most << " points**";
  if (!results.empty())
    out << " (seed " << hexadecimal(results[0].seed) << ", sandbox " << name_of(results[0].level) << ")";
  out << "\n\n";
  for (const std::string& note : notes) out << "- " << cell(note) << "\n";
  if (!notes.empty()) out << "\n";
  for (const ExerciseResult& result : results) {
    out << "## " << result.exercise->key() << " " << cell(result.exercise->title) << ": " << result.points()
        << " of " << result.most() << "\n\n";
    out << "| TODO | | points | |\n|---|---|---|---|\n";
    for (const TodoResult& todo : result.todos) {
      const CheckResult* failure = todo.first_failure();
      out << "| " << todo.todo.id << " " << cell(todo.todo.title) << " | "
          << (todo.state == State::pass          ? "✓"
              : todo.state == State::not_started ? "○"
                                                 : "✗")
          << " | " << todo.points << "/" << todo.most << " | "
          << (failure && todo.state != State::not_started ? cell(failure->sentence)
              : todo.state == State::pass                 ? ""
                                                          : "not started")
          << " |\n";
    }
    out << "\n";
    for (const TodoResult& todo : result.todos) {
      if (!todo.first_failure() || todo.state == State::not_started) continue;
      out << "### " << todo.todo.id << " " << cell(todo.todo.title) << "\n\n"
          << quoted(words_about(todo), "    ", 60) << "\n";
    }
  }
  return out.str();
}

std::string csv_cell(const std::string& text) {
  std::string safe;
  if (!text.empty() && std::string("=+-@\t\r\n").find(text[0]) != std::string::npos) safe = "'";
  for (const char letter : text) safe += static_cast<unsigned char>(letter) < 32 ? ' ' : letter;
  if (safe.find_first_of(",;\"'") == std::string::npos) return safe;  // some locales use ; as separator
  std::string out = "\"";
  for (const char letter : safe) {
    if (letter == '"') out += '"';
    out += letter;
  }
  return out + "\"";
}

}  // namespace gradus::grade
