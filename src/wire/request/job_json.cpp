#include "wire/request/job_json.h"

#include <utility>

#include "wire/request/request_reader.h"

namespace vignette {

Result<Request> parse_request(std::string body, const Limits& limits) {
    // Only memory can run out here: simdjson is called through its error codes.
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return read_request(PaddedText(std::move(body)), limits, IdLength::bounded).request;
    }));
}

}  // namespace vignette
