// Tests whether the thread sanitizer is reliable with OpenMP here.
// Without arguments every loop below is correct and must cause no report.
// With the argument "race" one loop adds to a shared number without protection, which must be reported.
#include <cstdio>
#include <vector>

int main(int argc, char**) {
  const bool race = argc > 1;
  const int count = 100000;
  std::vector<float> x(count, 1.0F), y(count);
  float total = 0;
  for (int round = 0; round < 50; ++round) {
#pragma omp parallel for
    for (int i = 0; i < count; ++i) y[i] = 0.5F * x[i] + static_cast<float>(round);
#pragma omp parallel for
    for (int i = 0; i < count; ++i)
      x[i] = y[count - 1 - i];  // written by the other thread: safe only after the barrier
    float sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < count; ++i) sum += y[i];
    total += sum;
    if (race) {
      int shared = 0;
#pragma omp parallel for
      for (int i = 0; i < 1000; ++i) shared += i;
      total += static_cast<float>(shared);
    }
  }
  std::printf("openmp_probe: %g\n", static_cast<double>(total));
}
