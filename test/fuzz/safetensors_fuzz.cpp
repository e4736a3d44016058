// Untrusted weights: whatever the bytes are, they give an error, or views inside those bytes.
#include <cstdint>
#include <functional>
#include <span>

#include "bundle/safetensors.h"
#include "vignette/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto content = std::as_bytes(std::span(data, size));
    const auto index = vignette::parse_safetensors_header(content, "fuzz.safetensors");
    if (!index) {
        ASSERT(!index.error().message.empty());
        return 0;
    }
    for (const auto& [name, view] : *index) {
        std::size_t bytes = vignette::bytes_of(view.type);
        for (const std::int64_t side : view.shape) bytes *= static_cast<std::size_t>(side);
        ASSERT(bytes == view.bytes.size());
        ASSERT(std::greater_equal{}(view.bytes.data(), content.data()));
        ASSERT(std::less_equal{}(view.bytes.data() + view.bytes.size(), content.data() + content.size()));
    }
    return 0;
}
