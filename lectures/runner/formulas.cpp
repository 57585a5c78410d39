#include "runner/formulas.hpp"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "embedded/formulas_js.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "runner/page.hpp"
#include "runner/process.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

using page::Json;

/// The program's path from $PATH; empty when it is not installed.
fs::path installed(const std::string& program) {
  const char* folders = std::getenv("PATH");
  std::istringstream list(folders == nullptr ? "" : folders);
  list.imbue(std::locale::classic());
  for (std::string folder; std::getline(list, folder, ':');)
    if (fs::path path = fs::path(folder) / program; access(path.c_str(), X_OK) == 0) return path;
  return {};
}

void write_json(const fs::path& path, const Json& json) {
  const std::string words = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  write_file(path, std::as_bytes(std::span(words)));
}

/// One string, or null, per formula; an empty list when Node.js or KaTeX is missing.
Json converted(const Json& formulas, const fs::path& folder) {
  const fs::path node = installed("node"), input = folder / ".formulas_in.json",
                 output = folder / ".formulas_out.json";
  if (node.empty() || signal_received() != 0) return Json::array();
  write_json(input, formulas);
  const int status = run_logged(node, output, {"-e", std::string(embedded::formulas_js), input.string()},
                                [](double, const std::string&) {});
  Json result = Json::parse(page::slurp(output), nullptr, false);
  fs::remove(input);
  fs::remove(output);
  const bool good = status == 0 && result.is_array() && result.size() == formulas.size();
  return good ? result : Json::array();
}

}  // namespace

std::vector<std::string> as_mathml(const std::vector<Formula>& formulas, const fs::path& folder) {
  const std::string version = std::to_string(std::hash<std::string_view>{}(embedded::formulas_js));
  const auto key = [](const Formula& formula) { return (formula.display ? "$$" : "$") + formula.tex; };
  Json known = Json::parse(page::slurp(folder / ".formulas.json"), nullptr, false), wanted = Json::array();
  if (!known.is_object() || known.value("version", "") != version) known = Json{{"version", version}};
  for (const Formula& formula : formulas)
    if (!known.contains(key(formula))) wanted.push_back(Json::array({formula.tex, formula.display}));
  if (!wanted.empty()) {
    const Json result = converted(wanted, folder);
    for (std::size_t i = 0; i < result.size(); ++i)
      if (result[i].is_string()) known[key({wanted[i][0], wanted[i][1]})] = result[i];
    if (!result.empty()) write_json(folder / ".formulas.json", known);
  }
  std::vector<std::string> mathml;
  for (const Formula& formula : formulas) mathml.push_back(known.value(key(formula), ""));
  return mathml;
}

}  // namespace gradus::lecture
