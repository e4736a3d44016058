# libtorch out of the PyPI wheel as imported targets. The wheel's own TorchConfig.cmake wants a CUDA toolkit and
# nvcc even for a program without a .cu file. LIBTORCH is the site-packages folder that holds torch/.
#   LibTorch::LibTorch  libtorch_cpu and libc10, and libtorch_cuda where the wheel has it
# LibTorch_CUDA_HEADERS and LibTorch_CRT_HEADERS: where the headers of CUDA's runtime are, if wheels brought them; those
# in crt/ come with triton only.
find_path(LibTorch_INCLUDE_DIR torch/csrc/jit/serialization/import.h PATHS ${LIBTORCH}/torch/include NO_DEFAULT_PATH)
find_library(LibTorch_LIBRARY torch_cpu PATHS ${LIBTORCH}/torch/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10 c10 PATHS ${LIBTORCH}/torch/lib NO_DEFAULT_PATH)
find_library(LibTorch_CUDA torch_cuda PATHS ${LIBTORCH}/torch/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_CUDA c10_cuda PATHS ${LIBTORCH}/torch/lib NO_DEFAULT_PATH)
find_path(LibTorch_CUDA_HEADERS cuda_runtime_api.h NO_DEFAULT_PATH
  PATHS ${LIBTORCH}/nvidia/cu13/include ${LIBTORCH}/nvidia/cuda_runtime/include)
find_path(LibTorch_CRT_HEADERS crt/host_config.h NO_DEFAULT_PATH PATHS ${LIBTORCH}/triton/backends/nvidia/include)
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_LIBRARY LibTorch_C10 LibTorch_CUDA LibTorch_C10_CUDA
  LibTorch_CUDA_HEADERS LibTorch_CRT_HEADERS)
if(LibTorch_INCLUDE_DIR)
  file(STRINGS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h version
    REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9;]" "" version "${version}")
  string(REPLACE ";" "." LibTorch_VERSION "${version}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_LIBRARY LibTorch_C10 LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE
    "Run scripts/setup once, or pass -DLIBTORCH=<site-packages with torch ${LibTorch_FIND_VERSION}>")
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  # -idirafter: the wheel carries its own fmt, which must not shadow the system's under spdlog
  target_compile_options(LibTorch::LibTorch INTERFACE
    "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}" "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
  # CUDA 13 has all its libraries in one folder, CUDA 12 a folder for each
  file(GLOB cuda_libraries LIST_DIRECTORIES true ${LIBTORCH}/nvidia/*/lib)
  foreach(folder ${cuda_libraries})  # only to link: at run time libtorch's own library path leads there
    target_link_options(LibTorch::LibTorch INTERFACE LINKER:-rpath-link,${folder})
  endforeach()
  target_link_libraries(LibTorch::LibTorch INTERFACE ${LibTorch_LIBRARY} ${LibTorch_C10})
  if(LibTorch_CUDA)  # no symbol of it is used, yet it must be loaded: it registers the CUDA kernels
    target_link_libraries(LibTorch::LibTorch INTERFACE
      "-Wl,--no-as-needed,${LibTorch_CUDA},${LibTorch_C10_CUDA},--as-needed")
  endif()
endif()
