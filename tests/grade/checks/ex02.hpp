#pragma once
// Exercise 2 in two parts: loss and training step (ex02.cpp), principal components (ex02_pca.cpp).
#include "../check.hpp"
#include "../inputs.hpp"

namespace gradus::grade {

void pca_checks(std::vector<Check>& all);

}  // namespace gradus::grade
