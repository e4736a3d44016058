#include "caption/presets.h"

#include <algorithm>
#include <array>
#include <string>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::array plans{
    PresetPlan{
        .preset = Preset::alt_text,
        .instruction =
            "Write one short sentence, at most 20 words, that tells a blind person what this picture "
            "shows. Do not begin with \"an image of\".",
        .of_film =
            "Write one short sentence, at most 20 words, that tells a blind person what happens in this "
            "video. Do not begin with \"a video of\".",
        .max_length = 60,
        .wording = Wording::alt_text,
        .plainly = Plainly::granted,
        .plain_wording = Wording::alt_text,
        .plain_remark = {},
    },
    PresetPlan{
        .preset = Preset::one_sentence,
        .instruction = "Describe this picture in one sentence.",
        .of_film = "Describe this video in one sentence.",
        .max_length = 80,
        .wording = Wording::one_sentence,
        .plainly = Plainly::granted,
        .plain_wording = Wording::one_sentence,
        .plain_remark = {},
    },
    PresetPlan{
        .preset = Preset::detailed,
        .instruction =
            "Describe this picture in detail: what it shows, where things are, colours, and any text.",
        .of_film =
            "Describe this video in detail: what happens, in which order, where things are, colours, and any "
            "text.",
        .max_length = 400,
        .wording = Wording::sentences,
        .plainly = Plainly::lesser,
        .plain_wording = Wording::sentences,
        .plain_remark = "this model writes one short sentence, whatever is asked; a Qwen-VL or LLaVA-NeXT "
                        "model describes in detail",
    },
    PresetPlan{
        .preset = Preset::tags,
        .instruction = "List the most important things, colours and places in this picture as short tags, "
                       "separated by commas. Write nothing else.",
        .of_film = "List the most important things, actions, colours and places in this video as short tags, "
                   "separated "
                   "by commas. Write nothing else.",
        .max_length = 100,
        .wording = Wording::tag_list,
        .plainly = Plainly::lesser,
        .plain_wording = Wording::tag_words,
        .plain_remark = "this model writes no lists: the tags are the words of its caption; a Qwen-VL or "
                        "LLaVA-NeXT model finds more",
    },
    PresetPlan{
        .preset = Preset::production,
        .instruction =
            "Write a production brief of this frame in one line: framing, colours, layout, background "
            "and text.",  // to the letter what the demo model is trained with: scenes/questions.py
        .of_film = "Write a production brief of this video in one line: framing, movement, colours, layout, "
                   "background and text.",
        .max_length = 400,
        .wording = Wording::sentences,
        .plainly = Plainly::refused,
        .plain_wording = Wording::sentences,
        .plain_remark = "needs a model that follows instructions, such as Qwen-VL or LLaVA-NeXT",
    },
    PresetPlan{
        .preset = Preset::json,
        .instruction = "Describe this picture as JSON.",
        .of_film = "Describe this video as JSON.",
        .max_length = 400,
        .wording = Wording::as_said,
        .plainly = Plainly::refused,
        .plain_wording = Wording::as_said,
        .plain_remark = "needs a model that follows instructions, such as Qwen-VL or LLaVA-NeXT",
    },
    PresetPlan{
        .preset = Preset::grounding,
        .instruction = "Locate the most important things in this picture. Report bbox coordinates in JSON "
                       "format.",
        .of_film = {},
        .max_length = 1000,
        .wording = Wording::boxes,
        .plainly = Plainly::refused,
        .plain_wording = Wording::boxes,
        .plain_remark = "needs a model that tells where things are, such as Qwen-VL",
    },
};

std::string film_prompt(const CaptionOptions& options) {
    if (options.schema) return std::string(plan_of(Preset::json).of_film);
    return std::string(options.preset ? plan_of(*options.preset).of_film : "Describe this video.");
}

}  // namespace

std::string boxes_schema(BoxUnit unit) {
    const std::string most = unit == BoxUnit::thousandths ? "1000" : "16383";  // a side of any picture
    return R"({"type":"array","maxItems":50,"items":{"type":"object","properties":{)"
           R"("bbox_2d":{"type":"array","items":{"type":"integer","minimum":0,"maximum":)" +
           most +
           R"(},"minItems":4,"maxItems":4},"label":{"type":"string","maxLength":80}},)"
           R"("required":["bbox_2d","label"],"additionalProperties":false}})";
}

const PresetPlan& plan_of(Preset preset) {
    const auto* const found = std::ranges::find(plans, preset, &PresetPlan::preset);
    ASSERT(found != plans.end());
    return *found;
}

bool follows_instructions(const BundleInfo& bundle) {
    constexpr std::array<std::string_view, 5> families{
        "llava-next", "llava_next_video", "video_llava", "qwen2_5_vl", "qwen3_vl"
    };
    return std::ranges::find(families, bundle.family) != families.end();
}

CaptionOptions options_of(const Job& job, const BundleInfo& bundle) {
    CaptionOptions options = job.options;
    const bool open = !options.prompt && !options.preset && !options.schema;
    const bool able = follows_instructions(bundle) || own_instruction(bundle, Preset::production);
    if (job.is_frame && open && able) options.preset = Preset::production;
    if (job.is_film && !options.prompt) options.prompt = film_prompt(options);
    return options;
}

std::optional<std::string_view> own_instruction(const BundleInfo& bundle, Preset preset) {
    const auto found = std::ranges::find(bundle.text.presets, preset, &PresetPrompt::preset);
    if (found == bundle.text.presets.end()) return std::nullopt;
    return found->prompt;
}

}  // namespace vignette
