#include "archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <locale.h>
#include <unistd.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <regex>

#include "compiler.hpp"
#include "gradus/base/check.hpp"
#include "report.hpp"
#include "state.hpp"
#include "zip_directory.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_entries = 100'000, most_file = 256 << 10, most_total = 4 << 20,
                      most_archive = 256 << 20, most_passed_over = std::size_t{1} << 30, bomb = 64 << 20,
                      most_ratio = 50;

/// How certain it is that a file is the one to grade; the best rank present is used.
enum class Rank {
  named,   ///< its own name
  copied,  ///< its own name, in a folder of copies
  nearly,  ///< a variant of its name made by a browser, an editor or a system
  aside    ///< in a folder for other files of the project: used only if there is no other copy
};

std::string lower(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

/// "gaussian_kl.cpp" for "Gaussian_KL (1).cpp.txt": undoes changes made by browsers, mail and Windows.
std::string plain_name(const std::string& name) {
  static const std::regex made("( *\\([0-9]+\\)| - (copy|kopie)( *\\([0-9]+\\))?|\\.txt)+");
  std::string plain = lower(name);
  if (plain.size() > 200) return plain;
  const auto dot = plain.find(".cpp");
  if (dot == std::string::npos) return plain;
  const std::string stem = std::regex_replace(
      plain.substr(0, dot), std::regex("( *\\([0-9]+\\)| - (copy|kopie)( *\\([0-9]+\\))?)$"), "");
  const std::string rest = plain.substr(dot + 4);
  return rest.empty() || std::regex_match(rest, made) ? stem + ".cpp" : plain;
}

std::string last_part(const std::string& name) {
  const auto slash = name.find_last_of("/\\");
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

/// "/a/b.cpp" for "./a/./b.cpp": tar names every entry "./name".
std::string from_root(const std::string& path) {
  std::string whole = "/" + path;
  std::replace(whole.begin(), whole.end(), '\\', '/');
  for (auto here = whole.find("/./"); here != std::string::npos; here = whole.find("/./"))
    whole.erase(here, 2);
  return whole;
}

bool has_folder(const std::string& path, std::initializer_list<const char*> folders) {
  const std::string whole = from_root(path);
  return std::any_of(folders.begin(), folders.end(),
                     [&](const char* folder) { return whole.find(folder) != std::string::npos; });
}
/// Files written by operating systems, not by students.
bool is_litter(const std::string& path) {
  const std::string name = last_part(path);
  return has_folder(path, {"/__MACOSX/", "/.git/"}) || name.starts_with("._") || name == ".DS_Store" ||
         lower(name) == "thumbs.db" || lower(name) == "desktop.ini";
}
/// Unmodified files and saved texts in a copy of the project, which are never the submission.
bool is_original(const std::string& path) { return has_folder(path, {"/.original/", "/grade/saved/"}); }
/// Folders where a copy of the project keeps its library and build files.
bool beside(const std::string& path) { return has_folder(path, {"/.", "/build/", "/src/"}); }
/// A folder of older copies: "backup", "old", "Kopie von ...".
bool among_copies(const std::string& path) {
  const std::string whole = from_root(path);
  static const std::regex copies(
      "(^|[^a-z])(backup|bak|old|alt|copy|kopie|archive?|previous|versions?|trash)([^a-z]|$)");
  return whole.size() < 500 && std::regex_search(lower(whole.substr(0, whole.rfind('/') + 1)), copies);
}

/// Collects graded files and notes, with the limits common to all kinds of submission.
class Collector {
 public:
  explicit Collector(const std::vector<Exercise>& exercises) {
    for (const Exercise& exercise : exercises)
      for (const GradedFile& file : exercise.files) names_.emplace(file.name, file.source);
  }

  /// Handles one entry of any kind. Calls `text` only when the entry may be used.
  void see(const std::string& path, std::size_t bytes, const std::function<std::string()>& text) {
    const auto slash = path.find('/', path.starts_with("./") ? 2 : 0);
    if (slash != std::string::npos) bytes_in_[path.substr(0, path.find('/', slash + 1))] += bytes;
    if (is_litter(path)) return;
    const std::string name = last_part(path), plain = plain_name(name);
    const auto wanted = names_.find(plain);
    if (wanted == names_.end()) return remark(path);
    const bool library = from_root(path).ends_with("/" + wanted->second);
    if (is_original(path) || library) {
      set_aside_.emplace(plain, path);
      return;
    }
    const Rank rank = path.find("..") == std::string::npos && beside(path) ? Rank::aside
                      : name != plain                                      ? Rank::nearly
                      : among_copies(path)                                 ? Rank::copied
                                                                           : Rank::named;
    std::string content = text();
    GRADUS_CHECK(content.size() <= most_file, name, " is larger than ", most_file >> 10, " KiB");
    total_ += content.size();
    GRADUS_CHECK(total_ <= most_total, "more than ", most_total >> 20, " MiB of exercise files");
    found_[plain].push_back({rank, path, std::move(content)});
  }
  void count() {
    GRADUS_CHECK(++entries_ <= most_entries, "more than ", most_entries, " entries", largest());
  }
  void note(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (out_.notes.size() < 20) out_.notes.push_back(visible(text));
  }
  /// "; 143 MiB of it are in project/build: remove that folder", when one folder is at least 1 MiB.
  std::string largest() const {
    const auto most = std::max_element(bytes_in_.begin(), bytes_in_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == bytes_in_.end() || most->second < (1 << 20)) return "";
    return text("; ", most->second >> 20, " MiB of it are in ", most->first, ": remove that folder");
  }

  Submitted take() {
    const bool only_aside = std::all_of(found_.begin(), found_.end(), [](const auto& one) {
      return std::all_of(one.second.begin(), one.second.end(),
                         [](const Candidate& candidate) { return candidate.rank == Rank::aside; });
    });
    for (const auto& [name, candidates] : found_) choose(name, candidates, only_aside);
    for (const auto& [name, path] : set_aside_)
      if (!out_.files.count(name)) note("ignored: " + path + " (expected in exercises/, or alone)");
    if (others_)
      note(text("passed over: ", other_,
                others_ > 1 ? text(" and ", others_ - 1, " more files that are not exercise files")
                            : std::string(" (not an exercise file)"),
                largest()));
    if (out_.files.empty())
      note(
          "no exercise file was found: submit the zip made by make submit, or files with their original "
          "names");
    std::string all;
    for (const auto& [name, text] : out_.files)
      all += name + '\0' + std::to_string(text.size()) + '\0' + text;
    out_.digest = digest(all);
    return std::move(out_);
  }

 private:
  struct Candidate {
    Rank rank;
    std::string path, text;
  };

  /// Selects the best-ranked candidate for one name; none when candidates of that rank disagree.
  void choose(const std::string& name, const std::vector<Candidate>& candidates, bool only_aside) {
    const auto first = std::min_element(candidates.begin(), candidates.end(),
                                        [](const auto& a, const auto& b) { return a.rank < b.rank; });
    if (first->rank == Rank::aside && !only_aside) {
      note("ignored: " + first->path + " (expected in exercises/, or alone)");
      return;
    }
    for (const Candidate& other : candidates)
      if (other.rank == first->rank && other.text != first->text) {
        note(name + " occurs twice, with different text, in " + first->path + " and " + other.path +
             ": not graded; submit only one of them");
        return;
      }
    out_.files.emplace(name, first->text);
    if (const int line = line_that_turns(first->text))
      note(text(name, ":", line,
                " has a character that changes the text direction: the text shown differs from the text "
                "compiled; remove it"));
    if (first->rank != Rank::named) note("taken: " + first->path + " as " + name);
    for (const Candidate& other : candidates)
      if (other.rank != Rank::aside && other.text != first->text)
        note("ignored: " + other.path + " (" + first->path + " was taken)");
  }

  /// Suggests the right name for a file that resembles a graded one; counts all others.
  void remark(const std::string& path) {
    const std::string name = last_part(path);
    for (const auto& [wanted, source] : names_)
      if (name.find(wanted.substr(0, wanted.size() - 4)) != std::string::npos &&
          lower(name).find(".cpp") != std::string::npos && !beside(path)) {
        note("ignored: " + name + " (is it " + wanted + "? rename it)");
        return;
      }
    if (others_++ == 0) other_ = name;
  }

  Submitted out_;
  std::map<std::string, std::string> names_;  // of graded files -> source in the library
  std::map<std::string, std::vector<Candidate>> found_;
  std::map<std::string, std::string> set_aside_;
  std::map<std::string, std::size_t> bytes_in_;
  std::string other_;
  std::size_t others_ = 0, entries_ = 0, total_ = 0;
};

/// Switches to UTF-8: names in an archive are UTF-8 regardless of this machine's locale.
class Utf8 {
 public:
  Utf8() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (!locale_) locale_ = newlocale(LC_CTYPE_MASK, "en_US.UTF-8", nullptr);
    if (locale_) before_ = uselocale(locale_);
  }
  ~Utf8() {
    if (!locale_) return;
    uselocale(before_);
    freelocale(locale_);
  }
  Utf8(const Utf8&) = delete;
  Utf8& operator=(const Utf8&) = delete;

 private:
  locale_t locale_, before_{};
};

std::string name_of_entry(archive_entry* entry) {
  if (const char* name = archive_entry_pathname_utf8(entry)) return name;
  const char* name = archive_entry_pathname(entry);  // unknown encoding: the raw bytes
  return name ? name : "";
}

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

std::string why(const Reader& in) {
  const char* words = archive_error_string(in.get());
  return words ? words : "damaged";
}

std::string text_of_entry(const Reader& in, const std::string& name) {
  // Other compression methods may request gigabytes of memory.
  const std::string format = archive_format_name(in.get());
  GRADUS_CHECK(archive_format(in.get()) != ARCHIVE_FORMAT_ZIP || format.ends_with("(deflation)") ||
                   format.ends_with("(uncompressed)"),
               name, ": unsupported compression method, ", format);
  std::string text;
  char piece[8192];
  for (;;) {
    const la_ssize_t got = archive_read_data(in.get(), piece, sizeof piece);
    GRADUS_CHECK(got >= 0, name, ": ", why(in));
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
    GRADUS_CHECK(text.size() <= most_file, name, " is larger than ", most_file >> 10, " KiB");
  }
}

void read_archive(const fs::path& file, Collector& collector) {
  const Utf8 utf8;
  const std::size_t packed = fs::file_size(file);
  GRADUS_CHECK(packed > 0, "an empty file");
  GRADUS_CHECK(packed <= most_archive, "larger than ", most_archive >> 20, " MiB");
  if (check_zip(file) == 0) return;
  const Reader in(archive_read_new(), archive_read_free);
  archive_read_support_filter_gzip(in.get());
  archive_read_support_format_zip_seekable(in.get());  // by the central directory
  archive_read_support_format_tar(in.get());
  GRADUS_CHECK(archive_read_open_filename(in.get(), file.c_str(), 10240) == ARCHIVE_OK,
               "neither a zip nor a tar: ", why(in), "; submit the zip made by make submit");
  GRADUS_CHECK(archive_filter_count(in.get()) <= 2, "compressed more than once");
  std::size_t passed_over = 0;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(in.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    GRADUS_CHECK(status == ARCHIVE_OK || status == ARCHIVE_WARN, why(in));
    collector.count();
    const std::string path = name_of_entry(entry);
    const auto bytes =
        static_cast<std::size_t>(std::clamp<la_int64_t>(archive_entry_size(entry), 0, 1 << 30));
    if (archive_format(in.get()) != ARCHIVE_FORMAT_ZIP) {  // a tar is always unpacked to its end
      passed_over += bytes;
      const auto unpacked = std::max(
          passed_over, static_cast<std::size_t>(std::max<la_int64_t>(archive_filter_bytes(in.get(), 0), 0)));
      GRADUS_CHECK(unpacked <= most_passed_over && (unpacked <= bomb || unpacked / most_ratio <= packed),
                   "unpacks to more than ", (unpacked <= most_passed_over ? bomb : most_passed_over) >> 20,
                   " MiB", collector.largest());
    }
    const bool plain = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
                       !archive_entry_symlink(entry);
    if (plain)
      collector.see(path, bytes, [&] { return text_of_entry(in, last_part(path)); });
    else if (archive_entry_filetype(entry) != AE_IFDIR && !beside(path))
      collector.note("ignored: " + last_part(path) + " (not a regular file: submit the file itself)");
  }
}

/// Whether the name is that of a zip or tar.
bool is_archive(const std::string& name) {
  for (const char* ending : {".zip", ".tar", ".tgz", ".tar.gz"})
    if (lower(name).ends_with(ending)) return true;
  return false;
}

/// Throws GraderFault when this machine may not read the file: that is not the student's fault.
void check_readable(const fs::path& file) {
  if (access(file.c_str(), R_OK) != 0)
    throw GraderFault(file.string() + ": cannot be read: " + std::strerror(errno));
}

void read_folder(const fs::path& folder, Collector& collector) {
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
       ++entry) {
    collector.count();
    const std::string path = fs::relative(entry->path(), folder).string(), name = last_part(path);
    if (entry->is_symlink()) {
      collector.note("ignored: " + name + " (a link: submit the file itself)");
    } else if (entry->is_regular_file() && is_archive(name) && !is_litter(path) && !beside(path)) {
      // A learning platform's folder.
      check_readable(entry->path());
      collector.note("taken: " + path + " (unpacked)");
      try {
        read_archive(entry->path(), collector);
      } catch (const Error& error) {
        throw Error(path + ": " + error.what());
      }
    } else if (entry->is_regular_file()) {
      collector.see(path, entry->file_size(), [&] {
        GRADUS_CHECK(entry->file_size() <= most_file, name, " is larger than ", most_file >> 10, " KiB");
        check_readable(entry->path());
        return entry->file_size() == 0 ? "" : read_text(entry->path());
      });
    }
  }
}

}  // namespace

Submitted read_submission(const fs::path& path, const std::vector<Exercise>& exercises) {
  Collector collector(exercises);
  try {
    GRADUS_CHECK(fs::exists(path), "does not exist");
    check_readable(path);
    if (fs::is_directory(path)) {
      read_folder(path, collector);
    } else {
      GRADUS_CHECK(fs::is_regular_file(path), "not a regular file");
      const std::string name = path.filename().string();
      if (lower(name).find(".cpp") != std::string::npos && !is_archive(name))
        collector.see(name, fs::file_size(path), [&] {
          GRADUS_CHECK(fs::file_size(path) <= most_file, "larger than ", most_file >> 10, " KiB");
          return fs::file_size(path) == 0 ? "" : read_text(path);
        });
      else
        read_archive(path, collector);
    }
  } catch (const GraderFault&) {
    throw;
  } catch (const fs::filesystem_error& error) {
    throw GraderFault(error.what());
  } catch (const std::exception& error) {
    throw Error(path.string() + ": " + visible(error.what()));
  }
  return collector.take();
}

namespace {
/// The dates in a zip have no time zone. Using UTC gives the same bytes in every time zone.
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
      GRADUS_CHECK(put == static_cast<la_ssize_t>(packed.text.size()), file.string(),
                   ": not written completely");
    }
    check(archive_write_close(out.get()));
  }
  fs::rename(part, file);
}

}  // namespace gradus::grade
