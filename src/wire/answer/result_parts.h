// Parts of results as JSON values, for the files of this module that write results.
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

// As text in valid UTF-8. Memory may run out while writing: the job must still get an answer.
std::string written_json(const ResultJson& json);
inline constexpr const char* no_memory_json =
    R"({"error":{"code":"out_of_memory","message":"not enough memory to write the answer","retryable":true}})";

// The value that `write` returns, as text; if memory runs out, an answer that says so.
template <class Write>
std::string written(Write&& write) {
    try {
        return written_json(std::forward<Write>(write)());
    } catch (const std::exception&) {
        return no_memory_json;
    }
}

}  // namespace vignette
