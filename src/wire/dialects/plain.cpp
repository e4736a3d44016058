#include "wire/dialects/plain.h"

#include <utility>

#include "core/ascii.h"
#include "wire/dialects/any_job.h"

namespace vignette {
namespace {

struct Outline {  // of a job: which of these fields its object has
    bool input = false;
    bool task = false;
};

Result<Outline> outline_of(const PaddedText& text, const Limits& limits) {
    JsonReader json(text, limits.json_depth_max);
    Outline outline;
    TRY(json.read([&](std::string_view key, JsonReader::Value& value) {
        outline.input = outline.input || key == "input";
        outline.task = outline.task || key == "task";
        return json.skip(value);
    }));
    return outline;
}

Result<PlainRequest> read(std::string body, const Limits& limits, std::string_view default_task) {
    const std::size_t bytes = body.size();
    PaddedText text(std::move(body));
    const Outline outline = TRY(outline_of(text, limits));
    if (!outline.input) {
        std::string wrapped = R"({"input":)";
        if (!outline.task && !default_task.empty()) {
            const std::string_view inside = trim(text.view());  // an object: it was just read
            wrapped.append(R"({"task":")").append(default_task).append(R"(")");
            wrapped.append(trim(inside.substr(1)) == "}" ? "" : ",").append(inside.substr(1));
        } else {
            wrapped.append(text.view());
        }
        text = PaddedText(wrapped.append("}"));
    }
    ReadRequest read = read_any_job(text, limits, IdLength::bounded);
    return PlainRequest{.request = TRY(std::move(read.request)), .bytes = bytes};
}

}  // namespace

Result<PlainRequest> read_plain(std::string body, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] { return read(std::move(body), limits, ""); }));
}

Result<PlainRequest> read_plain_batch(std::string body, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return read(std::move(body), limits, "embed_and_caption");
    }));
}

}  // namespace vignette
