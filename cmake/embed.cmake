# cmake -DFILE=page.css -DNAME=page_css -DHEADER=page_css.hpp -P embed.cmake: a header with the file's text as a constant
file(READ ${FILE} text)
get_filename_component(file ${FILE} NAME)
file(WRITE ${HEADER} "#pragma once
// Made by the build from ${file}.
#include <string_view>

namespace embedded {
inline constexpr std::string_view ${NAME} = R\"embedded(${text})embedded\";
}
")
