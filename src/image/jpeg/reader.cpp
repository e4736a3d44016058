#include "image/jpeg/reader.h"

#include <jerror.h>

#include <algorithm>

#include "image/pixels.h"

namespace vignette {
namespace {

// A progressive file of a few kB may contain ten thousand scans of a huge picture.
constexpr int scans_max = 500;

// libjpeg outputs rows in groups of at most 16; more pointers would be useless.
constexpr JDIMENSION rows_at_once = 16;

}  // namespace

JpegReader::JpegReader(std::span<const std::byte> encoded) : encoded_(encoded) {
    state_.err = jpeg_std_error(&errors_);
    errors_.error_exit = leave;
    errors_.emit_message = note;
    progress_.progress_monitor = count_scans;
    state_.client_data = this;
}

// The jump skips only C frames, and lambdas that own nothing.
template <class Call>
bool JpegReader::attempt(Call call) {
    if (setjmp(escape_) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg has no other way
    call();
    return true;
}

JpegReader& JpegReader::of(j_common_ptr common) { return *static_cast<JpegReader*>(common->client_data); }

void JpegReader::leave(j_common_ptr common) {
    JpegReader& self = of(common);
    self.errors_.format_message(common, self.said_.data());
    std::longjmp(self.escape_, 1);  // NOLINT(cert-err52-cpp)
}

// Level -1 is a warning: the data is damaged, and libjpeg fills in made-up values.
void JpegReader::note(j_common_ptr common, int level) {
    if (level >= 0) return;
    JpegReader& self = of(common);
    if (self.errors_.num_warnings++ == 0) self.errors_.format_message(common, self.said_.data());
    if (self.errors_.msg_code == JWRN_JPEG_EOF) self.ended_early_ = true;
}

void JpegReader::count_scans(j_common_ptr common) {
    JpegReader& self = of(common);
    if (self.state_.input_scan_number <= scans_max) return;
    std::snprintf(self.said_.data(), self.said_.size(), "it has more than %d scans", scans_max);
    std::longjmp(self.escape_, 1);  // NOLINT(cert-err52-cpp)
}

bool JpegReader::read_header() {
    return attempt([this] {
        jpeg_create_decompress(&state_);
        state_.progress = &progress_;
        jpeg_mem_src(&state_, data_of(encoded_), encoded_.size());
        jpeg_read_header(&state_, TRUE);
    });
}

bool JpegReader::start(J_COLOR_SPACE colours, int eighths) {
    return attempt([this, colours, eighths] {
        state_.out_color_space = colours;
        state_.scale_num = static_cast<unsigned>(eighths);
        state_.scale_denom = 8;
        state_.dct_method = JDCT_ISLOW;
        jpeg_start_decompress(&state_);
    });
}

bool JpegReader::read_rows(std::uint8_t* into, std::int32_t count) {
    const std::size_t row =
        static_cast<std::size_t>(state_.output_width) * static_cast<std::size_t>(state_.output_components);
    return attempt([this, into, row, count] {
        const JDIMENSION first = state_.output_scanline;
        const JDIMENSION end = first + static_cast<JDIMENSION>(count);
        std::array<JSAMPROW, rows_at_once> rows;
        while (state_.output_scanline < end) {
            const JDIMENSION wanted = std::min(end - state_.output_scanline, rows_at_once);
            for (JDIMENSION i = 0; i < wanted; ++i)
                rows[i] = into + (state_.output_scanline - first + i) * row;
            jpeg_read_scanlines(&state_, rows.data(), wanted);
        }
    });
}

bool JpegReader::finish() {
    return attempt([this] { jpeg_finish_decompress(&state_); });
}

Size JpegReader::full() const { return make_size(state_.image_width, state_.image_height); }

bool JpegReader::has_inks() const {
    return state_.jpeg_color_space == JCS_CMYK || state_.jpeg_color_space == JCS_YCCK;
}

Size JpegReader::size() const { return make_size(state_.output_width, state_.output_height); }

}  // namespace vignette
