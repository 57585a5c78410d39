#pragma once
// The examples by hand of the lessons (lectures/lecture4/N_part/README.md), computed with the library. Every
// part has a table in its own file, lesson_examples_N.cpp.
//
// A line of an example is `name(argument = numbers, ...) = number`. The numbers of one argument are separated
// by blanks, rows of a matrix by semicolons: pca_code(x = 1 2; 3 4, point = 2) = 0.71. The table contains the
// signature pca_code(x, point) and a function from the arguments to the number, so that the text's own
// numbers are used. The function calls the library; it does not repeat the formula.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.hpp"

/// The arguments of one line of an example.
class ExampleArguments {
 public:
  /// Parses `name = numbers, name = numbers`. Throws Error for anything else.
  explicit ExampleArguments(const std::string& text);

  /// "mu, sigma": the names in their order.
  std::string names() const;
  // Throws Error when there is no argument of this name or it has another form.
  double number(const std::string& name) const;                       ///< a single number
  gradus::Tensor row(const std::string& name) const;                  ///< [1, n]
  gradus::Tensor list(const std::string& name) const;                 ///< [n]
  gradus::Tensor matrix(const std::string& name) const;               ///< [rows, columns]
  const std::vector<double>& numbers(const std::string& name) const;  ///< all of them, row by row

 private:
  struct Argument {
    std::string name{};
    std::vector<double> numbers{};
    std::size_t rows = 1;
  };
  const Argument& find(const std::string& name) const;
  std::vector<Argument> arguments_;
};

/// One computation that the examples of a program use.
struct LessonExample {
  std::string program;    ///< "11"
  std::string signature;  ///< "kl(mu, sigma)"
  std::function<double(const ExampleArguments&)> value;
};
using LessonExamples = std::vector<LessonExample>;

// One table per part; empty as long as no section of the part is written.
extern const LessonExamples lesson_examples_1;
extern const LessonExamples lesson_examples_2;
extern const LessonExamples lesson_examples_3;
extern const LessonExamples lesson_examples_4;
extern const LessonExamples lesson_examples_5;
extern const LessonExamples lesson_examples_6;
extern const LessonExamples lesson_examples_7;
