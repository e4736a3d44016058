#include "model/precision.h"

#include "core/enum_text.h"
#include "model/torch_device.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

std::unexpected<Error> refuse(Precision wanted, const std::string& reason) {
    return fail(ErrorCode::usage, "the precision " + std::string(to_text(wanted)) + " " + reason);
}

Result<Dtype> weights_on_cpu(Precision wanted) {
    switch (wanted) {
        case Precision::fp32: return Dtype::float32;
        case Precision::fp16: return Dtype::float16;
        case Precision::bf16: return Dtype::bfloat16;
        case Precision::int8: return Dtype::int8;
        case Precision::fp8: return refuse(wanted, "does not run on a CPU; use 8bit, fp16, bf16 or fp32");
    }
    panic("Precision out of range");
}

Result<Dtype> weights_on_gpu(Precision wanted) {
    switch (wanted) {
        case Precision::fp32: return Dtype::float32;
        case Precision::fp16: return Dtype::float16;
        case Precision::bf16: return Dtype::bfloat16;
        case Precision::int8:
        case Precision::fp8: return refuse(wanted, "does not run on a GPU yet; use fp16, bf16 or fp32");
    }
    panic("Precision out of range");
}

}  // namespace

Result<void> apply_precision(BundleInfo& info, std::optional<Precision> wanted, const std::string& device) {
    const bool on_cpu = TRY(select_device(device)).is_cpu();
    info.weights = info.dtype;
    if (wanted) info.weights = TRY(on_cpu ? weights_on_cpu(*wanted) : weights_on_gpu(*wanted));
    info.dtype = on_cpu ? Dtype::float32 : info.weights;
    return {};
}

}  // namespace vignette
