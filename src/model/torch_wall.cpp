#include "model/torch_wall.h"

#include <new>
#include <string>
#include <string_view>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t reason_bytes_max = 300;

std::string_view full_text(const std::exception& thrown) {
    const auto* ours = dynamic_cast<const c10::Error*>(&thrown);
    return ours != nullptr ? ours->what_without_backtrace() : thrown.what();
}

// CUDA's own words; what torch appends to them is for those who build it.
std::string_view cuda_error(std::string_view text) {
    const std::size_t start = text.find("CUDA error: ");
    return start == text.npos ? std::string_view() : text.substr(start, text.find('\n', start) - start);
}

// The interpreter puts its traceback first and the reason last.
std::string_view last_line(std::string_view text) {
    const std::size_t end = text.find_last_not_of(" \n");
    if (end == text.npos) return "no reason given";
    text = text.substr(0, end + 1);
    const std::size_t start = text.rfind('\n');
    return start == text.npos ? text : text.substr(start + 1);
}

// The interpreter rethrows everything as a plain runtime_error, so the type alone does not say.
bool is_out_of_memory(const std::exception& thrown, std::string_view text) {
    return dynamic_cast<const c10::OutOfMemoryError*>(&thrown) != nullptr ||
           dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr ||
           text.find("CUBLAS_STATUS_ALLOC_FAILED") != text.npos || text.find("out of memory") != text.npos ||
           text.find("can't allocate memory") != text.npos;
}

}  // namespace

at::ScalarType to_torch(Dtype dtype) {
    switch (dtype) {
        case Dtype::float32: return at::kFloat;
        case Dtype::float16: return at::kHalf;
        case Dtype::bfloat16: return at::kBFloat16;
        case Dtype::int8: return at::kChar;
    }
    panic("Dtype out of range");
}

Error to_error(const std::exception& thrown) {
    const std::string_view text = full_text(thrown);
    if (is_out_of_memory(thrown, text)) {
        return {
            .code = ErrorCode::out_of_memory,
            .message = "the model ran out of memory; try again, or start with fewer slots",
            .field = {}
        };
    }
    const std::string_view by_cuda = cuda_error(text);
    const std::string_view reason = by_cuda.empty() ? last_line(text) : by_cuda;
    return {
        .code = ErrorCode::model_failed,
        .message = "the model failed: " + std::string(reason.substr(0, reason_bytes_max)),
        .field = {}
    };
}

Result<void> blame_bundle(Result<void> outcome, const std::string& name) {
    TRY(check_mappings(ErrorCode::weights_invalid));
    if (outcome || outcome.error().code != ErrorCode::model_failed) return outcome;
    return fail(
        ErrorCode::bundle_invalid,
        "the program of " + name + " does not run: " + outcome.error().message + "; export the bundle again"
    );
}

}  // namespace vignette
