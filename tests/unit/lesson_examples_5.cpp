// The numbers of the examples in the lesson of part 5.
#include "lesson_examples.hpp"

using namespace gradus;

const LessonExamples lesson_examples_5 = {};
