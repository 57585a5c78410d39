// What the sandbox reads although its user cannot reach it, and faults that are the grader's own.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "../compiler.hpp"
#include "../scratch.hpp"
#include "gradus/base/check.hpp"

using namespace gradus;
using namespace gradus::grade;
namespace fs = std::filesystem;

namespace {

/// A folder that nobody else may enter, as umask 077 makes them.
struct Closed {
  mode_t before = umask(077);
  fs::path path = fs::temp_directory_path() / ("gradus_closed_" + std::to_string(getpid()));
  Closed() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Closed() {
    fs::remove_all(path);
    umask(before);
  }
};

std::vector<Level> levels_here() {
  std::vector<Level> levels;
  for (const Level level : {Level::l1, Level::l2, Level::l3})
    if (sandbox_works(level)) levels.push_back(level);
  return levels;
}

GradedFile relu(const fs::path& control) {
  return {.source = "src/ops/relu.cpp",
          .name = "relu.cpp",
          .path = "exercises/01_x/relu.cpp",
          .todos = {{"1.1", "relu"}},
          .banned = {},
          .control = control};
}

}  // namespace

TEST_CASE("below a closed folder and with umask 077, the sandbox reads what it is shown, at every level") {
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
    CHECK(missing.text.find((file.parent_path() / "none").string()) != std::string::npos);  // its own name
    CHECK(reachable(file, level) == (level != Level::l2 || geteuid() != 0));
  }
}

TEST_CASE("a temporary folder that the sandbox's user cannot enter is not used, and a missing one is named") {
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

TEST_CASE("what the library's own text fails at as well is the grader's fault, and is not kept") {
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
  // does not link, and neither does the control
  CHECK_THROWS_WITH_AS(build(tools, file, "int x;\n", closed.path / "cache", options),
                       doctest::Contains("cannot be built here either"), Error);
  CHECK_FALSE(kept());
  // does not compile, and neither does the control
  write_text(control, "int control\n");
  tools.flags += " -DANOTHER_WAY";
  CHECK_THROWS_AS(build(tools, file, "int x\n", closed.path / "cache", options), Error);
  CHECK_FALSE(kept());
}

TEST_CASE("a text that fails where the library's own does not is the student's, and is kept") {
  const Closed closed;
  const GradedFile file = relu(fs::path(GRADUS_SOURCE_DIR) / "src/ops/relu.cpp");
  REQUIRE(fs::exists(file.control));
  const Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  const BuildOptions options{.level = Level::l1, .also_float = false};
  const std::string broken = "int x = unknown_name;\n";
  const Built built = build(tools, file, broken, closed.path / "cache", options);
  CHECK(built.state == State::compile_error);
  CHECK(built.sentence.find("'unknown_name' is unknown here") != std::string::npos);
  CHECK_FALSE(build(tools, file, broken, closed.path / "cache", options).fresh);
}

TEST_CASE("a compiler that the system did not install is seen in the sandbox, with its folder") {
  const fs::path home = fs::temp_directory_path() / ("gradus_compiler_" + std::to_string(getpid()));
  fs::remove_all(home);
  nlohmann::json config = nlohmann::json::parse(read_text(GRADUS_GRADE_CONFIG));
  const fs::path compiler = home / "bin" / fs::path(config.at("compiler").get<std::string>()).filename();
  write_text(compiler, "#!/bin/sh\nexec " + config.at("compiler").get<std::string>() +
                           " $(cat \"$(dirname \"$0\")\"/../lib/gcc/flags) \"$@\"\n");
  write_text(home / "lib/gcc/flags", "-DBELOW_HOME\n");
  for (const fs::path& one : {home, home / "bin", home / "lib", home / "lib/gcc", compiler})
    fs::permissions(one, fs::perms(0755));
  config["compiler"] = compiler.string();
  write_text(home / "grade.json", config.dump());
  const GradedFile file = relu(fs::path(GRADUS_SOURCE_DIR) / "src/ops/relu.cpp");
  const std::string source =
      read_text(file.control) + "#ifndef BELOW_HOME\n#error another compiler\n#endif\n";
  for (const Level level : levels_here()) {
    CAPTURE(name_of(level));
    const Built built = build(Toolchain::read(home / "grade.json"), file, source, home / "cache",
                              {.level = level, .also_float = false});
    CHECK_MESSAGE(built.state == State::pass, built.sentence << built.compiler);
  }
  fs::remove_all(home);
}
