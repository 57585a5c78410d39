// Runs every program of the lecture, each in its own process and several at the same time,
// so that a failing program does not stop the others. Their output goes to out/lecture4/NN_title/log.txt
// and their reports to out/lecture4/summary.json. Lessons, reports and pictures make a book,
// out/lecture4/index.html.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <future>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"
#include "gradus/base/runtime.hpp"
#include "runner/book.hpp"
#include "runner/page.hpp"
#include "runner/process.hpp"
#include "runner/screen.hpp"
#include "support/options.hpp"
#include "support/report.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
using page::Json;
using page::Section;
using page::State;

namespace {

Json read_summary(const fs::path& folder) {
  Json summary = Json::parse(page::slurp(folder / "summary.json"), nullptr, false);
  return summary.is_object() ? summary : Json::object();
}

/// The reason why the section counts as failed; empty for success.
std::string fault_of(const Section& section, int status, const fs::path& folder) {
  if (status != 0) return reason_of(status);
  if (section.report.empty()) return "it ended with code 0, but reported nothing in summary.json";
  for (const page::Picture& picture : page::pictures_of(section.report)) {
    if (!fs::is_regular_file(folder / picture.file))
      return "picture " + picture.file + " was reported, but does not exist";
    for (const SoundFile& sound : picture.sounds)
      if (!fs::is_regular_file(folder / sound.file))
        return "sound " + sound.file + " was reported, but does not exist";
  }
  return "";
}

/// Whether the program takes --shards, and so can train on several processes.
bool trains_by_shards(const std::string& name) {
  return text(" ", GRADUS_SHARDED_PROGRAMS, " ").find(" " + name + " ") != std::string::npos;
}

/// Runs a program in a process of its own; with ranks above 0, in as many processes that MPI connects.
Section run(const fs::path& program, int ranks, const fs::path& folder, std::vector<std::string> settings,
            Screen& screen) {
  Section section;
  section.name = program.filename().string();
  const fs::path log_file = folder / section.name / "log.txt";
  const auto begin = std::chrono::steady_clock::now();
  try {
    make_folder(folder / section.name);
    // Removes an old entry first, so that an entry found afterwards is from this run.
    if (read_summary(folder).contains(section.name)) forget_report(folder, section.name);
    fs::path command = program;
    if (ranks > 0) {
      command = "/usr/bin/env";
      settings.insert(settings.begin(), {"mpiexec", "-n", std::to_string(ranks), program.string()});
    }
    const int status = run_logged(command, log_file, settings, [&](double seconds, const std::string& words) {
      screen.update(section.name, seconds, words);
    });
    section.report = read_summary(folder).value(section.name, Json::object());
    section.note = fault_of(section, status, folder);
  } catch (const std::exception& error) {  // the other programs can still run
    section.note = error.what();
  }
  section.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  section.log = last_lines(page::slurp(log_file), 40);
  section.state = section.note.empty() ? State::fine : State::failed;
  if (signal_received() != 0) section.state = State::stopped, section.note = "stopped";
  return section;
}

/// The section of a program that does not run this time, from an earlier report.
Section remembered(const std::string& name, const fs::path& folder) {
  Section section;
  section.name = name;
  section.report = read_summary(folder).value(name, Json::object());
  if (section.report.empty()) return section;
  section.state = State::earlier;
  if (section.report.contains("seconds") && section.report["seconds"].is_number())
    section.seconds = section.report["seconds"];
  return section;
}

void print_table(const std::vector<Section>& sections) {
  std::size_t width = 7;
  for (const Section& section : sections) width = std::max(width, section.name.size());
  std::cout << '\n' << pad_right("program", width) << "  seconds  pictures  key figure\n";
  for (const Section& section : sections) {
    const std::string seconds = section.seconds > 0 ? fixed(section.seconds, 1) : "-";
    const std::string pictures = std::to_string(page::pictures_of(section.report).size());
    std::cout << pad_right(section.name, width) << "  " << pad_left(seconds, 7) << "  "
              << pad_left(pictures, 8) << "  "
              << (section.state == State::fine ? ""
                                               : std::string(page::word_of(section.state)) +
                                                     (section.note.empty() ? "" : ": " + section.note) + "  ")
              << (section.state == State::failed ? "" : page::headline_of(section.report)) << '\n';
  }
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", std::localtime(&now));
  return text.data();
}

/// A program of the lecture and the part to which it belongs.
struct Listed {
  std::string part;  ///< "2_autoencoders", or "" for a program outside of all parts
  std::string name;  ///< "06_autoencoder"
};

/// The parsed command line.
struct Command {
  fs::path folder{}, place{};       ///< folder of pictures and page; folder of the programs
  std::vector<Listed> programs{};   ///< all, in the order of the page
  std::vector<std::string> only{};  ///< prefixes of the wanted names; empty: all
  std::string part{};               ///< prefix of the wanted part; empty: all
  std::string lessons{}, beside{};  ///< folders of the lessons, and of the results with the library's files
  bool page_only = false;           ///< runs nothing
  int together = 0;                 ///< programs that run at the same time
  int ranks = 0;                    ///< processes per program by shards, connected by MPI; 0: one without MPI
  std::string shards{};             ///< of a batch of a program by shards; empty: its default
  std::vector<std::string> settings{};  ///< options passed to the programs

  bool wants(const Listed& program) const {
    return !page_only && program.part.starts_with(part) &&
           (only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& word) {
              return program.name.starts_with(word);
            }));
  }
};

/// The programs that CMake listed as "part/name part/name ...";
/// the folder may hold others from an earlier build.
std::vector<Listed> built_programs() {
  std::vector<Listed> programs;
  std::istringstream list(GRADUS_LECTURE_PROGRAMS);
  list.imbue(std::locale::classic());
  for (std::string word; list >> word;) {
    const std::size_t slash = word.find('/');
    programs.push_back({word.substr(0, slash), word.substr(slash + 1)});
  }
  return programs;
}

/// The programs NN_title of a folder, each with its part from `known`.
std::vector<Listed> programs_in(const fs::path& folder, const std::vector<Listed>& known) {
  std::vector<Listed> programs;
  GRADUS_CHECK(fs::is_directory(folder), folder.string(), ": is not a folder");
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!page::is_program(name) || !entry.is_regular_file()) continue;
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const Listed& one) { return one.name == name; });
    programs.push_back({found == known.end() ? "" : found->part, name});
  }
  std::sort(programs.begin(), programs.end(),
            [](const Listed& a, const Listed& b) { return a.name < b.name; });
  return programs;
}

/// Throws EarlyExit when a wanted program or part does not exist.
void check_choice(const Command& command) {
  std::string all;
  for (const Listed& program : command.programs) all += "\n  " + program.name;
  for (const std::string& word : command.only)
    if (std::none_of(command.programs.begin(), command.programs.end(),
                     [&](const Listed& program) { return program.name.starts_with(word); }))
      throw EarlyExit(2, "lecture4: no program begins with \"" + word + "\"; there are" + all + "\n");
  if (command.programs.empty())
    throw EarlyExit(2, "lecture4: no programs in " + command.place.string() + "\n");
  if (!command.page_only && std::none_of(command.programs.begin(), command.programs.end(),
                                         [&](const Listed& program) { return command.wants(program); }))
    throw EarlyExit(2, "lecture4: part \"" + command.part + "\" has no such program; there are" + all + "\n");
  if ((command.ranks > 0 || !command.shards.empty()) &&
      std::none_of(command.programs.begin(), command.programs.end(), [&](const Listed& program) {
        return command.wants(program) && trains_by_shards(program.name);
      }))
    throw EarlyExit(2,
                    "lecture4: --ranks and --shards are for the programs that train on several processes: " +
                        std::string(GRADUS_SHARDED_PROGRAMS) + "\n");
}

/// Small networks gain little from a second thread. Therefore one program per core runs at the same time, at
/// most four, and they share the cores. With any number of threads, all results but measured times have the
/// same bits.
///   given   threads of every program, as given on the command line; 0: not given
void share_cores(Command& command, int given) {
  const int cores = threads();
  if (command.ranks > 0) command.together = 1;  // its ranks share the cores
  if (command.together == 0) command.together = std::min(4, given > 0 ? cores / given : cores);
  const auto wanted = std::count_if(command.programs.begin(), command.programs.end(),
                                    [&](const Listed& program) { return command.wants(program); });
  command.together = std::clamp(command.together, 1, std::clamp(static_cast<int>(wanted), 1, most_together));
  if (given == 0 && command.together > 1) {
    command.settings.emplace_back("--threads");
    command.settings.push_back(std::to_string(std::max(1, cores / command.together)));
  }
}

/// Throws EarlyExit for --help, for a setting that the programs would refuse,
/// and for a program that does not exist.
Command parse_command(int argc, char** argv) {
  Command command{.lessons = GRADUS_BOOK};
  std::string folder = "out/lecture4", from;
  CLI::App app(
      "Runs the programs of lecture 4 and writes a page with their results.\n"
      "Every other option goes to the programs: --preset quick|full, --seed, --threads, --data, --epochs, "
      "--resume");
  app.allow_extras();
  app.add_option("--out", folder, "Folder for pictures, figures and the page")->capture_default_str();
  app.add_option("--only", command.only, "Only these programs: 06, or 06_autoencoder")->delimiter(',');
  app.add_option("--part", command.part, "Only the programs of this part: 2, or 2_autoencoders");
  app.add_option("--from", from, "Run the programs NN_title of this folder instead of the lecture's own");
  app.add_option(
         "--together", command.together,
         "Programs that run at the same time; default: as many as there are cores for --threads, at most 4")
      ->check(CLI::Range(1, most_together));
  app.add_option("--ranks", command.ranks,
                 "Processes per program, connected by MPI; only for " GRADUS_SHARDED_PROGRAMS)
      ->check(CLI::Range(1, 65536));
  app.add_option("--shards", command.shards, "Parts of every batch; for the same programs");
  app.add_flag("--page", command.page_only, "Run nothing: write the page from earlier results");
  app.add_option("--lessons", command.lessons, "Folder of the lessons")->capture_default_str();
  app.add_option("--beside", command.beside, "Folder of other results, to be shown beside these");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {
    throw EarlyExit(0, app.help());
  } catch (const CLI::ParseError& error) {
    throw EarlyExit(2,
                    std::string("lecture4: ") + error.what() + "\nRun with --help to see what there is.\n");
  }
  command.settings = {"--out", folder};
  for (const std::string& extra : app.remaining()) command.settings.push_back(extra);
  std::vector<const char*> words{"lecture4"};
  for (const std::string& setting : command.settings) words.push_back(setting.c_str());
  if (!command.shards.empty()) words.insert(words.end(), {"--shards", command.shards.c_str()});
  const Options options =
      parse_options(static_cast<int>(words.size()), words.data(), {.name = "lecture4", .shards = true});
  command.folder = options.out;

  std::error_code no_proc;
  fs::path self = fs::read_symlink("/proc/self/exe", no_proc);
  if (no_proc) self = fs::absolute(argv[0]);
  command.place = from.empty() ? self.parent_path() : fs::path(from);
  command.programs = built_programs();
  if (!from.empty()) command.programs = programs_in(command.place, command.programs);
  check_choice(command);
  share_cores(command, options.threads);
  return command;
}

/// The programs of the lessons' folder by part, with their results; then all programs that are not there.
std::vector<page::Part> in_parts(const Command& command, const std::vector<Section>& sections) {
  std::vector<Listed> programs;
  std::error_code code;
  for (const auto& part : fs::directory_iterator(command.lessons, code)) {
    const std::string folder = part.path().filename().string();
    if (folder.size() < 3 || !isdigit(folder[0]) || folder[1] != '_') continue;
    for (const auto& file : fs::directory_iterator(part.path(), code))
      if (page::is_program(file.path().stem().string()) && file.path().extension() == ".cpp")
        programs.push_back({folder, file.path().stem().string()});
  }
  std::sort(programs.begin(), programs.end(), [](const Listed& a, const Listed& b) {
    return std::tie(a.part, a.name) < std::tie(b.part, b.name);
  });
  const auto in_lessons = [&](const std::string& name) {
    return std::any_of(programs.begin(), programs.end(), [&](const Listed& one) { return one.name == name; });
  };
  std::vector<page::Part> parts;
  const auto add = [&](const std::string& part, Section section) {
    if (!command.beside.empty())
      section.beside = read_summary(command.beside).value(section.name, Json::object());
    if (parts.empty() || parts.back().folder != part) parts.push_back({part, {}});
    parts.back().sections.push_back(std::move(section));
  };
  for (const Listed& one : programs) {
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [&](const Section& section) { return section.name == one.name; });
    add(one.part, found == sections.end() ? remembered(one.name, command.folder) : *found);
  }
  for (const Section& section : sections)
    if (!in_lessons(section.name)) add("", section);
  return parts;
}

/// Runs the wanted programs, several at the same time, each followed by a thread.
/// Others keep earlier results.
std::vector<Section> sections_of(const Command& command) {
  std::vector<Section> sections;
  std::vector<std::size_t> wanted;
  std::size_t width = 0;
  for (const Listed& program : command.programs) {
    if (command.wants(program)) wanted.push_back(sections.size());
    sections.push_back(remembered(program.name, command.folder));
    width = std::max(width, program.name.size());
  }
  Screen screen(std::ssize(wanted), width);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < wanted.size() && signal_received() == 0; i = next++) {
      Section& section = sections[wanted[i]];
      const bool sharded = trains_by_shards(section.name);
      std::vector<std::string> settings = command.settings;
      if (sharded && !command.shards.empty()) settings.insert(settings.end(), {"--shards", command.shards});
      section =
          run(command.place / section.name, sharded ? command.ranks : 0, command.folder, settings, screen);
      screen.finish(section, command.folder);
    }
  };
  std::vector<std::future<void>> others;  // get() throws what the thread has thrown
  for (int i = 1; i < command.together; ++i) others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();
  return sections;
}

/// Runs the wanted programs and writes the page; returns the exit code.
int run_all(const Command& command) {
  make_folder(command.folder);
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<Section> sections = sections_of(command);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  int ran = 0, failed = 0;
  for (const Section& section : sections) {
    ran += section.state == State::fine || section.state == State::failed || section.state == State::stopped;
    failed += section.state == State::failed;
  }

  if (!command.page_only) print_table(sections);
  write_book(
      {.folders = {command.folder, command.beside},
       .lessons = command.lessons,
       .title = "Lecture 4: deep generative modelling",
       .subtitle = text("Gradus · ", today(), ran > 0 ? text(" · ", fixed(seconds, 1), " s in all") : "",
                        failed > 0 ? text(" · ", failed, " failed") : ""),
       .parts = in_parts(command, sections)});
  std::cout << "\nAll pictures and figures: " << (command.folder / "index.html").string() << '\n';
  if (signal_received() != 0) {
    std::cout << "Stopped. The last lines of the programs that were training say how to continue.\n";
    return 128 + signal_received();
  }
  if (!command.page_only) std::cout << ran - failed << " of " << ran << " programs ran\n";
  return failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  forward_signals();
  // By default Open MPI gives a second after Ctrl-C to save, binds each process to one core, and starts no
  // more processes than there are cores.
  setenv("OMPI_MCA_odls_base_sigkill_timeout", "10", 0);
  setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
  setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
  try {
    return run_all(parse_command(argc, argv));
  } catch (const EarlyExit& exit) {
    (exit.code == 0 ? std::cout : std::cerr) << exit.what();
    return exit.code;
  } catch (const std::exception& error) {
    std::cerr << "lecture4: " << error.what() << '\n';
    return 1;
  }
}
