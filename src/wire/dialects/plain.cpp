#include "wire/dialects/plain.h"

#include <utility>

#include "wire/dialects/any_job.h"

namespace vignette {
namespace {

Result<PlainRequest> read(std::string body, const Limits& limits, Task task) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&]() -> Result<PlainRequest> {
        const std::size_t bytes = body.size();
        const PaddedText text(std::move(body));
        ReadRequest read = read_any_job(text, limits, {.may_be_bare = true, .task = task});
        return PlainRequest{.request = TRY(std::move(read.request)), .bytes = bytes};
    }));
}

}  // namespace

Result<PlainRequest> read_plain(std::string body, const Limits& limits) {
    return read(std::move(body), limits, Task::caption);
}

Result<PlainRequest> read_plain_batch(std::string body, const Limits& limits) {
    return read(std::move(body), limits, Task::embed_and_caption);
}

}  // namespace vignette
