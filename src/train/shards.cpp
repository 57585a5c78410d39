#include "gradus/train/shards.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "exchange.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"

namespace gradus {

constexpr Index most_readings = 8;

Tensor Shard::rows(const Tensor& x) const {
  GRADUS_CHECK(x.rank() > 0 && x.dim(0) % here == 0, "Shard::rows: ", x.shape(), " cannot be divided into ",
               here, " shards");
  const Index each = x.dim(0) / here, begin = (index - first) * each;
  return x.rows(begin, begin + each);
}

/// The row of numbers of a trained module for the Exchange: its gradients in the order in which a backward
/// pass completes them, about the reverse of their registration; then buffers, readings, a wish to stop, and
/// the number of parameters with a gradient.
class Shards::Row {
 public:
  /// The objects of a step: of the parameters in the order in which a backward pass completes them.
  struct Objects {
    std::vector<Parameter*> parameters;
    std::vector<Tensor*> buffers{};
    std::vector<Rng*> generators{};
    explicit Objects(const ShardedStep& how) : parameters(how.trained.parameters()) {
      std::reverse(parameters.begin(), parameters.end());
      add(how.trained);
      for (Module* other : how.others) add(*other);
    }
    void add(Module& part) {
      for (Tensor* buffer : part.buffers()) buffers.push_back(buffer);
      for (Rng* generator : part.generators()) generators.push_back(generator);
    }
    /// Their addresses and sizes: another module may later be where this one was.
    Places places() const {
      Places all;
      for (const Parameter* parameter : parameters) all.emplace_back(parameter, parameter->value.size());
      for (const Tensor* buffer : buffers) all.emplace_back(buffer, buffer->size());
      for (const Rng* generator : generators) all.emplace_back(generator, 0);
      return all;
    }
  };

  Row(const ShardTree& tree, Ranks& ranks, Traffic& traffic, const Objects& objects, Index slice)
      : parameters_(objects.parameters), buffers_(objects.buffers), generators_(objects.generators) {
    Index size = 0;
    for (const Parameter* parameter : parameters_) ends_.push_back(size += parameter->value.size());
    for (const Tensor* buffer : buffers_) size += buffer->size();
    exchange_.emplace(tree, ranks, traffic, size + most_readings + 2, std::max<Index>(1, slice));
  }

  /// Before the first shard: what every shard starts from.
  void begin_step() {
    buffers_before_.clear(), generators_before_.clear();
    for (const Tensor* buffer : buffers_) buffers_before_.push_back(buffer->clone());
    for (const Rng* generator : generators_) generators_before_.push_back(*generator);
    has_.clear();
  }
  void begin_shard(const Shard& shard) {
    for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i]->copy_from(buffers_before_[i]);
    for (std::size_t i = 0; i < generators_.size(); ++i)
      *generators_[i] = generators_before_[i].part(static_cast<std::uint64_t>(shard.index),
                                                   static_cast<std::uint64_t>(shard.count));
    zero_grad();
  }

  // The optimizer of a shard: collects the gradients.
  void zero_grad() {
    gradus::zero_grad(parameters_);
    copied_.clear();
    collected_ = false;
  }
  void step() {
    while (copied_.size() < parameters_.size()) copy_next();
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const Tensor& grad = parameters_[i]->grad;
      GRADUS_CHECK(!grad == !copied_[i] && (!grad || grad.shares(copied_[i])),
                   "Shards: a gradient was changed after its backward pass, as by a second one; use one "
                   "backward pass per step, or ShardOptions with overlap = false");
      if (has_.size() == i) has_.push_back(static_cast<bool>(grad));
      GRADUS_CHECK(has_[i] == static_cast<bool>(grad),
                   "Shards: the loss of one shard depends on the parameter ", parameters_[i]->value.shape(),
                   ", the loss of another one does not");
    }
    collected_ = true;
  }
  /// Sends the gradients that are complete.
  void during_backward() {
    while (copied_.size() < parameters_.size() && parameters_[copied_.size()]->grad) copy_next();
    if (!copied_.empty()) exchange_->reached(ends_[copied_.size() - 1]);
  }

  void finish_shard(const std::vector<Real>& readings, bool wants_stop) {
    GRADUS_CHECK(collected_, "Shards: a step has not called the step of its optimizer");
    GRADUS_CHECK(std::ssize(readings) <= most_readings, "Shards: ", readings.size(), " readings, at most ",
                 most_readings);
    Real* to = exchange_->next() + (ends_.empty() ? 0 : ends_.back());
    for (const Tensor* buffer : buffers_) to = std::copy_n(buffer->data(), buffer->size(), to);
    std::fill_n(std::copy(readings.begin(), readings.end(), to), most_readings - std::ssize(readings),
                Real(0));
    to[most_readings] = wants_stop ? 1 : 0;
    to[most_readings + 1] = with_gradient();
    exchange_->finish();
  }

  /// Waits for the means over all shards and writes them to the gradients, buffers and readings.
  /// Returns whether a rank wants to stop.
  bool finish_step(std::vector<Real>& readings) {
    exchange_->wait();
    const Real* from = exchange_->result();
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Parameter& parameter = *parameters_[i];
      parameter.grad = Tensor(), copied_[i] = Tensor();
      if (has_[i]) {
        parameter.grad = Tensor(parameter.value.shape());
        std::copy_n(from, parameter.grad.size(), parameter.grad.data());
      }
      from += parameter.value.size();
    }
    for (Tensor* buffer : buffers_) {
      std::copy_n(from, buffer->size(), buffer->data());
      buffer->touch();
      from += buffer->size();
    }
    for (Rng* generator : generators_) *generator = generator->part(0, 1);
    std::copy_n(from, readings.size(), readings.begin());
    GRADUS_CHECK(from[most_readings + 1] == with_gradient(),
                 "Shards: the losses of this rank's shards depend on ", with_gradient(),
                 " parameters, those of others on more or fewer");
    return from[most_readings] > 0;
  }

 private:
  Real with_gradient() const { return static_cast<Real>(std::count(has_.begin(), has_.end(), true)); }
  void copy_next() {
    const std::size_t i = copied_.size();
    const Index size = parameters_[i]->value.size();
    const Tensor& grad = parameters_[i]->grad;
    Real* to = exchange_->next() + ends_[i] - size;
    if (grad)
      std::copy_n(grad.data(), size, to);
    else
      std::fill_n(to, size, Real(0));
    copied_.push_back(grad);
  }

  std::vector<Parameter*> parameters_;
  std::vector<Tensor*> buffers_;
  std::vector<Rng*> generators_;
  std::vector<Index> ends_;  // of the parameters' numbers
  std::vector<Tensor> buffers_before_;
  std::vector<Rng> generators_before_;
  std::vector<Tensor> copied_;  // the gradients of this shard that are in its row
  std::vector<bool> has_;       // whether the losses depend on the parameter
  bool collected_ = false;
  std::optional<Exchange> exchange_;
};

Shards::Shards(Index count, Transport transport, const ShardOptions& options)
    : tree_(count, transport.size), options_(options), ranks_(std::move(transport)) {
  GRADUS_CHECK(options.bucket_bytes > 0 && options.bucket_bytes <= Index{1} << 30, "Shards: messages of ",
               options.bucket_bytes, " bytes, expected 1 to 2^30");
}
Shards::~Shards() = default;

Index Shards::per_shard(Index batch) const {
  GRADUS_CHECK(batch % count() == 0, count(), " shards do not divide a batch of ", batch,
               " examples; choose a divisor of ", batch);
  return batch / count();
}

void Shards::share(Loader& loader) const {
  const Index each = per_shard(loader.batch());
  if (count() > 1)
    loader.serve_rows(tree_.first(ranks_.rank()) * each, tree_.first(ranks_.rank() + 1) * each);
}

/// The row of the step's objects, from an earlier step where there is one.
Shards::Row& Shards::row_of(const ShardedStep& how) {
  const Row::Objects objects(how);
  std::unique_ptr<Row>& row = rows_[objects.places()];
  if (!row)
    row = std::make_unique<Row>(tree_, ranks_, traffic_, objects,
                                options_.bucket_bytes / static_cast<Index>(sizeof(Real)));
  return *row;
}

std::vector<Real> Shards::step(const ShardedStep& how,
                               const std::function<std::vector<Real>(Shard&, const Optimizer&)>& one) {
  if (count() == 1) {
    Shard whole{.rng = how.rng};
    const std::vector<Real> readings = one(whole, how.optimizer);
    how.rng = whole.rng;
    return readings;
  }
  Row& row = row_of(how);
  row.begin_step();
  const Index first = tree_.first(ranks_.rank()), last = tree_.first(ranks_.rank() + 1) - 1;
  std::vector<Real> readings;
  const Rng start = how.rng;
  for (Index s = first; s <= last; ++s) {
    Shard shard{.index = s,
                .count = count(),
                .first = first,
                .here = last - first + 1,
                .rng = start.part(static_cast<std::uint64_t>(s), static_cast<std::uint64_t>(count()))};
    row.begin_shard(shard);
    std::optional<DuringBackward> sends;
    if (s == last && options_.overlap && ranks_.size() > 1) sends.emplace([&] { row.during_backward(); });
    readings = one(shard, row);
    sends.reset();
    row.finish_shard(readings, wants_stop_ && wants_stop_());
    how.rng = shard.rng.part(0, 1);
  }
  stopping_ = row.finish_step(readings) || stopping_;
  how.optimizer.step();
  return readings;
}

}  // namespace gradus
