# Doxygen's input filter: turns the comments of a header into Doxygen's form, by the rules in CONTRIBUTING.md, "Comments of the API".
# Every line of a header keeps its number, for warnings.
#
# In a page of Markdown, links to headers become links to their description.
#
#   awk -f docs/doxygen.awk include/gradus/ops/conv.hpp
FILENAME ~ /\.md$/ {
  gsub(/\]\(\.\.\/include\/gradus\//, "](@ref ")
  if (/^#/) sub(/ — \[/, "\n\nDeclared in [")  # Doxygen leaves links in headings as they are
  print
  next
}
{ lines[NR] = $0 }

function indent(text) { match(text, /^ */); return RLENGTH }

# declares(text): a declaration of the namespace or of the innermost class begins here; `level` is its indentation
function declares(text) { return indent(text) == level && text ~ /^ *[A-Za-z:~]/ && text !~ /^ *(public|protected|private):/ }

# is_op(i): the struct that begins in line i has a backward pass
function is_op(i) {
  for (; i <= NR && lines[i] !~ /^};/; ++i) if (lines[i] ~ /^  [^ ].* backward\(const Tensor&/) return 1
  return 0
}

# common(text): the description of a member that means the same in every op (autograd/op.hpp) or layer (nn/layers.hpp)
function common(text) {
  if (kind == "op") {
    if (text ~ /^  Tensor forward\(/) return "The value of the op, from the values of its inputs."
    if (text ~ /^  (Grads<[0-9]>|std::vector<Tensor>) backward\(/) return "One gradient per input, from the gradient of the value."
    if (text ~ /^  static constexpr Needs<[0-9]> optional/) return "Which inputs may be an empty Tensor."
    if (text ~ /^  (static constexpr )?const char\* op /) return "The name in messages."
  }
  if (kind == "layer") {
    if (text ~ /^  [A-Z][A-Za-z0-9]*\(Module& parent, /)
      return "Registers the layer in its parent under this name. The parent's generator draws the initial weights."
    if (text ~ /^  Var operator\(\)/) return "The output of the layer."
    if (text ~ /^  [A-Z][A-Za-z0-9]*Options options;/) return "As given to the constructor."
  }
  return ""
}

# signature(i): the function that is declared from line i on, as @copydoc names it
function signature(i,   text) {
  for (text = lines[i]; text !~ /[;{]$|;  +\/\/\/<|[}]$/; ) text = text lines[++i]
  sub(/\)[^)]*$/, ")", text)
  gsub(/ = [^,()]*(\(\))?/, "", text)  # default arguments
  gsub(/  +/, " ", text)
  match(text, /[A-Za-z0-9_]+\(/)
  return "gradus::" substr(text, RSTART)
}

# separated(line): "T a = 1, b = 2;  ///< words" as one declaration with these words per variable; other lines unchanged
function separated(line,   text, words, type, nested, start, k, c, out, count) {
  text = words = type = line
  if (line !~ /^ *[A-Za-z].*;  +\/\/\/< /) return line
  sub(/.*;  +\/\/\/< /, "", words)
  sub(/;  +\/\/\/< .*/, ",", text)
  sub(/( =|[{]|,).*/, "", type)
  sub(/[A-Za-z0-9_]+$/, "", type)
  start = length(type) + 1
  for (k = start; k <= length(text); ++k) {
    c = substr(text, k, 1)
    if (c ~ /[({<]/) ++nested
    else if (c ~ /[)}>]/) --nested
    else if (c == "," && nested == 0) {
      out = out type substr(text, start, k - start) ";  /**< " words " */"
      start = k + 2
      ++count
    }
  }
  return count > 1 ? out : line
}

# comments(i): the comments that the declaration of line i gets beyond its own
function comments(i,   text, found) {
  text = lines[i]
  if (template) {  # the line continues a declaration
    template = text ~ /^ *requires /
    return ""
  }
  if (level == 0 && model != "") found = "/** @copydoc " model " */ "
  else if (above != "" && text !~ /\/\/\/</) found = "/** " above " */ "
  if (level == 2 && text !~ /\/\/\/</ && lines[i - 1] !~ /^ *\/\/\// && common(text) != "")
    found = found "/** " common(text) " */ "
  template = text ~ /^ *template </
  return found
}

END {
  floor = FILENAME
  sub(/.*include\/gradus\//, "", floor)
  sub(/\/.*/, "", floor)
  # heading: in the comment of the file; above: the comment of the block; model: the declaration whose comment the next ones share
  # body: in a function of the namespace; kind: op, layer or nothing, of the struct `name`
  for (i = 1; i <= NR; ++i) {
    text = lines[i]
    before = ""
    if (level > 0 && text ~ /^ *}/ && indent(text) == level - 2) level -= 2
    if (text == "#pragma once" && lines[i + 1] ~ /^\/\/ /) { heading = 1; text = "/// @file" }
    else if (heading && text ~ /^\/\//) sub(/^\/\//, "///", text)
    else if (text == "") above = model = ""
    else if (text == "namespace gradus {") text = text " /** @addtogroup " floor " */ /** @{ */"
    else if (text ~ /^}  \/\/ namespace gradus$/) text = "/** @} */ " text
    else if (text ~ /^};/) { if (kind == "op") model = "gradus::" name; kind = "" }
    else if (body) body = text !~ /^}/
    else if (indent(text) == level && text ~ /^ *\/\/ [^-]/) {
      above = (lines[i - 1] ~ /^ *\/\/ / ? above " " : "") substr(text, level + 4)
      sub(/(All t|T)hrow /, "Throws ", above)
    } else if (indent(text) == level && text ~ /^ *\/\/\//) model = ""
    else if (declares(text)) {
      before = comments(i)
      if (above != "" && text ~ /\/\/\/</) text = text ". " above
      if (text ~ /^ *(struct|class|enum) .*[{]$/) {
        if (level == 0) {
          kind = is_op(i) ? "op" : text ~ / : Module [{]$/ ? "layer" : ""
          split(text, words, " ")
          name = words[2]
        }
        level += 2
      } else if (level == 0 && text !~ /^(template|struct|class|enum|using|namespace|inline constexpr)/) {
        if (lines[i - 1] ~ /^\/\/\//) model = signature(i)
        body = text ~ /[{]$/
      }
    }
    if (text !~ /^\/\//) heading = 0
    if (text ~ /^ *\/\/\/   /) sub(/\/\/\/ /, "///   ", text)  # a formula: code in Markdown
    else if (text ~ /^ *\/\/\/ .*[^ ]   /) {                    # a formula with gaps within a paragraph
      match(text, /^ *\/\/\/ /)
      comment = substr(text, RLENGTH + 1)
      gsub(/   +/, " \\&emsp; ", comment)
      text = substr(text, 1, RLENGTH) comment (lines[i + 1] ~ /^ *\/\/\/ / ? "<br>" : "")
    }
    if (text ~ /^ *\/\/\/ [0-9]+\. /) sub(/\. /, "\\. ", text)  # not the number of a list item
    if (text ~ /\/\/\/[ <]/ && text !~ /\/\/\/   /) gsub(/ \.\. /, " \\&hellip; ", text)  # not the end of a sentence
    print before separated(text)
  }
}
