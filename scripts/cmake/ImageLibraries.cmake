# The decoders as imported targets. OpenCVConfig.cmake lives in a package that pulls in 150 others; we need three
# libraries of it, by name.
find_path(OpenCV_INCLUDE_DIR opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4 REQUIRED)
find_path(Jpeg_INCLUDE_DIR jpeglib.h REQUIRED)
find_library(Jpeg_LIBRARY jpeg REQUIRED)
add_library(vignette_decoders INTERFACE)
target_include_directories(vignette_decoders SYSTEM INTERFACE ${OpenCV_INCLUDE_DIR} ${Jpeg_INCLUDE_DIR})
foreach(part imgcodecs imgproc core)
  find_library(OpenCV_${part}_LIBRARY opencv_${part} REQUIRED)
  target_link_libraries(vignette_decoders INTERFACE ${OpenCV_${part}_LIBRARY})
endforeach()
target_link_libraries(vignette_decoders INTERFACE ${Jpeg_LIBRARY})
# Camera raw. The _r library is the one whose objects may be used by several threads; its loops are OpenMP's, whose
# runtime is named because we keep them on one thread.
find_path(LibRaw_INCLUDE_DIR libraw/libraw.h REQUIRED)
find_library(LibRaw_LIBRARY raw_r REQUIRED)
add_library(LibRaw::LibRaw UNKNOWN IMPORTED)
set_target_properties(LibRaw::LibRaw PROPERTIES IMPORTED_LOCATION ${LibRaw_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${LibRaw_INCLUDE_DIR} INTERFACE_LINK_LIBRARIES gomp)
target_link_libraries(vignette_decoders INTERFACE LibRaw::LibRaw)

# One decoder each: no configuration files, or none that says more than the name.
foreach(part webp webpdemux heif gif deflate)
  find_library(Decoder_${part}_LIBRARY ${part} REQUIRED)
  target_link_libraries(vignette_decoders INTERFACE ${Decoder_${part}_LIBRARY})
endforeach()
