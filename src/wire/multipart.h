// Reads a form of the type multipart/form-data (RFC 7578). Strict: a boundary must stand where it belongs,
// and nothing may come before the first or after the last. Pure, for any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

struct FormLimits {
    std::size_t parts_max = 320;             // files and fields
    std::size_t header_bytes_max = 4 * KiB;  // of one part
};

struct FormPart {
    std::string name;
    std::string filename;      // as the client calls it; empty if it does not say
    std::string content_type;  // what the client claims; may be empty
    SharedText content;
};

// Reads a form as it comes: each part is there once its own bytes are.
class FormReader {
public:
    // `content_type`: of the request, with the boundary.
    static Result<FormReader> make(std::string_view content_type, const FormLimits& limits = {});

    void add(std::string_view piece);
    void add_whole(SharedText body);  // all of it, instead of pieces; contents are views of it
    void finish() { whole_ = true; }  // nothing more will come

    // The next part; nullopt: it is not all there yet, or, after finish(), there is none.
    Result<std::optional<FormPart>> next();

private:
    enum class State { first_boundary, behind_boundary, line_end, headers, content, end };
    enum class Step { done, needs_more };

    FormReader(const std::string& boundary, const FormLimits& limits)
        : delimiter_("\r\n--" + boundary), limits_(limits) {}

    std::string_view rest() const { return (body_ ? body_->view() : std::string_view(text_)).substr(at_); }
    Result<Step> step();
    Result<Step> read_first_boundary();
    Result<Step> read_behind_boundary();
    Result<Step> read_line_end();
    Result<Step> read_headers();
    Result<Step> read_content();
    Result<Step> check_end() const;
    Result<Step> more_or(std::string_view complaint) const;

    std::string delimiter_;
    FormLimits limits_;
    std::optional<SharedText> body_;
    std::string text_;      // what came piece by piece, from where it is still needed
    std::size_t at_ = 0;    // in the text: what has been read
    std::size_t seen_ = 0;  // of a part's content: no delimiter begins before that
    State state_ = State::first_boundary;
    FormPart part_;  // with what has been read of it
    std::size_t parts_ = 0;
    bool whole_ = false;
};

// A whole form; its parts' contents are views of the body. Names are valid UTF-8; contents are any bytes.
Result<std::vector<FormPart>> read_multipart(
    std::string_view content_type, const SharedText& body, const FormLimits& limits = {}
);

// A part's bytes as a picture, copied; `field` names it in errors. May throw std::bad_alloc.
Result<PictureSource> picture_of(const FormPart& part, std::string field, const Limits& limits);

}  // namespace vignette
