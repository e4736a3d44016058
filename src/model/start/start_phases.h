// How long each part of a model's start took: one line of the log says it. Private to the torch side of
// model/.
#pragma once

#include <string>
#include <string_view>

#include "core/stopwatch.h"
#include "model/model_options.h"

namespace vignette {

class StartPhases {
public:
    // What was done since the last one ended, or since the start.
    void ended(std::string_view phase);

    // To operators who asked for it; others find it among what is logged for debugging.
    void tell(const std::string& model, const ModelOptions& options) const;

private:
    Stopwatch watch_;
    std::string parts_;
};

}  // namespace vignette
