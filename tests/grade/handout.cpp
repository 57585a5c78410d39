#include "handout.hpp"

#include <algorithm>
#include <iostream>
#include <regex>
#include <set>
#include <sstream>

#include "archive.hpp"
#include "compiler.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "recorded.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

/// Files and folders of the students' copy ...
const std::vector<std::string> given = {".clang-format",
                                        ".devcontainer",
                                        ".vscode",
                                        "CMakeLists.txt",
                                        "CMakePresets.json",
                                        "LICENSE",
                                        "Makefile",
                                        "README.md",
                                        "cmake",
                                        "datasets/README.md",
                                        "datasets/fetch.sh",
                                        "exercises",
                                        "include",
                                        "lectures",
                                        "scripts",
                                        "src",
                                        "studio",
                                        "tests/CMakeLists.txt",
                                        "tests/grade"};
/// ... except these.
const std::vector<std::string> kept_back = {"exercises/INSTRUCTORS.md",
                                            "CONTRIBUTING.md",
                                            "tests/grade/attacks",
                                            "tests/grade/checks",
                                            "tests/grade/handout",
                                            "tests/grade/mistakes",
                                            "tests/grade/unit",
                                            "tests/grade/prove.cpp",
                                            "tests/grade/prove_attacks.cpp",
                                            "tests/grade/prove_class.cpp",
                                            "tests/grade/prove.hpp",
                                            "tests/grade/handout.cpp",
                                            "tests/grade/handout.hpp",
                                            "exercises/cluster",
                                            "exercises/gradescope"};

bool below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.insert(trimmed(line));
  return lines;
}

/// Finds lines of solutions in a packed file. A line belongs to a solution when it is long enough and does
/// not also occur in the library outside solutions.
void scan_for_leaks(const Project& project, const std::vector<Packed>& packed) {
  std::set<std::string> secret;
  for (const Exercise& exercise : project.exercises)
    for (const GradedFile& file : exercise.files) {
      const std::string source = read_text(project.root / file.source);
      const std::set<std::string> given_anyway = lines_of(stub_of(file, source));
      for (const std::string& line : solution_lines(source))
        if (line.size() >= 25 && !given_anyway.count(line)) secret.insert(line);
    }
  std::string found;
  std::set<std::string> common;
  for (const int pass : {1, 2})
    for (const Packed& one : packed) {
      const bool library = one.name.starts_with("src/") || one.name.starts_with("include/") ||
                           one.name.starts_with("lectures/");
      if (library != (pass == 1)) continue;
      std::istringstream in(one.text);
      for (std::string line; std::getline(in, line);) {
        const std::string words = trimmed(line);
        if (!secret.count(words)) continue;
        if (library)
          common.insert(words);
        else if (!common.count(words))
          found += "\n  " + one.name + ": " + words;
      }
    }
  GRADUS_CHECK(found.empty(), "solutions would be handed out:", found);
}

/// A page for students: links to solutions are redirected to the exercise files, without a line number (lines
/// differ there), and sections ("## ...") with a link to a file that is not handed out are removed.
std::string page_for_students(const Project& project, const std::set<std::string>& handed,
                              const std::string& path, const std::string& text) {
  const fs::path home = fs::path(path).parent_path();
  const auto exercise_file = [&](const std::string& file) -> std::string {
    for (const Exercise& exercise : project.exercises)
      for (const GradedFile& one : exercise.files)
        if (one.source == file) return one.path;
    return file;
  };
  std::istringstream in(text);
  std::string out, section;
  bool kept = true;
  const auto close = [&] {
    if (kept) out += section;
    section.clear(), kept = true;
  };
  static const std::regex link(R"(\]\(([A-Za-z0-9_-]*[/.][A-Za-z0-9_./-]*)(#[A-Za-z0-9_-]+)?\))");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) close();
    std::string rest = line;
    for (std::smatch found; std::regex_search(rest, found, link);) {
      const std::string original = (home / found[1].str()).lexically_normal().string();
      std::string file = exercise_file(original);
      const std::string line_number = file == original ? found[2].str() : "";
      while (file.ends_with("/")) file.pop_back();
      const auto first = handed.lower_bound(file);  // the file, or the first file in the folder
      kept = kept && first != handed.end() && below(*first, file);
      section += found.prefix().str() + "](" +
                 fs::path(file).lexically_relative(home.empty() ? "." : home).string() + line_number + ")";
      rest = found.suffix();
    }
    section += rest + "\n";
  }
  close();
  return out;
}

/// The files below these paths, relative to the project.
std::vector<std::string> files_below(const Project& project, const std::vector<std::string>& places) {
  std::vector<std::string> paths;
  for (const std::string& start : places) {
    const fs::path path = project.root / start;
    if (fs::is_regular_file(path)) paths.push_back(start);
    if (fs::is_directory(path))
      for (const auto& entry : fs::recursive_directory_iterator(path))
        if (entry.is_regular_file()) paths.push_back(fs::relative(entry.path(), project.root).string());
  }
  return paths;
}

Packed packed_file(const Project& project, const std::string& path, const std::string& name) {
  const fs::path file = project.root / path;
  const bool executable = (fs::status(file).permissions() & fs::perms::owner_exec) != fs::perms::none;
  return {name, fs::file_size(file) ? read_text(file) : "", executable};
}

/// The time of the project's last change, used as the date of every file in its zips.
std::time_t last_commit(const Project& project) {
  const Outcome outcome =
      run({"/usr/bin/git", "-C", project.root.string(), "log", "-1", "--format=%ct"}, {.compiler = true}, 10);
  std::istringstream in(outcome.text);
  std::time_t time = 0;
  return outcome.ending.code == 0 && in >> time ? time : 315619200;
}

int write_packed(const Project& project, const fs::path& file, std::vector<Packed> packed) {
  std::sort(packed.begin(), packed.end(), [](const Packed& a, const Packed& b) { return a.name < b.name; });
  write_zip(file, packed, last_commit(project));
  const std::vector<std::byte> bytes = read_file(file);
  std::cout << file.string() << "  " << packed.size() << " files, " << bytes.size() << " bytes, SHA-256 "
            << digest({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) << "\n";
  return 0;
}

}  // namespace

int autograder_command(const Project& project, const fs::path& file) {
  std::vector<Packed> packed;
  for (const std::string& path : files_below(project, given)) {
    if (below(path, "exercises/gradescope") || below(path, "exercises/cluster") || below(path, "studio") ||
        path.find("/pictures/") != std::string::npos)
      continue;
    packed.push_back(packed_file(project, path, "gradus/" + path));
  }
  for (const char* name : {"setup.sh", "run_autograder"})
    packed.push_back(packed_file(project, std::string("exercises/gradescope/") + name, name));
  for (Packed& one : packed)
    if (one.name == "setup.sh" || one.name == "run_autograder") one.executable = true;
  return write_packed(project, file, packed);
}

int handout_command(const Project& project, const fs::path& file) {
  std::set<std::string> graded;
  for (const Exercise& exercise : project.exercises)
    for (const GradedFile& one : exercise.files) graded.insert(one.source), graded.insert(one.path);
  std::vector<Packed> packed;
  for (const std::string& path : files_below(project, given)) {
    if (graded.count(path) || below(path, "exercises/.original") || below(path, "exercises/.compiled"))
      continue;
    if (std::any_of(kept_back.begin(), kept_back.end(),
                    [&](const std::string& no) { return below(path, no); }))
      continue;
    packed.push_back(packed_file(project, path, path));
  }
  for (const Exercise& exercise : project.exercises)
    for (const GradedFile& one : exercise.files) {
      const std::string stub = stub_of(one, read_text(project.root / one.source));
      packed.push_back({one.path, stub});
      packed.push_back({"exercises/.original/" + one.name, stub});
    }
  packed.push_back({"tests/grade/checks/all.cpp", read_text(project.root / "tests/grade/handout/all.cpp")});
  packed.push_back(
      {"tests/grade/no_proofs.cpp", read_text(project.root / "tests/grade/handout/no_proofs.cpp")});
  packed.push_back({"tests/grade/prove.hpp", read_text(project.root / "tests/grade/prove.hpp")});
  packed.push_back({"tests/grade/handout.hpp", read_text(project.root / "tests/grade/handout.hpp")});
  std::set<std::string> handed;
  for (const Packed& one : packed) handed.insert(one.name);
  for (Packed& one : packed)
    if (one.name.ends_with(".md")) one.text = page_for_students(project, handed, one.name, one.text);
  scan_for_leaks(project, packed);
  GRADUS_CHECK(!project.tools.gcc.empty(),
               "make the hand-out with g++, so that its compiled files suit every compiler");
  packed.push_back({"exercises/.compiled/gcc", project.tools.gcc});
  for (const std::string real : {"float", "double"})
    for (const Exercise& exercise : project.exercises)
      for (const GradedFile& one : exercise.files) {
        const auto object = std::find_if(
            project.tools.solutions.begin(), project.tools.solutions.end(), [&](const std::string& path) {
              return path.find("handed_out_" + real) != path.npos && path.ends_with(one.source + ".o");
            });
        GRADUS_CHECK(object != project.tools.solutions.end() && fs::exists(*object), one.source,
                     " is not compiled for the students' copy (target handed_out; make handout does it)");
        packed.push_back({"exercises/.compiled/" + project.tools.system + "/" + real + "/" + one.name + ".o",
                          read_text(*object)});
      }
  const std::string recorded = record_checks(project.exercises, 6);
  const std::vector<std::byte> zipped = gzip(std::as_bytes(std::span(recorded.data(), recorded.size())));
  packed.push_back({"exercises/recorded.json.gz",
                    std::string(reinterpret_cast<const char*>(zipped.data()), zipped.size())});
  for (Packed& one : packed) one.name = "gradus/" + one.name;
  return write_packed(project, file, packed);
}

}  // namespace gradus::grade
