// A JPEG that takes seconds to decode and is small: one pass over the picture for each coefficient.
#pragma once

// First, because jpeglib.h needs it without including it.
#include <cstdio>

#include <jpeglib.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "vignette/bytes.h"

namespace vignette {

inline Bytes slow_jpeg(unsigned side) {
    jpeg_compress_struct state{};
    jpeg_error_mgr errors{};
    state.err = jpeg_std_error(&errors);
    jpeg_create_compress(&state);
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&state, &memory, &size);
    state.image_width = state.image_height = side;
    state.input_components = 1;
    state.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&state);
    std::array<jpeg_scan_info, 64> scans{};
    for (int i = 0; i < 64; ++i)
        scans[static_cast<std::size_t>(i)] = {.comps_in_scan = 1, .component_index = {}, .Ss = i, .Se = i};
    state.scan_info = scans.data();
    state.num_scans = static_cast<int>(scans.size());
    jpeg_start_compress(&state, TRUE);
    std::vector<unsigned char> row(side, 100);
    JSAMPROW rows = row.data();
    for (unsigned y = 0; y < side; ++y) jpeg_write_scanlines(&state, &rows, 1);
    jpeg_finish_compress(&state);
    const auto* begin = reinterpret_cast<const std::byte*>(memory);
    Bytes file(begin, begin + size);
    std::free(memory);
    jpeg_destroy_compress(&state);
    return file;
}

}  // namespace vignette
