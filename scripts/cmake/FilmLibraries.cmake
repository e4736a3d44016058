# libav as one imported target: what demuxes, decodes and scales a film's frames.
add_library(vignette_libav INTERFACE)
foreach(part avformat avcodec swscale avutil)
  find_path(Libav_${part}_INCLUDE_DIR lib${part}/${part}.h REQUIRED)
  find_library(Libav_${part}_LIBRARY ${part} REQUIRED)
  target_include_directories(vignette_libav SYSTEM INTERFACE ${Libav_${part}_INCLUDE_DIR})
  target_link_libraries(vignette_libav INTERFACE ${Libav_${part}_LIBRARY})
endforeach()
