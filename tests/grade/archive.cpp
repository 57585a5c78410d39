#include "archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "compiler.hpp"
#include "gradus/base/check.hpp"
#include "report.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_entries = 2000, most_file = 256 << 10, most_total = 4 << 20,
                      most_passed_over = 64 << 20;

/// Collects graded files and remarks, with the caps of all kinds of submission.
class Collector {
 public:
  explicit Collector(const std::vector<Exercise>& exercises) {
    for (const Exercise& exercise : exercises)
      for (const GradedFile& file : exercise.files) names_.insert(file.name);
  }
  bool wants(const std::string& name) const { return names_.count(name) > 0; }
  void count() { GRADUS_CHECK(++entries_ <= most_entries, "more than ", most_entries, " entries"); }
  void note(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (out.notes.size() < 20) out.notes.push_back(visible(text));
  }
  void add(const std::string& name, std::string text) {
    total_ += text.size();
    GRADUS_CHECK(total_ <= most_total, "more than ", most_total >> 20, " MiB of files");
    const auto [place, fresh] = out.files.emplace(name, text);
    GRADUS_CHECK(fresh || place->second == text, name, " is there twice, with different text");
  }
  /// A file that lies where originals and kept texts do: worth a word only when its name came from nowhere
  /// else.
  void set_aside(const std::string& name, const std::string& path) { aside_.emplace(name, path); }
  Submitted take() {
    for (const auto& [name, path] : aside_)
      if (!out.files.count(name)) note("ignored: " + path + " (expected in exercises/, or alone)");
    std::string all;
    for (const auto& [name, text] : out.files) all += name + '\0' + std::to_string(text.size()) + '\0' + text;
    out.digest = digest(all);
    return std::move(out);
  }
  /// "did you mean" for a file that is nearly a graded one.
  void remark(const std::string& name) {
    for (const std::string& wanted : names_) {
      const std::string stem = wanted.substr(0, wanted.size() - 4);
      if (name != wanted && name.find(stem) != std::string::npos && name.find(".cpp") != std::string::npos) {
        note("ignored: " + name + " (is it " + wanted + "?)");
        return;
      }
    }
    note("ignored: " + name);
  }
  Submitted out;

 private:
  std::set<std::string> names_;
  std::map<std::string, std::string> aside_;
  std::size_t entries_ = 0, total_ = 0;
};

/// Originals, kept texts and the library, which lie beside a student's files in a copy of the project.
bool beside(const std::string& path) {
  std::string from_root = "/" + path;  // tar calls everything "./name"
  for (auto here = from_root.find("/./"); here != std::string::npos; here = from_root.find("/./"))
    from_root.erase(here, 2);
  for (const char* folder : {"/.", "/build/", "/src/", "/__MACOSX/"})
    if (from_root.find(folder) != std::string::npos) return true;
  return false;
}

std::string last_part(const std::string& name) {
  const auto slash = name.find_last_of("/\\");
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

void read_folder(const fs::path& folder, Collector& collector) {
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
       ++entry) {
    collector.count();
    const std::string name = entry->path().filename().string();
    if (entry->is_symlink()) {
      collector.note("ignored: " + name + " (a link)");
      continue;
    }
    if (!entry->is_regular_file()) continue;
    if (const std::string path = fs::relative(entry->path(), folder).string(); beside(path)) {
      if (collector.wants(name)) collector.set_aside(name, path);
      continue;
    }
    if (!collector.wants(name)) {
      collector.remark(name);
      continue;
    }
    GRADUS_CHECK(entry->file_size() <= most_file, name, " is larger than ", most_file >> 10, " KiB");
    collector.add(name, entry->file_size() == 0 ? "" : read_text(entry->path()));
  }
}

/// The name as UTF-8 also where the program's locale has no words for it.
std::string name_of_entry(archive_entry* entry) {
  if (const char* name = archive_entry_pathname_utf8(entry)) return name;
  const char* name = archive_entry_pathname(entry);
  return name ? name : "";
}

void read_archive(const fs::path& file, Collector& collector) {
  const std::unique_ptr<archive, int (*)(archive*)> in(archive_read_new(), archive_read_free);
  archive_read_support_filter_gzip(in.get());
  archive_read_support_format_zip_seekable(in.get());  // by its table of contents: nothing else is unpacked
  archive_read_support_format_tar(in.get());
  const auto why = [&] {
    const char* words = archive_error_string(in.get());
    return std::string(words ? words : "damaged");
  };
  GRADUS_CHECK(archive_read_open_filename(in.get(), file.c_str(), 10240) == ARCHIVE_OK,
               "neither a zip nor a tar: ", why());
  GRADUS_CHECK(archive_filter_count(in.get()) <= 2, "packed more than once");
  std::size_t passed_over = 0;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(in.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    GRADUS_CHECK(status == ARCHIVE_OK || status == ARCHIVE_WARN, why());
    collector.count();
    const std::string full = name_of_entry(entry), name = last_part(full);
    const bool zip = archive_format(in.get()) == ARCHIVE_FORMAT_ZIP;
    if (!zip) {  // a tar is unpacked to its end, whatever of it is taken
      passed_over += static_cast<std::size_t>(std::clamp<la_int64_t>(archive_entry_size(entry), 0, 1 << 30));
      GRADUS_CHECK(passed_over <= most_passed_over &&
                       archive_filter_bytes(in.get(), 0) <= la_int64_t{most_passed_over},
                   "unpacks to more than ", most_passed_over >> 20, " MiB");
    }
    const bool up = full.find("..") != std::string::npos;  // a name, whatever it says: never a path
    if (!up && beside(full)) {
      if (collector.wants(name)) collector.set_aside(name, full);
      continue;
    }
    if (archive_entry_hardlink(entry) || archive_entry_symlink(entry) ||
        archive_entry_filetype(entry) != AE_IFREG) {
      if (archive_entry_filetype(entry) != AE_IFDIR)
        collector.note("ignored: " + name + " (not a plain file)");
      continue;
    }
    if (!collector.wants(name)) {
      collector.remark(name);
      continue;
    }
    // other methods of packing may ask for gigabytes of memory
    const std::string format = archive_format_name(in.get());
    GRADUS_CHECK(!zip || format.ends_with("(deflation)") || format.ends_with("(uncompressed)"), name,
                 ": packed in an unusual way, ", format);
    std::string text;
    char piece[8192];
    for (;;) {
      const la_ssize_t got = archive_read_data(in.get(), piece, sizeof piece);
      GRADUS_CHECK(got >= 0, name, ": ", why());
      if (got == 0) break;
      text.append(piece, static_cast<std::size_t>(got));
      GRADUS_CHECK(text.size() <= most_file, name, " is larger than ", most_file >> 10, " KiB");
    }
    collector.add(name, std::move(text));
  }
}

}  // namespace

Submitted read_submission(const fs::path& path, const std::vector<Exercise>& exercises) {
  Collector collector(exercises);
  try {
    GRADUS_CHECK(fs::exists(path), "not there");
    if (fs::is_directory(path)) {
      read_folder(path, collector);
    } else if (collector.wants(path.filename().string())) {
      GRADUS_CHECK(fs::file_size(path) <= most_file, "larger than ", most_file >> 10, " KiB");
      collector.add(path.filename().string(), fs::file_size(path) == 0 ? "" : read_text(path));
    } else {
      GRADUS_CHECK(fs::is_regular_file(path), "no plain file");
      GRADUS_CHECK(fs::file_size(path) <= most_total, "larger than ", most_total >> 20, " MiB");
      read_archive(path, collector);
    }
  } catch (const std::exception& error) {
    throw Error(path.string() + ": " + visible(error.what()));
  }
  return collector.take();
}

namespace {
/// A zip's dates are clock times of nowhere: those of UTC, then, or another time zone would give other bytes.
struct UtcClock {
  UtcClock() {
    if (const char* zone = std::getenv("TZ")) before = zone;
    setenv("TZ", "UTC", 1), tzset();
  }
  ~UtcClock() { (before ? setenv("TZ", before->c_str(), 1) : unsetenv("TZ")), tzset(); }
  UtcClock(const UtcClock&) = delete;
  std::optional<std::string> before;
};
}  // namespace

void write_zip(const fs::path& file, const std::vector<Packed>& entries, std::time_t time) {
  const fs::path part = file.string() + ".part";
  const UtcClock clock;
  {
    const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
    archive_write_set_format_zip(out.get());
    const auto check = [&](int status) {
      GRADUS_CHECK(status == ARCHIVE_OK, file.string(), ": ", archive_error_string(out.get()));
    };
    check(archive_write_open_filename(out.get(), part.c_str()));
    for (const Packed& packed : entries) {
      const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                           archive_entry_free);
      archive_entry_set_pathname(entry.get(), packed.name.c_str());
      archive_entry_set_filetype(entry.get(), AE_IFREG);
      archive_entry_set_perm(entry.get(), packed.executable ? 0755 : 0644);
      archive_entry_set_size(entry.get(), static_cast<la_int64_t>(packed.text.size()));
      archive_entry_set_mtime(entry.get(), time, 0);
      check(archive_write_header(out.get(), entry.get()));
      const la_ssize_t put = archive_write_data(out.get(), packed.text.data(), packed.text.size());
      GRADUS_CHECK(put == static_cast<la_ssize_t>(packed.text.size()), file.string(), ": not written whole");
    }
    check(archive_write_close(out.get()));
  }
  fs::rename(part, file);
}

}  // namespace gradus::grade
