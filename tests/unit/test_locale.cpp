// Numbers are written and read in the same way under every locale of the program.
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <locale>
#include <sstream>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/number.hpp"
#include "gradus/data/formats/table.hpp"
#include "gradus/data/formats/usps.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/io/plot.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"
#include "support/options.hpp"
#include "support/report.hpp"

using namespace gradus;
using namespace gradus::lecture;
namespace fs = std::filesystem;

namespace {

/// Decimal comma, groups of three: 60.000,5.
struct German : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

/// Sets C++'s global locale for its lifetime.
class GlobalLocale {
 public:
  GlobalLocale() : before_(std::locale::global(std::locale(std::locale::classic(), new German))) {}
  ~GlobalLocale() { std::locale::global(before_); }
  GlobalLocale(const GlobalLocale&) = delete;
  GlobalLocale& operator=(const GlobalLocale&) = delete;

 private:
  std::locale before_;
};

/// Sets C's locale de_DE.UTF-8 for its lifetime: the system's, or one made by localedef.
class CLocale {
 public:
  CLocale() {
    if (const char* path = std::getenv("LOCPATH")) path_ = path;
    there_ = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
    if (there_) return;
    const std::string command =
        "localedef -i de_DE -f UTF-8 '" + (folder_ / "de_DE.UTF-8").string() + "' > /dev/null 2>&1";
    if (std::system(command.c_str()) != 0) return;
    setenv("LOCPATH", folder_.path.c_str(), 1);
    there_ = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  }
  ~CLocale() {
    std::setlocale(LC_ALL, "C");
    path_.empty() ? unsetenv("LOCPATH") : setenv("LOCPATH", path_.c_str(), 1);
  }
  CLocale(const CLocale&) = delete;
  CLocale& operator=(const CLocale&) = delete;
  bool there() const { return there_; }

 private:
  Folder folder_;
  std::string path_;
  bool there_ = false;
};

std::string usps_line() {
  std::string line = "3.0000";
  for (int i = 0; i < 256; ++i) line += " 0.5";
  return line;
}

std::string written(const std::function<void(const fs::path&)>& write, const char* name) {
  const Folder folder;
  write(folder / name);
  return slurp(folder / name);
}

/// The output of everything that formats or parses numbers, as one text.
std::string everything() {
  std::string all = text(60000, ' ', 0.5, ' ', 1e7f, ' ', Shape{60000, 2}, ' ', true) + '\n';
  all += fixed(60000.25, 2, 12) + exact(0.1) + significant(-1234.5, 5) + hex(60000, 8) + '\n';
  all += written(
      [](const fs::path& path) {
        write_csv(path, {"a", "b"}, {{0.5, 60000}, {1e-7, 1.5}});
      },
      "t.csv");
  const std::string table = "a,b,kind\n1.5,60000,0\n";
  const Tensor parsed = parse_table(std::as_bytes(std::span(table)), "t.csv").data.images;
  for (const Real value : parsed.values()) all += exact(static_cast<double>(value)) + ' ';
  const std::string usps = usps_line();
  all += exact(static_cast<double>(parse_usps(std::as_bytes(std::span(usps)), "u").images[0])) + '\n';
  const Folder folder;
  Plot("p").x_range(0.5, 60000).line("l", {0.5, 60000}, {1.5, 2.5}).write(folder / "p.png");
  all += slurp(folder / "p.csv");
  std::uint64_t steps = 60000;
  State state;
  state.tensors = {{"w", Tensor::full({2}, Real(0.5))}};
  state.counters = {{"steps", &steps}};
  save_checkpoint(folder / "c", state, {{"lr", text(0.001)}});
  load_checkpoint(folder / "c", state);
  all += slurp(folder / "c") + text(steps);
  Report report;
  report.figures = {{"loss", 60000.5}};
  report.seconds = 0.25;
  merge_report(folder.path, "01_one", report);
  all += slurp(folder / "summary.json");
  const char* const words[] = {"x", "--seed", "60000", "--epochs", "1000"};
  const Options options = parse_options(5, words, {.name = "x"});
  all += text(options.seed, options.epochs) + '\n';
  Parameter p(Tensor::full({200, 300}, Real(0.5)));
  Tape tape;
  const Var loss = sum(square(p));
  CHECK(loss.tracked());
  std::ostringstream printed;
  tape.print(printed);
  CHECK(contains(printed.str(), {"240000", "0."}));  // bytes in float, milliseconds
  return all;
}

}  // namespace

TEST_CASE("locale: C++'s global locale changes nothing") {
  const std::string expected = everything();
  CHECK(contains(expected,
                 {"60000 0.5 1e+07 [60000, 2]", "0.5,1e-07\n60000,1.5\n", "1.5 60000 0.75", "60000.5"}));
  const GlobalLocale german;
  REQUIRE((std::ostringstream() << 60000).str() == "60.000");
  CHECK(everything() == expected);
}

TEST_CASE("locale: C's locale changes nothing") {
  const std::string expected = everything();
  const CLocale german;
  if (!german.there()) {
    MESSAGE("SKIPPED: no locale de_DE.UTF-8, and localedef cannot make it");
    return;
  }
  REQUIRE(std::strtod("0,5", nullptr) == 0.5);
  CHECK(everything() == expected);
}

TEST_CASE("numbers as text: digits, padding, and what is not finite") {
  CHECK(fixed(2.5, 0) == "2");
  CHECK(fixed(-0.125, 2, 8) == "   -0.12");
  CHECK(fixed(1e308, 1).size() == 311);
  CHECK(significant(60000, 4) == "6e+04");
  CHECK(significant(0.00012345, 3) == "0.000123");
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(fixed(-infinity, 2) + fixed(infinity, 2) + fixed(-std::nan(""), 2, 5) == "-infinf  nan");
  CHECK(exact(std::nan("")) == "nan");
  CHECK(exact(0.1) + ' ' + exact(1.0 / 3) + ' ' + exact(1e6) == "0.1 0.33333333333333331 1000000");
  CHECK(hex(0xabc, 2) + hex(0xabc, 6) + hex(0, 0) == "abc000abc0");
  CHECK(pad_left("ab", 4) + '|' + pad_right("ab", 4) + '|' + pad_left("abc", 1) == "  ab|ab  |abc");
  std::uint64_t value = 7;
  CHECK((parse_whole("010", value) && value == 10));
  CHECK((parse_whole("18446744073709551615", value) && value == ~std::uint64_t{0}));
  for (const char* words : {"", "-1", "+1", " 1", "0x1", "18446744073709551616"})
    CHECK_FALSE(parse_whole(words, value));
}
