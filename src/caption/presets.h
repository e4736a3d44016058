// What each preset is, in one table: what the model is asked, how much it may say, how its text is finished.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "caption/wording/form_text.h"
#include "vignette/bundle.h"
#include "vignette/job.h"

namespace vignette {

// What a preset is for a model that only continues a text, as BLIP does, and follows no instruction.
enum class Plainly {
    granted,
    lesser,  // with a warning: it does what it can
    refused,
};

struct PresetPlan {
    Preset preset;
    std::string_view instruction;  // for a model that follows one
    std::string_view of_film;      // the same about a film that it is shown whole
    int max_length;                // new tokens of that one, where the client says nothing
    Wording wording;
    Plainly plainly;
    Wording plain_wording;
    std::string_view plain_remark;  // why it is lesser or refused
};

// Of the preset json, where the client sends none.
inline constexpr std::string_view default_schema =
    R"({"type":"object","properties":{"caption":{"type":"string","maxLength":300},)"
    R"("objects":{"type":"array","items":{"type":"string","maxLength":60},"maxItems":12},)"
    R"("colours":{"type":"array","items":{"type":"string","maxLength":30},"maxItems":6},)"
    R"("text":{"type":"string","maxLength":200}},)"
    R"("required":["caption","objects","colours","text"],"additionalProperties":false})";

// Of the preset grounding: the form in which Qwen-VL models learn to tell places.
std::string boxes_schema(BoxUnit unit);

const PresetPlan& plan_of(Preset preset);

bool follows_instructions(const BundleInfo& bundle);

// What the client asked for; of a frame for which nothing was asked, the production brief, if the model can
// write one; of a film, in words about films.
CaptionOptions options_of(const Job& job, const BundleInfo& bundle);

// The bundle's own words for a preset, if it has some.
std::optional<std::string_view> own_instruction(const BundleInfo& bundle, Preset preset);

}  // namespace vignette
