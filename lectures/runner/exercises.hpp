#pragma once
// The boxes of exercises on the pages of the lessons.
#include <filesystem>
#include <string>

namespace gradus::lecture {

/// The boxes of the exercises whose pages `html` links to, in the order of the links. A box has the title,
/// the tasks, and the points of the last grading of each task (`make grade`), if there was one.
std::string exercise_boxes(const std::filesystem::path& root, const std::string& html);

}  // namespace gradus::lecture
