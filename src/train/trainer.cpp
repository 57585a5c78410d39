#include "gradus/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "gradus/base/check.hpp"
#include "gradus/base/hash.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr Index points_per_curve = 200;
constexpr const char* history_note = "history";
constexpr const char* shards_note = "shards";       // absent: one
constexpr const char* weights_suffix = ".weights";  // of a loader's name

volatile std::sig_atomic_t stop_signal = 0;  // the signal that requested a stop; 0: none

extern "C" void request_stop(int signal) { stop_signal = signal; }

/// Of the images and labels, for a comparison between ranks.
std::string digest_of(const Dataset& data) {
  Hash hash;
  hash.add(data.labels);
  hash.add(data.images.values());
  return hash.digits();
}

/// Removes a tensor from the file's list and returns it; an empty tensor when there is none of this name.
Tensor take(TensorFile& file, const std::string& name) {
  const auto place = std::find_if(file.tensors.begin(), file.tensors.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  if (place == file.tensors.end()) return {};
  Tensor found = place->second;
  file.tensors.erase(place);
  return found;
}

}  // namespace

struct Trainer::Track {
  Curve curve;
  double sum = 0;
  Index count = 0;
};

/// While it lives, the first Ctrl-C (or SIGTERM) requests a stop; the loop ends after the current
/// step. The second one ends the program. Signals that the process ignores (nohup) stay ignored.
class Trainer::Watch {
 public:
  Watch() {
    struct sigaction action = {};
    action.sa_handler = request_stop;
    action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < 2; ++i) {
      sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, nullptr);
    }
  }
  ~Watch() {
    for (std::size_t i = 0; i < 2; ++i) sigaction(signals[i], &before_[i], nullptr);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  static constexpr int signals[2] = {SIGINT, SIGTERM};
  struct sigaction before_[2];
};

State Kept::state_of(Rng& rng) {
  const auto [seed, stream, position] = RngState::of(rng);
  return {{}, {{"seed", seed}, {"stream", stream}, {"position", position}}};
}

Trainer::Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept,
                 Loader& loader, Index epochs)
    : Trainer(session, name, kept, &loader, epochs * loader.size(), loader.size(), "epoch") {}

Trainer::Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept, Steps steps)
    : Trainer(session, name, kept, nullptr, steps.count,
              steps.section > 0 ? steps.section : std::max<Index>(1, (steps.count + 9) / 10), "steps") {}

Trainer::Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept,
                 Loader* loader, Index total, Index section, const std::string& unit)
    : session_(session),
      name_(name),
      unit_(unit),
      path_(session.folder / (name + ".safetensors")),
      kept_(kept),
      loader_(loader),
      total_(total),
      section_(section),
      piece_(std::max<Index>(1, (total + points_per_curve - 1) / points_per_curve)) {
  GRADUS_CHECK(total >= 1, "Trainer ", name, ": no steps, needs at least one ",
               unit == "epoch" ? "epoch" : "step");
  if (loader_) {
    loader_->seek(0, 0);
    kept_.emplace_back("loader", *loader_);
  }
  kept_.emplace_back("program", session.rng);
  std::set<std::string> names = {"trainer"};
  for (const Kept& one : kept_)
    GRADUS_CHECK(names.insert(one.name).second, "Trainer ", name, ": the name \"", one.name,
                 "\" is taken, use another one");
  const bool several = session_.shards && session_.shards->ranks().size() > 1;
  if (session_.shards) session_.shards->ask_for_stop([] { return stop_signal != 0; });
  if (several) {
    Agreement values = same_program();
    const Notes own = settings();
    values.insert(own.begin(), own.end());
    for (const Kept& one : kept_)
      if (one.loader) values["digest of the data of " + one.name] = digest_of(one.loader->dataset());
    agree(values);
  }
  if (session.resume && fs::exists(path_)) {
    resume();
  } else if (session.resume) {
    std::cout << name_ << ": no checkpoint " << path_.string() << ", starts from the beginning" << std::endl;
  }
  if (several) agree({{"number of completed steps in the folder --out", std::to_string(done_)}});
}

/// Ends the training on all ranks when a value differs.
void Trainer::agree(Agreement values) const {
  const std::string sentence = session_.shards->ranks().disagreement(values);
  if (sentence.empty()) return;
  if (session_.shards->ranks().leads()) throw Error(sentence);
  throw Interrupted(SIGTERM, "");
}

Trainer::~Trainer() = default;

// --- the loop

Trainer::Iterator Trainer::begin() {
  GRADUS_CHECK(loader_, "Trainer ", name_,
               ": its length is given in steps, so it has no batches; use while (", "trainer.next())");
  return Iterator(*this);
}

bool Trainer::next() {
  if (under_way_) end_step();
  if (finished()) return false;
  if (!watch_) watch_ = std::make_unique<Watch>();
  if (!bar_) {
    const Index first = done_ / section_ * section_, last = std::min(first + section_, total_);
    const std::string title = loader_ ? text(name_, "  epoch ", epoch(), "/", total_ / section_)
                                      : text(name_, "  steps ", first + 1, "-", last, " of ", total_);
    bar_ = std::make_unique<Progress>(title, last - first, ProgressOptions{.done = done_ - first});
  }
  if (loader_) batch_ = &loader_->next();
  under_way_ = true;
  return true;
}

void Trainer::report(Readings readings) {
  GRADUS_CHECK(under_way_, "Trainer ", name_, ": report must be called within a step of the loop");
  for (const Reading& reading : readings) {
    GRADUS_CHECK(std::isfinite(reading.value), name_, ": ", reading.name, " is ", reading.value, " at step ",
                 done_ + 1, " of ", total_, " (", unit_, " ", loader_ ? epoch() : done_ + 1,
                 "): the training has diverged; --resume --check-numbers names the op where the first such ",
                 "number arises; a smaller learning rate or clipped gradients may help");
    std::size_t place = 0;
    while (place < tracks_.size() && tracks_[place].curve.name != reading.name) ++place;
    if (place == tracks_.size()) tracks_.push_back({{std::string(reading.name), {}, {}}});
    tracks_[place].sum += reading.value;
    ++tracks_[place].count;
  }
  bar_->show(readings);
}

void Trainer::end_step() {
  under_way_ = false;
  ++done_;
  bar_->tick();
  if (done_ % piece_ == 0 || finished())
    for (Track& track : tracks_) {
      if (track.count == 0) continue;
      track.curve.x.push_back(static_cast<double>(done_) / (loader_ ? static_cast<double>(section_) : 1.0));
      track.curve.y.push_back(track.sum / static_cast<double>(track.count));
      track.sum = 0;
      track.count = 0;
    }
  const bool section_ends = done_ % section_ == 0 || finished();
  const bool stop = session_.shards && session_.shards->count() > 1
                        ? session_.shards->stopping()  // of any rank
                        : stop_signal != 0;
  if (!section_ends && !stop) return;
  bar_.reset();
  if (!session_.shards || session_.shards->ranks().leads()) save();
  if (finished()) watch_.reset();
  const int signal = stop ? std::exchange(stop_signal, 0) : 0;
  if (stop)
    throw Interrupted(signal ? signal : SIGTERM,
                      text(session_.name, ": stopped after step ", done_, " of ", total_, " of ", name_,
                           ", saved in ", path_.string(), "; run again with --resume to continue"));
}

std::vector<Curve> Trainer::history() const {
  std::vector<Curve> curves;
  for (const Track& track : tracks_) curves.push_back(track.curve);
  return curves;
}

double Trainer::last_tenth(const std::string& name) const {
  for (const Track& track : tracks_) {
    const std::vector<double>& y = track.curve.y;
    if (track.curve.name != name || y.empty()) continue;
    const std::size_t from = y.size() - (y.size() + 9) / 10;
    double sum = 0;
    for (std::size_t i = from; i < y.size(); ++i) sum += y[i];
    return sum / static_cast<double>(y.size() - from);
  }
  throw Error("Trainer::last_tenth: no value of \"" + name + "\" was reported");
}

Plot Trainer::plot(const std::string& title) const {
  Plot plot(title);
  plot.x(unit_).y(tracks_.size() == 1 ? tracks_[0].curve.name : "loss");
  for (const Track& track : tracks_) plot.line(track.curve.name, track.curve.x, track.curve.y);
  return plot;
}

// --- checkpoints

/// Everything that is saved. The loop's own position is in `positions`, which must live as long as the state.
State Trainer::state(std::vector<std::uint64_t>& positions) const {
  positions.assign(1 + 2 * kept_.size(), 0);
  positions[0] = static_cast<std::uint64_t>(done_);
  State all;
  all.counters.emplace_back("trainer.done", &positions[0]);
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (const Loader* loader = kept_[i].loader) {
      positions[1 + 2 * i] = static_cast<std::uint64_t>(loader->epoch());
      positions[2 + 2 * i] = static_cast<std::uint64_t>(loader->position());
      all.counters.emplace_back(kept_[i].name + ".epoch", &positions[1 + 2 * i]);
      all.counters.emplace_back(kept_[i].name + ".position", &positions[2 + 2 * i]);
    } else {
      all.add(kept_[i].name, kept_[i].state());
    }
  }
  return all;
}

/// The settings that must be equal in the resumed run for the same bits.
Notes Trainer::settings() const {
  Notes notes = session_.settings;
  notes["training"] = name_;
  notes["steps"] = std::to_string(total_);
  notes["steps a section"] = std::to_string(section_);
  if (session_.shards && session_.shards->count() > 1)
    notes[shards_note] = std::to_string(session_.shards->count());
  for (const Kept& one : kept_)
    if (one.loader) {
      const Dataset& data = one.loader->dataset();
      notes["data of " + one.name] =
          text(data.size(), " examples of ", data.name, ", ", one.loader->size(), " batches");
    }
  return notes;
}

void Trainer::save() {
  Json history = Json::object();
  for (const Track& track : tracks_)
    history[track.curve.name] = {
        {"x", track.curve.x}, {"y", track.curve.y}, {"sum", track.sum}, {"count", track.count}};
  Notes notes = settings();
  notes[history_note] = history.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<std::uint64_t> positions;
  State all = state(positions);
  for (const Kept& one : kept_)
    if (one.loader && one.loader->weights())
      all.tensors.emplace_back(one.name + weights_suffix, one.loader->weights());
  save_checkpoint(path_, all, notes);
}

void Trainer::resume() {
  TensorFile file = read_safetensors(path_);
  const auto shards = file.notes.find(shards_note);  // absent: one
  const std::string made_with = shards == file.notes.end() ? "1" : shards->second;
  GRADUS_CHECK(made_with == std::to_string(session_.shards ? session_.shards->count() : 1), file.name,
               ": made with other settings: --shards ", made_with, ", this run has ",
               session_.shards ? session_.shards->count() : 1,
               "; use the same ones, or start again without --resume");
  for (const auto& [key, value] : settings()) {
    const auto found = file.notes.find(key);
    GRADUS_CHECK(found != file.notes.end(), file.name, ": not a checkpoint of this training: ", key,
                 " is missing");
    GRADUS_CHECK(found->second == value, file.name, ": made with other settings: ", key, " ", found->second,
                 ", this run has ", value, "; use the same ones, or start again without --resume");
  }
  std::vector<Track> tracks;
  try {
    const Json history = Json::parse(file.notes.at(history_note));
    for (const auto& [name, track] : history.items())
      tracks.push_back({{name, track.at("x"), track.at("y")}, track.at("sum"), track.at("count")});
  } catch (const std::exception& error) {
    throw Error(text(file.name, ": the loss curves cannot be read: ", error.what()));
  }
  std::vector<Tensor> weights;  // of the loaders; in the file where a loader had some, so not part of state()
  for (const Kept& one : kept_)
    weights.push_back(one.loader ? take(file, one.name + weights_suffix) : Tensor());
  std::vector<std::uint64_t> positions;
  load_checkpoint(file, state(positions));
  GRADUS_CHECK(positions[0] <= static_cast<std::uint64_t>(total_), file.name, ": is at step ", positions[0],
               " of ", total_);
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (Loader* loader = kept_[i].loader) {
      loader->weigh(weights[i]);
      loader->seek(static_cast<Index>(positions[1 + 2 * i]), static_cast<Index>(positions[2 + 2 * i]));
    }
  done_ = static_cast<Index>(positions[0]);
  tracks_ = std::move(tracks);
  std::cout << (finished() ? text(name_, ": loaded from ", path_.string(), ", nothing left to train")
                           : text(name_, ": continues after step ", done_, " of ", total_, ", from ",
                                  path_.string()))
            << std::endl;
}

}  // namespace gradus
