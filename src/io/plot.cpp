#include "gradus/io/plot.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <map>
#include <string_view>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace fs = std::filesystem;
namespace {

// Ten colours that are distinguishable, also with poor projectors and, in this order, for most
// kinds of colour blindness.
constexpr const char* palette[] = {"1f77b4", "ff7f0e", "2ca02c", "d62728", "9467bd",
                                   "8c564b", "e377c2", "4d4d4d", "b5b014", "17becf"};
constexpr const char* dark_color = "202020";  // references and crosses
constexpr std::size_t colors = std::size(palette);
constexpr std::size_t legend_inside = 4;  // longer legends are placed beside the plot

/// A text in gnuplot's single quotes, where only the quote has a meaning. Line ends become spaces.
std::string quoted(const std::string& words) {
  std::string out = "'";
  for (const char c : words) {
    if (c == '\'')
      out += "''";
    else
      out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + "'";
}

/// A field of a CSV: in quotes when a reader could misunderstand it.
std::string field(const std::string& words) {
  if (words.find_first_of(",\"\r\n") == words.npos) return words;
  std::string out = "\"";
  for (const char c : words) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

void write_text(const fs::path& path, const std::string& words) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  write_file(path, std::as_bytes(std::span(words)));
}

/// Removes a file at the end of the scope.
struct Removed {
  fs::path path;
  ~Removed() {
    std::error_code code;
    fs::remove(path, code);
  }
};

/// Runs gnuplot on a script, without the user's ~/.gnuplot (-d). Returns false when there is no
/// gnuplot; throws Error with gnuplot's message when it fails.
bool run_gnuplot(const fs::path& script) {
  std::FILE* pipe = popen(("gnuplot -d " + shell_quoted(script.string()) + " 2>&1").c_str(), "r");
  GRADUS_CHECK(pipe, "Plot: cannot start a process for gnuplot");
  std::string words;
  char buffer[512];
  while (std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) words.append(buffer, count);
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return false;
  GRADUS_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "Plot: gnuplot fails: ", words.substr(0, 400));
  return true;
}

}  // namespace

// --- building

Plot& Plot::x(std::string label) { return x_ = std::move(label), *this; }
Plot& Plot::y(std::string label) { return y_ = std::move(label), *this; }
Plot& Plot::log_x() { return log_x_ = true, *this; }
Plot& Plot::log_y() { return log_y_ = true, *this; }
Plot& Plot::equal() {
  equal_ = true;
  return width_ == 0 ? size(720, 640) : *this;
}
Plot& Plot::x_range(double low, double high) { return x_range_ = text("[", low, ":", high, "]"), *this; }
Plot& Plot::y_range(double low, double high) { return y_range_ = text("[", low, ":", high, "]"), *this; }

Plot& Plot::size(int width, int height) {
  GRADUS_CHECK(width >= 100 && height >= 100 && width <= 8000 && height <= 8000, "Plot \"", title_,
               "\": size ", width, " x ", height, ": needs 100 .. 8000 pixels");
  width_ = width;
  height_ = height;
  return *this;
}

Plot& Plot::add(Kind kind, const std::string& name, std::vector<double> xs, std::vector<double> ys) {
  GRADUS_CHECK(xs.size() == ys.size(), "Plot \"", title_, "\": series \"", name, "\" has ", xs.size(),
               " x and ", ys.size(), " y");
  series_.push_back({kind, name, std::move(xs), std::move(ys)});
  return *this;
}

Plot& Plot::line(const std::string& name, std::vector<double> xs, std::vector<double> ys) {
  return add(Kind::line, name, std::move(xs), std::move(ys));
}
Plot& Plot::line_points(const std::string& name, std::vector<double> xs, std::vector<double> ys) {
  return add(Kind::line_points, name, std::move(xs), std::move(ys));
}
Plot& Plot::reference(const std::string& name, std::vector<double> xs, std::vector<double> ys) {
  return add(Kind::reference, name, std::move(xs), std::move(ys));
}
Plot& Plot::ranges(const std::string& name, const std::vector<double>& xs, const std::vector<double>& lows,
                   const std::vector<double>& highs) {
  GRADUS_CHECK(xs.size() == lows.size() && xs.size() == highs.size(), "Plot \"", title_, "\": ranges \"",
               name, "\" have ", xs.size(), " x, ", lows.size(), " lows and ", highs.size(), " highs");
  constexpr double gap = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> places, ends;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    places.insert(places.end(), {xs[i], xs[i], xs[i]});
    ends.insert(ends.end(), {lows[i], highs[i], gap});
  }
  return add(Kind::ranges, name, std::move(places), std::move(ends));
}
Plot& Plot::scatter(const std::string& name, std::vector<double> xs, std::vector<double> ys) {
  return add(Kind::scatter, name, std::move(xs), std::move(ys));
}
Plot& Plot::crosses(const std::string& name, std::vector<double> xs, std::vector<double> ys) {
  return add(Kind::crosses, name, std::move(xs), std::move(ys));
}

Plot& Plot::scatter(const Tensor& points, std::span<const int> labels,
                    const std::vector<std::string>& names) {
  GRADUS_CHECK(points.rank() == 2 && points.dim(1) == 2, "Plot \"", title_, "\": scatter of points ",
               points.shape(), ", needs [N, 2]");
  GRADUS_CHECK(labels.size() == static_cast<std::size_t>(points.dim(0)), "Plot \"", title_,
               "\": ", points.dim(0), " points but ", labels.size(), " labels");
  std::map<int, Series> classes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Series& one = classes[labels[i]];
    one.xs.push_back(static_cast<double>(points[static_cast<Index>(2 * i)]));
    one.ys.push_back(static_cast<double>(points[static_cast<Index>(2 * i + 1)]));
  }
  for (auto& [label, one] : classes) {
    const auto place = static_cast<std::size_t>(label);
    scatter(label >= 0 && place < names.size() ? names[place] : std::to_string(label), std::move(one.xs),
            std::move(one.ys));
  }
  return *this;
}

Plot& Plot::bars(const std::string& name, std::vector<std::string> labels, std::vector<double> values) {
  GRADUS_CHECK(labels.size() == values.size(), "Plot \"", title_, "\": bars \"", name, "\" have ",
               labels.size(), " labels and ", values.size(), " values");
  GRADUS_CHECK(labels_.empty() || labels_ == labels, "Plot \"", title_, "\": bars \"", name,
               "\" have other labels than the bars before");
  std::vector<double> places;
  for (std::size_t i = 0; i < values.size(); ++i) places.push_back(static_cast<double>(i));
  labels_ = std::move(labels);
  return add(Kind::bars, name, std::move(places), std::move(values));
}

// --- writing

std::string Plot::csv() const {
  const auto x_or = [&](const char* otherwise) { return field(x_.empty() ? otherwise : x_); };
  const bool shared = std::all_of(series_.begin(), series_.end(),
                                  [&](const Series& one) { return one.xs == series_.front().xs; });
  std::string out;
  if (!shared) {
    out = "series," + x_or("x") + ',' + field(y_.empty() ? "y" : y_) + '\n';
    for (const Series& one : series_)
      for (std::size_t i = 0; i < one.xs.size(); ++i)
        out += field(one.name) + ',' + exact(one.xs[i]) + ',' + exact(one.ys[i]) + '\n';
    return out;
  }
  out = x_or(labels_.empty() ? "x" : "label");
  for (const Series& one : series_) out += ',' + field(one.name);
  out += '\n';
  for (std::size_t i = 0; i < series_.front().xs.size(); ++i) {
    out += labels_.empty() ? exact(series_.front().xs[i]) : field(labels_[i]);
    for (const Series& one : series_) out += ',' + exact(one.ys[i]);
    out += '\n';
  }
  return out;
}

std::string Plot::freest_corner(std::size_t names) const {
  constexpr int steps = 16;  // sampled points of a line between two of its values
  std::vector<std::array<double, 2>> drawn;
  for (const Series& one : series_)
    for (std::size_t i = 0; i < one.xs.size(); ++i) {
      const bool stands = one.kind == Kind::bars;
      const bool joined = !stands && one.kind != Kind::scatter && one.kind != Kind::crosses && i > 0;
      const auto x = [&](std::size_t at) { return log_x_ ? std::log(one.xs[at]) : one.xs[at]; };
      const auto y = [&](std::size_t at) { return log_y_ ? std::log(one.ys[at]) : one.ys[at]; };
      for (int s = stands || joined ? 0 : steps - 1; s < steps; ++s) {
        const double part = (s + 1.0) / steps;
        const double px = joined ? x(i - 1) + part * (x(i) - x(i - 1)) : x(i);
        const double py = joined ? y(i - 1) + part * (y(i) - y(i - 1)) : stands ? part * y(i) : y(i);
        if (std::isfinite(px) && std::isfinite(py)) drawn.push_back({px, py});
      }
    }
  std::array<double, 2> low = {0, 0}, high = {0, 0};
  for (std::size_t p = 0; p < drawn.size(); ++p)
    for (std::size_t axis = 0; axis < 2; ++axis) {
      low[axis] = p ? std::min(low[axis], drawn[p][axis]) : drawn[p][axis];
      high[axis] = p ? std::max(high[axis], drawn[p][axis]) : drawn[p][axis];
    }
  const double width = 0.45, height = 0.06 * static_cast<double>(names) + 0.04;  // fractions of the axes
  std::string best;
  std::size_t fewest = drawn.size() + 1;
  for (const char* corner : {"top right", "top left", "bottom right", "bottom left"}) {
    const std::string_view name = corner;
    std::size_t hidden = 0;
    for (const auto& [px, py] : drawn) {
      const double across = (px - low[0]) / std::max(high[0] - low[0], 1e-300),
                   up = (py - low[1]) / std::max(high[1] - low[1], 1e-300);
      hidden += (name.ends_with("right") ? 1 - across : across) < width &&
                (name.starts_with("top") ? 1 - up : up) < height;
    }
    if (hidden < fewest) fewest = hidden, best = corner;
  }
  return 50 * fewest <= drawn.size() ? best : "";  // up to 2 %: lines that touch the legend's frame
}

std::string Plot::settings(const std::string& output) const {
  std::size_t named = 0, longest = 0;
  for (const Series& one : series_) named += !one.name.empty(), longest = std::max(longest, one.name.size());
  // A few names go inside if a corner is free, many short ones beside the plot, many long ones below it,
  // to save width.
  const std::string corner = named <= legend_inside ? freest_corner(named) : "";
  const std::string key = !corner.empty() ? "inside " + corner + " opaque"
                          : longest <= 14 ? "outside right top vertical"
                                          : "below center horizontal";
  std::string out =
      text("set encoding utf8\nset terminal pngcairo noenhanced size ", width_ ? width_ : 800, ',',
           height_ ? height_ : 600, " background '#ffffff' font 'DejaVu Sans,11' linewidth 1\n",
           "set output ", quoted(output), "\nset title ", quoted(title_), " font ',14'\nset xlabel ",
           quoted(x_), "\nset ylabel ", quoted(y_),
           "\nset grid linetype 1 linecolor '#e4e4e4' linewidth 1\n"
           "set border 3 linecolor '#606060'\nset tics nomirror textcolor '#303030'\n"
           "set style fill solid 0.9 noborder\nset samples 2\nset datafile missing 'nan'\nset key ",
           key, " Left reverse samplen 2 spacing 1.15\n");
  if (log_x_) out += "set logscale x\nset format x '%g'\n";
  if (log_y_) out += "set logscale y\nset format y '%g'\n";
  if (equal_) out += "set size ratio -1\n";
  if (!x_range_.empty()) out += "set xrange " + x_range_ + '\n';
  if (!y_range_.empty()) out += "set yrange " + y_range_ + '\n';
  if (labels_.empty()) return out;
  out +=
      "set style data histogram\nset style histogram cluster gap 1\nset boxwidth 0.9\nunset grid\n"
      "set grid y linetype 1 linecolor '#e4e4e4' linewidth 1\n";
  if (y_range_.empty() && !log_y_) out += "set yrange [*<0:*]\n";
  out += "set xtics (";
  for (std::size_t i = 0; i < labels_.size(); ++i) out += text(i ? ", " : "", quoted(labels_[i]), ' ', i);
  out += (labels_.size() > 12 ? ") rotate by -45\n" : ")\n");
  return out;
}

/// A series as gnuplot's inline data; values that are not finite become gaps.
std::string Plot::numbers(const Series& series) {
  std::string out;
  bool any = false;
  for (std::size_t i = 0; i < series.xs.size(); ++i) {
    const bool drawn = std::isfinite(series.xs[i]) && std::isfinite(series.ys[i]);
    any = any || drawn;
    if (drawn || series.kind == Kind::bars)
      out += exact(series.xs[i]) + ' ' + (drawn ? exact(series.ys[i]) : "nan") + '\n';
    else if (series.kind != Kind::scatter && series.kind != Kind::crosses)
      out += '\n';
  }
  return any ? out : "NaN NaN\n";
}

/// What follows the name of the data in gnuplot's `plot`.
std::string Plot::drawing(const Series& series, const std::string& hue, const char* dot) {
  const std::string paint = " linecolor rgb '#" + hue + "' title " + quoted(series.name);
  switch (series.kind) {
    case Kind::line:
      return " using 1:2 with lines linewidth 2" + paint;
    case Kind::line_points:
      return " using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.9" + paint;
    case Kind::ranges:
      return " using 1:2 with lines linewidth 1.5" + paint;
    case Kind::reference:
      return " using 1:2 with lines linewidth 1.5 dashtype 2" + paint;
    case Kind::crosses:
      return " using 1:2 with points pointtype 2 pointsize 1.4 linewidth 3" + paint;
    case Kind::bars:
      return " using 2" + paint;
    case Kind::scatter:  // small half-transparent dots, large solid ones in the legend
      break;
  }
  return text(" using 1:2 with points pointtype 7 pointsize ", dot, " linecolor rgb '#50", hue,
              "' notitle, NaN with points pointtype 7 pointsize 1.2", paint);
}

std::string Plot::script(const std::string& output) const {
  std::size_t points = 0, color = 0;
  for (const Series& one : series_)
    if (one.kind == Kind::scatter) points += one.xs.size();
  const char* dot = points < 30 ? "1.3" : points > 4000 ? "0.4" : (points > 800 ? "0.55" : "0.8");
  std::string data, plot;
  for (std::size_t s = 0; s < series_.size(); ++s) {
    const Series& one = series_[s];
    const bool dark = one.kind == Kind::reference || one.kind == Kind::ranges || one.kind == Kind::crosses;
    data += text("$d", s, " << GRADUS_END\n", numbers(one), "GRADUS_END\n");
    plot += text(s ? ", \\\n     $d" : "plot $d", s,
                 drawing(one, dark ? dark_color : palette[color++ % colors], dot));
  }
  const bool plain = series_.size() == 1 && (series_[0].name.empty() || series_[0].kind == Kind::bars);
  return data + settings(output) + (plain ? "unset key\n" : "") + plot + "\nunset output\n";
}

bool Plot::write(const fs::path& path) const {
  std::size_t values = 0, bars = 0;
  for (const Series& one : series_) {
    values += one.xs.size();
    bars += one.kind == Kind::bars;
  }
  GRADUS_CHECK(values > 0, "Plot \"", title_, "\": nothing to plot");
  GRADUS_CHECK(bars == 0 || bars == series_.size(), "Plot \"", title_,
               "\": bars cannot be combined with other kinds in one plot");
  GRADUS_CHECK(path.extension() == ".png", path.string(), ": a plot's name must end in .png");
  const fs::path table = fs::path(path).replace_extension(".csv");
  write_text(table, csv());

  const Removed command{path.string() + text(".", getpid(), ".gnuplot")};
  NewFile picture(path);
  write_text(command.path, script(picture.temporary().string()));
  if (!run_gnuplot(command.path)) {
    static bool reported = false;
    if (!reported)
      std::cerr << "gnuplot is not installed: there are no plots, their numbers are in " << table.string()
                << " etc.\n";
    reported = true;
    return false;
  }
  picture.commit();
  return true;
}

// --- tables

std::vector<double> column(const Tensor& table, Index k) {
  GRADUS_CHECK(table.rank() == 2 && 0 <= k && k < table.dim(1), "column ", k, " of ", table.shape(),
               ": needs [N, K] with 0 <= column < K");
  std::vector<double> out;
  for (Index i = 0; i < table.dim(0); ++i) out.push_back(static_cast<double>(table[i * table.dim(1) + k]));
  return out;
}

void write_csv(const fs::path& path, const std::vector<std::string>& names,
               const std::vector<std::vector<double>>& columns) {
  GRADUS_CHECK(names.size() == columns.size(), path.string(), ": ", names.size(), " names for ",
               columns.size(), " columns");
  for (std::size_t k = 0; k < columns.size(); ++k)
    GRADUS_CHECK(columns[k].size() == columns[0].size(), path.string(), ": column \"", names[k], "\" has ",
                 columns[k].size(), " numbers, the first one ", columns[0].size());
  std::string out;
  for (std::size_t k = 0; k < names.size(); ++k) out += (k ? "," : "") + field(names[k]);
  out += '\n';
  for (std::size_t i = 0; !columns.empty() && i < columns[0].size(); ++i) {
    for (std::size_t k = 0; k < columns.size(); ++k) out += (k ? "," : "") + exact(columns[k][i]);
    out += '\n';
  }
  write_text(path, out);
}

}  // namespace gradus
