#include "gradus/io/checkpoint.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view counter_prefix = "counter.";

/// The first few names of a list, for a message.
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 6); ++i) out += (i ? ", " : "") + names[i];
  return names.size() > 6 ? text(out, " and ", names.size() - 6, " more") : out;
}

/// Throws Error unless the file and the state have the same names.
void check_names(const std::set<std::string>& in_file, const std::set<std::string>& wanted, const char* kind,
                 const std::string& file) {
  std::vector<std::string> missing, unexpected;
  std::set_difference(wanted.begin(), wanted.end(), in_file.begin(), in_file.end(),
                      std::back_inserter(missing));
  std::set_difference(in_file.begin(), in_file.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(unexpected));
  GRADUS_CHECK(missing.empty() && unexpected.empty(), file,
               ": the names differ: ", missing.empty() ? "" : text("missing ", kind, " ", listed(missing)),
               !missing.empty() && !unexpected.empty() ? "; " : "",
               unexpected.empty() ? "" : text("unexpected ", kind, " ", listed(unexpected)));
}

std::uint64_t counter_value(const TensorFile& file, const std::string& name) {
  const std::string& words = file.notes.at(std::string(counter_prefix) + name);
  std::uint64_t value = 0;
  GRADUS_CHECK(parse_whole(words, value), file.name, ": counter ", name, ": \"", words,
               "\" is not a whole number below 2^64");
  return value;
}

}  // namespace

void save_checkpoint(const fs::path& path, const State& given, const Notes& notes) {
  const State state = given.refreshed();
  Notes all = notes;
  all.emplace("format", "gradus");
  for (const auto& [name, counter] : state.counters) {
    const bool fresh = all.emplace(std::string(counter_prefix) + name, std::to_string(*counter)).second;
    GRADUS_CHECK(fresh, path.string(), ": counter \"", name, "\": the name is taken");
  }
  if (path.has_parent_path()) make_folder(path.parent_path());
  write_safetensors(path, state.tensors, all);
}

void load_checkpoint(const fs::path& path, const State& state) {
  load_checkpoint(read_safetensors(path), state);
}

void load_checkpoint(const TensorFile& file, const State& given) {
  const State state = given.refreshed();
  std::map<std::string, const Tensor*> found;
  std::set<std::string> tensors, wanted_tensors, counters, wanted_counters;
  for (const auto& [name, tensor] : file.tensors) {
    found[name] = &tensor;
    tensors.insert(name);
  }
  for (const auto& [name, words] : file.notes)
    if (name.starts_with(counter_prefix)) counters.insert(name.substr(counter_prefix.size()));
  for (const auto& [name, tensor] : state.tensors) wanted_tensors.insert(name);
  for (const auto& [name, why] : file.refused) throw Error(text(file.name, ": tensor \"", name, "\": ", why));
  for (const auto& [name, type] : file.converted)
    throw Error(text(file.name, ": tensor \"", name, "\": dtype ", type, ", a checkpoint of this build has ",
                     sizeof(Real) == 4 ? "F32" : "F64"));
  for (const auto& [name, counter] : state.counters) wanted_counters.insert(name);
  check_names(tensors, wanted_tensors, "tensors", file.name);
  check_names(counters, wanted_counters, "counters", file.name);
  std::vector<std::uint64_t> values;
  for (const auto& [name, counter] : state.counters) values.push_back(counter_value(file, name));
  for (const auto& [name, tensor] : state.tensors)
    GRADUS_CHECK(found[name]->shape() == tensor.shape(), file.name, ": tensor \"", name, "\" is ",
                 found[name]->shape(), " in the file, expected ", tensor.shape());

  // The code below cannot fail.
  for (const auto& [name, tensor] : state.tensors) Tensor(tensor).copy_from(*found[name]);
  for (std::size_t i = 0; i < values.size(); ++i) *state.counters[i].second = values[i];
}

LoadReport load_tensors(const TensorFile& file, const State& given, const std::string& prefix) {
  const State state = given.refreshed();
  std::map<std::string, const Tensor*> found;  // without the prefix
  for (const auto& [name, tensor] : file.tensors)
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = &tensor;
  LoadReport report;
  for (const auto& [name, tensor] : state.tensors) {
    const bool there = found.contains(name);
    (there ? report.loaded : report.missing).push_back(name);
    GRADUS_CHECK(!there || found[name]->shape() == tensor.shape(), file.name, ": tensor \"", prefix, name,
                 "\" is ", found[name]->shape(), " in the file, expected ", tensor.shape());
  }
  for (const auto& [name, tensor] : state.tensors) {
    const auto common = found.find(name);
    if (common == found.end()) continue;
    Tensor(tensor).copy_from(*common->second);
    found.erase(common);
  }
  for (const auto& [name, tensor] : found) report.surplus.push_back(name);
  std::sort(report.loaded.begin(), report.loaded.end());
  std::sort(report.missing.begin(), report.missing.end());
  return report;
}

}  // namespace gradus
