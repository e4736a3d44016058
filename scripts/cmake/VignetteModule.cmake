# One function per idea: every module of src/ is declared by vignette_module() and by nothing else.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)  # never two libtorch translation units at once: 1 GB each

option(VIGNETTE_WERROR "Warnings are errors" OFF)
add_library(vignette_flags INTERFACE)
target_compile_features(vignette_flags INTERFACE cxx_std_23)
target_compile_options(vignette_flags INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>  # the rules of core/mutex.h
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wswitch-enum -Wimplicit-fallthrough -Wextra-semi
  -Wno-missing-field-initializers  # options structs are named at the call and filled where they differ
  $<$<CXX_COMPILER_ID:GNU>:-Wsuggest-override -Wduplicated-cond -Wduplicated-branches -Wlogical-op -fpch-preprocess>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression-from-macro-expansion
    -Wno-gnu-statement-expression -Wno-deprecated-declarations -Wno-return-type-c-linkage -fclang-abi-compat=17>
  $<$<BOOL:${VIGNETTE_WERROR}>:-Werror>)
target_include_directories(vignette_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(vignette_flags INTERFACE VIGNETTE_VERSION="${PROJECT_VERSION}")
if(VIGNETTE_SANITIZE)
  target_compile_options(vignette_flags INTERFACE -fsanitize=${VIGNETTE_SANITIZE} -fno-omit-frame-pointer
    -DVIGNETTE_SANITIZED -fno-sanitize-recover=undefined $<$<BOOL:${VIGNETTE_FUZZ}>:-fsanitize=fuzzer-no-link>)
  target_link_options(vignette_flags INTERFACE -fsanitize=${VIGNETTE_SANITIZE})
endif()

if(VIGNETTE_PCH)  # one for every torch-free module
  file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
  add_library(vignette_pch STATIC ${CMAKE_BINARY_DIR}/pch.cpp)
  target_link_libraries(vignette_pch PRIVATE vignette_flags)
  target_precompile_headers(vignette_pch PRIVATE <chrono> <condition_variable> <cstdint> <expected> <functional>
    <memory> <mutex> <optional> <span> <string> <string_view> <thread> <variant> <vector> <nlohmann/json.hpp>)
endif()

# vignette_module(name [HEAVY] SOURCES … [USES modules…] [PRIVATE_LIBS third parties…])
function(vignette_module name)
  cmake_parse_arguments(PARSE_ARGV 1 M "HEAVY" "" "SOURCES;USES;PRIVATE_LIBS")
  add_library(vignette_${name} STATIC ${M_SOURCES})
  list(TRANSFORM M_USES PREPEND vignette_)
  target_link_libraries(vignette_${name} PUBLIC vignette_flags ${M_USES} PRIVATE ${M_PRIVATE_LIBS})
  set_target_properties(vignette_${name} PROPERTIES UNITY_BUILD ${VIGNETTE_UNITY} UNITY_BUILD_BATCH_SIZE 0)
  if(M_HEAVY)
    set_target_properties(vignette_${name} PROPERTIES JOB_POOL_COMPILE heavy UNITY_BUILD_BATCH_SIZE 8)
  elseif(VIGNETTE_PCH)
    target_precompile_headers(vignette_${name} REUSE_FROM vignette_pch)
  endif()
endfunction()
