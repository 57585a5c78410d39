// Translates compiler messages into plain sentences.
#include <regex>

#include "compiler.hpp"

namespace gradus::grade {

std::string no_plain_text(const std::string& source) {
  if (source.find('\0') == std::string::npos) return "";
  const bool marked = source.starts_with("\xff\xfe") || source.starts_with("\xfe\xff");
  return std::string("the file is ") +
         (marked ? "saved as UTF-16" : "not plain text: saved as UTF-16, or damaged") + ". Save it as UTF-8";
}

namespace {

struct Pattern {
  const char* seen;
  const char* said;  // $1 and $2 are what the pattern caught
};
constexpr Pattern patterns[] = {
    {"invalid initialization of reference of type 'const gradus::Var&' from expression of type "
     "'(?:double|float|gradus::Real)'",
     "a number is passed to a function for Vars: for numbers use std::exp, std::log, std::sqrt, std::abs, "
     "with std::"},
    {"no matching function for call to '(exp|log|sqrt|abs|tanh|pow)'",
     "'$1' without std:: is for Vars: for a number use std::$1(x[i]); process a Tensor number by number"},
    {"no matching function for call to '(?:std::)?(exp|log|sqrt|abs|tanh|pow|log1p|expm1)\\(",
     "'$1' applies to single numbers, std::$1(x[i]): process a Tensor number by number"},
    {"could not convert '\\{[^']*' from '<brace-enclosed initializer list>' to "
     "'gradus::Grads<(\\d)>'|excess elements in (?:struct|array) initializer",
     "the braces contain the wrong values: this list needs one Tensor per input, in the order of the "
     "inputs (Grads<2> needs two)"},
    {"to 'gradus::Grads<(\\d)>'|to function return type '(?:gradus::)?Grads<(\\d)>'",
     "a list of gradients is needed here, one Tensor per input ($1$2 of them), in braces: return {dx}; or "
     "return {dx, dw};"},
    {"lvalue required as left operand of assignment|expression is not assignable",
     "the left side of the = cannot be written: the numbers of an input, or of a member in backward(), are "
     "read-only; write results into a new Tensor"},
    {"to binary 'operator\\^'|invalid operands to binary expression \\('[^']*'(?: \\(aka '[^']*'\\))? and "
     "'(?:int|double|float|Real|Index|long|gradus::Real)'",
     "^ is not a power in C++, and % is for integers: write x * x, std::pow(x, 2) or std::exp(x)"},
    {"invalid type argument of unary '\\*'|indirection requires pointer operand",
     "** is not a power in C++: write x * x or std::pow(x, 2)"},
    {"cannot convert '[^']*'(?: \\{aka '[^']*'\\})? to 'const gradus::Shape&'|reference to type 'const "
     "(?:gradus::)?Shape'|call to 'gradus::Tensor::(?:zeros|full|randn|uniform)\\(|expected single "
     "argument 'shape'|call to 'gradus::Tensor::Tensor\\(gradus::Index|no matching constructor for "
     "initialization of '(?:gradus::)?Tensor'",
     "a shape is written in braces: Tensor({B, K}), Tensor::zeros({B})"},
    {"'<unresolved overloaded function type>|reference to non-static member function must be called",
     "a function is used without its brackets: write mu.size(), mu.dim(0), mu.shape()[0]"},
    {"call to 'gradus::Tensor::Tensor\\(<brace-enclosed initializer list>",
     "the braces of a shape contain integers, Tensor({B, K}): is one of them a function without its "
     "brackets, or not an Index?"},
    {"cannot convert '(?:const )?gradus::Tensor' to '(?:double|float|int|long "
     "int|gradus::Real|gradus::Index)'|no viable conversion (?:from|from returned value of type) '(?:const "
     ")?(?:gradus::)?Tensor' to (?:function return type "
     ")?'(?:double|float|int|long|Real|Index|gradus::Real)",
     "a Tensor is used where one number is needed: its numbers are x[i]"},
    {"out of memory|virtual memory exhausted|std::bad_alloc|cannot allocate memory|Cannot allocate memory",
     "the compiler ran out of memory: a list of very many numbers, or a template or constexpr function "
     "that calls itself too often"},
    {"'([^']*)' was not declared in this scope; did you mean '([^']*)'",
     "the name '$1' is unknown here; did you mean '$2'?"},
    {"'([^']*)' was not declared in this scope",
     "the name '$1' is unknown here: a typing error, or a variable that was never declared"},
    {"use of undeclared identifier '([^']*)'(?:; did you mean '([^']*)')?",
     "the name '$1' is unknown here: a typing error, or a variable that was never declared"},
    {"'([^']*)' is not a member of 'std'|no member named '([^']*)' in namespace 'std'",
     "std::$1$2 is unknown here: is its #include missing (<cmath>, <algorithm>, <vector>)?"},
    {"expected initializer before|expected ';' (?:at end|after)",
     "a ';' is missing (check the end of the previous line)"},
    {"control reaches end of non-void function|non-void (?:function|lambda) does not return a value in all",
     "a function that returns a value can end without a return"},
    {"declaration of '[^']* ([^' ]*)' shadows a parameter|redefinition of '([^']*)'.*different type",
     "the name '$1$2' is already used by a parameter: choose another name"},
    {"expected ',' or ';' before", "a ';' is missing (check the end of the previous line)"},
    {"expected '([^']*)' (?:before|after)", "a '$1' is missing (check the end of the previous line too)"},
    {"expected '([^']*)'", "a '$1' is missing (check the end of the previous line too)"},
    {"no matching function for call to '(max|min|clamp)\\(",
     "std::$1 needs numbers of one type: write Real(0), not 0 or 0.0"},
    {"no matching function for call to '(?:std::)?(max|min|clamp)",
     "std::$1 needs numbers of one type: write Real(0), not 0 or 0.0"},
    {"no match for 'operator([^']*)' \\(operand types are '([^']*)'(?: \\{aka '[^']*'\\})? and '([^']*)'",
     "'$1' does not apply to '$2' and '$3': process tensors number by number (x[i], or with mapped and "
     "zipped)"},
    {"invalid operands to binary expression",
     "an operator does not apply to its operands: process tensors number by number (x[i])"},
    {"no matching function for call to '((?:[^'(<]|<[^']*>)*)",
     "'$1' is called with the wrong arguments: see its declaration in the header"},
    {"too (few|many) arguments to function", "a function is called with too $1 arguments"},
    {"passing '([^']*)' as '?this'? argument discards qualifiers",
     "a const object is changed: backward() must not change the op"},
    {"assignment of (?:member|read-only location|read-only variable) '([^']*)'",
     "'$1' is const and cannot be changed here"},
    {"cannot assign to", "a const object is changed here"},
    {"cannot convert '([^']*)'(?: \\{aka '[^']*'\\})? to '([^']*)'", "a '$1' is used where a '$2' is needed"},
    {"could not convert '([^']*)'", "the value '$1' does not have the required type"},
    {"no viable conversion", "a value is used where another type is needed"},
    {"'(?:class |struct )?([^']*)' has no member named '([^']*)'", "'$1' has no member '$2'"},
    {"no member named '([^']*)' in '([^']*)'", "'$2' has no member '$1'"},
    {"no declaration matches '([^']*)'",
     "the function '$1' is not the one that is declared in the header: keep its original name and "
     "arguments"},
    {"out-of-line definition of '([^']*)' does not match",
     "the function '$1' is not the one that is declared in the header: keep its original name and "
     "arguments"},
    {"redefinition of '([^']*)'", "'$1' is defined twice"},
    {"redeclaration of '([^']*)'", "'$1' is declared twice in one block"},
    {"multiple definition of `main'",
     "your file has a main(): an exercise file must not have one, since its functions are called from "
     "outside"},
    {"multiple definition of `([^']*)'",
     "'$1' is defined by your file and by the library: choose another name, or put it into namespace { }"},
    {"undefined reference to `([^']*)'",
     "your file does not define '$1' (was it deleted or renamed, or were its arguments changed?)"},
    {"undefined symbol: (.*)",
     "your file does not define '$1' (was it deleted or renamed, or were its arguments changed?)"},
    {"([^ ]*): No such file or directory",
     "the file $1 is not available (only headers of the library and the C++ standard are)"},
    {"fatal error: '([^']*)' file not found",
     "the file $1 is not available (only headers of the library and the C++ standard are)"},
    {"'this' was not captured|'this' cannot be implicitly captured",
     "a lambda cannot access members directly: capture them, [b = beta], and use b"},
    {"'([^']*)' is not captured|variable '([^']*)' cannot be implicitly captured",
     "a lambda does not capture '$1': write [&] or [$1]"},
    {"invalid types '[^']*' for array subscript",
     "p[b][k] is not how a Tensor is indexed: write p.at({b, k}), or p[b * K + k]"},
    {"no match for call to '\\(([^']*)\\)|type '([^']*)' does not provide a call operator",
     "round brackets call a function; the numbers of a Tensor are x[i] and x.at({b, k})"},
    {"no return statement in function returning non-void", "a function that returns a value has no return"},
    {"expected primary-expression", "something is missing or superfluous here: a bracket, a comma, a number"},
    {"expected unqualified-id|expected declaration|extraneous closing brace",
     "a bracket '}' is missing or superfluous, further up"},
    {"template instantiation depth exceeds|recursive template instantiation exceeded",
     "a template has infinite recursion"},
};

}  // namespace

std::string plain_words(const std::string& all) {
  const std::string text = all.substr(0, 8192);  // std::regex recurses once per character
  // Use the first compiler error, since later ones may follow from it. A linker gives its reasons earlier.
  std::string words = text;
  if (const auto first = text.find("error:"); first != std::string::npos &&
                                              text.find("ld returned") == std::string::npos &&
                                              text.find("linker command failed") == std::string::npos) {
    const auto line = text.rfind('\n', first) + 1;  // none before: 0
    words = text.substr(line, text.find("error:", first + 1) - line);
  }
  words = std::regex_replace(words, std::regex("\\(anonymous namespace\\)::|\\{anonymous\\}::"), "");
  for (const Pattern& pattern : patterns) {
    std::smatch match;
    if (std::regex_search(words, match, std::regex(pattern.seen))) return match.format(pattern.said);
  }
  return "";
}

}  // namespace gradus::grade
