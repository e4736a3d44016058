// Where torch's exceptions end, and how our types are called in torch. Private to the torch side of model/.
#pragma once

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "bundle/mapping_guard.h"
#include "model/torch_lean.h"
#include "vignette/bundle.h"
#include "vignette/error.h"

namespace vignette {

at::ScalarType to_torch(Dtype dtype);

// An exception of torch as an error for people: its last line, without the interpreter's backtrace.
Error to_error(const std::exception& thrown);

// A program that failed before it met anybody's picture is broken itself: bundle_invalid.
Result<void> blame_bundle(Result<void> outcome, const std::string& name);

// Runs `call`, which returns a Result, in inference mode (a property of the thread, so it is set each time).
// Whatever it gives is wrong if the weights were damaged meanwhile.
template <class F>
std::invoke_result_t<F> torch_wall(F&& call) {
    const auto run = [&]() -> std::invoke_result_t<F> {
        try {
            const c10::InferenceMode guard;
            return std::forward<F>(call)();
        } catch (const std::exception& thrown) {
            return std::unexpected(to_error(thrown));
        }
    };
    std::invoke_result_t<F> outcome = run();
    TRY(check_mappings(ErrorCode::model_failed));
    return outcome;
}

}  // namespace vignette
