// Headers compiled ahead: used only where they change nothing but the time, and made anew when something
// changed.
#include <doctest/doctest.h>
#include <unistd.h>

#include "../prelude.hpp"
#include "gradus/base/check.hpp"

using namespace gradus;
using namespace gradus::grade;
namespace fs = std::filesystem;

namespace {

/// A folder with two headers named as the library's; op.hpp includes tensor.hpp, shape.hpp neither.
struct Headers {
  fs::path path = fs::temp_directory_path() / ("gradus_prelude_" + std::to_string(getpid()));
  fs::path include = path / "include", cache = path / "cache";
  Headers() {
    fs::remove_all(path);
    write_text(include / "gradus/tensor/tensor.hpp", "#pragma once\nstruct Tensor {};\n");
    write_text(include / "gradus/autograd/op.hpp", "#pragma once\n#include \"gradus/tensor/tensor.hpp\"\n");
    write_text(include / "gradus/ops/relu.hpp",
               "#pragma once\n  #  include <gradus/autograd/op.hpp>  // op\n");
    write_text(include / "gradus/tensor/shape.hpp", "#pragma once\n");
  }
  ~Headers() { fs::remove_all(path); }
};

}  // namespace

TEST_CASE("a file begins with the largest shared header that its first lines include") {
  const Headers headers;
  const auto prelude = [&](const char* source) { return prelude_of(source, headers.include); };
  CHECK(prelude("// words\n\n#include \"gradus/ops/relu.hpp\"\nint x;\n") == "gradus/autograd/op.hpp");
  CHECK(prelude("#include <vector>\n#include \"gradus/tensor/tensor.hpp\"\n") == "gradus/tensor/tensor.hpp");
  CHECK(prelude("#include \"gradus/tensor/shape.hpp\"\n") == "");
  CHECK(prelude("// #include \"gradus/ops/relu.hpp\"\nint x;\n") == "");
  CHECK(prelude("/*\n#include \"gradus/ops/relu.hpp\"\n*/\nint x;\n") == "");
  // whatever stands before it could change its meaning, and a name may not be known before it is included
  CHECK(prelude("#define Tensor Number\n#include \"gradus/ops/relu.hpp\"\n") == "");
  CHECK(prelude("int x;\n#include \"gradus/ops/relu.hpp\"\n") == "");
  CHECK(prelude("#include \"gradus/../../secret.hpp\"\n") == "");
}

TEST_CASE(
    "a header compiled ahead is kept, and made anew when a header, the flags or nothing valid is there") {
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
  CHECK(ahead("-O0") == "");  // does not compile: the file is then compiled whole, which says why
}
