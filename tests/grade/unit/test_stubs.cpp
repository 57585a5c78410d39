#include <doctest/doctest.h>

#include "../compiler.hpp"
#include "../stubs.hpp"

using namespace gradus::grade;

namespace {

const GradedFile file{.source = "src/x.cpp",
                      .name = "x.cpp",
                      .path = "exercises/04_x/x.cpp",
                      .todos = {{"4.1", "one"}, {"4.2", "two"}},
                      .banned = {}};

const std::string sound = R"(#include "gradus/generative/x.hpp"

#include <cmath>

#include "gradus/base/fast_math.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
// SOLUTION(4)
int secret_helper() { return 42; }
// END

int one(int a) {
  // SOLUTION(4.1) Return the answer:
  //   forty-two
  //
  // because it is secret
  return secret_helper();
  // END
}
int two(int a) {
  // SOLUTION(4.2: a) Twice that.
  return 2 * secret_helper();
  // END
}
}  // namespace gradus
)";

std::string without(const std::string& words) {
  std::string text = sound;
  text.erase(text.find(words), words.size());
  return text;
}

}  // namespace

TEST_CASE("regions become tasks, helpers disappear, the include stands in its place") {
  const std::string stub = stub_of(file, sound);
  CHECK(stub.find("secret") == std::string::npos);
  CHECK(stub.find("  // TODO(4.1) Return the answer:\n  //   forty-two\n  todo(\"4.1\");\n}") !=
        std::string::npos);
  CHECK(stub.find("  // TODO(4.2) Twice that.\n  todo(\"4.2\", a);\n}") != std::string::npos);
  CHECK(stub.find("#include \"gradus/base/fast_math.hpp\"\n#include \"gradus/base/todo.hpp\"\n#include "
                  "\"gradus/ops/checks.hpp\"\n") != std::string::npos);
  CHECK(stub.find("SOLUTION") == std::string::npos);
  CHECK(stub.find("// END") == std::string::npos);
}

TEST_CASE("faults of the markers are named with their line") {
  CHECK_THROWS_WITH_AS(stub_of(file, without("  // END\n}\nint two")),
                       "src/x.cpp:20: a SOLUTION inside a SOLUTION", gradus::Error);
  CHECK_THROWS_AS(stub_of(file, without("// SOLUTION(4)\n")), gradus::Error);
  CHECK_THROWS_AS(stub_of(file, sound + "// SOLUTION(4.9) more\n// END\n"), gradus::Error);
  CHECK_THROWS_AS(stub_of(file, sound + "// SOLUTION(4.1) again\n// END\n"), gradus::Error);
  CHECK_THROWS_AS(stub_of(file, sound + "// SOLUTION(4) open\n"), gradus::Error);
}

TEST_CASE("solution lines: code only, long enough to be one") {
  const std::vector<std::string> lines = solution_lines(sound);
  CHECK(lines == std::vector<std::string>{"int secret_helper() { return 42; }", "// because it is secret",
                                          "return secret_helper();", "return 2 * secret_helper();"});
}

TEST_CASE("the compiler's words, told plainly") {
  const auto said = [](const char* words) { return plain_words(words); };
  CHECK(said("x.cpp:14:3: error: 'logvarr' was not declared in this scope; did you mean 'logvar'?") ==
        "the name 'logvarr' is unknown here; did you mean 'logvar'?");
  CHECK(said("error: expected ';' before 'return'") ==
        "a ';' is missing (look at the end of the line before, too)");
  CHECK(said("error: no matching function for call to 'max(double&, int)'")
            .starts_with("std::max needs numbers of one type"));
  CHECK(said("undefined reference to `gradus::GaussianKl::forward(x)'")
            .starts_with("your file does not define 'gradus::GaussianKl::forward(x)'"));
  CHECK(said("x.cpp:3:10: fatal error: ../solution.cpp: No such file or directory")
            .starts_with("the file ../solution.cpp is not there"));
  CHECK(said("some other words").empty());
  CHECK(said("x.cpp:3:4: error: no match for call to '(gradus::Tensor) (int)'\n"
             "x.cpp:9:1: error: no return statement in function returning non-void [-Werror=return-type]")
            .starts_with("round brackets call a function"));
  CHECK(said("x.cpp:3:4: error: quite new words\n"
             "x.cpp:9:1: error: no return statement in function returning non-void [-Werror=return-type]")
            .empty());  // the line that is named is the first error's
  CHECK(said("a.o: undefined reference to `f()'\ncollect2: error: ld returned 1 exit status")
            .starts_with("your file does not define 'f()'"));
}

TEST_CASE("digests are those of the standards") {
  CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
  CHECK(keyed_digest("Jefe", "what do ya want for nothing?") == 0x5bdcc146bf60754eULL);  // RFC 4231, case 2
}

TEST_CASE("a call of todo counts, one in a comment does not") {
  const char* source =
      "int a;\n// todo(\"4.5\");\n/* todo(\"4.6\")\n*/ f(\"// \\\" x\"); todo(\"4.7\");\n// TODO(4.5) "
      "write\n";
  CHECK(open_line(source, "4.5") == 0);
  CHECK(open_line(source, "4.6") == 0);
  CHECK(open_line(source, "4.7") == 4);
  CHECK(task_line(source, "4.5") == 5);
  CHECK(open_line("todo(\"4.5\") // open", "4.5") == 1);
  CHECK(open_line("/* never ends todo(\"4.5\")", "4.5") == 0);
  CHECK(open_line("", "4.5") == 0);
}
