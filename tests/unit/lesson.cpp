#include "lesson.hpp"

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>
#include <sstream>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

using namespace gradus;

const std::vector<std::string> lesson_headings = {
    "The question", "The idea",        "Derivation", "By hand",          "The code",
    "The picture",  "What goes wrong", "Questions",  "Change one thing", "Exercise and sources"};

namespace {

struct Line {
  int number;
  std::string text;
};
using Lines = std::vector<Line>;

/// A heading and the lines below it.
struct Block {
  Line heading;
  Lines lines;
};

std::string trimmed(const std::string& words) {
  const auto first = words.find_first_not_of(" \t\r");
  return first == words.npos ? "" : words.substr(first, words.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> split(const std::string& words, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(words);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(trimmed(part));
  return parts;
}

/// The blocks below headings that start with `marks`; headings in fenced blocks do not count.
std::vector<Block> blocks_of(const Lines& lines, const std::string& marks) {
  std::vector<Block> blocks;
  bool fenced = false;
  for (const Line& line : lines) {
    if (line.text.starts_with("```")) fenced = !fenced;
    if (!fenced && line.text.starts_with(marks))
      blocks.push_back({{line.number, trimmed(line.text.substr(marks.size()))}, {}});
    else if (!blocks.empty())
      blocks.back().lines.push_back(line);
  }
  return blocks;
}

/// The lines up to the first one that is empty, after empty ones at the start.
Lines first_paragraph(const Lines& lines) {
  Lines paragraph;
  for (const Line& line : lines)
    if (!trimmed(line.text).empty())
      paragraph.push_back(line);
    else if (!paragraph.empty())
      break;
  return paragraph;
}

std::string joined(const Lines& lines) {
  std::string all;
  for (const Line& line : lines) all += line.text + '\n';
  return all;
}

/// The reader of one section: what is wrong goes into `faults`.
class Section {
 public:
  Section(const Block& block, const LessonPart& part, std::set<std::string>& used,
          std::vector<std::string>& faults)
      : block_(block),
        part_(part),
        number_(block.heading.text.substr(0, 2)),
        program_(part.programs.count(number_) ? part.programs.at(number_) : ""),
        used_(used),
        faults_(faults) {}

  void check() {
    if (program_.empty()) return fault(block_.heading, "there is no program " + number_);
    const std::string start = joined(first_paragraph(block_.lines));
    if (start.find("](" + program_ + ".cpp)") == start.npos)
      fault(block_.heading, "no link to " + program_ + ".cpp below the heading");
    words();
    formulas();
    figures();
    const std::vector<Block> parts = blocks_of(block_.lines, "### ");
    std::vector<std::string> headings;
    for (const Block& sub : parts) {
      headings.push_back(sub.heading.text);
      if (first_paragraph(sub.lines).empty()) fault(sub.heading, "'" + sub.heading.text + "' is empty");
    }
    if (headings != lesson_headings)
      return fault(block_.heading, "the sub-headings are not the ten of a section, in order");
    by_hand(parts[3]);
    code(parts[4]);
    picture(parts[5]);
    questions(parts[7]);
    if (joined(parts[8].lines).find("make lecture4 ONLY=" + number_) == std::string::npos)
      fault(parts[8].heading, "no command `make lecture4 ONLY=" + number_ + " ...`");
  }

 private:
  void fault(const Line& line, const std::string& what) { faults_.push_back(text(line.number, ": ", what)); }

  /// Words are counted outside of fenced blocks and display formulas; links count as their text.
  void words() {
    const std::regex target(R"(\]\([^)]*\))"), tag("<[^>]*>"), word("[A-Za-z]");
    bool fenced = false, formula = false;
    std::ptrdiff_t count = 0;
    for (const Line& line : block_.lines) {
      if (line.text.starts_with("```")) fenced = !fenced;
      if (line.text == "$$") formula = !formula;
      if (fenced || formula || line.text.starts_with("#")) continue;
      std::istringstream stream(std::regex_replace(std::regex_replace(line.text, target, "]"), tag, " "));
      for (std::string one; stream >> one;) count += std::regex_search(one, word);
    }
    if (count < 300 || count > 800)
      fault(block_.heading, text("the section has ", count, " words instead of 300 to 800"));
  }

  void formulas() {
    bool fenced = false;
    int marks = 0;
    for (const Line& line : block_.lines) {
      if (line.text.starts_with("```")) fenced = !fenced;
      if (fenced || line.text.find("$$") == std::string::npos) continue;
      ++marks;
      if (line.text != "$$") fault(line, "`$$` is not alone on its line");
    }
    if (marks == 0) fault(block_.heading, "no formula on lines of its own");
    if (marks % 2) fault(block_.heading, "a `$$` is not closed");
  }

  void figures() {
    static const std::regex link(R"(\[([^\]]*)\]\(\.\./figures\.md(#[^)]*)?\))"),
        name("`[a-zA-Z][a-zA-Z0-9_.]*`");
    for (const Line& line : block_.lines)
      for (std::sregex_iterator at(line.text.begin(), line.text.end(), link), end; at != end; ++at) {
        const std::string words = (*at)[1], anchor = (*at)[2];
        if (words == "figures.md" && anchor.empty()) continue;  // the page itself
        if (anchor != "#" + program_ || !std::regex_match(words, name))
          fault(line, "[" + words + "] is not the name of a figure of " + program_);
      }
  }

  void by_hand(const Block& block) {
    const std::string mark = "example " + number_;
    bool inside = false, closed = false, there = false;
    for (const Line& line : block.lines) {
      const std::string words = trimmed(line.text);
      if (words.starts_with("```")) {
        inside = !inside && trimmed(words.substr(3)) == mark;
        there = there || inside;
        closed = there && !inside;
      } else if (inside) {
        example(line);
      } else if (closed && !words.empty()) {
        return fault(line, "text behind the block `" + mark + "`");
      }
    }
    if (!closed) fault(block.heading, "no fenced block `" + mark + "`");
  }

  void example(const Line& line) {
    static const std::regex form(R"(([a-z][a-z0-9_]*)\((.*)\) = (-?[0-9]+(\.([0-9]+))?))");
    std::smatch match;
    if (!std::regex_match(line.text, match, form))
      return fault(line, "not of the form `name(argument = numbers) = number`");
    try {
      const ExampleArguments arguments(match[2]);
      const std::string signature = text(match[1].str(), "(", arguments.names(), ")");
      const auto entry =
          std::find_if(part_.examples.begin(), part_.examples.end(), [&](const LessonExample& known) {
            return known.program == number_ && known.signature == signature;
          });
      if (entry == part_.examples.end())
        return fault(line, "the table has no " + signature + " of program " + number_);
      used_.insert(number_ + " " + signature);
      double printed = 0;
      GRADUS_CHECK(parse_number(match[3].str(), printed), match[3].str(), " is no number");
      const double value = entry->value(arguments), unit = std::pow(10.0, -double(match[5].length()));
      if (!(std::abs(value - printed) <= 0.5001 * unit))
        fault(line, text("printed ", match[3].str(), ", the library computes ", significant(value, 6)));
    } catch (const Error& error) {
      fault(line, error.what());
    }
  }

  void code(const Block& block) {
    static const std::regex link(R"(\[`[A-Za-z_][A-Za-z0-9_:]*`\]\([^)#]+#L[1-9][0-9]*\))"),
        between("[,;\\s]*");
    const std::string links = joined(first_paragraph(block.lines));
    if (!std::regex_search(links, link) || !std::regex_match(std::regex_replace(links, link, ""), between))
      fault(block.heading, "the first paragraph does not consist of links to symbols, [`name`](file#L1)");
    const auto filled = std::count_if(block.lines.begin(), block.lines.end(),
                                      [](const Line& line) { return !trimmed(line.text).empty(); });
    if (filled == std::ssize(first_paragraph(block.lines)))
      fault(block.heading, "nothing is said about the code");
  }

  void picture(const Block& block) {
    const std::regex own(
        "`" + program_ +
        R"(/[a-zA-Z0-9_.]+\.(png|gif|svg|html)`|!\[[^\]]+\]\(\.\./pictures/[a-z0-9_]+\.(png|gif)\))");
    if (!std::regex_search(joined(block.lines), own))
      fault(block.heading, "names no picture, `" + program_ + "/name.png` or ../pictures/name.png");
  }

  void questions(const Block& block) {
    static const std::regex one(R"(<details><summary>[^\n]+\?</summary>\n\n[^<]+\n\n</details>\n*)");
    std::string rest = joined(block.lines);
    rest = rest.substr(std::min(rest.size(), rest.find_first_not_of('\n')));
    const std::ptrdiff_t count = std::distance(std::sregex_iterator(rest.begin(), rest.end(), one), {});
    if (count != 3 || !std::regex_replace(rest, one, "").empty())
      fault(block.heading,
            "not three questions, each `<details><summary>question?</summary>`, answer, `</details>`");
  }

  const Block& block_;
  const LessonPart& part_;
  std::string number_, program_;
  std::set<std::string>& used_;
  std::vector<std::string>& faults_;
};

}  // namespace

ExampleArguments::ExampleArguments(const std::string& words) {
  for (const std::string& one : split(words, ',')) {
    const auto equals = one.find('=');
    GRADUS_CHECK(equals != one.npos, "'", one, "' is not of the form `name = numbers`");
    Argument argument{.name = trimmed(one.substr(0, equals)), .rows = 0};
    for (const std::string& row : split(one.substr(equals + 1), ';')) {
      const std::size_t before = argument.numbers.size();
      for (const std::string& part : split(row, ' ')) {
        double value = 0;
        if (part.empty()) continue;
        GRADUS_CHECK(parse_number(part, value), "'", part, "' in '", one, "' is no number");
        argument.numbers.push_back(value);
      }
      const std::size_t width = argument.numbers.size() - before;
      GRADUS_CHECK(width > 0 && argument.numbers.size() == ++argument.rows * width, "'", one,
                   "': rows of different lengths, or no numbers");
    }
    arguments_.push_back(argument);
  }
}

std::string ExampleArguments::names() const {
  std::string all;
  for (const Argument& argument : arguments_) all += (all.empty() ? "" : ", ") + argument.name;
  return all;
}

const ExampleArguments::Argument& ExampleArguments::find(const std::string& name) const {
  for (const Argument& argument : arguments_)
    if (argument.name == name) return argument;
  throw Error("no argument " + name);
}

double ExampleArguments::number(const std::string& name) const {
  GRADUS_CHECK(numbers(name).size() == 1, name, " is not a single number");
  return numbers(name)[0];
}

const std::vector<double>& ExampleArguments::numbers(const std::string& name) const {
  return find(name).numbers;
}

Tensor ExampleArguments::matrix(const std::string& name) const {
  const Argument& argument = find(name);
  Tensor x({static_cast<Index>(argument.rows), static_cast<Index>(argument.numbers.size() / argument.rows)});
  for (Index i = 0; i < x.size(); ++i)
    x[i] = static_cast<Real>(argument.numbers[static_cast<std::size_t>(i)]);
  return x;
}

Tensor ExampleArguments::row(const std::string& name) const {
  return matrix(name).reshape({1, static_cast<Index>(numbers(name).size())});
}

Tensor ExampleArguments::list(const std::string& name) const {
  return matrix(name).reshape({static_cast<Index>(numbers(name).size())});
}

std::vector<std::string> lesson_faults(const std::string& words, const LessonPart& part) {
  Lines lines;
  std::istringstream stream(words);
  for (std::string line; std::getline(stream, line);)
    lines.push_back({static_cast<int>(lines.size()) + 1, line});

  std::vector<std::string> faults, written;
  std::set<std::string> used;
  static const std::regex heading("[0-9]{2} .+");
  for (const Block& block : blocks_of(lines, "## ")) {
    if (!std::regex_match(block.heading.text, heading)) {
      faults.push_back(text(block.heading.number, ": the heading is not a program's number and a title"));
      continue;
    }
    written.push_back(block.heading.text.substr(0, 2));
    Section(block, part, used, faults).check();
  }
  if (!std::is_sorted(written.begin(), written.end()) ||
      std::adjacent_find(written.begin(), written.end()) != written.end())
    faults.push_back("1: the sections are not in the order of the programs");
  for (const auto& [number, program] : part.programs)
    if (std::find(written.begin(), written.end(), number) == written.end())
      faults.push_back("1: " + program + " has no section");
  for (const LessonExample& known : part.examples)
    if (!used.count(known.program + " " + known.signature))
      faults.push_back("1: no example " + known.program + " uses " + known.signature);
  return faults;
}
