# How libraries and programs of this project are compiled.

# gradus_precompile(target headers...): compiles headers once that most of the target's files include;
# "REUSE_FROM other": uses those of another target with the same flags
function(gradus_precompile target)
  if(NOT GRADUS_PRECOMPILE)
    return()
  elseif(ARGV1 STREQUAL "REUSE_FROM")
    target_precompile_headers(${target} REUSE_FROM ${ARGV2})
  else()
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

# gradus_program(name folder optimisation sources...): an executable build/<preset>/<folder>/<name>
function(gradus_program name folder optimisation)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE gradus nlohmann_json::nlohmann_json CLI11::CLI11)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(${name} PRIVATE ${optimisation})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
endfunction()
