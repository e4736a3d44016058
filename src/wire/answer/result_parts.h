// Parts of results as JSON values, for the files in this folder.
#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "vignette/caption.h"
#include "vignette/error.h"

namespace vignette {

using ResultJson = nlohmann::ordered_json;  // keeps our order, so that people see the caption first

ResultJson result_json(const Result<Caption>& outcome);
ResultJson error_json(const Error& error);  // {"error": {...}}
ResultJson model_json(const ModelUse& use);
ResultJson vector_json(const Embedding& embedding);

// As text in valid UTF-8. If memory runs out on the way, the job must still end in one answer.
std::string written_json(const ResultJson& json);
inline constexpr const char* no_memory_json =
    R"({"error":{"code":"out_of_memory","message":"not enough memory to write the answer","retryable":true}})";

// The JSON that `write` makes, as text, or an out-of-memory error.
template <class Write>
std::string written(Write&& write) {
    try {
        return written_json(std::forward<Write>(write)());
    } catch (const std::exception&) {
        return no_memory_json;
    }
}

}  // namespace vignette
