#pragma once
// Perplexity: the likelihood of text as a number of choices.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// perplexity: exp of the mean negative log likelihood of N symbols.
///
///   nll [N]   -log p(symbol_n | context_n), in nats
///
/// A uniform guess among V symbols has perplexity V, a model that is always certain and right has 1. DS542,
/// "Quantifying Performance - Test Likelihood". Throws Error when nll is empty or its rank is not 1.
double perplexity(const Tensor& nll);

}  // namespace gradus
