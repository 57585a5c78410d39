#pragma once
// A reader of the lessons (lectures/lecture4/N_part/README.md), which lists what is not in the lessons' form.
#include <map>
#include <string>
#include <vector>

#include "lesson_examples.hpp"

/// The programs of a part whose lesson is read.
struct LessonPart {
  std::map<std::string, std::string> programs{};  ///< "11" -> "11_vae"
  LessonExamples examples{};
};

/// Every fault of a lesson, as "line: fault":
///
/// - Each program of the part has a section, `## 11 The VAE`.
/// - Below the heading is a line with a link to the program's source. The sub-headings are those of
///   lesson_headings, in this order, none of them empty. The section has 300 to 800 words.
/// - `By hand` ends with a fenced block `example 11`, whose numbers are those of the table of examples,
///   rounded to the digits that are printed. Each entry of the table is used.
/// - There is a formula. `$$` is alone on its line, and each is closed.
/// - `The code` starts with a paragraph of links to lines of symbols.
/// - `The picture` names a picture of the program: `11_vae/samples.png` in code font, or one of ../pictures.
/// - A figure is a link from its name to figures.md#program, where the program exists.
/// - `Questions` has three, each folded; `Change one thing` has a command that runs the program.
std::vector<std::string> lesson_faults(const std::string& text, const LessonPart& part);

/// The sub-headings of a section, in their order.
extern const std::vector<std::string> lesson_headings;
