# vignette_embed(target files…): the files as text inside the program, each as a function that is named after it:
# web/index.html becomes `std::string_view vignette::embedded::index_html()`.
set(VIGNETTE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(vignette_embed target)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.h)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp)
  add_custom_command(OUTPUT ${header} ${source}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${ARGN}" -DHEADER=${header} -DSOURCE=${source} -P ${VIGNETTE_EMBED_SCRIPT}
    DEPENDS ${ARGN} ${VIGNETTE_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${source} ${header})
  add_custom_target(${target}_files DEPENDS ${header})  # for clang-tidy, which needs the header and no program
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
  set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  set(declarations "")
  set(definitions "")
  foreach(file ${FILES})
    get_filename_component(name ${file} NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" name ${name})
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
    string(APPEND declarations "std::string_view ${name}();\n")
    string(APPEND definitions "const char bytes_of_${name}[] = {${bytes}};\n"
      "std::string_view ${name}() { return {bytes_of_${name}, sizeof bytes_of_${name}}; }\n")
  endforeach()
  file(WRITE ${HEADER} "#pragma once\n#include <string_view>\nnamespace vignette::embedded {\n${declarations}}\n")
  file(WRITE ${SOURCE}
    "#include \"embedded_files.h\"\nnamespace vignette::embedded {\n${definitions}}  // namespace vignette::embedded\n")
endif()
