// Of a bundle and the types that it is computed in: with others it may answer otherwise.
#pragma once

#include <string>

#include "core/enum_text.h"
#include "vignette/bundle.h"

namespace vignette {

inline std::string model_digest(const BundleInfo& info) {
    std::string digest = info.digest;
    for (const Dtype type : {info.dtype, info.weights}) {
        digest += ':';
        digest += to_text(type);
    }
    return digest;
}

}  // namespace vignette
