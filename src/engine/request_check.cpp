#include "engine/request_check.h"

#include <algorithm>
#include <string>

#include "vignette/invariant.h"

namespace vignette {
namespace {

Result<void> check_beams(const GenerationRequest& request, const ModelShape& shape) {
    const int beams = request.rules.num_beams;
    if (beams > shape.slots) {
        return fail(
            ErrorCode::invalid_input, "num_beams is " + std::to_string(beams) + " and this engine has " +
                                          std::to_string(shape.slots) + " slots; ask for fewer beams"
        );
    }
    if (beams > 1 && request.rules.sampling)
        return fail(ErrorCode::invalid_input, "a caption is sampled with one beam; leave num_beams at 1");
    if (beams > 1 && request.filter)
        return fail(ErrorCode::invalid_input, "a grammar is followed with one beam; leave num_beams at 1");
    if (request.rules.sampling && !(request.rules.sampling->temperature > 0))
        return fail(ErrorCode::invalid_input, "the temperature of sampling must be above 0");
    return {};
}

}  // namespace

Result<void> check(const GenerationRequest& request, const ModelShape& shape) {
    ASSERT(!request.pictures.empty());
    ASSERT(std::ranges::none_of(request.pictures, [](const auto& one) { return one == nullptr; }));
    ASSERT(!request.prompt.empty());
    ASSERT(request.rules.repetition_penalty > 0);
    TRY(check_beams(request, shape));
    // The last new token is never written, hence "- 1".
    const auto needed = static_cast<int>(request.prompt.size()) + request.rules.max_length - 1;
    if (needed > shape.positions) {
        return fail(
            ErrorCode::prompt_too_long,
            "picture, prompt and caption need " + std::to_string(needed) + " positions and the model has " +
                std::to_string(shape.positions) + "; send a shorter prompt or a smaller max_length"
        );
    }
    return {};
}

}  // namespace vignette
