// Reports the machine's grading capabilities by testing them.
#include <unistd.h>

#include <iostream>

#include "commands.hpp"
#include "report.hpp"
#include "scratch.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;

namespace {
/// Why a text that must build does not compile, link or answer inside the sandbox; empty if it does.
std::string control_fault(const Project& project, Level level) {
  try {
    Scratch scratch(Level::l1, 0);  // nothing is cached here or read from a cache
    const GradedFile& file = project.exercises.at(0).files.at(0);
    const Built built =
        build(project.tools, file, read_text(file.control), scratch.path / "cache", {.level = level});
    if (built.state != State::pass) return built.sentence + "\n" + built.compiler;
    Student(built.worker, level, 0, Guards::nan, project.tools.runtime);
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}
}  // namespace

int doctor_command(const Project& project) {
  const Level level = best_level();
  const Outcome version = run(
      {project.tools.compiler, "--version"},
      {.limits = {.memory = std::size_t{3} << 30}, .toolchain = project.tools.folders, .compiler = true}, 10);
  std::cout << "compiler  " << version.text.substr(0, version.text.find('\n')) << " ("
            << project.tools.compiler << ")\n"
            << "sandbox   " << name_of(level)
            << (level == Level::l3 ? ": the highest" : ": " + why_not_higher()) << "\n"
            << "memory    "
            << (static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)) /
                (1 << 30))
            << " GiB\n"
            << "exercises " << project.exercises.size() << "\n"
            << std::flush;
  const std::string fault = control_fault(project, level);
  std::cout << "control   "
            << (fault.empty()
                    ? "compiles, links and runs in the sandbox\n"
                    : "FAILS in the sandbox, so nothing can be graded:\n" + quoted(fault, "          ", 20));
  for (const fs::path& folder : project.tools.folders)
    if (!fault.empty() && !reachable(folder, level))
      std::cout << "          the sandbox's user cannot enter " << folder.string()
                << ": run chmod a+rX on it and on every folder "
                << "above it\n";
  return fault.empty() ? 0 : 70;
}

}  // namespace gradus::grade
