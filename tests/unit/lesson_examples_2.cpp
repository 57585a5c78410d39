// The numbers of the examples in the lesson of part 2.
#include "lesson_examples.hpp"

using namespace gradus;

const LessonExamples lesson_examples_2 = {};
