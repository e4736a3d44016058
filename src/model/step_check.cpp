#include "model/step_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

bool below(int value, int limit) { return value >= 0 && value < limit; }

bool is_slot(SlotId slot, const ModelShape& shape) { return below(std::to_underlying(slot), shape.slots); }

bool is_token(TokenId token, const ModelShape& shape) {
    return below(std::to_underlying(token), shape.vocabulary);
}

void check_part(const Admission& whole, int count, const ModelShape& shape) {
    const auto length = static_cast<int>(whole.prompt.size());
    ASSERT(is_slot(whole.slot, shape) && !whole.pictures.empty());
    ASSERT(length <= shape.positions && whole.first >= 0);
    ASSERT(count > 0 && count <= length - whole.first);
    ASSERT(shape.reads_in_parts || count == length);
}

}  // namespace

void check_plan(const StepPlan& plan, const ModelShape& shape) {
    for (const SlotCopy& copy : plan.copies) {
        ASSERT(is_slot(copy.from, shape) && is_slot(copy.to, shape));
        ASSERT(copy.same >= 0 && copy.same <= copy.length && copy.length <= shape.positions);
    }
    ASSERT(plan.admissions.size() + plan.decode.size() <= static_cast<std::size_t>(shape.slots));
    for (const PromptPart& part : plan.parts) check_part(part.whole, part.count, shape);
    for (const Admission& one : plan.admissions)
        check_part(one, static_cast<int>(one.prompt.size()) - one.first, shape);
    for (const DecodeRow& row : plan.decode) {
        ASSERT(is_slot(row.slot, shape) && below(row.position, shape.positions));
        ASSERT(is_token(row.token, shape) && row.prompt > 0 && row.prompt <= row.position);
    }
    int rows = 0;
    for (std::size_t i = 0; i < plan.choices.size(); ++i) {
        const Choice& choice = plan.choices[i];
        ASSERT(choice.candidates > 0 && (i < plan.admissions.size() ? choice.rows == 1 : choice.rows > 0));
        rows += choice.rows;
    }
    ASSERT(static_cast<std::size_t>(rows) == plan.admissions.size() + plan.decode.size());
}

Result<void> check_prompt(
    const Admission& one, std::span<const TokenId> placeholders, std::int64_t pictures,
    const ModelShape& shape
) {
    const auto stands_for_picture = [&](TokenId token) {
        return std::ranges::find(placeholders, token) != placeholders.end();
    };
    if (std::ranges::count_if(one.prompt, stands_for_picture) != pictures) {
        return fail(
            ErrorCode::invalid_input,
            "the prompt contains the token that stands for the picture; remove it from the prompt"
        );
    }
    for (const TokenId token : one.prompt) {
        if (is_token(token, shape)) continue;
        return fail(
            ErrorCode::bundle_invalid, "the tokenizer made token " +
                                           std::to_string(std::to_underlying(token)) +
                                           ", which the model does not know; export the bundle again"
        );
    }
    return {};
}

}  // namespace vignette
