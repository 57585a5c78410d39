// The numbers of the examples in the lesson of part 1.
#include "lesson_examples.hpp"

using namespace gradus;

const LessonExamples lesson_examples_1 = {};
