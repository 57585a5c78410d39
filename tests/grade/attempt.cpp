#include "attempt.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <regex>
#include <sstream>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "prelude.hpp"
#include "scratch.hpp"
#include "timed.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

constexpr Limits compiler_limits{
    .cpu_seconds = 20, .memory = std::size_t{3} << 30, .file_bytes = std::size_t{64} << 20};

void open_to_all(const fs::path& file, bool program) {
  using enum fs::perms;
  fs::permissions(file, program ? owner_all | group_read | group_exec | others_read | others_exec
                                : owner_read | owner_write | group_read | others_read);
}

/// Removes libraries without this file that were not used recently; they belong to an older library.
/// Another grader may still be linking with a recently used one.
void forget_slim(const fs::path& cache, const std::string& beginning) {
  const auto old = fs::file_time_type::clock::now() - std::chrono::minutes(10);
  for (const auto& entry : fs::directory_iterator(cache))
    if (entry.path().filename().string().starts_with(beginning) && entry.path().extension() == ".a" &&
        entry.last_write_time() < old)
      fs::remove(entry.path());
}

/// The library without one object: built once and kept beside the cache.
fs::path archive_without(const Toolchain& tools, const GradedFile& file, const fs::path& cache,
                         const BuildOptions& options) {
  const auto stamp = std::to_string(fs::last_write_time(tools.archive).time_since_epoch().count());
  const std::string beginning = "without_" + file.name + "_";
  const fs::path slim = cache / (beginning + digest(tools.archive.string() + stamp).substr(0, 12) + ".a");
  fs::create_directories(cache);
  const FileLock lock(cache / "without.lock");
  if (fs::exists(slim)) {
    fs::last_write_time(slim, fs::file_time_type::clock::now());  // marks it as in use for forget_slim
    return slim;
  }
  forget_slim(cache, beginning);
  Scratch scratch(options.level, options.slot);
  const fs::path work = scratch.path / "slim.a",
                 part = slim.string() + "." + std::to_string(getpid()) + ".part";
  fs::copy_file(tools.archive, work);
  const Outcome outcome =
      scratch.run({"/usr/bin/ar", "d", work.string(), file.name + ".o"},
                  {.limits = compiler_limits, .writable = scratch.path, .compiler = true}, 20);
  GRADUS_CHECK(outcome.ending.code == 0, "ar: ", outcome.text);
  fs::copy_file(work, part, fs::copy_options::overwrite_existing);
  open_to_all(part, false);
  fs::rename(part, slim);
  return slim;
}

/// Clang's OpenMP runtime needs shared memory at start-up, which the sandbox does not provide.
void with_libgomp(std::vector<std::string>& command) {
  std::replace(command.begin(), command.end(), std::string("-fopenmp"), std::string("-fopenmp=libgomp"));
  command.push_back("-Wno-source-uses-openmp");  // libgomp makes clang ignore the pragmas
}

std::string first_lines(const std::string& text, int count) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; count > 0 && std::getline(in, line); --count) out += line + "\n";
  return out;
}

/// A function's name without its arguments.
/// Brackets of its template and of "(anonymous namespace)" are part of the name.
std::string without_arguments(const std::string& name) {
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
    if (name[i] == '(' && depth == 0 && name.compare(i, 11, "(anonymous ") != 0) return name.substr(0, i);
  }
  return name;
}

bool failed(const Outcome& one) { return one.out_of_time || one.ending.code != 0 || one.ending.signal != 0; }

bool is_doubtful(const Outcome& outcome) {
  if (outcome.out_of_time || outcome.ending.signal == SIGKILL) return true;
  for (const char* words : {"No space left", "Disk quota exceeded", "Killed signal terminated",
                            "unable to execute command: Killed", "annot allocate memory"})
    if (outcome.text.find(words) != std::string::npos) return true;
  return false;
}

/// The compilation error in one sentence, with its line.
std::string why(const Outcome& outcome, const GradedFile& file) {
  std::string sentence = plain_words(outcome.text);
  if (sentence.empty()) sentence = "does not compile";
  if (outcome.out_of_time || outcome.ending.signal == SIGXCPU || outcome.ending.signal == SIGKILL ||
      outcome.text.find("CPU time limit exceeded") != std::string::npos)
    sentence = "the compiler was stopped after 20 s: no exercise needs that much compilation time";
  std::smatch place;
  const std::string first = outcome.text.substr(0, 8192);
  if (std::regex_search(first, place, std::regex(file.name + ":(\\d+):(\\d+): (?:fatal )?error")))
    sentence = "line " + place[1].str() + ": " + sentence;
  return sentence;
}

}  // namespace

Attempt::Attempt(const Toolchain& tools, const GradedFile& file, const fs::path& cache,
                 const BuildOptions& options)
    : tools_(tools),
      file_(file),
      cache_(cache),
      options_(options),
      compiler_(options.compiler.empty() ? tools.compiler : options.compiler),
      clang_(compiler_.find("clang") != std::string::npos),
      slim_(archive_without(tools, file, cache, options)) {}

std::string Attempt::key(const std::string& source) const {
  std::string all = source + name_of(options_.level) + '\0' + slim_.string();
  for (const std::string& object : tools_.worker_objects)
    all += object + std::to_string(fs::last_write_time(object).time_since_epoch().count());
  all += options_.also_float ? "" : "double only";
  for (const std::string& word : command_with(tools_.flags, options_.extra_flags)) all += '\0' + word;
  return all;
}

std::vector<std::string> Attempt::command_with(const std::string& flags, const std::string& extra) const {
  std::vector<std::string> command = {compiler_};
  for (const std::string& word : words_of(flags + " " + extra)) command.push_back(word);
  command.insert(command.end(), {"-g1", "-fno-diagnostics-color", "-Werror=return-type", "-isystem",
                                 tools_.include.string(), clang_ ? "-ferror-limit=3" : "-fmax-errors=3"});
  if (clang_) with_libgomp(command);
  return command;
}

fs::path Attempt::precompiled_header(const std::string& source, const std::string& flags) const {
  // Builds with other compilers or flags compile only a few files, so a precompiled header does not pay off.
  // It is valid for any warnings; -Wp, and the like pass settings to other programs.
  const std::vector<std::string> extra = words_of(options_.extra_flags);
  const bool only_warnings = std::all_of(extra.begin(), extra.end(), [](const std::string& flag) {
    return flag.starts_with("-W") && flag.find(',') == flag.npos;
  });
  if (!options_.compiler.empty() || !only_warnings) return "";
  const std::string prelude = prelude_of(source, tools_.include);
  return prelude.empty() ? "" : precompiled(prelude, command_with(flags, ""), tools_, cache_, options_);
}

Outcome Attempt::compile(Scratch& scratch, const fs::path& header, const std::string& flags,
                         const std::vector<std::string>& rest) const {
  std::vector<std::string> command = command_with(flags, options_.extra_flags);
  Jail jail{.limits = compiler_limits,
            .readable = {tools_.include},
            .toolchain = tools_.folders,
            .writable = scratch.path,
            .compiler = true};
  if (!header.empty()) {
    command.insert(command.end(), {"-include", header.string()});
    jail.readable.push_back(header.parent_path());
  }
  command.push_back(file_.path);
  command.insert(command.end(), rest.begin(), rest.end());
  const Outcome outcome = scratch.run(command, jail, 40);
  // No error in the file itself: the precompiled header may be damaged, or just removed by another grader.
  const bool elsewhere = failed(outcome) && outcome.text.find(file_.path + ":") == std::string::npos;
  return elsewhere && !header.empty() ? compile(scratch, "", flags, rest) : outcome;
}

/// Grading uses double and training uses float, so both must compile:
/// std::max(x, 0.0) compiles only in double.
Outcome Attempt::compile_both(Scratch& scratch, const std::string& source, Built& built) const {
  std::string as_float = tools_.flags;
  if (const auto at = as_float.find("-DGRADUS_DOUBLE"); at != std::string::npos) as_float.erase(at, 15);
  const fs::path header = precompiled_header(source, tools_.flags),
                 header_in_float = options_.also_float ? precompiled_header(source, as_float) : "";
  const Timed timed(built.seconds);
  auto in_float = std::async(std::launch::async, [&] {
    return options_.also_float ? compile(scratch, header_in_float, as_float, {"-fsyntax-only"})
                               : Outcome{.ending = {.code = 0}, .text = ""};
  });
  Outcome outcome =
      compile(scratch, header, tools_.flags, {"-c", "-o", (scratch.path / "student.o").string()});
  const Outcome float_outcome = in_float.get();
  const bool only_float = !failed(outcome) && failed(float_outcome);
  if (only_float) outcome = float_outcome;
  built.compiler = first_lines(outcome.text, 40);
  if (failed(outcome)) {
    built.state = State::compile_error;
    built.sentence = why(outcome, file_);
    if (only_float) built.sentence += " (in float, the lectures' training precision)";
  }
  return outcome;
}

Outcome Attempt::link(Scratch& scratch, const fs::path& object) const {
  std::vector<std::string> command = {compiler_, "-no-pie", "-o", (scratch.path / "worker").string(),
                                      object.string()};
  for (const std::string& word : words_of(options_.extra_flags)) command.push_back(word);
  command.insert(command.end(), tools_.worker_objects.begin(), tools_.worker_objects.end());
  command.push_back(slim_.string());
  command.insert(command.end(), tools_.libraries.begin(), tools_.libraries.end());
  for (const fs::path& folder : tools_.runtime) command.push_back("-Wl,-rpath," + folder.string());
  if (clang_) with_libgomp(command);
  Jail jail{.limits = compiler_limits,
            .readable = {slim_},
            .toolchain = tools_.folders,
            .writable = scratch.path,
            .compiler = true};
  jail.readable.insert(jail.readable.end(), tools_.worker_objects.begin(), tools_.worker_objects.end());
  return scratch.run(command, jail, 40);
}

/// A library symbol that the object uses although it should be hand-written,
/// or a grader symbol it must not use.
std::string Attempt::forbidden_symbol(Scratch& scratch, const fs::path& object) const {
  const auto names_of = [&](const fs::path& one) {
    return scratch.run({"/usr/bin/nm", "-C", "-u", one.string()},
                       {.limits = compiler_limits, .readable = {one}, .compiler = true}, 10);
  };
  const Outcome outcome = names_of(object);
  if (outcome.ending.code != 0) {  // demangling can be made arbitrarily slow
    const Outcome control = names_of(tools_.worker_objects.at(0));
    GRADUS_CHECK(control.ending.code == 0, "nm: ", control.text.substr(0, 200));
    return "the symbol names in your file cannot be read";
  }
  if (outcome.text.size() >= (std::size_t{64} << 10)) return "your file uses too many external functions";
  std::istringstream lines(outcome.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < 20) continue;  // 16 spaces, a space, the kind (U, or weak: w, v), a space, the name
    const std::string name = line.substr(19, 2000);
    if (name.starts_with("gradus::grade::"))
      return "your file calls " + without_arguments(name) + ", which belongs to the grader";
    for (const std::string& banned : file_.banned)
      if (std::regex_search(name, std::regex(banned)))
        return "your file calls " + without_arguments(name) + ", which you are asked to write";
  }
  return "";
}

/// Checks a compiled object, links it, and copies the program to `worker`.
Outcome Attempt::make_worker(Scratch& scratch, const fs::path& worker, Built& built) const {
  const Timed timed(built.seconds);
  const fs::path object = scratch.path / "student.o";
  Outcome outcome{.ending = {.code = 0}, .text = ""};
  if (built.sentence = forbidden_symbol(scratch, object); !built.sentence.empty()) {
    built.state = State::banned_call;
  } else if (outcome = link(scratch, object); failed(outcome)) {
    built.state = State::compile_error;
    built.compiler = first_lines(outcome.text, 20);
    built.sentence = plain_words(outcome.text);
    if (built.sentence.empty()) built.sentence = "does not link with the library";
  } else if (!worker.empty()) {
    fs::create_directories(worker.parent_path());
    const fs::path part =
        worker.string() + "." + std::to_string(getpid()) + "." + std::to_string(options_.slot);
    fs::copy_file(scratch.path / "worker", part, fs::copy_options::overwrite_existing);
    open_to_all(part, true);
    fs::rename(part, worker);
  }
  return outcome;
}

Attempt::Result Attempt::run(const std::string& source, const fs::path& worker) const {
  // The compiler sees the file alone, under the path for messages and __FILE__.
  Scratch scratch(options_.level, options_.slot);
  write_text(scratch.path / file_.path, source);
  Result result;
  Outcome outcome = compile_both(scratch, source, result.built);
  if (result.built.state == State::pass) outcome = make_worker(scratch, worker, result.built);
  result.doubtful = failed(outcome) && is_doubtful(outcome);
  return result;
}

}  // namespace gradus::grade
