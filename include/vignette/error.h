// Failure as a value: a code for programs, a sentence for people, and the path of the input field it
// concerns. docs/errors.md lists all codes and what to do about them.
#pragma once

#include <exception>
#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace vignette {

enum class ErrorCode {
    // Caused by the job: the client can fix these.
    invalid_json,
    invalid_input,
    missing_image,
    too_many_images,
    bad_base64,
    empty_image,
    unsupported_media,
    truncated_image,
    undecodable_image,
    not_an_image,
    too_large,
    too_many_pixels,
    forbidden_address,
    not_found,
    refused,
    prompt_too_long,
    unsupported,
    // Caused by the installation: the operator can fix these.
    usage,
    model_not_found,
    bundle_invalid,
    weights_invalid,
    unavailable,
    // Temporary: trying again helps.
    overloaded,
    unreachable,
    too_slow,
    shutting_down,
    out_of_memory,
    device_lost,
    cancelled,
    // Our own faults.
    model_failed,
    internal,
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  // what is wrong, then what to do about it
    std::string field;    // "input.data_url"; empty if no single field is to blame
    bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string field = {}) {
    return std::unexpected(Error{code, std::move(message), std::move(field)});
}

// The same failure, attributed to the input field that caused it; a path that is already set is kept.
template <class T>
Result<T> about(std::string_view field, Result<T> result) {
    if (!result && result.error().field.empty()) result.error().field = field;
    return result;
}

// Stops a library's exceptions at the boundary of the module that uses it.
template <class F>
auto at_wall(ErrorCode code, F&& call) -> Result<std::invoke_result_t<F>> {
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
            std::forward<F>(call)();
            return {};
        } else {
            return std::forward<F>(call)();
        }
    } catch (const std::exception& thrown) {
        return fail(code, thrown.what());
    }
}

}  // namespace vignette

#define VIG_PASTE_(a, b) a##b
#define VIG_PASTE(a, b) VIG_PASTE_(a, b)

// The value of `expression`; on failure, returns its error from the enclosing function.
#define VIG_TRY(result, expression)                                                 \
    __extension__({                                                                 \
        auto&& result = (expression);                                               \
        if (!result) [[unlikely]]                                                   \
            return std::unexpected(std::forward<decltype(result)>(result).error()); \
        *std::forward<decltype(result)>(result);                                    \
    })
#define TRY(expression) VIG_TRY(VIG_PASTE(try_, __COUNTER__), expression)
