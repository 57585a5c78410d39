// Reports that contain malicious text are still valid files.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../outputs.hpp"
#include "../report.hpp"

using namespace gradus::grade;

namespace {

const std::string hostile =
    "\033[2J]]>\"'&<script>|`\r\n::error::owned\n##[error]x\n=HYPERLINK(1)\xff\xfe\x01%0A"
    "\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80";

struct Sample {
  Exercise exercise{
      .number = 4, .folder = "04_divergences", .title = hostile, .program = "", .shows = "", .files = {}};
  std::vector<ExerciseResult> results;
  Sample() {
    ExerciseResult result;
    result.exercise = &exercise;
    result.seed = 0xbeef;
    TodoResult good{.todo = {"4.1", "fine"}, .path = "exercises/a.cpp"},
        bad{.todo = {"4.2", hostile}, .path = "exercises/a,b:c.cpp"};
    good.points = good.most = 40;
    good.checks.push_back({.title = "values", .points = 40, .most = 40});
    bad.state = State::wrong;
    bad.most = 60;
    bad.line = 12;
    bad.printed = hostile;
    bad.checks.push_back({.title = hostile,
                          .state = State::wrong,
                          .most = 60,
                          .sentence = hostile,
                          .evidence = {"likely cause " + hostile}});
    result.todos = {good, bad};
    results.push_back(result);
  }
};

}  // namespace

TEST_CASE("results.json has the fields and types required by Gradescope, and the sums are right") {
  const Sample sample;
  const auto json = nlohmann::json::parse(gradescope_json(sample.results, true, {hostile}));
  CHECK(json.at("score") == 40);
  CHECK(json.at("visibility") == "visible");
  CHECK(json.at("execution_time").is_number());
  CHECK(json.at("output").is_string());
  REQUIRE(json.at("tests").size() == 2);
  for (const auto& test : json.at("tests")) {
    CHECK(test.at("score").is_number());
    CHECK(test.at("max_score").is_number());
    CHECK(test.at("score") <= test.at("max_score"));
    const std::string status = test.at("status"), format = test.at("output_format");
    CHECK((status == "passed" || status == "failed"));
    CHECK(format == "text");
    CHECK(test.at("name").is_string());
    CHECK(test.at("number").is_string());
    CHECK(test.at("tags").is_array());
  }
  const auto placeholder = nlohmann::json::parse(gradescope_json({}, false, {}));
  CHECK_FALSE(placeholder.contains("score"));
  CHECK(placeholder.at("tests").empty());
}

TEST_CASE("JUnit has no control characters, no unescaped entities, and consistent counts") {
  const Sample sample;
  const std::string xml = junit_xml(sample.results);
  CHECK(xml.find("tests=\"2\" failures=\"1\" errors=\"0\"") != std::string::npos);
  CHECK(xml.find('\033') == std::string::npos);
  CHECK(xml.find('\x01') == std::string::npos);
  CHECK(xml.find("\xef\xbf\xbe") == std::string::npos);
  CHECK(xml.find("\xef\xbf\xbf") == std::string::npos);
  CHECK(xml.find("<script") == std::string::npos);
  CHECK(xml.find("]]>") == std::string::npos);
  for (std::size_t at = xml.find('&'); at != std::string::npos; at = xml.find('&', at + 1)) {
    const std::string entity = xml.substr(at, xml.find(';', at) - at + 1);
    CHECK((entity == "&amp;" || entity == "&lt;" || entity == "&gt;" || entity == "&quot;" ||
           entity == "&apos;"));
  }
}

TEST_CASE("annotations have one line per TODO, and untrusted text starts no line") {
  const Sample sample;
  const std::string text = github_annotations(sample.results);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.starts_with("::error file=exercises/a%2Cb%3Ac.cpp,line=12,title="));
}

TEST_CASE("Markdown keeps a student's output inside an indented block") {
  const Sample sample;
  const std::string text = markdown(sample.results, hostile, {});
  CHECK(text.find("\n::error") == std::string::npos);
  CHECK(text.find('\033') == std::string::npos);
  CHECK(text.find("\n<script") == std::string::npos);
}

TEST_CASE("CSV cells are not evaluated by spreadsheets") {
  CHECK(csv_cell("ada") == "ada");
  CHECK(csv_cell("=HYPERLINK(\"x\")") == "\"'=HYPERLINK(\"\"x\"\")\"");
  CHECK(csv_cell("+1") == "\"'+1\"");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("a;=1") == "\"a;=1\"");
  CHECK(csv_cell("a\nb") == "a b");
}

TEST_CASE("quoted prefixes every line, shows control characters and truncates long texts") {
  CHECK(quoted("a\033b\n\tc", "> ") == "> a\\x1bb\n>     c\n");
  CHECK(quoted("1\n2\n3\n", "> ", 2) == "> 1\n> 2\n> ...\n");
}

TEST_CASE("visible keeps untrusted text on one line and prevents cursor movement and direction changes") {
  CHECK(visible("fine \xc3\xa9 \xe2\x9c\x93") == "fine \xc3\xa9 \xe2\x9c\x93");
  CHECK(visible("a\033[2Jb\tc") == "a\\x1b[2Jb    c");
  CHECK(visible("first\nsecond") == "first");
  CHECK(visible("\xc2\x9b"
                "2J") == "\\xc2\\x9b2J");  // the one-byte CSI, as UTF-8
  CHECK(visible("\x9b"
                "2J") == "\\x9b2J");  // and as a raw byte
  CHECK(visible("x\xe2\x80\xae"
                "y") == "x\\xe2\\x80\\xaey");  // right to left
  CHECK(visible("cut \xe2\x80") == "cut \\xe2\\x80");
}

TEST_CASE("damaged UTF-8, lone surrogates and direction controls are shown as bytes") {
  CHECK(visible("\xed\xa0\x80|\xc0\x80|\xe0\x80\xaf|\xf4\x90\x80\x80|\xff") ==
        "\\xed\\xa0\\x80|\\xc0\\x80|\\xe0\\x80\\xaf|\\xf4\\x90\\x80\\x80|\\xff");
  CHECK(visible("\xed\x9f\xbf \xee\x80\x80 \xf0\x9f\x98\x80") ==
        "\xed\x9f\xbf \xee\x80\x80 \xf0\x9f\x98\x80");
  CHECK(line_that_turns("int a;\nint \xe2\x80\xae b;\n") == 2);
  CHECK(line_that_turns("\xe2\x81\xa6") == 1);
  CHECK(line_that_turns("// \xc3\xbc \xe2\x82\xac \xe2\x80\x93\n") == 0);
}
