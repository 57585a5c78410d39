#include "gradus/autograd/graph.hpp"

#include <cstdlib>
#include <fstream>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

namespace gradus {
namespace {

std::string escaped(const std::string& label) {
  std::string out;
  for (const char c : label) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string to_dot(const Tape& tape, const std::function<std::string(const Parameter&)>& name) {
  std::string out =
      "digraph tape {\n  rankdir=BT;\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, "
      "fontname=\"Helvetica\", fontsize=11];\n  edge [fontname=\"Helvetica\", fontsize=9, "
      "color=\"#555555\"];\n";
  const auto steps = tape.steps();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const Step& step = steps[s];
    if (step.parameter) {
      const std::string label = name ? name(*step.parameter) : "parameter";
      out += text("  n", s, " [label=\"", escaped(label), "\\n", step.shape, "\", fillcolor=\"#cfe2ff\"];\n");
      continue;
    }
    out += text("  n", s, " [label=\"", step.op, "\\n", step.shape, "\"];\n");
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] >= 0) {
        out += text("  n", step.inputs[i], " -> n", s, ";\n");
      } else {
        out += text("  c", s, "_", i, " [label=\"constant\\n", step.input_shapes[i],
                    "\", fillcolor=\"#eeeeee\", color=\"#999999\", fontcolor=\"#666666\"];\n  c", s, "_", i,
                    " -> n", s, " [style=dashed];\n");
      }
    }
  }
  return out + "}\n";
}

bool draw_tape(const Tape& tape, const std::filesystem::path& path,
               const std::function<std::string(const Parameter&)>& name) {
  std::filesystem::path dot = path, svg = path;
  dot += ".dot";
  svg += ".svg";
  if (dot.has_parent_path()) make_folder(dot.parent_path());
  std::ofstream file(dot);
  file << to_dot(tape, name);
  file.close();
  GRADUS_CHECK(file, "draw_tape: cannot write ", dot.string());
  return std::system(("dot -Tsvg " + shell_quoted(dot.string()) + " -o " + shell_quoted(svg.string()) +
                      " 2> /dev/null")
                         .c_str()) == 0;
}

}  // namespace gradus
