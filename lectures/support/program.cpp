#include "support/program.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <span>
#include <thread>
#include <utility>

#include <unistd.h>

#include "gradus/autograd/graph.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"
#include "gradus/base/runtime.hpp"
#include "gradus/base/terminal.hpp"
#include "gradus/io/image.hpp"

namespace gradus::lecture {
namespace fs = std::filesystem;

Program::Program(int argc, char** argv, const Lesson& lesson)
    : options(parse_options(argc, argv, lesson)),
      rng(options.seed),
      shards_(options.shards, lesson.shards ? connect_ranks() : Transport()),
      lesson_(lesson),
      folder_(options.out / lesson.name),
      start_(std::chrono::steady_clock::now()) {
  if (options.threads > 0)
    set_threads(options.threads);
  else if (const int ranks = ranks_on_this_machine(); ranks > 1)
    set_threads(std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / ranks, 1, threads()));
  if (!leads()) std::cout.setstate(std::ios::failbit);  // one process speaks
  if (options.check_numbers) Tape::check_numbers(true);
  make_folder(folder_);
  say(lesson.title);
  if (!lesson.slide.empty()) say("Slide:    " + lesson.slide);
  if (!lesson.look.empty()) say("Look at:  " + lesson.look);
  say(runtime_banner());
}

Session Program::session() {
  return {.name = lesson_.name,
          .folder = folder_,
          .rng = rng,
          .resume = options.resume,
          .settings = {{"preset", std::string(preset_name(options.preset))},
                       {"seed", std::to_string(options.seed)}},
          .shards = options.shards > 1 ? &shards_ : nullptr};
}

Split Program::digits(DigitsOptions wanted) {
  if (options.preset == Preset::tiny) {
    const auto at_most = [](Index wished, Index most) { return wished == 0 ? most : std::min(wished, most); };
    wanted.train = at_most(wanted.train, 1000), wanted.test = at_most(wanted.test, 300);
  }
  Split split = load_digits(options.data, wanted);
  say(split.note);
  std::string name = split.train.name;  // "MNIST train", "generated digits, train"
  name.resize(std::min(name.size(), name.rfind(" train")));
  if (name.ends_with(',')) name.pop_back();
  report_.dataset = text(name, ", ", split.train.size(), " + ", split.test.size(), " test");
  return split;
}

void Program::dataset(const std::string& note) {
  say(note);
  std::string& all = report_.dataset;
  if (all.find(note) == std::string::npos) all += (all.empty() ? "" : " ") + note;
}

void Program::say(const std::string& line) const { std::cout << line << std::endl; }

void Program::figure(const std::string& name, double value) {
  GRADUS_CHECK(std::isfinite(value), lesson_.name, ": figure ", name, " is ", value);
  for (auto& [known, number] : report_.figures)
    if (known == name) {
      number = value;
      return;
    }
  report_.figures.emplace_back(name, value);
}

Index Program::epochs(const Dataset& data, Index quick, Index full) const {
  epochs_used_ = true;
  if (options.epochs > 0) return options.epochs;
  if (options.preset == Preset::tiny) return 1;
  return pick(quick, full) * std::max<Index>(1, 60000 / std::max<Index>(1, data.size()));
}

double Program::figure(const std::string& name) const {
  for (const auto& [known, value] : report_.figures)
    if (known == name) return value;
  throw Error(lesson_.name + ": no figure \"" + name + "\" was reported");
}

void Program::headline(const std::string& sentence) { report_.headline = sentence; }

void Program::picture(const std::string& stem, const Tensor& image, const std::string& caption) {
  write_png(folder_ / (stem + ".png"), image);
  report_.pictures.emplace_back(lesson_.name + "/" + stem + ".png", caption);
}

void Program::plot(const std::string& stem, const Plot& plot, const std::string& caption) {
  if (plot.write(folder_ / (stem + ".png")))
    report_.pictures.emplace_back(lesson_.name + "/" + stem + ".png", caption);
}

void Program::animation(const std::string& stem, const std::vector<Tensor>& frames, const GifOptions& how,
                        const std::string& caption) {
  write_gif(folder_ / (stem + ".gif"), frames, how);
  report_.pictures.emplace_back(lesson_.name + "/" + stem + ".gif", caption);
}

void Program::sound(const std::string& stem, const std::vector<NamedSound>& sounds,
                    const std::string& caption) {
  std::vector<SoundFile> files;
  for (const NamedSound& one : sounds) {
    const std::string file = text(stem, '_', files.size() + 1, ".wav");
    write_wav(folder_ / file, one.sound);
    files.push_back({lesson_.name + "/" + file, one.name});
  }
  picture(stem, sound_sheet(sounds), caption);
  report_.sounds.emplace_back(lesson_.name + "/" + stem + ".png", files);
}

void Program::graph(const std::string& stem, const Tape& tape, Module& module, const std::string& caption) {
  if (draw_tape(tape, folder_ / stem, [&](const Parameter& p) { return module.name_of(p); }))
    report_.pictures.emplace_back(lesson_.name + "/" + stem + ".svg", caption);
}

void Program::page(const std::string& stem, const std::string& html, const std::string& caption) {
  write_file(folder_ / (stem + ".html"), std::as_bytes(std::span(html)));
  report_.pictures.emplace_back(lesson_.name + "/" + stem + ".html", caption);
}

void Program::csv(const std::string& stem, const std::vector<std::string>& names,
                  const std::vector<std::vector<double>>& columns) {
  write_csv(folder_ / (stem + ".csv"), names, columns);
}

void Program::finish() {
  if (std::exchange(finished_, true)) return;
  shards_.ranks().leave();
  if (!leads()) return;
  if (options.epochs > 0 && !epochs_used_) say("--epochs has no effect: this program counts steps");
  report_.title = lesson_.title;
  report_.slide = lesson_.slide;
  report_.look = lesson_.look;
  report_.preset = preset_name(options.preset);
  report_.seed = options.seed;
  report_.threads = threads();
  report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  std::size_t width = 0;
  for (const auto& [name, value] : report_.figures) width = std::max(width, name.size());
  for (const auto& [name, value] : report_.figures)
    say("  " + pad_right(name, width) + significant(value, 5, 12));

  for (const auto& [file, caption] : report_.pictures)
    say("  " + (options.out / file).string() + (caption.empty() ? "" : "  " + caption));
  if (!report_.headline.empty()) say(report_.headline);
  merge_report(options.out, lesson_.name, report_);
}

namespace {

/// Prints one line on stderr, in red on a terminal.
void complain(const std::string& line) {
  const bool red = is_colourful(STDERR_FILENO);
  std::cout << std::flush;
  std::cerr << (red ? "\033[31m" : "") << line << (red ? "\033[0m" : "") << std::endl;
}

}  // namespace

int run_program(int argc, char** argv, const Lesson& lesson, const std::function<void(Program&)>& body) {
  try {
    start_runtime(argv);
    Program program(argc, argv, lesson);
    try {
      body(program);
      program.finish();
    } catch (const Interrupted&) {  // by all ranks
      program.shards().ranks().leave();
      throw;
    }
    return 0;
  } catch (const EarlyExit& exit) {
    (exit.code == 0 ? std::cout : std::cerr) << exit.what() << std::flush;
    return exit.code;
  } catch (const Interrupted& stop) {
    if (std::cout) std::cerr << stop.what() << std::endl;
    return 128 + stop.signal;
  } catch (const std::exception& error) {
    complain(lesson.name + ": " + error.what());
  } catch (...) {
    complain(lesson.name + ": ended by an exception of an unknown type");
  }
  return 1;
}

}  // namespace gradus::lecture
