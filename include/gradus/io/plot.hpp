#pragma once
// Plots through gnuplot: curves, points by class, bars; and the numbers beside every picture, as CSV.
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// One plot, built up call by call:
///
///     Plot("Latent space").x("z1").y("z2").equal().scatter(codes, labels).write("latent.png");
///     Plot("Training").x("epoch").y("loss").log_y().line("train", epochs, losses).write("loss.png");
///
/// Values that are not finite are left out of the picture, not of the CSV. All that add data throw Error when
/// the lengths differ.
class Plot {
 public:
  explicit Plot(std::string title) : title_(std::move(title)) {}

  Plot& x(std::string label);  ///< the axis' label
  Plot& y(std::string label);
  Plot& log_x();
  Plot& log_y();
  Plot& equal();  ///< a unit is as long on both axes: latent spaces, data in the plane
  Plot& x_range(double low, double high);
  Plot& y_range(double low, double high);
  Plot& size(int width, int height);  ///< pixels; 800 x 600 when not said, 720 x 640 with equal()

  Plot& line(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// A line with a mark at every value, for few values.
  Plot& line_points(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// A dashed dark line: a bound, a truth to compare with.
  Plot& reference(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// Error bars: a thin dark bar from lows[i] to highs[i] at xs[i]. Not finite in the CSV: the gap between
  /// two.
  Plot& ranges(const std::string& name, const std::vector<double>& xs, const std::vector<double>& lows,
               const std::vector<double>& highs);
  Plot& scatter(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// points [N, 2], labels N: a colour a class, up to ten classes (then the colours begin again). Classes are
  /// named by `names`, or by their numbers.
  Plot& scatter(const Tensor& points, std::span<const int> labels,
                const std::vector<std::string>& names = {});
  /// Few large black crosses over everything else: means, chosen points.
  Plot& crosses(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// One bar a label; further calls with the same labels stand beside.
  Plot& bars(const std::string& name, std::vector<std::string> labels, std::vector<double> values);

  /// Writes `path` (.png) and, beside it with the same stem, .csv: one column a series when all have the
  /// same x, else the columns series, x, y. Creates the folder. Returns false when there is no gnuplot: then
  /// only the CSV was written (said once on stderr). Throws Error when there is nothing to plot, bars are
  /// mixed with other kinds, gnuplot refuses, or a file cannot be written.
  bool write(const std::filesystem::path& path) const;

 private:
  enum class Kind { line, line_points, reference, ranges, scatter, crosses, bars };
  struct Series {
    Kind kind;
    std::string name;
    std::vector<double> xs, ys;
  };
  Plot& add(Kind kind, const std::string& name, std::vector<double> xs, std::vector<double> ys);
  std::string csv() const;
  std::string script(const std::string& output) const;
  std::string settings(const std::string& output) const;
  /// The corner in which a legend of so many names hides least of what is drawn: "top right".
  std::string freest_corner(std::size_t names) const;
  static std::string numbers(const Series& series);
  static std::string drawing(const Series& series, const std::string& hue, const char* dot);

  std::string title_, x_, y_, x_range_, y_range_;
  int width_ = 0, height_ = 0;  // 0: not said
  bool log_x_ = false, log_y_ = false, equal_ = false;
  std::vector<Series> series_;
  std::vector<std::string> labels_;  // of bars
};

/// Column k of [N, K] as numbers for a plot. Throws Error for another rank or k outside.
std::vector<double> column(const Tensor& table, Index k);

/// A table: a line of names, then the numbers with enough digits to be read back exactly. Creates the folder.
/// Throws Error when the columns' lengths differ or writing fails.
void write_csv(const std::filesystem::path& path, const std::vector<std::string>& names,
               const std::vector<std::vector<double>>& columns);

}  // namespace gradus
