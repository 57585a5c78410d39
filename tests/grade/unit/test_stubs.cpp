#include <doctest/doctest.h>

#include "../compiler.hpp"
#include "../stubs.hpp"

using namespace gradus::grade;

namespace {

const GradedFile file{.source = "src/x.cpp",
                      .name = "x.cpp",
                      .path = "exercises/04_x/x.cpp",
                      .todos = {{"4.1", "one", {}, {"Return the answer:", "  forty-two"}},
                                {"4.2", "two", {"a"}, {"Twice that."}}},
                      .banned = {}};

const std::string sound = R"(#include "gradus/generative/x.hpp"

#include <cmath>

#include "gradus/base/fast_math.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
// [4]
int secret_helper() { return 42; }
// [end]

int one(int a) {
  // [4.1]
  // because it is secret
  return secret_helper();
  // [end]
}
int two(int a) {
  // [4.2]
  return 2 * secret_helper();
  // [end]
}
}  // namespace gradus
)";

std::string without(const std::string& words) {
  std::string text = sound;
  text.erase(text.find(words), words.size());
  return text;
}

}  // namespace

TEST_CASE("regions become tasks, helpers are removed, the include is inserted in order") {
  const std::string stub = stub_of(file, sound);
  CHECK(stub.find("secret") == std::string::npos);
  CHECK(stub.find("  // TODO(4.1) Return the answer:\n  //   forty-two\n  todo(\"4.1\");\n}") !=
        std::string::npos);
  CHECK(stub.find("  // TODO(4.2) Twice that.\n  todo(\"4.2\", a);\n}") != std::string::npos);
  CHECK(stub.find("#include \"gradus/base/fast_math.hpp\"\n#include \"gradus/base/todo.hpp\"\n#include "
                  "\"gradus/ops/checks.hpp\"\n") != std::string::npos);
  CHECK(stub.find("[4") == std::string::npos);
  CHECK(stub.find("[end]") == std::string::npos);
}

TEST_CASE("errors in the markers are reported with their line") {
  CHECK_THROWS_WITH_AS(stub_of(file, without("  // [end]\n}\nint two")),
                       "src/x.cpp:18: [4.2] inside another region", gradus::Error);
  CHECK_THROWS_AS(stub_of(file, without("// [4]\n")), gradus::Error);
  CHECK_THROWS_AS(stub_of(file, sound + "// [4.9]\n// [end]\n"), gradus::Error);
  CHECK_THROWS_AS(stub_of(file, sound + "// [4.1]\n// [end]\n"), gradus::Error);
  CHECK_THROWS_AS(stub_of(file, sound + "// [4]\n"), gradus::Error);
}

TEST_CASE("tasks are read by their id") {
  const auto tasks = read_tasks(
      "# Tasks\n\n## x.cpp\n\n### 4.1 one\nReturn:\n\n    a = b\n\nand more.\n\n## y.cpp\nno task\n### 4.2 "
      "two\nTwice.\n");
  CHECK(tasks.size() == 2);
  CHECK(tasks.at("4.1") == std::vector<std::string>{"Return:", "  a = b", "and more."});
  CHECK(tasks.at("4.2") == std::vector<std::string>{"Twice."});
  CHECK_THROWS_AS(read_tasks("### 4.1 a\nx\n### 4.1 b\ny\n"), gradus::Error);
}

TEST_CASE("solution lines contain only code and are long enough") {
  const std::vector<std::string> lines = solution_lines(sound);
  CHECK(lines == std::vector<std::string>{"int secret_helper() { return 42; }", "// because it is secret",
                                          "return secret_helper();", "return 2 * secret_helper();"});
}

TEST_CASE("compiler messages are explained in plain sentences") {
  const auto said = [](const char* words) { return plain_words(words); };
  CHECK(said("x.cpp:14:3: error: 'logvarr' was not declared in this scope; did you mean 'logvar'?") ==
        "the name 'logvarr' is unknown here; did you mean 'logvar'?");
  CHECK(said("error: expected ';' before 'return'") ==
        "a ';' is missing (check the end of the previous line too)");
  CHECK(said("error: no matching function for call to 'max(double&, int)'")
            .starts_with("std::max needs numbers of one type"));
  CHECK(said("undefined reference to `gradus::GaussianKl::forward(x)'")
            .starts_with("your file does not define 'gradus::GaussianKl::forward(x)'"));
  CHECK(said("x.cpp:3:10: fatal error: ../solution.cpp: No such file or directory")
            .starts_with("the file ../solution.cpp is not available"));
  CHECK(said("some other words").empty());
  CHECK(said("x.cpp:3:4: error: no match for call to '(gradus::Tensor) (int)'\n"
             "x.cpp:9:1: error: no return statement in function returning non-void [-Werror=return-type]")
            .starts_with("round brackets call a function"));
  CHECK(said("x.cpp:3:4: error: quite new words\n"
             "x.cpp:9:1: error: no return statement in function returning non-void [-Werror=return-type]")
            .empty());  // only the first error counts
  CHECK(said("a.o: undefined reference to `f()'\ncollect2: error: ld returned 1 exit status")
            .starts_with("your file does not define 'f()'"));
}

TEST_CASE("compiler messages about wrong types and about syntax of other languages are explained") {
  const auto says = [](const char* words, const char* part) {
    INFO(words);
    CHECK(plain_words(words).find(part) != std::string::npos);
  };
  says(
      "error: could not convert 'dlogits' from 'gradus::Tensor' to 'gradus::Grads<1>' {aka "
      "'std::array<gradus::Tensor, 1>'}",
      "a list of gradients is needed here, one Tensor per input (1 of them)");
  says("error: could not convert '((void)0, dv)' from 'gradus::Tensor' to 'gradus::Grads<2>'", "(2 of them)");
  says(
      "error: no viable conversion from returned value of type 'gradus::Tensor' to function return type "
      "'Grads<2>' (aka 'array<gradus::Tensor, 2UL>')",
      "(2 of them)");
  says("error: could not convert '{a, a, a}' from '<brace-enclosed initializer list>' to 'gradus::Grads<2>'",
       "the braces contain the wrong values");
  says("error: lvalue required as left operand of assignment", "read-only");
  says("error: expression is not assignable", "read-only");
  says("error: invalid operands of types 'double' and 'int' to binary 'operator^'", "^ is not a power");
  says("error: invalid operands to binary expression ('gradus::Real' (aka 'double') and 'int')",
       "^ is not a power");
  says("error: invalid type argument of unary '*' (have 'int')", "** is not a power");
  says("error: cannot convert 'gradus::Index' {aka 'long int'} to 'const gradus::Shape&'",
       "a shape is written in braces");
  says("error: no matching function for call to 'gradus::Tensor::zeros(gradus::Index&, gradus::Index&)'",
       "a shape is written in braces");
  says("error: no matching function for call to 'gradus::Tensor::Tensor(gradus::Index&)'",
       "a shape is written in braces");
  says("error: invalid types '<unresolved overloaded function type>[int]' for array subscript",
       "without its brackets");
  says("error: reference to non-static member function must be called", "without its brackets");
  says(
      "error: invalid initialization of reference of type 'const gradus::Var&' from expression of type "
      "'gradus::Real' {aka 'double'}",
      "std::exp");
  says("error: no matching function for call to 'exp'", "std::exp(x[i])");
  says("error: cannot convert 'gradus::Tensor' to 'double'", "one number is needed");
  says("cc1plus: out of memory allocating 65536 bytes after a total of 3145728 bytes", "ran out of memory");
  CHECK(
      plain_words("error: no matching function for call to 'std::vector<std::function<int(int)> >::at(int)'")
          .starts_with("'std::vector<std::function<int(int)> >::at' is called with the wrong arguments"));
  CHECK(plain_words("error: no matching function for call to 'gradus::{anonymous}::term(double)'")
            .starts_with("'gradus::term' is called with the wrong arguments"));
}

TEST_CASE("a source saved as UTF-16 is reported") {
  using namespace std::string_literals;
  CHECK(no_plain_text("\xff\xfe#\0i\0"s) == "the file is saved as UTF-16. Save it as UTF-8");
  CHECK(no_plain_text("\0#\0i"s).find("UTF-16, or damaged") != std::string::npos);
  CHECK(no_plain_text("int a;\n").empty());
}

TEST_CASE("the line where a function with a task begins") {
  const char* source = "#include\n\nint one() {\n  // TODO(4.1)\n}\n\nint two(int x) {\n  // TODO(4.2)\n}\n";
  CHECK(function_line(source, "4.1") == 1);
  CHECK(function_line(source, "4.2") == 6);
  CHECK(function_line(source, "4.3") == 0);
  const char* plain = "#include\n\nint one() {\n  return 1;\n}\n\nint two(int y) {\n  return y;\n}\n";
  CHECK(function_line(plain, "4.2") == 0);
  for (const std::string original : {"int one() {\n  // [4.1]\n  f(1);\n  // [end]\n}\n\nint two(int x,\n    "
                                     "    int y) {\n  // [4.2]\n}\n",
                                     source}) {
    CHECK(function_line(plain, "4.1", original) == 3);  // the task's comment was deleted
    CHECK(function_line(plain, "4.2", original) == 7);
    CHECK(function_line(plain, "4.3", original) == 0);
  }
}

TEST_CASE("digests match the standards' examples") {
  CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
  CHECK(keyed_digest("Jefe", "what do ya want for nothing?") == 0x5bdcc146bf60754eULL);  // RFC 4231, case 2
}

TEST_CASE("a call of todo counts, but not in a comment") {
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
