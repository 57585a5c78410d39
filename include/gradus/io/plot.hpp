#pragma once
// Plots through gnuplot: curves, points by class, bars; with the data beside every plot, as CSV.
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// One plot, built by chained calls:
///
///     Plot("Latent space").x("z1").y("z2").equal().scatter(codes, labels).write("latent.png");
///     Plot("Training").x("epoch").y("loss").log_y().line("train", epochs, losses).write("loss.png");
///
/// Values that are not finite are omitted from the plot, but not from the CSV.
/// All functions that add data throw Error when the lengths differ.
class Plot {
 public:
  /// An empty plot with this title.
  explicit Plot(std::string title) : title_(std::move(title)) {}

  // The label of the axis.
  Plot& x(std::string label);
  Plot& y(std::string label);

  // Makes the axis logarithmic.
  Plot& log_x();
  Plot& log_y();

  // The visible range of the axis; chosen by gnuplot by default.
  Plot& x_range(double low, double high);
  Plot& y_range(double low, double high);

  Plot& equal();                      ///< equal units on both axes: for latent spaces and data in the plane
  Plot& size(int width, int height);  ///< pixels; default 800 x 600, with equal() 720 x 640

  /// A line through the points.
  Plot& line(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// A line with a mark at every point, for few points.
  Plot& line_points(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// A dashed dark line: a bound or a reference value.
  Plot& reference(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// Error bars: a thin dark bar from lows[i] to highs[i] at xs[i]. In the CSV, a row with
  /// a non-finite y separates two bars.
  Plot& ranges(const std::string& name, const std::vector<double>& xs, const std::vector<double>& lows,
               const std::vector<double>& highs);
  /// Points of one colour.
  Plot& scatter(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// points [N, 2], N labels: one colour per class, up to ten classes (then the colours repeat). Classes are
  /// named by `names`, or by their numbers. Throws Error for another shape.
  Plot& scatter(const Tensor& points, std::span<const int> labels,
                const std::vector<std::string>& names = {});
  /// A few large black crosses on top of all other data: means, selected points.
  Plot& crosses(const std::string& name, std::vector<double> xs, std::vector<double> ys);
  /// One bar per label; the bars of further calls with the same labels are placed beside the first.
  /// Throws Error for other labels.
  Plot& bars(const std::string& name, std::vector<std::string> labels, std::vector<double> values);

  /// Writes `path` (.png) and, beside it with the same stem, .csv: one column per series when all have the
  /// same x, else the columns series, x, y. Creates the folder. Returns false when gnuplot is missing: then
  /// only the CSV is written (and a message on stderr, once). Throws Error when there is nothing to plot, the
  /// name does not end in .png, bars are mixed with other kinds, gnuplot fails, or a file cannot be written.
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
  /// The corner where a legend with this many names covers least of the data: "top right"; "" when every
  /// corner has data.
  std::string freest_corner(std::size_t names) const;
  static std::string numbers(const Series& series);
  static std::string drawing(const Series& series, const std::string& hue, const char* dot);

  std::string title_, x_, y_, x_range_, y_range_;
  int width_ = 0, height_ = 0;  // 0: default
  bool log_x_ = false, log_y_ = false, equal_ = false;
  std::vector<Series> series_;
  std::vector<std::string> labels_;  // of bars
};

/// Column k of [N, K] as a vector for a plot. Throws Error for another rank or k outside 0 .. K-1.
std::vector<double> column(const Tensor& table, Index k);

/// Writes a table: a line of names, then the values with enough digits to be read back exactly.
/// Creates the folder. Throws Error when the lengths of the columns differ, the number of names is
/// another one, or writing fails.
void write_csv(const std::filesystem::path& path, const std::vector<std::string>& names,
               const std::vector<std::vector<double>>& columns);

}  // namespace gradus
