#include "gradus/base/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace gradus {

bool is_terminal(int file) {
  const char* type = std::getenv("TERM");
  return isatty(file) != 0 && !(type && std::string_view(type) == "dumb");
}

bool is_colourful(int file) {
  const char* plain = std::getenv("NO_COLOR");
  return is_terminal(file) && !(plain && *plain);
}

int terminal_columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

std::string fitted(const std::string& words, int columns) {
  std::string out;
  for (const char c : words) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts && columns-- <= 0) break;
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out;
}

}  // namespace gradus
