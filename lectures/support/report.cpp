#include "support/report.hpp"

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

namespace gradus::lecture {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;  // keeps the order of the figures

Json entry_of(const Report& report) {
  Json figures = Json::object(), pictures = Json::array(), captions = Json::object();
  for (const auto& [name, value] : report.figures) figures[name] = value;
  for (const auto& [file, caption] : report.pictures) {
    pictures.push_back(file);
    if (!caption.empty()) captions[file] = caption;
  }
  Json entry;
  entry["title"] = report.title;
  entry["slide"] = report.slide;
  entry["look"] = report.look;
  entry["preset"] = report.preset;
  entry["seed"] = report.seed;
  entry["dataset"] = report.dataset;
  entry["threads"] = report.threads;
  entry["seconds"] = report.seconds;
  entry["headline"] = report.headline;
  entry["figures"] = figures;
  entry["pictures"] = pictures;
  entry["captions"] = captions;
  for (const auto& [picture, list] : report.sounds)
    for (const SoundFile& sound : list)
      entry["sounds"][picture].push_back({{"file", sound.file}, {"name", sound.name}});
  return entry;
}

/// The file's content, or an empty object when it is missing or not a JSON object.
Json read_summary(const fs::path& path) {
  std::error_code code;
  if (!fs::exists(path, code)) return Json::object();
  Json summary;
  {
    std::ifstream file(path, std::ios::binary);
    summary = Json::parse(file, nullptr, false);
  }
  if (summary.is_object()) return summary;
  const fs::path bad = path.string() + ".bad";
  fs::rename(path, bad, code);
  GRADUS_CHECK(!code, path.string(), ": no JSON object, and cannot be renamed: ", code.message());
  std::cerr << path.string() << " is not a JSON object; kept as " << bad.string()
            << "; a new file is started\n";
  return Json::object();
}

/// Applies `change` to the folder's summary.json under the lock; makes the folder.
template <class Change>
void change_summary(const fs::path& out, Change change) {
  make_folder(out);
  const FileLock lock(out / ".summary.lock");  // one program at a time merges
  Json summary = read_summary(out / "summary.json");
  change(summary);
  const std::string words = summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  write_file(out / "summary.json", std::as_bytes(std::span(words)));
}

}  // namespace

void merge_report(const fs::path& out, const std::string& program, const Report& report) {
  change_summary(out, [&](Json& summary) { summary[program] = entry_of(report); });
}

void forget_report(const fs::path& out, const std::string& program) {
  change_summary(out, [&](Json& summary) { summary.erase(program); });
}

}  // namespace gradus::lecture
