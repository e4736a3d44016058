# The decoders as imported targets. OpenCVConfig.cmake lives in a package that pulls in 150 others; we need three
# libraries of it, by name.
find_path(OpenCV_INCLUDE_DIR opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4 REQUIRED)
find_path(TurboJpeg_INCLUDE_DIR turbojpeg.h REQUIRED)
find_library(TurboJpeg_LIBRARY turbojpeg REQUIRED)
add_library(vignette_decoders INTERFACE)
target_include_directories(vignette_decoders SYSTEM INTERFACE ${OpenCV_INCLUDE_DIR} ${TurboJpeg_INCLUDE_DIR})
foreach(part imgcodecs imgproc core)
  find_library(OpenCV_${part}_LIBRARY opencv_${part} REQUIRED)
  target_link_libraries(vignette_decoders INTERFACE ${OpenCV_${part}_LIBRARY})
endforeach()
target_link_libraries(vignette_decoders INTERFACE ${TurboJpeg_LIBRARY})
# One decoder each: no configuration files, or none that says more than the name.
foreach(part webp webpdemux heif gif deflate)
  find_library(Decoder_${part}_LIBRARY ${part} REQUIRED)
  target_link_libraries(vignette_decoders INTERFACE ${Decoder_${part}_LIBRARY})
endforeach()
