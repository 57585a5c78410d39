// Feeds damaged input to the grader's readers of untrusted data: messages of a worker,
// archives, texts that appear in reports. Each may be read or refused with gradus::Error.
// Any other outcome is a bug, and so is requesting more memory than a message may have.
//
//   fuzz_grader --iterations 2000 --seed 1 [--only NAME]
#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "../grade/archive.hpp"
#include "../grade/calls.hpp"
#include "../grade/compare.hpp"
#include "../grade/compiler.hpp"
#include "../grade/outputs.hpp"
#include "../grade/report.hpp"
#include "gradus/base/file.hpp"
#include "mutate.hpp"

using namespace gradus;
using gradus::fuzzing::bytes_of;
using gradus::fuzzing::Target;
namespace fs = std::filesystem;

extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "max_allocation_size_mb=100:allocator_may_return_null=0";
}

namespace gradus::grade {
// No checks are run here.
const std::vector<Check>& checks_of(int) {
  static const std::vector<Check> none;
  return none;
}
const Function& call_named(const std::string& name) { throw Error("no call '" + name + "'"); }
}  // namespace gradus::grade

namespace {

using namespace gradus::grade;
using Tensors = gradus::grade::Tensors;

const std::vector<Exercise>& exercises() {
  static const std::vector<Exercise> all = [] {
    Exercise one;
    one.number = 4, one.folder = "04_x", one.title = "x";
    one.files = {{.source = "src/gaussian_kl.cpp",
                  .name = "gaussian_kl.cpp",
                  .path = "exercises/04_x/gaussian_kl.cpp",
                  .todos = {{"4.5", "kl"}},
                  .banned = {}}};
    return std::vector<Exercise>{one};
  }();
  return all;
}

struct Folder {
  fs::path path = fs::temp_directory_path() / ("gradus_fuzz_grader_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};
const fs::path& folder() {
  static const Folder one;
  return one.path;
}

fuzzing::Bytes packed(const grade::Bytes& bytes) { return bytes_of(std::string(bytes.begin(), bytes.end())); }
std::span<const unsigned char> plain(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
}

Tensors answer() {
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  return {Tensor::of({2, 3}, {1, Real(0.1), Real(-0.0), nan, 5, 6}), Tensor::of({3}, {1, 2, 3}), Tensor()};
}

/// An archive with a graded file, other files, a link, a pipe and a long name.
fuzzing::Bytes archive_of(int (*format)(archive*), bool compressed) {
  const fs::path file = folder() / "seed";
  {
    const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
    format(out.get());
    if (compressed) archive_write_add_filter_gzip(out.get());
    archive_write_open_filename(out.get(), file.c_str());
    const auto add = [&](const std::string& name, const std::string& text, unsigned type) {
      const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                           archive_entry_free);
      archive_entry_set_pathname(entry.get(), name.c_str());
      archive_entry_set_filetype(entry.get(), type);
      archive_entry_set_perm(entry.get(), 0644);
      archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
      if (type == AE_IFLNK) archive_entry_set_symlink(entry.get(), "gaussian_kl.cpp");
      if (archive_write_header(out.get(), entry.get()) == ARCHIVE_OK)
        archive_write_data(out.get(), text.data(), text.size());
    };
    add("x/gaussian_kl.cpp", std::string(700, 'a') + "int x;\n", AE_IFREG);
    add(std::string(150, 'n') + "/Makefile", "all:\n", AE_IFREG);
    add("link", "", AE_IFLNK);
    add("empty.txt", "", AE_IFREG);
    archive_write_close(out.get());
  }
  return read_file(file);
}

void read_as_submission(std::span<const std::byte> bytes) {
  const fs::path file = folder() / "submission.zip";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  const Submitted got = read_submission(file, exercises());
  for (const auto& [name, text] : got.files)
    if (name != "gaussian_kl.cpp" || text.size() > (256 << 10)) throw std::logic_error("took " + name);
  for (const std::string& note : got.notes)
    if (note.find('\033') != std::string::npos) throw std::logic_error("an escape in a note");
}

/// All reports for a student who controls every text.
void report(const std::string& text) {
  ExerciseResult result;
  result.exercise = &exercises()[0];
  TodoResult todo;
  todo.todo = {"4.5", text};
  todo.path = text;
  todo.state = State::wrong;
  todo.printed = todo.compiler = text;
  todo.checks.push_back({.title = text, .state = State::wrong, .sentence = text, .evidence = {text}});
  result.todos = {todo};
  const auto demand = [](bool right, const char* what) {
    if (!right) throw std::logic_error(what);
  };
  const std::string xml = junit_xml({result}), json = gradescope_json({result}, true, {text}),
                    notes = github_annotations({result}), page = markdown({result}, text, {text}),
                    cell = csv_cell(text);
  demand(nlohmann::json::accept(json), "results.json is not JSON");
  const std::string quoted_xml = nlohmann::json(xml).dump();  // throws for damaged UTF-8
  for (const char* bad : {"\xef\xbf\xbe", "\xef\xbf\xbf", "\033", "]]>"})
    demand(xml.find(bad) == std::string::npos, "JUnit contains characters forbidden in XML");
  for (const char letter : xml)
    demand(static_cast<unsigned char>(letter) >= 32 || letter == '\n' || letter == '\t',
           "a control character in JUnit");
  demand(std::count(notes.begin(), notes.end(), '\n') == 1, "annotations on more than one line");
  demand(page.find("\n::") == std::string::npos && page.find('\033') == std::string::npos,
         "Markdown is active");
  demand(cell.find('\n') == std::string::npos &&
             (cell.empty() || std::string("=+-@").find(cell[0]) == std::string::npos),
         "a cell is evaluated");
}

std::vector<Target> targets() {
  Packer result, todo;
  result.text("");
  result.tensors(answer());
  todo.text("4.5");
  todo.text("exercises/04_x/gaussian_kl.cpp");
  todo.u32(12);
  return {
      {"header",
       {packed(pack_header({Kind::result, 0, 7, 0x123456789abcdef0, 100}))},
       [](auto bytes) {
         if (unpack_header(plain(bytes), 4096).length > 4096) throw std::logic_error("longer than allowed");
       }},
      {"result",
       {packed(result.bytes)},
       [](auto bytes) {
         Unpacker in(plain(bytes));
         (void)in.text();
         const Tensors got = in.tensors();
         in.end();
         (void)difference(answer(), got, 1e-6, {"a", "b"});
         (void)relation({answer()}, {got}, 1e-6);
         for (const Tensor& one : got) (void)shown("x", one);
       }},
      {"todo",
       {packed(todo.bytes)},
       [](auto bytes) {
         Unpacker in(plain(bytes));
         const std::string id = in.text(), file = in.text();
         const std::uint32_t line = in.u32();
         in.end();
         report(id + " " + file + ":" + std::to_string(line));
       }},
      {"report",
       {bytes_of("kl throws std::runtime_error: \xef\xbf\xbf ]]> \xc3\xa4\xe2\x80\xae::error::=1"),
        bytes_of("=1;\xef\xbf\xbe\xed\xa0\x80\r\n|`<b>\033[2J")},
       [](auto bytes) {
         report({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
       }},
      {"compiler",
       {bytes_of("a.cpp:3:5: error: 'x' was not declared in this scope; did you mean 'y'?"),
        bytes_of("no match for 'operator+' (operand types are 'int' and 'gradus::Tensor')"),
        bytes_of(
            "multiple definition of `main'; undefined reference to `f(int)' x: No such file or directory")},
       [](auto bytes) {
         (void)plain_words({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
       }},
      {"zip", {archive_of(archive_write_set_format_zip, false)}, read_as_submission},
      {"tar",
       {archive_of(archive_write_set_format_pax, false), archive_of(archive_write_set_format_gnutar, false),
        archive_of(archive_write_set_format_ustar, false)},
       read_as_submission},
      {"tar.gz", {archive_of(archive_write_set_format_pax, true)}, read_as_submission},
  };
}

/// Writes the right checksum into every header of a tar, so that damage gets past that check.
void repair_tar(fuzzing::Bytes& bytes) {
  for (std::size_t at = 0; at + 512 <= bytes.size(); at += 512) {
    if (std::memcmp(&bytes[at + 257], "ustar", 5) != 0) continue;
    unsigned sum = 8 * ' ';
    for (std::size_t i = 0; i < 512; ++i)
      if (i < 148 || i >= 156) sum += std::to_integer<unsigned>(bytes[at + i]);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    std::memcpy(&bytes[at + 148], digits, 7);
  }
}

fuzzing::Bytes damaged(const Target& target, Rng& rng) {
  fuzzing::Bytes input = target.seeds[static_cast<std::size_t>(rng.below(target.seeds.size()))];
  const bool inside = is_gzip(input) && rng.bernoulli(Real(0.5));
  if (inside) input = gunzip(input, "seed");
  for (auto changes = 1 + rng.below(6); changes > 0; --changes) fuzzing::mutate(input, rng);
  if (target.name.starts_with("tar") && rng.bernoulli(Real(0.75))) repair_tar(input);
  return inside ? gzip(input) : input;
}

}  // namespace

int main(int argc, char** argv) { return fuzzing::fuzz(argc, argv, "fuzz_grader", targets(), damaged); }
