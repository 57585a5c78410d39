// Reading submissions, including malicious ones.
#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <memory>

#include "../archive.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"
#include "setup.hpp"

using namespace gradus;
using namespace gradus::grade;
namespace fs = std::filesystem;

namespace {

const std::vector<Exercise>& exercises() {
  static const std::vector<Exercise> all = one_exercise();
  return all;
}

struct Entry {
  std::string name, text;
  unsigned type = AE_IFREG;
};

void write_archive(const fs::path& file, const std::vector<Entry>& entries, bool tar = false) {
  const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
  tar ? archive_write_set_format_pax_restricted(out.get()) : archive_write_set_format_zip(out.get());
  REQUIRE(archive_write_open_filename(out.get(), file.c_str()) == ARCHIVE_OK);
  for (const Entry& one : entries) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), one.name.c_str());
    archive_entry_set_filetype(entry.get(), one.type);
    if (one.type == AE_IFLNK) archive_entry_set_symlink(entry.get(), "/etc/passwd");
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), one.type == AE_IFREG ? static_cast<la_int64_t>(one.text.size()) : 0);
    archive_write_header(out.get(), entry.get());
    if (one.type == AE_IFREG) archive_write_data(out.get(), one.text.data(), one.text.size());
  }
  archive_write_close(out.get());
}

}  // namespace

TEST_CASE("a zip, a tar and a folder give the same files and the same digest at any depth") {
  const Folder folder("archives");
  write_archive(folder.path / "a.zip", {{"deep/down/gaussian_kl.cpp", "int x;\n"}, {"Makefile", "all:"}});
  write_archive(folder.path / "a.tar", {{"gaussian_kl.cpp", "int x;\n"}}, true);
  write_text(folder.path / "a/b/gaussian_kl.cpp", "int x;\n");
  const Submitted zip = read_submission(folder.path / "a.zip", exercises()),
                  tar = read_submission(folder.path / "a.tar", exercises()),
                  plain = read_submission(folder.path / "a", exercises());
  CHECK(zip.files.at("gaussian_kl.cpp") == "int x;\n");
  CHECK(zip.digest == tar.digest);
  CHECK(zip.digest == plain.digest);
  CHECK(zip.notes == std::vector<std::string>{"passed over: Makefile (not an exercise file)"});
}

TEST_CASE("entry names are never used as paths: nothing is written, links and special files are skipped") {
  const Folder folder("archives");
  write_archive(folder.path / "evil.tar",
                {{"../../../tmp/gradus_slip/gaussian_kl.cpp", "up"},
                 {"/etc/gradus_slip", "x"},
                 {"link/gaussian_kl.cpp", "", AE_IFLNK},
                 {"pipe", "", AE_IFIFO}},
                true);
  const Submitted got = read_submission(folder.path / "evil.tar", exercises());
  CHECK(got.files.at("gaussian_kl.cpp") == "up");
  CHECK_FALSE(fs::exists("/tmp/gradus_slip"));
  CHECK_FALSE(fs::exists("/etc/gradus_slip"));
  CHECK(got.notes.size() == 3);
}

TEST_CASE("a changed file name is accepted and noted; a similar name gets a question") {
  const Folder folder("archives");
  for (const char* name : {"gaussian_kl (1).cpp", "Gaussian_KL.CPP", "gaussian_kl.cpp.txt",
                           "gaussian_kl - Copy.cpp", "a/gaussian_kl(2).cpp.txt"}) {
    CAPTURE(name);
    write_archive(folder.path / "a.zip", {{name, "int x;\n"}});
    const Submitted got = read_submission(folder.path / "a.zip", exercises());
    CHECK(got.files.at("gaussian_kl.cpp") == "int x;\n");
    CHECK(got.notes == std::vector<std::string>{std::string("taken: ") + name + " as gaussian_kl.cpp"});
  }
  write_archive(folder.path / "a.zip", {{"my_gaussian_kl.cpp", "int x;\n"}});
  const Submitted other = read_submission(folder.path / "a.zip", exercises());
  CHECK(other.files.empty());
  CHECK(other.notes.at(0) == "ignored: my_gaussian_kl.cpp (is it gaussian_kl.cpp? rename it)");
  CHECK(other.notes.at(1).starts_with("no exercise file was found"));
}

TEST_CASE("a source with a character that changes the text direction is graded and announced") {
  const Folder folder("archives");
  write_text(folder.path / "a/gaussian_kl.cpp", "int x;\nint y; /* \xe2\x80\xae */\n");
  const Submitted got = read_submission(folder.path / "a", exercises());
  CHECK(got.files.count("gaussian_kl.cpp") == 1);
  REQUIRE(got.notes.size() == 1);
  CHECK(got.notes[0].starts_with("gaussian_kl.cpp:2 has a character that changes the text direction"));
}

TEST_CASE("the best-ranked copy is taken; two different copies of equal rank are refused and noted") {
  const Folder folder("archives");
  const auto taken = [&](const std::vector<Entry>& entries) {
    write_archive(folder.path / "a.zip", entries);
    const Submitted got = read_submission(folder.path / "a.zip", exercises());
    const auto found = got.files.find("gaussian_kl.cpp");
    return std::pair(found == got.files.end() ? "" : found->second, got.notes.empty() ? "" : got.notes[0]);
  };
  CHECK(taken({{"backup/gaussian_kl.cpp", "old"}, {"work/gaussian_kl.cpp", "new"}}).first == "new");
  CHECK(taken({{"gaussian_kl (1).cpp", "1"}, {"gaussian_kl.cpp", "0"}}).first == "0");
  CHECK(taken({{"a/gaussian_kl.cpp", "same"}, {"b/gaussian_kl.cpp", "same"}}) ==
        std::pair<std::string, std::string>("same", ""));
  const auto [none, why] = taken({{"a/gaussian_kl.cpp", "1"}, {"b/gaussian_kl.cpp", "2"}});
  CHECK(none == "");
  CHECK(why ==
        "gaussian_kl.cpp occurs twice, with different text, in a/gaussian_kl.cpp and b/gaussian_kl.cpp: not "
        "graded; submit only one of them");
  for (const char* path : {"src/gaussian_kl.cpp", "build/gaussian_kl.cpp", ".mine/gaussian_kl.cpp"}) {
    CAPTURE(path);
    CHECK(taken({{path, "only"}}).first == "only");
    CHECK(taken({{path, "aside"}, {"gaussian_kl.cpp", "mine"}}).first == "mine");
  }
  CHECK(taken({{"gradus/src/generative/gaussian_kl.cpp", "the library's own"}}).first == "");
  CHECK(taken({{"__MACOSX/._gaussian_kl.cpp", "x"}, {"gaussian_kl.cpp", "mine"}}) ==
        std::pair<std::string, std::string>("mine", ""));
}

TEST_CASE("a learning platform's folder with a zip, and a packed project with its build files") {
  const Folder folder("archives");
  write_text(folder.path / "class/ada_12/onlinetext.html", "<p>");
  write_archive(folder.path / "class/ada_12/My Solution.ZIP", {{"gaussian_kl.cpp", "int x;\n"}});
  const Submitted got = read_submission(folder.path / "class/ada_12", exercises());
  CHECK(got.files.at("gaussian_kl.cpp") == "int x;\n");
  CHECK(got.notes.at(0) == "taken: My Solution.ZIP (unpacked)");
  std::vector<Entry> project = {{"gradus/exercises/04_x/gaussian_kl.cpp", "int x;\n"}};
  for (int i = 0; i < 2500; ++i)
    project.push_back({"gradus/build/o" + std::to_string(i), std::string(4000, 'x')});
  write_archive(folder.path / "project.zip", project);
  const Submitted whole = read_submission(folder.path / "project.zip", exercises());
  CHECK(whole.files.at("gaussian_kl.cpp") == "int x;\n");
  CHECK(whole.notes.at(0).find("9 MiB of it are in gradus/build: remove that folder") != std::string::npos);
}

TEST_CASE("an empty zip has no files; an empty file is reported") {
  const Folder folder("archives");
  write_archive(folder.path / "a.zip", {});
  CHECK(read_submission(folder.path / "a.zip", exercises())
            .notes.at(0)
            .starts_with("no exercise file was found"));
  write_text(folder.path / "b.zip", "");
  CHECK_THROWS_WITH_AS(read_submission(folder.path / "b.zip", exercises()),
                       doctest::Contains("an empty file"), Error);
}

TEST_CASE("zips with the UTF-8 flag are read in any locale; inconsistent zips are refused") {
  const Folder folder("archives");
  const fs::path file = folder.path / "a.zip";
  const std::string folder_name =
                        "\xc3\x9c"
                        "bung",
                    name = folder_name + "/gaussian_kl.cpp";
  write_archive(file, {{name, "int x;\n"}});
  const std::string sound = read_text(file);
  const auto changed = [&](const std::function<void(std::string&)>& change) {
    std::string bytes = sound;
    change(bytes);
    std::ofstream(file, std::ios::binary) << bytes;
    return read_submission(file, exercises()).files;
  };
  const auto local = sound.find("PK\003\004"), table = sound.find("PK\001\002");
  CHECK(changed([&](std::string& bytes) {
          bytes[local + 7] |= 8, bytes[table + 9] |= 8;
        }).count("gaussian_kl.cpp") == 1);
  CHECK(changed([&](std::string& bytes) {
          bytes[local + 7] &= ~8, bytes[table + 9] &= ~8;
        }).count("gaussian_kl.cpp") == 1);
  CHECK_THROWS_WITH_AS(changed([&](std::string& bytes) { bytes[local + 30 + 3] = 'B'; }),
                       doctest::Contains("contradicts itself"), Error);
  CHECK_THROWS_WITH_AS(changed([&](std::string& bytes) { bytes[local + 30] = bytes[table + 46] = '\0'; }),
                       doctest::Contains("a NUL"), Error);
}

TEST_CASE("bombs, too many entries and inconsistent archives are refused") {
  const Folder folder("archives");
  write_archive(folder.path / "bomb.zip", {{"gaussian_kl.cpp", std::string(50 << 20, ' ')}});
  CHECK(fs::file_size(folder.path / "bomb.zip") < 100'000);
  CHECK_THROWS_AS(read_submission(folder.path / "bomb.zip", exercises()), Error);
  std::vector<Entry> crowd;
  for (int i = 0; i < 70'000; ++i) crowd.push_back({std::to_string(i), ""});
  write_archive(folder.path / "crowd.zip", crowd);
  CHECK_THROWS_AS(read_submission(folder.path / "crowd.zip", exercises()), Error);
  write_text(folder.path / "none.zip", "not an archive");
  CHECK_THROWS_AS(read_submission(folder.path / "none.zip", exercises()), Error);
  CHECK_THROWS_AS(read_submission(folder.path / "missing.zip", exercises()), Error);
}

TEST_CASE("3000 damaged zips give an Error or small files") {
  const Folder folder("archives");
  write_archive(folder.path / "a.zip", {{"x/gaussian_kl.cpp", std::string(3000, 'a')}, {"b", "c"}});
  const std::string sound = read_text(folder.path / "a.zip");
  Rng rng(5);
  int read = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string bytes = sound;
    for (std::uint64_t changes = 1 + rng.below(5); changes > 0; --changes)
      bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    if (rng.bernoulli(Real(0.2))) bytes.resize(1 + rng.below(bytes.size()));
    std::ofstream(folder.path / "b.zip", std::ios::binary) << bytes;
    try {
      const Submitted got = read_submission(folder.path / "b.zip", exercises());
      for (const auto& [name, text] : got.files) REQUIRE(text.size() <= (256 << 10));
      ++read;
    } catch (const Error&) {
    }
  }
  CHECK(read < 3000);
}

TEST_CASE("a tar of '.' and names with umlauts are read; malicious names are harmless in notes") {
  const Folder folder("archives");
  write_archive(folder.path / "a.tar", {{"./exercises/./gaussian_kl.cpp", "int x;\n"}, {"./.git/x", ""}},
                true);
  const Submitted dot = read_submission(folder.path / "a.tar", exercises());
  CHECK(dot.files.count("gaussian_kl.cpp") == 1);
  CHECK(dot.notes.empty());
  write_archive(folder.path / "u.tar",
                {{"\xc3\x9c"
                  "bung/gaussian_kl.cpp",
                  "int x;\n"},
                 {"\033[2J" + std::string(900, 'x') + "\n::error::x", ""}},
                true);
  const Submitted umlaut = read_submission(folder.path / "u.tar", exercises());
  CHECK(umlaut.files.count("gaussian_kl.cpp") == 1);
  REQUIRE(umlaut.notes.size() == 1);
  CHECK(umlaut.notes[0].size() < 1300);
  CHECK(umlaut.notes[0].find_first_of("\033\n") == std::string::npos);
}

TEST_CASE("bombs in skipped files and nested compression are refused") {
  const Folder folder("archives");
  const std::string zeros(std::size_t{70} << 20, '\0');
  for (const int layers : {1, 2}) {
    const fs::path file = folder.path / "bomb.tgz";
    {
      const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
      archive_write_set_format_pax_restricted(out.get());
      for (int i = 0; i < layers; ++i) archive_write_add_filter_gzip(out.get());
      REQUIRE(archive_write_open_filename(out.get(), file.c_str()) == ARCHIVE_OK);
      const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                           archive_entry_free);
      archive_entry_set_pathname(entry.get(), "data.bin");
      archive_entry_set_filetype(entry.get(), AE_IFREG);
      const std::size_t size = layers == 1 ? zeros.size() : 10;
      archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
      archive_write_header(out.get(), entry.get());
      archive_write_data(out.get(), zeros.data(), size);
      archive_write_close(out.get());
    }
    CHECK_THROWS_AS(read_submission(file, exercises()), Error);
  }
}

TEST_CASE("zips with memory-hungry compression, pipes and oversized files are refused") {
  const Folder folder("archives");
  const fs::path file = folder.path / "a.zip";
  write_archive(file, {{"gaussian_kl.cpp", std::string(3000, 'a')}});
  std::string bytes = read_text(file);
  for (const char* mark : {"PK\003\004", "PK\001\002"}) {
    const auto at = bytes.find(mark);
    REQUIRE(at != std::string::npos);
    bytes[at + (mark[2] == '\003' ? 8 : 10)] = 14;  // LZMA
  }
  std::ofstream(file, std::ios::binary) << bytes;
  CHECK_THROWS_AS(read_submission(file, exercises()), Error);
  REQUIRE(mkfifo((folder.path / "pipe.zip").c_str(), 0600) == 0);
  CHECK_THROWS_AS(read_submission(folder.path / "pipe.zip", exercises()), Error);
  write_text(folder.path / "gaussian_kl.cpp", std::string(300 << 10, ' '));
  CHECK_THROWS_AS(read_submission(folder.path / "gaussian_kl.cpp", exercises()), Error);
}

TEST_CASE("the same files give the same zip") {
  const Folder folder("archives");
  const std::vector<Packed> files = {{"a.cpp", "int a;\n"}, {"b.sh", "echo\n", true}};
  setenv("TZ", "UTC-9", 1);  // as in Tokyo
  write_zip(folder.path / "1.zip", files);
  CHECK(std::string(std::getenv("TZ")) == "UTC-9");
  unsetenv("TZ");
  write_zip(folder.path / "2.zip", files);
  CHECK(std::getenv("TZ") == nullptr);
  CHECK(read_text(folder.path / "1.zip") == read_text(folder.path / "2.zip"));
}

TEST_CASE("original files are reported only if no other file has their name") {
  const Folder folder("archives");
  const std::vector<Entry> original = {{"exercises/.original/gaussian_kl.cpp", "int o;\n"}};
  write_archive(folder.path / "alone.zip", original);
  const Submitted alone = read_submission(folder.path / "alone.zip", exercises());
  CHECK(alone.files.empty());
  CHECK(alone.notes[0] == "ignored: exercises/.original/gaussian_kl.cpp (expected in exercises/, or alone)");
  write_archive(folder.path / "both.zip", {original[0], {"exercises/04/gaussian_kl.cpp", "int x;\n"}});
  const Submitted both = read_submission(folder.path / "both.zip", exercises());
  CHECK(both.files.at("gaussian_kl.cpp") == "int x;\n");
  CHECK(both.notes.empty());
}
