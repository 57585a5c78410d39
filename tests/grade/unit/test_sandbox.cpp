// Files that the sandbox reads although its user cannot reach them, and faults of the grader.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "../attempt.hpp"
#include "../scratch.hpp"
#include "gradus/base/check.hpp"
#include "setup.hpp"

using namespace gradus;
using namespace gradus::grade;
namespace fs = std::filesystem;

namespace {

/// A folder that no other user may enter, as created under umask 077.
struct Closed {
  mode_t before = umask(077);
  Folder folder{"closed"};
  fs::path path = folder.path;
  ~Closed() { umask(before); }
};

std::vector<Level> levels_here() {
  std::vector<Level> levels;
  for (const Level level : {Level::l1, Level::l2, Level::l3})
    if (sandbox_works(level)) levels.push_back(level);
  return levels;
}

GradedFile relu(const fs::path& control) {
  return {.source = "src/ops/activation.cpp",
          .name = "activation.cpp",
          .path = "exercises/01_x/activation.cpp",
          .todos = {{"1.1", "relu"}},
          .banned = {},
          .control = control};
}

}  // namespace

TEST_CASE("below a closed folder and with umask 077, the sandbox reads its files at every level") {
  const Closed closed;
  const fs::path file = closed.path / "folder/words.txt";
  write_text(file, "seen inside\n");
  for (const Level level : levels_here()) {
    CAPTURE(name_of(level));
    Scratch scratch(level, 3);
    write_text(scratch.path / "own.txt", "ours too\n");
    const auto cat = [&](const fs::path& what, const fs::path& readable) {
      return scratch.run({"/usr/bin/cat", what.string()},
                         {.readable = {readable}, .writable = scratch.path, .compiler = true}, 10);
    };
    CHECK(cat(file, file).text == "seen inside\n");
    CHECK(cat(file, file.parent_path()).text == "seen inside\n");
    CHECK(cat(scratch.path / "own.txt", file).text == "ours too\n");
    const Outcome missing = cat(file.parent_path() / "none", file.parent_path());
    CHECK(missing.text.find((file.parent_path() / "none").string()) != std::string::npos);  // its own path
    const fs::path program = closed.path / "cat";
    fs::copy_file("/usr/bin/cat", program, fs::copy_options::overwrite_existing);
    CHECK(scratch.run({program.string(), file.string()}, {.readable = {program, file}}, 10).text ==
          "seen inside\n");
    CHECK(reachable(file, level) == (level != Level::l2 || geteuid() != 0));
  }
}

TEST_CASE("an unreachable temporary folder is not used, and a missing one is reported") {
  const Closed closed;
  setenv("TMPDIR", closed.path.c_str(), 1);
  {
    const Scratch scratch(Level::l2, 0);
    CHECK(scratch.path.string().starts_with(closed.path.string()) == (geteuid() != 0));
  }
  setenv("TMPDIR", (closed.path / "none").c_str(), 1);
  std::string said;
  try {
    const Scratch scratch(Level::l1, 0);
  } catch (const Error& error) {
    said = error.what();
  }
  CHECK(said.find("TMPDIR names '" + (closed.path / "none").string()) != std::string::npos);
  unsetenv("TMPDIR");
}

TEST_CASE("a failure that the library's own file has too is a fault of the grader and is not cached") {
  const Closed closed;
  const fs::path control = closed.path / "control.cpp";
  write_text(control, "int control;\n");
  const GradedFile file = relu(control);
  Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  const BuildOptions options{.level = Level::l1, .also_float = false};
  tools.archive = closed.path / "library.a";
  write_text(tools.archive, "!<arch>\n");
  tools.worker_objects = {(closed.path / "damaged.o").string()};
  write_text(tools.worker_objects[0], "no object\n");
  const auto kept = [&] {
    for (const auto& entry : fs::directory_iterator(closed.path / "cache"))
      if (fs::exists(entry.path() / "built.json")) return true;
    return false;
  };
  // Neither this text nor the control links.
  CHECK_THROWS_WITH_AS(build(tools, file, "int x;\n", closed.path / "cache", options),
                       doctest::Contains("cannot be built here either"), Error);
  CHECK_FALSE(kept());
  // Neither this text nor the control compiles.
  write_text(control, "int control\n");
  tools.flags += " -DANOTHER_WAY";
  CHECK_THROWS_AS(build(tools, file, "int x\n", closed.path / "cache", options), Error);
  CHECK_FALSE(kept());
}

TEST_CASE("a failure that the library's own file does not have is the student's and is cached") {
  const Closed closed;
  const GradedFile file = relu(fs::path(GRADUS_SOURCE_DIR) / "src/ops/activation.cpp");
  REQUIRE(fs::exists(file.control));
  const Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  const BuildOptions options{.level = Level::l1, .also_float = false};
  const std::string broken = "int x = unknown_name;\n";
  const Built built = build(tools, file, broken, closed.path / "cache", options);
  CHECK(built.state == State::compile_error);
  CHECK(built.sentence.find("'unknown_name' is unknown here") != std::string::npos);
  CHECK_FALSE(build(tools, file, broken, closed.path / "cache", options).fresh);
}

TEST_CASE("the sandbox shows a compiler outside the system's folders together with its folder") {
  const Folder folder("compiler");
  const fs::path home = folder.path;
  const std::string original = Toolchain::read(GRADUS_GRADE_CONFIG).compiler;
  const fs::path compiler = home / "bin" / fs::path(original).filename();
  write_text(compiler,
             "#!/bin/sh\nexec " + original + " $(cat \"$(dirname \"$0\")\"/../lib/gcc/flags) \"$@\"\n");
  write_text(home / "lib/gcc/flags", "-DBELOW_HOME\n");
  for (const fs::path& one :
       {home, home / "bin", home / "lib", home / "lib/gcc", home / "lib/gcc/flags", compiler})
    fs::permissions(one, fs::perms(0755));
  std::string config = read_text(GRADUS_GRADE_CONFIG);
  const std::string line = "compiler=" + original + "\n";
  REQUIRE(config.find(line) != std::string::npos);
  config.replace(config.find(line), line.size(), "compiler=" + compiler.string() + "\n");
  write_text(home / "grade.conf", config);
  const GradedFile file = relu(fs::path(GRADUS_SOURCE_DIR) / "src/ops/activation.cpp");
  const std::string source =
      read_text(file.control) + "#ifndef BELOW_HOME\n#error another compiler\n#endif\n";
  for (const Level level : levels_here()) {
    CAPTURE(name_of(level));
    const Built built = build(Toolchain::read(home / "grade.conf"), file, source, home / "cache",
                              {.level = level, .also_float = false});
    CHECK_MESSAGE(built.state == State::pass, built.sentence << built.compiler);
  }
  write_text(home / "grade.conf", config.substr(0, config.find("whole=")));
  CHECK_THROWS_WITH_AS(Toolchain::read(home / "grade.conf"),
                       ((home / "grade.conf").string() + ": no line 'whole='").c_str(), Error);
  for (const char* extra : {"of a path with a line break\n", "compiler=another\n"}) {
    write_text(home / "grade.conf", config + extra);
    CHECK_THROWS_WITH_AS(Toolchain::read(home / "grade.conf"),
                         doctest::Contains("expected one line 'name=value' per name"), Error);
  }
}

namespace {

/// Whether a process exists whose command line contains these words.
bool runs(const std::string& words) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::string line((std::istreambuf_iterator<char>(file)), {});
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (line.starts_with(words)) return true;
  }
  return false;
}

/// Waits up to three seconds.
template <class Condition>
bool soon(Condition condition) {
  for (int look = 0; look < 300; ++look) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("processes started by a compiler end with it, and with the grader") {
  if (!fs::exists("/proc/self/cmdline")) return;
  for (const Level level : levels_here()) {
    CAPTURE(name_of(level));
    const std::string seconds = std::to_string(100'000 + getpid()), words = "sleep " + seconds;
    const std::vector<std::string> command = {"/bin/sh", "-c", words + " & " + words + " & wait"};
    const int grader = fork();
    if (grader == 0) {
      (void)Scratch(level, 5).run(command, {.compiler = true}, 60);
      _exit(0);
    }
    CHECK(soon([&] { return runs(words); }));
    kill(grader, SIGKILL);
    waitpid(grader, nullptr, 0);
    CHECK(soon([&] { return !runs(words); }));
    // ... and when its time is over
    CHECK(Scratch(level, 5).run(command, {.compiler = true}, 0.3).out_of_time);
    CHECK(soon([&] { return !runs(words); }));
    // ... and when it ends by itself
    (void)Scratch(level, 5).run({"/bin/sh", "-c", words + " > /dev/null 2>&1 &"}, {.compiler = true}, 10);
    CHECK(soon([&] { return !runs(words); }));
  }
}

TEST_CASE("a change of the library does not remove the one that a grader is linking with") {
  const Closed closed;
  const GradedFile file = relu(fs::path(GRADUS_SOURCE_DIR) / "src/ops/activation.cpp");
  Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  const BuildOptions options{.level = Level::l1, .also_float = false};
  const fs::path cache = closed.path / "cache", rebuilt = closed.path / "library.a";
  const auto slim = [&] {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(cache)) count += entry.path().extension() == ".a";
    return count;
  };
  const Attempt before(tools, file, cache, options);
  fs::copy_file(tools.archive, rebuilt);
  Toolchain other = tools;
  other.archive = rebuilt;
  const Attempt after(other, file, cache, options);
  CHECK(slim() == 2);
  CHECK(before.run(read_text(file.control), "").built.state == State::pass);
  CHECK(after.run(read_text(file.control), "").built.state == State::pass);
  // Libraries unused for an hour are removed when the next one is made.
  for (const auto& entry : fs::directory_iterator(cache))
    if (entry.path().extension() == ".a")
      fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  fs::last_write_time(rebuilt, fs::file_time_type::clock::now() - std::chrono::hours(2));
  const Attempt third(other, file, cache, options);
  CHECK(slim() == 1);
}

TEST_CASE("files that the sandbox's user cannot reach are copied once, and again after a change") {
  if (geteuid() != 0 || !sandbox_works(Level::l2)) return;  // otherwise the sandbox has no separate user
  const Closed closed;
  const fs::path folder = closed.path / "headers";
  write_text(folder / "deep/one.hpp", "first\n");
  share_copies(Level::l2);
  fs::path copy;
  int counted = 0;
  for (int grader = 0; grader < 2; ++grader) {  // processes in sequence, as started by watch
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const int process = fork();
    if (process == 0) {
      const std::string path = Scratch(Level::l2, grader).shown(folder).string();
      _exit(write(ends[1], path.data(), path.size()) == static_cast<ssize_t>(path.size()) ? 0 : 1);
    }
    close(ends[1]);
    char path[512] = "";
    const ssize_t size = read(ends[0], path, sizeof path);
    close(ends[0]);
    waitpid(process, nullptr, 0);
    REQUIRE(size > 0);
    const fs::path now = std::string(path, static_cast<std::size_t>(size));
    counted += now != copy;
    copy = now;
  }
  CHECK(counted == 1);
  CHECK(copy != folder);
  CHECK(read_text(copy / "deep/one.hpp") == "first\n");
  Scratch scratch(Level::l2, 1);
  CHECK(scratch.shown(folder) == copy);
  const auto cat = [&] {
    return scratch
        .run({"/usr/bin/cat", (folder / "deep/one.hpp").string()}, {.readable = {folder}, .compiler = true},
             10)
        .text;
  };
  CHECK(cat() == "first\n");
  write_text(folder / "deep/one.hpp", "second, longer\n");
  CHECK(cat() == "second, longer\n");
  CHECK(scratch.shown(folder) != copy);
}

TEST_CASE("handing files to the sandbox's user follows no link") {
  if (geteuid() != 0 || !sandbox_works(Level::l2)) return;
  const Closed closed;
  write_text(closed.path / "ours/secret.txt", "ours\n");
  Scratch scratch(Level::l2, 2);
  write_text(scratch.path / "folder/own.txt", "theirs\n");
  fs::create_directory_symlink(closed.path / "ours", scratch.path / "link");
  fs::create_symlink(closed.path / "ours/secret.txt", scratch.path / "folder/link.txt");
  (void)scratch.run({"/usr/bin/true"}, {.compiler = true}, 10);
  const auto owner = [](const fs::path& path) {
    struct stat status {};
    REQUIRE(lstat(path.c_str(), &status) == 0);
    return status.st_uid;
  };
  CHECK(owner(closed.path / "ours") == 0);
  CHECK(owner(closed.path / "ours/secret.txt") == 0);
  for (const char* name : {"", "folder", "folder/own.txt", "folder/link.txt", "link"})
    CHECK(owner(*name ? scratch.path / name : scratch.path) == slot_user(2));
}
