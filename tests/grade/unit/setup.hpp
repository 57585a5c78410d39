#pragma once
// What several tests of the grader need: a temporary folder, and a course of one exercise.
#include <unistd.h>

#include "../course.hpp"

namespace gradus::grade {

/// An empty folder that exists as long as this object.
struct Folder {
  std::filesystem::path path;
  explicit Folder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("gradus_" + name + "_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

/// The course: exercise 04_x, with the file gaussian_kl.cpp and TODO 4.5.
inline std::vector<Exercise> one_exercise() {
  return {{.number = 4,
           .folder = "04_x",
           .title = "x",
           .program = "",
           .shows = "",
           .files = {{.source = "src/generative/gaussian_kl.cpp",
                      .name = "gaussian_kl.cpp",
                      .path = "exercises/04_x/gaussian_kl.cpp",
                      .todos = {{"4.5", "kl"}},
                      .banned = {}}}}};
}

}  // namespace gradus::grade
