// Your file for exercise 9. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

std::vector<Real> ball_radii(const Tensor& points, Index k) {
  GRADUS_CHECK(points.rank() == 2 && k >= 1 && k < points.dim(0),
               "ball_radii: needs points [N, D] and 1 <= k < N, got ", points.shape(), " and k = ", k);
  const Index N = points.dim(0), D = points.dim(1);
  // TODO(9.3) Return N numbers: for every point the squared distance to its k-th
  // nearest neighbour among the other points. The point itself does not count;
  // another point at the same position does. squared_distance(a, b, D) is given;
  // a and b point to the first numbers of the points, points.data() + n D for point n.
  todo("9.3", N, D);
}

void check_points(const char* op, const Tensor& real, const Tensor& generated) {
  GRADUS_CHECK(real.rank() == 2 && generated.rank() == 2 && real.dim(1) == generated.dim(1), op,
               ": real must be [N, D] and generated [M, D], got ", real.shape(), " and ", generated.shape());
  for (const Tensor* points : {&real, &generated})
    for (const Real value : points->values())
      GRADUS_CHECK(std::isfinite(value), op, ": a value in ", points == &real ? "real" : "generated", " is ",
                   value);
}

}  // namespace gradus
