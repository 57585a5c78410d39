// Precompiled headers are used only where they change nothing but the time, and rebuilt after changes.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../attempt.hpp"
#include "../prelude.hpp"
#include "gradus/base/check.hpp"
#include "setup.hpp"

using namespace gradus;
using namespace gradus::grade;
namespace fs = std::filesystem;

namespace {

/// A folder with two headers named like the library's; op.hpp includes tensor.hpp but not shape.hpp.
struct Headers {
  Folder folder{"prelude"};
  fs::path path = folder.path;
  fs::path include = path / "include", cache = path / "cache";
  Headers() {
    write_text(include / "gradus/tensor/tensor.hpp", "#pragma once\nstruct Tensor {};\n");
    write_text(include / "gradus/autograd/op.hpp", "#pragma once\n#include \"gradus/tensor/tensor.hpp\"\n");
    write_text(include / "gradus/ops/relu.hpp",
               "#pragma once\n  #  include <gradus/autograd/op.hpp>  // op\n");
    write_text(include / "gradus/tensor/shape.hpp", "#pragma once\n");
  }
};

}  // namespace

TEST_CASE("a file's prelude is the largest shared header that its first lines include") {
  const Headers headers;
  const auto prelude = [&](const char* source) { return prelude_of(source, headers.include); };
  CHECK(prelude("// words\n\n#include \"gradus/ops/relu.hpp\"\nint x;\n") == "gradus/autograd/op.hpp");
  CHECK(prelude("#include <vector>\n#include \"gradus/tensor/tensor.hpp\"\n") == "gradus/tensor/tensor.hpp");
  CHECK(prelude("#include \"gradus/tensor/shape.hpp\"\n") == "");
  CHECK(prelude("// #include \"gradus/ops/relu.hpp\"\nint x;\n") == "");
  CHECK(prelude("/*\n#include \"gradus/ops/relu.hpp\"\n*/\nint x;\n") == "");
  // Code before the include could change its meaning, and names may be used only after it.
  CHECK(prelude("#define Tensor Number\n#include \"gradus/ops/relu.hpp\"\n") == "");
  CHECK(prelude("int x;\n#include \"gradus/ops/relu.hpp\"\n") == "");
  CHECK(prelude("#include \"gradus/../../secret.hpp\"\n") == "");
}

TEST_CASE("a precompiled header is kept, and rebuilt when a header, the flags or its validity changes") {
  const Headers headers;
  Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  tools.include = headers.include;
  const auto ahead = [&](const char* flag) {
    return precompiled("gradus/autograd/op.hpp",
                       {tools.compiler, "-std=c++20", flag, "-isystem", tools.include.string()}, tools,
                       headers.cache, {.level = Level::l1});
  };
  const fs::path first = ahead("-O0");
  REQUIRE(fs::exists(first.string() + ".gch"));
  CHECK(ahead("-O0") == first);
  CHECK(ahead("-O1") != first);
  write_text(headers.include / "gradus/tensor/tensor.hpp", "#pragma once\nstruct Tensor { int size; };\n");
  const fs::path second = ahead("-O0");
  CHECK(second != first);
  CHECK(fs::exists(second.string() + ".gch"));
  write_text(headers.include / "gradus/tensor/tensor.hpp", "#pragma once\nstruct Tensor {\n");
  CHECK(ahead("-O0") == "");  // does not compile: compiling the file without it gives the reason
}

namespace {

/// Whether `gcc -H` reports a precompiled header as used: "! .../prelude.hpp.gch".
bool uses_prelude(const Built& built) {
  return built.compiler.starts_with("! ") && built.compiler.find("prelude.hpp.gch\n") != std::string::npos;
}

std::vector<fs::path> preludes_in(const fs::path& cache) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(cache))
    if (fs::exists(entry.path() / "prelude.hpp.gch")) found.push_back(entry.path() / "prelude.hpp.gch");
  return found;
}

}  // namespace

TEST_CASE("the compiler uses a precompiled header; a damaged one costs only time") {
  const Headers headers;  // only its folder
  Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  tools.flags += " -H";
  const GradedFile relu{.source = "src/ops/activation.cpp",
                        .name = "activation.cpp",
                        .path = "exercises/01_x/activation.cpp",
                        .todos = {{"1.1", "relu"}},
                        .banned = {},
                        .control = fs::path(GRADUS_SOURCE_DIR) / "src/ops/activation.cpp"};
  const std::string source = read_text(relu.control);
  const BuildOptions options{.level = Level::l1, .also_float = false};
  const Attempt attempt(tools, relu, headers.cache, options);
  const Built whole = attempt.run(source, "").built;
  CHECK(whole.state == State::pass);
  CHECK_MESSAGE(uses_prelude(whole), whole.compiler);
  const std::vector<fs::path> made = preludes_in(headers.cache);
  REQUIRE(made.size() == 1);
  const BuildOptions strict{.level = Level::l1, .extra_flags = "-Wall -Werror", .also_float = false};
  CHECK(uses_prelude(Attempt(tools, relu, headers.cache, strict).run(source, "").built));
  CHECK(preludes_in(headers.cache).size() == 1);  // warnings do not change the header
  const auto damaged = [&](auto&& damage) {
    fs::permissions(made[0], fs::perms(0644));
    damage();
    const Built built = attempt.run(source, "").built;
    CHECK_MESSAGE(built.state == State::pass, built.compiler);
    CHECK_FALSE(uses_prelude(built));
  };
  damaged([&] { fs::resize_file(made[0], fs::file_size(made[0]) / 2); });
  damaged([&] { fs::resize_file(made[0], 64); });
  damaged([&] { write_text(made[0], "no header\n"); });
  damaged([&] { write_text(made[0], std::string(1 << 20, '\0')); });
  forget_precompiled(headers.cache);
  CHECK(preludes_in(headers.cache).empty());
  CHECK(uses_prelude(attempt.run(source, "").built));
}

TEST_CASE("a message about a name of a precompiled header names no temporary folder") {
  const Headers headers;  // only its folder
  const Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  const fs::path control = fs::path(GRADUS_SOURCE_DIR) / "src/ops/activation.cpp";
  const GradedFile relu{.source = "src/ops/activation.cpp",
                        .name = "activation.cpp",
                        .path = "exercises/01_x/activation.cpp",
                        .todos = {{"1.1", "relu"}},
                        .banned = {},
                        .control = control};
  const BuildOptions options{.level = Level::l1, .also_float = false};
  const std::string wrong = "static gradus::Tensor wrong(\"a\", \"b\", \"c\", 4);\n";
  const Built built = Attempt(tools, relu, headers.cache, options).run(read_text(control) + wrong, "").built;
  CHECK(built.state == State::compile_error);
  CHECK(preludes_in(headers.cache).size() == 1);
  CHECK_MESSAGE(built.compiler.find("prelude.hpp:1") != std::string::npos, built.compiler);
  CHECK_MESSAGE(built.compiler.find("gradus-grade-") == std::string::npos, built.compiler);
}

TEST_CASE("if several graders need a header at the same time, one compiles it and the others wait") {
  const Headers headers;
  Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  tools.include = headers.include;
  // The compiler records each call.
  const fs::path compiler = headers.path / "compiler", marks = headers.path / "marks";
  write_text(compiler,
             "#!/bin/sh\necho called >> " + marks.string() + "\nexec " + tools.compiler + " \"$@\"\n");
  fs::permissions(compiler, fs::perms(0755));
  const auto ahead = [&] {
    return precompiled("gradus/autograd/op.hpp",
                       {compiler.string(), "-std=c++20", "-isystem", tools.include.string()}, tools,
                       headers.cache, {.level = Level::l1});
  };
  std::vector<int> graders;
  for (int i = 0; i < 4; ++i) {
    graders.push_back(fork());
    if (graders.back() == 0) _exit(fs::exists(ahead().string() + ".gch") ? 0 : 1);
  }
  for (const int grader : graders) {
    int status = -1;
    waitpid(grader, &status, 0);
    CHECK(status == 0);
  }
  CHECK(read_text(marks) == "called\n");
}
