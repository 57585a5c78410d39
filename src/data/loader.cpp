#include "gradus/data/loader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "gradus/base/check.hpp"
#include "gradus/base/weighted_draw.hpp"

namespace gradus {

Loader::Loader(Dataset dataset, const LoaderOptions& options, const Rng& rng)
    : dataset_(std::move(dataset)), options_(options), rng_(rng.split("loader")), last_row_(options.batch) {
  dataset_.check();
  const Index examples = dataset_.size(), batch = options_.batch;
  GRADUS_CHECK(examples > 0, "Loader: dataset '", dataset_.name, "' is empty");
  GRADUS_CHECK(batch >= 1, "Loader: a batch of ", batch, " examples: needs at least 1");
  batches_ = examples / batch + (!options_.drop_last && examples % batch != 0 ? 1 : 0);
  GRADUS_CHECK(batches_ > 0, "Loader: dataset '", dataset_.name, "' has ", examples,
               " examples, too few for one batch of ", batch,
               " (drop_last leaves out batches that are not full)");
}

void Loader::seek(Index epoch, Index position) {
  GRADUS_CHECK(epoch >= 0 && 0 <= position && position <= batches_, "Loader: seek to epoch ", epoch,
               ", position ", position, ": needs epoch >= 0 and 0 <= position <= ", batches_);
  epoch_ = epoch;
  position_ = position;
}

void Loader::weigh(const Tensor& weights) {
  if (weights) {
    GRADUS_CHECK(weights.shape() == Shape({dataset_.size()}), "Loader: weights ", weights.shape(), " for ",
                 dataset_.size(), " examples, expected one per example");
    weighted_draw(weights.values(), {});  // checks the weights
  }
  weights_ = weights ? weights.clone() : Tensor();
  order_.clear();
  ordered_ = -1;
}

void Loader::serve_rows(Index first, Index last) {
  GRADUS_CHECK(0 <= first && first < last && last <= options_.batch, "Loader: rows ", first, " to ", last,
               " of a batch of ", options_.batch);
  GRADUS_CHECK(options_.drop_last || dataset_.size() % options_.batch == 0, "Loader: dataset '",
               dataset_.name, "' ends with a batch that is not full; set drop_last to divide batches");
  first_row_ = first;
  last_row_ = last;
}

const Batch& Loader::next() {
  if (position_ == batches_) {
    ++epoch_;
    position_ = 0;
  }
  return serve();
}

// The order of epoch e is the permutation (with weights: the draws) of stream e, so it does not depend on
// earlier calls.
void Loader::order_epoch() {
  if (ordered_ == epoch_) return;
  if (weights_) {
    Tensor uniforms({dataset_.size()});
    rng_.split(static_cast<std::uint64_t>(epoch_)).split("draws").fill_uniform(uniforms.values());
    order_ = weighted_draw(weights_.values(), uniforms.values());
  } else if (options_.shuffle) {
    order_ = rng_.split(static_cast<std::uint64_t>(epoch_)).permutation(dataset_.size());
  } else if (order_.empty()) {
    order_.resize(static_cast<std::size_t>(dataset_.size()));
    std::iota(order_.begin(), order_.end(), Index{0});
  }
  ordered_ = epoch_;
}

const Batch& Loader::serve() {
  order_epoch();
  const Index begin = position_ * options_.batch, first = begin + first_row_,
              last = std::min(begin + last_row_, dataset_.size());
  batch_.indices.assign(order_.begin() + first, order_.begin() + last);
  batch_.images = Tensor();  // returns its buffer to the pool first, so that gather can reuse it
  batch_.images = dataset_.images.gather(batch_.indices);
  batch_.labels.clear();
  if (!dataset_.labels.empty())
    for (Index i : batch_.indices) batch_.labels.push_back(dataset_.labels[static_cast<std::size_t>(i)]);
  ++position_;
  return batch_;
}

Loader::Iterator& Loader::Iterator::operator++() {
  if (loader_.position_ < loader_.batches_) {
    loader_.serve();
  } else {
    ++loader_.epoch_;
    loader_.position_ = 0;
    done_ = true;
  }
  return *this;
}

}  // namespace gradus
