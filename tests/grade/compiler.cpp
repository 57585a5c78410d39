#include "compiler.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "gradus/base/check.hpp"
#include "prelude.hpp"
#include "scratch.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;

std::string digest(std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  GRADUS_CHECK(EVP_Digest(text.data(), text.size(), bytes, &length, EVP_sha256(), nullptr) == 1,
               "SHA-256 failed");
  std::ostringstream out;
  for (unsigned i = 0; i < length; ++i) out << std::hex << std::setw(2) << std::setfill('0') << int{bytes[i]};
  return out.str();
}

std::uint64_t keyed_digest(std::string_view key, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  GRADUS_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                    reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &length),
               "HMAC-SHA256 failed");
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

Toolchain Toolchain::read(const fs::path& file) {
  try {
    const nlohmann::json root = nlohmann::json::parse(read_text(file));
    const auto list = [&](const char* name) {
      std::vector<std::string> words;
      std::istringstream in(root.at(name).get<std::string>());
      for (std::string word; std::getline(in, word, ';');)
        if (!word.empty()) words.push_back(word);
      return words;
    };
    Toolchain tools;
    tools.compiler = root.at("compiler").get<std::string>();
    tools.flags = root.at("flags").get<std::string>();
    tools.worker_objects = list("worker_objects");
    tools.libraries = list("libraries");
    tools.archive = root.at("archive").get<std::string>();
    tools.include = root.at("include").get<std::string>();
    tools.solutions = list("solutions");
    tools.system = root.at("system").get<std::string>();
    tools.gcc = root.at("gcc").get<std::string>();
    tools.whole = root.at("whole").get<bool>();
    return tools;
  } catch (const std::exception& error) {
    throw Error(file.string() + ": " + error.what());
  }
}

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

constexpr Limits compiler_limits{
    .cpu_seconds = 20, .memory = std::size_t{3} << 30, .file_bytes = std::size_t{64} << 20};

/// The library without one object: made once, kept beside the cache.
fs::path archive_without(const Toolchain& tools, const GradedFile& file, const fs::path& cache,
                         const BuildOptions& options) {
  const auto stamp = std::to_string(fs::last_write_time(tools.archive).time_since_epoch().count());
  const fs::path slim =
      cache / ("without_" + file.name + "_" + digest(tools.archive.string() + stamp).substr(0, 12) + ".a");
  if (fs::exists(slim)) return slim;
  fs::create_directories(cache);
  for (const auto& old : fs::directory_iterator(cache))  // of an older library
    if (old.path().filename().string().starts_with("without_" + file.name + "_") &&
        old.path().extension() == ".a")
      fs::remove(old.path());
  const Scratch scratch;
  const fs::path work = scratch.path / "slim.a",
                 part = slim.string() + "." + std::to_string(getpid()) + ".part";
  fs::copy_file(tools.archive, work);
  scratch.hand_over(options.level, options.slot);
  const Outcome outcome = run({"/usr/bin/ar", "d", work.string(), file.name + ".o"},
                              {.level = options.level,
                               .limits = compiler_limits,
                               .writable = scratch.path,
                               .compiler = true,
                               .slot = options.slot},
                              20);
  GRADUS_CHECK(outcome.ending.code == 0, "ar: ", outcome.text);
  fs::copy_file(work, part, fs::copy_options::overwrite_existing);
  fs::permissions(
      part, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read);
  fs::rename(part, slim);
  return slim;
}

/// A function's name without its arguments; brackets of its template and of "(anonymous namespace)" are part
/// of it.
std::string without_arguments(const std::string& name) {
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
    if (name[i] == '(' && depth == 0 && name.compare(i, 11, "(anonymous ") != 0) return name.substr(0, i);
  }
  return name;
}

/// What the object takes from the library although it should be written by hand, or brings although it must
/// not.
std::string forbidden_symbol(const fs::path& object, const GradedFile& file, const Toolchain& tools,
                             const BuildOptions& options) {
  const auto names_of = [&](const fs::path& one) {
    return run({"/usr/bin/nm", "-C", "-u", one.string()},
               {.level = options.level,
                .limits = compiler_limits,
                .readable = {one},
                .compiler = true,
                .slot = options.slot},
               10);
  };
  const Outcome outcome = names_of(object);
  if (outcome.ending.code != 0) {  // names can be made that take forever to spell out
    const Outcome control = names_of(tools.worker_objects.at(0));
    GRADUS_CHECK(control.ending.code == 0, "nm: ", control.text.substr(0, 200));
    return "the names that your file uses cannot be read";
  }
  if (outcome.text.size() >= (std::size_t{64} << 10)) return "your file uses too many functions from outside";
  std::istringstream lines(outcome.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < 20) continue;  // 16 blanks, a blank, the kind (U, or weak: w, v), a blank, the name
    const std::string name = line.substr(19, 2000);
    if (name.starts_with("gradus::grade::"))
      return "your file calls " + without_arguments(name) + ", which is the grader's own";
    for (const std::string& banned : file.banned)
      if (std::regex_search(name, std::regex(banned)))
        return "your file calls " + without_arguments(name) + ", which is what you are asked to write";
  }
  return "";
}

/// Workers of texts long gone: the oldest go when there are many.
void forget_old(const fs::path& cache) {
  constexpr std::size_t most = 600, left = 400;
  std::vector<std::pair<fs::file_time_type, fs::path>> entries;
  for (const auto& entry : fs::directory_iterator(cache))
    if (fs::exists(entry.path() / "built.json")) entries.emplace_back(entry.last_write_time(), entry.path());
  if (entries.size() <= most) return;
  std::sort(entries.begin(), entries.end());
  std::error_code ignored;
  for (std::size_t i = 0; i + left < entries.size(); ++i) fs::remove_all(entries[i].second, ignored);
}

/// Clang's own OpenMP runtime wants shared memory when it starts, which the sandbox does not give.
void with_libgomp(std::vector<std::string>& command) {
  std::replace(command.begin(), command.end(), std::string("-fopenmp"), std::string("-fopenmp=libgomp"));
  command.push_back("-Wno-source-uses-openmp");  // then it leaves the pragmas out
}

std::string first_lines(const std::string& text, int count) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; count > 0 && std::getline(in, line); --count) out += line + "\n";
  return out;
}

}  // namespace

Built build(const Toolchain& tools, const GradedFile& file, const std::string& source, const fs::path& cache,
            const BuildOptions& options) {
  const std::string compiler = options.compiler.empty() ? tools.compiler : options.compiler;
  const fs::path slim = archive_without(tools, file, cache, options);
  std::string objects;
  for (const std::string& object : tools.worker_objects)
    objects += object + std::to_string(fs::last_write_time(object).time_since_epoch().count());
  const bool clang = compiler.find("clang") != std::string::npos;
  const auto command_with = [&](const std::string& flags) {
    std::vector<std::string> command = {compiler};
    for (const std::string& word : words_of(flags + " " + options.extra_flags)) command.push_back(word);
    command.insert(command.end(), {"-g1", "-fno-diagnostics-color", "-Werror=return-type", "-isystem",
                                   tools.include.string(), clang ? "-ferror-limit=3" : "-fmax-errors=3"});
    if (clang) with_libgomp(command);
    return command;
  };
  std::string key_text = source + name_of(options.level) + '\0' + slim.string() + objects +
                         (options.also_float ? "" : "double only");
  for (const std::string& word : command_with(tools.flags)) key_text += '\0' + word;
  const std::string key = digest(key_text);
  const fs::path home = cache / key.substr(0, 24), kept = home / "built.json";
  Built built;
  built.worker = home / "worker";
  if (fs::exists(kept)) {
    try {
      const auto json = nlohmann::json::parse(read_text(kept));
      built.state = static_cast<State>(json.at("state").get<int>());
      built.sentence = json.at("sentence").get<std::string>();
      built.compiler = json.at("compiler").get<std::string>();
      built.fresh = false;
      fs::last_write_time(home, fs::file_time_type::clock::now());  // in use: forget_old looks at it
      if (built.state != State::pass || fs::exists(built.worker)) return built;
    } catch (const std::exception&) {  // a damaged entry is made anew
    }
    built = {};
    built.worker = home / "worker";
  }

  if (std::string words = no_plain_text(source);
      !words.empty()) {  // of which a compiler says a thousand things
    built.state = State::compile_error;
    built.sentence = std::move(words);
    return built;
  }

  // The file as the compiler sees it: alone, under the path that messages and __FILE__ should show.
  const Scratch scratch;
  const fs::path shown = file.path;
  write_text(scratch.path / shown, source);
  scratch.hand_over(options.level, options.slot);
  const Jail jail{.level = options.level,
                  .limits = compiler_limits,
                  .readable = {tools.include},
                  .writable = scratch.path,
                  .compiler = true,
                  .slot = options.slot};
  // Other compilers and flags than the toolchain's compile a few files only: not worth a prelude.
  const std::string prelude =
      options.compiler.empty() && options.extra_flags.empty() ? prelude_of(source, tools.include) : "";
  const auto compile = [&](const std::string& flags, const std::vector<std::string>& rest) {
    std::vector<std::string> command = command_with(flags);
    Jail own = jail;
    if (!prelude.empty())
      if (const fs::path ahead = precompiled(prelude, command, tools, cache, options); !ahead.empty()) {
        command.insert(command.end(), {"-include", ahead.string()});
        own.readable.push_back(ahead.parent_path());
      }
    command.push_back(file.path);
    command.insert(command.end(), rest.begin(), rest.end());
    return run(command, own, 40);
  };
  // What is graded is double; what trains is float, and has to compile as well (std::max(x, 0.0) does only in
  // one).
  std::string as_float = tools.flags;
  if (const auto at = as_float.find("-DGRADUS_DOUBLE"); at != std::string::npos) as_float.erase(at, 15);
  auto in_float = std::async(std::launch::async, [&] {
    return options.also_float ? compile(as_float, {"-fsyntax-only"})
                              : Outcome{.ending = {.code = 0}, .text = ""};
  });
  const fs::path object = scratch.path / "student.o";
  Outcome outcome = compile(tools.flags, {"-c", "-o", object.string()});
  const Outcome float_outcome = in_float.get();
  const auto failed = [](const Outcome& one) {
    return one.out_of_time || one.ending.code != 0 || one.ending.signal != 0;
  };
  bool only_float = false;
  if (!failed(outcome) && failed(float_outcome)) outcome = float_outcome, only_float = true;
  built.compiler = first_lines(outcome.text, 40);
  bool doubtful = false;  // perhaps this machine's fault: not kept
  if (failed(outcome)) {
    doubtful = outcome.out_of_time || outcome.ending.signal == SIGKILL ||
               outcome.text.find("No space left") != std::string::npos;
    write_text(scratch.path / shown, "#include \"gradus/tensor/tensor.hpp\"\n");
    if (const Outcome control = compile(tools.flags, {"-fsyntax-only"}); failed(control)) {
      forget_precompiled(cache);
      throw Error("the compiler does not work here: " + control.text.substr(0, 300));
    }
    built.state = State::compile_error;
    if (outcome.out_of_time || outcome.ending.signal == SIGXCPU || outcome.ending.signal == SIGKILL ||
        outcome.text.find("CPU time limit exceeded") != std::string::npos)
      built.sentence = "the compiler was stopped after 20 s: no exercise needs that much work from it";
    else if (const std::string words = plain_words(outcome.text); !words.empty())
      built.sentence = words;
    else
      built.sentence = "does not compile";
    std::smatch place;
    const std::string first = outcome.text.substr(0, 8192);
    if (std::regex_search(first, place, std::regex(file.name + ":(\\d+):(\\d+): (?:fatal )?error")))
      built.sentence = "line " + place[1].str() + ": " + built.sentence;
    if (only_float) built.sentence += " (in float, the precision that lectures train with)";
  } else if (const std::string words = forbidden_symbol(object, file, tools, options); !words.empty()) {
    built.state = State::banned_call;
    built.sentence = words;
  } else {
    std::vector<std::string> command = {compiler, "-no-pie", "-o", (scratch.path / "worker").string(),
                                        object.string()};
    for (const std::string& word : words_of(options.extra_flags)) command.push_back(word);
    command.insert(command.end(), tools.worker_objects.begin(), tools.worker_objects.end());
    command.push_back(slim.string());
    command.insert(command.end(), tools.libraries.begin(), tools.libraries.end());
    if (clang) with_libgomp(command);
    Jail link = jail;
    link.readable.insert(link.readable.end(), tools.worker_objects.begin(), tools.worker_objects.end());
    link.readable.push_back(slim);
    outcome = run(command, link, 40);
    if (failed(outcome)) {
      built.state = State::compile_error;
      built.compiler = first_lines(outcome.text, 20);
      built.sentence = plain_words(outcome.text);
      if (built.sentence.empty()) built.sentence = "does not link with the library";
    }
  }
  forget_old(cache);
  fs::create_directories(home);
  if (built.state == State::pass) {
    const fs::path part = home / ("worker." + std::to_string(getpid()) + "." + std::to_string(options.slot));
    fs::copy_file(scratch.path / "worker", part, fs::copy_options::overwrite_existing);
    fs::permissions(part, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                              fs::perms::others_read | fs::perms::others_exec);
    fs::rename(part, built.worker);
  }
  if (!doubtful)
    write_text(kept, nlohmann::json{{"state", static_cast<int>(built.state)},
                                    {"sentence", built.sentence},
                                    {"compiler", built.compiler}}
                         .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return built;
}

}  // namespace gradus::grade
