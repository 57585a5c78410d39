// Tables and the USPS text format: valid input and error messages.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "gradus/data/formats/table.hpp"
#include "gradus/data/formats/usps.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

Table table_of(const std::string& text, const TableOptions& options = {}) {
  return parse_table(bytes_of(text), "t.csv", options);
}

std::string usps_line(const std::string& label, const std::string& grey, int count = 256) {
  std::string line = label;
  for (int i = 0; i < count; ++i) line += " " + grey;
  return line + "\n";
}

}  // namespace

TEST_CASE("table: header, numbers and named classes") {
  const Table table = table_of("a,b,kind\n1,2.5,yes\n-3,4e1,no\n5,6,yes\n");
  CHECK(table.columns == std::vector<std::string>{"a", "b", "kind"});
  CHECK(table.data.images.shape() == Shape{3, 2});
  CHECK(table.data.images.at({1, 0}) == -3);
  CHECK(table.data.images.at({1, 1}) == 40);
  CHECK(table.data.labels == std::vector<int>{0, 1, 0});
  CHECK(table.data.class_names == std::vector<std::string>{"yes", "no"});
  CHECK(table.data.classes == 2);
}

TEST_CASE("table: without a header, numeric labels keep their value") {
  const Table table = table_of("1,2,7\n3,4,0");
  CHECK(table.columns.empty());
  CHECK(table.data.images.shape() == Shape{2, 2});
  CHECK(table.data.labels == std::vector<int>{7, 0});
  CHECK(table.data.classes == 8);
  CHECK(table.data.class_names.empty());
}

TEST_CASE("table: without labels; other separators, quotes, CR LF, blank lines at the end") {
  const Table table =
      table_of("\"x; \"\"1\"\"\" ;y\r\n 1 ; \"2\"\r\n3;4\r\n\r\n\n", {.labels = false, .separator = ';'});
  CHECK(table.columns == std::vector<std::string>{"x; \"1\"", "y"});
  CHECK(table.data.images.shape() == Shape{2, 2});
  CHECK(table.data.images.at({1, 1}) == 4);
  CHECK(table.data.labels.empty());
  CHECK(table.data.classes == 0);
}

TEST_CASE("table: gzip is read as well") {
  const std::string text = "1,2,0\n";
  CHECK(parse_table(gzip(bytes_of(text)), "t.csv.gz").data.images.shape() == Shape{1, 2});
}

TEST_CASE("table: messages name the position") {
  const auto complaint = [](const std::string& text) { return message([&] { table_of(text); }); };
  CHECK(complaint("a,b,c\n1,2,x\n1,two,x\n") == "t.csv: line 3, column 2 (b): expected a number, got 'two'");
  CHECK(complaint("1,2,0\n1,,0\n") == "t.csv: line 2, column 2: expected a number, got ''");
  CHECK(complaint("1,nan,0\n") == "t.csv: line 1, column 2: expected a number, got 'nan'");
  CHECK(complaint("1,2,0\n1,1e999,0\n") == "t.csv: line 2, column 2: expected a number, got '1e999'");
  CHECK(complaint("1,2,0\n1,2,3,4\n") == "t.csv: line 2: 4 columns, expected 3 as in the first line");
  CHECK(complaint("1,2,0\n\n1,2,0\n") == "t.csv: line 2: 1 columns, expected 3 as in the first line");
  CHECK(complaint("1,2,0\n1,\"2,0\n") == "t.csv: line 2, column 2: the quote is not closed");
  CHECK(complaint("1,2,0\n\"1\"2,2,0\n") ==
        "t.csv: line 2, column 1: text after the closing quote, expected ','");
  CHECK(complaint("1,2,0\n1,2,\n") == "t.csv: line 2, column 3: the label is empty");
  CHECK(complaint("a,b,c\n") == "t.csv: no line of numbers");
  CHECK(complaint("") == "t.csv: no line of numbers");
  CHECK(complaint("1\n2\n") == "t.csv: line 1: 1 column, expected at least one number and the label");
}

TEST_CASE("tables: a byte order mark and blank last lines are ignored, other separators give a message") {
  const std::string mark = "\xef\xbb\xbf";
  const auto images = [](const std::string& text) {
    return parse_table(bytes_of(text), "t.csv").data.images;
  };
  CHECK(images(mark + "1,2,0\n3,4,1\n").shape() == Shape{2, 2});  // the first row is not a header
  CHECK(parse_table(bytes_of(mark + "\"a\",b,kind\n1,2,0\n"), "t.csv").columns[0] == "a");
  CHECK(images("1,2,0\n3,4,1\n\n \r\n").shape() == Shape{2, 2});
  const auto said = [&](const std::string& text) { return message([&] { images(text); }); };
  CHECK(contains(said("\xff\xfe"
                      "1"),
                 {"t.csv", "UTF-16", "UTF-8"}));
  CHECK(contains(said("a;b;c\n1;2;0\n"), {"t.csv: line 1", "separated by ';'", "TableOptions::separator"}));
  CHECK(contains(said("1,5;2,5;0\n"), {"t.csv: line 1", "separated by ';'"}));
  CHECK(contains(said("a,b,c\n1;2,3,0\n"), {"line 2, column 1 (a)", "'1;2'", "separated by ';'"}));
  CHECK(contains(said("a\tb\n1\t0\n"), "separated by tabs"));
  CHECK(contains(message([&] { parse_table(bytes_of("a;b\n1,5;0\n"), "t.csv", {.separator = ';'}); }),
                 {"line 2, column 1", "'1,5'", "written with a point"}));
  CHECK(contains(message([&] { parse_table(bytes_of("a\n1;2\n"), "t.csv", {.labels = false}); }),
                 "separated by ';'"));
}

TEST_CASE("parse_number: exactly one finite decimal number") {
  double value = 0;
  CHECK((parse_number("-1.25e-2", value) && value == -0.0125));
  CHECK((parse_number("+7", value) && value == 7));
  for (const char* text :
       {"", " 1", "1 ", "0x10", "inf", "nan", "1e", "1.2.3", "-", "1e400", "1,5", "+-1", "+", "0x1p3"})
    CHECK_MESSAGE(!parse_number(text, value), text);
  CHECK_FALSE(parse_number(std::string(100, '1'), value));
  const std::string zeros(400, '0');
  for (const std::string& text :
       {std::string("1e-400"), "0." + zeros + "1", "-." + zeros + "9e+7", "0." + zeros + "1e20",
        "." + zeros + "1E0", "1" + zeros + "e-800", std::string("7e-99999999999999999999")}) {
    CAPTURE(text);
    value = 1;
    CHECK((parse_number(text, value) && value == 0));
  }
  for (const std::string& text :
       {"1" + zeros, "1" + zeros + "e-1", "-1" + zeros + ".5e-20", "1" + zeros + "E-1",
        "0." + zeros + "1e+900", std::string("1e99999999999999999999"), "1e" + zeros + "999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text, value));
  }
  CHECK((parse_number("1" + zeros + "e-400", value) && value == 1));
  CHECK((parse_number("0." + zeros + "1e+402", value) && value == 10));
  CHECK((parse_number("-0." + zeros + "e-5", value) && value == 0));
  CHECK((parse_number("." + std::string(100, '3'), value) && value == doctest::Approx(1 / 3.0)));
}

TEST_CASE("usps: grey values are mapped to [0, 1]") {
  const Dataset digits = parse_usps(bytes_of(usps_line("3.0000", "-1.0000") + usps_line("9", "0.5")), "zip");
  CHECK(digits.images.shape() == Shape{2, 16, 16, 1});
  CHECK(digits.labels == std::vector<int>{3, 9});
  CHECK(digits.classes == 10);
  CHECK(digits.images[0] == 0);
  CHECK(digits.images.at({1, 15, 15, 0}) == doctest::Approx(0.75));
}

TEST_CASE("usps: messages name the position") {
  const auto complaint = [](const std::string& text) {
    return message([&] { parse_usps(bytes_of(text), "zip"); });
  };
  const std::string good = usps_line("1", "0");
  CHECK(complaint(good + usps_line("1", "0", 255)) ==
        "zip: line 2: 256 numbers, expected a label and 256 grey values");
  CHECK(complaint(good + usps_line("1", "0", 257)) ==
        "zip: line 2, column 515: '0' after 256 grey values, expected the end of the line");
  CHECK(complaint(good + usps_line("12", "0")) == "zip: line 2, column 1: label '12', expected 0 .. 9");
  CHECK(complaint(usps_line("1.5", "0")) == "zip: line 1, column 1: label '1.5', expected 0 .. 9");
  CHECK(complaint(usps_line("1", "1.5")) == "zip: line 1, column 3: grey value '1.5', expected -1 .. 1");
  CHECK(complaint(usps_line("1", "x")) == "zip: line 1, column 3: expected a number, got 'x'");
  CHECK(complaint("") == "zip: no line, expected a label and 256 grey values per line");
  CHECK(complaint("\xef\xbb\xbf" + good + "\n \r\n") == "");  // a byte order mark, blank last lines
  CHECK(complaint(good + "\n" + good) == "zip: line 2: 0 numbers, expected a label and 256 grey values");
  CHECK(complaint("\n" + good) == "zip: line 1: 0 numbers, expected a label and 256 grey values");
}

TEST_CASE("the real tables") {
  const char* root = std::getenv("GRADUS_DATASETS");
  if (!root || !std::filesystem::exists(std::filesystem::path(root) / "tables")) {
    MESSAGE("SKIPPED: no tables under GRADUS_DATASETS");
    return;
  }
  const Table iris = read_table(std::filesystem::path(root) / "tables/iris.csv");
  CHECK(iris.data.images.shape() == Shape{150, 4});
  CHECK(iris.data.class_names == std::vector<std::string>{"setosa", "versicolor", "virginica"});
  CHECK(iris.columns.back() == "species");
  const Table digits = read_table(std::filesystem::path(root) / "tables/optdigits.tra");
  CHECK(digits.data.images.shape() == Shape{3823, 64});
  CHECK(digits.data.classes == 10);
  CHECK(digits.columns.empty());
}
