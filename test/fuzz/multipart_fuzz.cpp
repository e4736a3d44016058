// Forms of anything: every part lies inside the body, in order, none holds its boundary, and a form written
// of what was read is read as the same again; in pieces it is the same form.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vignette/invariant.h"
#include "wire/multipart.h"

namespace {

using vignette::FormPart;
using vignette::SharedText;

constexpr vignette::FormLimits limits{.parts_max = 16, .header_bytes_max = 256};
constexpr std::string_view type = "multipart/form-data; boundary=XX";

void check_places(const std::vector<FormPart>& parts, std::string_view body) {
    const char* at = body.data();
    for (const FormPart& part : parts) {
        const std::string_view content = part.content.view();
        ASSERT(content.data() >= at && content.data() + content.size() <= body.data() + body.size());
        ASSERT(content.find("\r\n--XX") == std::string_view::npos);
        at = content.data() + content.size();
    }
}

std::string written(const std::vector<FormPart>& parts) {
    std::string body;
    for (const FormPart& part : parts) {
        body.append("--XX\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n");
        body.append(part.content.view()).append("\r\n");
    }
    return body + "--XX--\r\n";
}

// In pieces of `bytes` it is the same form, or as broken.
void check_pieces(
    const vignette::Result<std::vector<FormPart>>& whole, std::string_view text, std::size_t bytes
) {
    vignette::FormReader reader = *vignette::FormReader::make(type, limits);
    std::size_t count = 0;
    while (true) {
        const std::string_view piece = text.substr(0, bytes);
        text.remove_prefix(piece.size());
        reader.add(piece);
        if (piece.empty()) reader.finish();
        while (true) {
            const auto part = reader.next();
            if (!part) {
                ASSERT(!whole && part.error() == whole.error());
                return;
            }
            if (!*part) break;
            ASSERT(!whole || (*whole)[count].content.view() == (*part)->content.view());
            ++count;
        }
        if (piece.empty()) break;
    }
    ASSERT(whole && count == whole->size());
}

void check(const std::string& text) {
    const SharedText body(text);
    const auto parts = vignette::read_multipart(type, body, limits);
    check_pieces(parts, text, 1 + text.size() % 7);
    if (!parts) return;
    ASSERT(parts->size() <= limits.parts_max);
    check_places(*parts, body.view());
    const auto again = vignette::read_multipart(type, SharedText(written(*parts)), limits);
    ASSERT(again && again->size() == parts->size());
    for (std::size_t i = 0; i < parts->size(); ++i)
        ASSERT((*again)[i].content.view() == (*parts)[i].content.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check(text);
    // The first line as a Content-Type, the rest as its body.
    const std::size_t line = text.find('\n');
    if (line != std::string::npos)
        (void)vignette::read_multipart(text.substr(0, line), SharedText(text.substr(line + 1)), limits);
    return 0;
}
