#include "model/steps.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "model/pixels/preprocess.h"
#include "model/prompts/places.h"
#include "model/prompts/prompt_groups.h"
#include "model/sent.h"
#include "model/step_check.h"
#include "model/torch_device.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

bool asks_the_same(const Admission& one, const Admission& other) {
    return std::ranges::equal(one.pictures, other.pictures) && std::ranges::equal(one.prompt, other.prompt);
}

// The moments are: the start, where pictures were seen their end, and that of the prompts. After the choice,
// which waited for the device.
void tell_times(const Moments& moments, StepResult& result) {
    if (moments.count() == 0) return;
    const std::size_t read = moments.count() - 1;
    if (read == 2) result.vision = moments.between(0, 1);
    result.prefill = moments.between(read - 1, read);
}

PromptPart rest_of(const Admission& one) {
    return {.whole = one, .count = static_cast<int>(one.prompt.size()) - one.first};
}

// Of the first in line, none of which has been read in part.
std::size_t group_of(std::span<const PromptPart> prompts) {
    std::vector<int> lengths;
    for (const PromptPart& one : prompts) {
        if (one.whole.first > 0) break;
        lengths.push_back(one.count);
    }
    return count_together(lengths);
}

template <class Id>
int number(Id id) {
    return static_cast<int>(std::to_underlying(id));
}

}  // namespace

Steps::Steps(Program program, SlotCache cache, const StepsOptions& options)
    : program_(std::move(program)),
      cache_(std::move(cache)),
      options_(options),
      prompts_(options.prompts_bytes_max),
      vision_(std::make_unique<Vision>(program_, options.device)),
      prefill_rows_(2, options.shape.slots, options.device),
      decode_rows_(program_.places() ? 5 : 4, options.shape.slots, options.device) {
    options_.shape.reads_in_parts = reads_in_parts();
    if (options_.recorder) graphs_.emplace(options_.recorder, cache_.scratch(), options_.device);
}

Result<StepResult> Steps::run(const StepPlan& plan) {
    check_plan(plan, options_.shape);
    const std::optional<at::Tensor> foreseen = ahead_.take(plan.decode);
    cache_.copy(plan.copies);
    StepResult result;
    Moments moments(options_.device);
    at::Tensor logits;
    scores_.assign(plan.admissions.size(), 0);
    const auto check = [&](const Admission& one) {
        return check_prompt(one, options_.placeholders, picture_tokens(one), options_.shape);
    };
    for (const Admission& one : plan.admissions) TRY(check(one));
    for (const PromptPart& one : plan.parts) TRY(check(one.whole));
    if (!plan.admissions.empty() || !plan.parts.empty()) logits = read(plan, moments);
    std::vector<NewlyRead> newly_read = newly_read_of(plan.admissions, logits);
    if (!plan.decode.empty()) {
        const at::Tensor decoded = foreseen ? *foreseen : decode(plan.decode);
        logits = logits.defined() ? at::cat({logits, decoded}) : decoded;
        for (const DecodeRow& row : plan.decode) scores_.push_back(row.score);
    }
    if (!logits.defined()) return result;
    ASSERT(logits.size(1) == options_.shape.vocabulary);
    Meanwhile meanwhile;
    std::vector<DecodeRow> next;
    if (options_.decodes_ahead) next = rows_after(plan, options_.shape.positions);
    if (!next.empty()) meanwhile = [&](const at::Tensor& tokens) { decode_ahead(std::move(next), tokens); };
    Result<CandidateLists> chosen = choose(logits, scores_, plan.choices, meanwhile);
    if (!chosen) {
        mark_poisoned(plan);
        ahead_.forget();
    }
    result.candidates = TRY(std::move(chosen));
    ahead_.know(result.candidates);
    mark_sound(plan);
    tell_times(moments, result);
    for (NewlyRead& one : newly_read)
        prompts_.keep(std::move(one.key), {.slot = cache_.read(one.slot, one.length), .logits = one.logits});
    return result;
}

std::chrono::microseconds Steps::see(
    std::span<const std::shared_ptr<const ModelInput>> pictures, const c10::Stream& reader
) {
    std::vector<const ModelInput*> views;
    for (const auto& one : pictures) views.push_back(one.get());
    Moments moments(options_.device);
    moments.mark();
    if (!vision_->see(views)) return {};
    moments.mark();
    if (!options_.device.is_cpu()) {
        for (const ModelInput* one : views)
            dynamic_cast<const TorchInput&>(*one).features().record_stream(reader);
    }
    wait_for(options_.device);
    return moments.between(0, 1);
}

// What was read before goes from memory into its slot; who asks the same as a neighbour gets a copy of his.
// Undefined where no prompt was read to its end.
at::Tensor Steps::read(const StepPlan& plan, Moments& moments) {
    const std::span<const Admission> newcomers = plan.admissions;
    std::vector<at::Tensor> rows(newcomers.size());
    std::vector<PromptPart> unread;
    std::vector<std::size_t> places;  // of the unread
    std::vector<std::pair<std::size_t, std::size_t>> twins;
    for (std::size_t i = 0; i < newcomers.size(); ++i) {
        const Admission& one = newcomers[i];
        const std::optional<PromptKey> key = key_of(one);
        if (const ReadPrompt* known = key && one.may_recur ? prompts_.find(*key) : nullptr) {
            cache_.renew(one.slot);
            cache_.write(one.slot, known->slot);
            rows[i] = known->logits.clone();
        } else if (const auto twin = std::ranges::find_if(
                       unread, [&](const PromptPart& other) { return asks_the_same(one, other.whole); }
                   );
                   twin != unread.end()) {
            twins.emplace_back(i, places[static_cast<std::size_t>(twin - unread.begin())]);
        } else {
            unread.push_back(rest_of(one));
            places.push_back(i);
        }
    }
    unread.insert(unread.end(), plan.parts.begin(), plan.parts.end());
    if (!unread.empty()) {
        const at::Tensor logits = read_anew(unread, moments);
        for (std::size_t i = 0; i < places.size(); ++i)
            rows[places[i]] = logits.narrow(0, static_cast<std::int64_t>(i), 1);
    }
    std::vector<SlotCopy> copies;
    for (const auto& [twin, place] : twins) {
        copies.push_back(
            {.from = newcomers[place].slot,
             .to = newcomers[twin].slot,
             .length = static_cast<int>(newcomers[twin].prompt.size())}
        );
        rows[twin] = rows[place];
    }
    cache_.copy(copies);
    // Nobody looks at what a part leaves in its slot before the rest is read.
    for (const PromptPart& one : plan.parts) cache_.mark_poisoned(one.whole.slot);
    if (rows.empty()) return {};
    return rows.size() == 1 ? rows.front() : at::cat(rows);
}

// A row of logits for each.
at::Tensor Steps::read_anew(std::span<const PromptPart> unread, Moments& moments) {
    std::vector<const ModelInput*> pictures;
    for (const PromptPart& one : unread)
        pictures.insert(pictures.end(), one.whole.pictures.begin(), one.whole.pictures.end());
    moments.mark();
    if (vision_->see(pictures)) moments.mark();
    std::vector<at::Tensor> features;
    for (const PromptPart& one : unread) features.push_back(features_of(one.whole));
    at::Tensor logits = prefill(unread, features);
    moments.mark();
    return logits;
}

// Copied before the choice, which overwrites logits, and kept after it, which fails on what is not a number.
std::vector<Steps::NewlyRead> Steps::newly_read_of(
    std::span<const Admission> newcomers, const at::Tensor& logits
) {
    std::vector<NewlyRead> newly;
    for (std::size_t i = 0; i < newcomers.size(); ++i) {
        const Admission& one = newcomers[i];
        const int length = static_cast<int>(one.prompt.size());
        if (!one.may_recur || !prompts_.has_room_for(cache_.bytes_of(length))) continue;
        std::optional<PromptKey> key = key_of(one);
        if (!key || prompts_.find(*key) != nullptr) continue;
        at::Tensor row = logits.narrow(0, static_cast<std::int64_t>(i), 1).clone();
        newly.push_back({*std::move(key), one.slot, length, std::move(row)});
    }
    return newly;
}

at::Tensor Steps::embed(std::span<const TokenId> prompt, const at::Tensor& features) {
    std::vector<std::int64_t> ids;
    for (const TokenId token : prompt) ids.push_back(number(token));
    const at::Tensor tokens =
        sent<std::int64_t>(ids, {static_cast<std::int64_t>(ids.size())}, options_.device);
    return program_.embed(tokens, features);
}

at::Tensor Steps::embed(const PromptPart& part, const at::Tensor& features) {
    return embed(part.whole.prompt, features).narrow(0, part.whole.first, part.count);
}

// [3, its tokens] on the CPU, and what follows it is told; undefined where the family has no places.
at::Tensor Steps::place(const PromptPart& part) {
    if (!program_.places()) return {};
    const std::vector<PictureGrid> pictures = grids_of(part.whole);
    const PromptPlaces made = place_prompt(program_, part.whole.prompt, pictures);
    cache_.set_shift(part.whole.slot, made.shift);
    return made.places.narrow(1, part.whole.first, part.count);
}

// In groups, in their order: a prompt with pictures may have thousands of tokens, and the memory of a prefill
// grows with all of them. What goes on with a prompt goes by itself.
at::Tensor Steps::prefill(std::span<const PromptPart> prompts, std::span<const at::Tensor> features) {
    std::vector<at::Tensor> logits;
    while (!prompts.empty()) {
        const PromptPart& front = prompts.front();
        std::size_t count = 1;
        if (front.whole.first > 0) {
            at::Tensor places = place(front);
            if (places.defined()) places = sent_places({places}, options_.device).squeeze(0);
            logits.push_back(program_.prefill_more(
                embed(front, features.front()), places, number(front.whole.slot), front.whole.first,
                cache_.keys(), cache_.values()
            ));
        } else {
            count = group_of(prompts);
            logits.push_back(prefill_together(prompts.first(count), features.first(count)));
        }
        prompts = prompts.subspan(count);
        features = features.subspan(count);
    }
    return logits.size() == 1 ? logits.front() : at::cat(logits);
}

at::Tensor Steps::prefill_together(
    std::span<const PromptPart> prompts, std::span<const at::Tensor> features
) {
    const int count = static_cast<int>(prompts.size());
    std::vector<at::Tensor> embeds;
    std::vector<at::Tensor> places;
    std::int64_t longest = 0;
    for (int i = 0; i < count; ++i) {
        const PromptPart& one = prompts[static_cast<std::size_t>(i)];
        cache_.renew(one.whole.slot);
        embeds.push_back(embed(one, features[static_cast<std::size_t>(i)]));
        places.push_back(place(one));
        prefill_rows_.at(0, i, count) = number(one.whole.slot);
        prefill_rows_.at(1, i, count) = embeds.back().size(0);
        longest = std::max(longest, embeds.back().size(0));
    }
    at::Tensor padded = embeds.front().unsqueeze(0);
    if (count > 1) {
        padded = at::zeros({count, longest, padded.size(2)}, padded.options());
        for (int i = 0; i < count; ++i) {
            const at::Tensor& row = embeds[static_cast<std::size_t>(i)];
            padded.select(0, i).narrow(0, 0, row.size(0)).copy_(row);
        }
    }
    const auto rows = prefill_rows_.tensors(count);
    if (program_.places()) {
        const at::Tensor sent = sent_places(places, options_.device);
        return program_.prefill(padded, sent, rows[0], rows[1], cache_.keys(), cache_.values());
    }
    return program_.prefill(padded, rows[0], rows[1], cache_.keys(), cache_.values());
}

// What fails here fails again where it is needed, and there somebody can be told.
void Steps::decode_ahead(std::vector<DecodeRow> rows, const at::Tensor& tokens) {
    try {
        at::Tensor logits = decode(rows, tokens);
        ahead_.keep(std::move(rows), std::move(logits));
    } catch (const std::exception&) {
        ahead_.forget();
    }
}

// `tokens`, where they are given, are on the device, and those of the rows mean nothing.
at::Tensor Steps::decode(std::span<const DecodeRow> rows, const at::Tensor& tokens) {
    if (graphs_) {
        const auto plainly = [this](std::span<const at::Tensor> columns) { return decode_columns(columns); };
        if (std::optional<at::Tensor> logits = graphs_->decode(rows, turns_of(rows), tokens, plainly))
            return *std::move(logits);
    }
    const int count = static_cast<int>(rows.size());
    for (int i = 0; i < count; ++i) {
        const DecodeRow& row = rows[static_cast<std::size_t>(i)];
        decode_rows_.at(0, i, count) = number(row.token);
        decode_rows_.at(1, i, count) = row.position;
        decode_rows_.at(2, i, count) = row.prompt;
        decode_rows_.at(3, i, count) = number(row.slot);
        if (program_.places()) decode_rows_.at(4, i, count) = turn_of(row);
    }
    const std::span<const at::Tensor> sent = decode_rows_.tensors(count);
    if (!tokens.defined()) return decode_columns(sent);
    std::vector<at::Tensor> columns(sent.begin(), sent.end());
    columns.front() = tokens;
    return decode_columns(columns);
}

std::int64_t Steps::turn_of(const DecodeRow& row) const { return row.position + cache_.shift(row.slot); }

std::vector<std::int64_t> Steps::turns_of(std::span<const DecodeRow> rows) const {
    std::vector<std::int64_t> turns;
    if (!program_.places()) return turns;
    for (const DecodeRow& row : rows) turns.push_back(turn_of(row));
    return turns;
}

at::Tensor Steps::decode_columns(std::span<const at::Tensor> columns) {
    return program_.decode(columns, cache_.keys(), cache_.values());
}

void Steps::mark_poisoned(const StepPlan& plan) {
    for (const Admission& one : plan.admissions) cache_.mark_poisoned(one.slot);
    for (const DecodeRow& row : plan.decode) cache_.mark_poisoned(row.slot);
}

// Their parts were not; now they are read, and what follows them was chosen.
void Steps::mark_sound(const StepPlan& plan) {
    for (const Admission& one : plan.admissions) cache_.mark_sound(one.slot);
}

// On a CPU each token takes its time, and a few show as much as all: a beginning, and some of what follows
// it. A GPU reads the whole, so that the memory this takes is there from then on.
void Steps::warm_up_reading(const ModelInput& picture, std::span<const TokenId> prompt) {
    constexpr int few = 4;
    const ModelInput* pictures[] = {&picture};
    const int length = static_cast<int>(prompt.size());
    const bool goes_on = reads_in_parts() && length > 1;
    const bool briefly = goes_on && options_.device.is_cpu();
    const PromptPart beginning{
        .whole = {.slot = cache_.scratch(), .pictures = pictures, .prompt = prompt},
        .count = briefly ? std::min(few, length - 1) : length
    };
    vision_->see(pictures);
    const at::Tensor features = features_of(beginning.whole);
    check_logits(prefill({&beginning, 1}, {&features, 1}));
    if (!goes_on) return;
    PromptPart next = beginning;
    next.whole.first = briefly ? beginning.count : length - 1;
    next.count = std::min(few, length - next.whole.first);
    check_logits(prefill({&next, 1}, {&features, 1}));
}

// After a prompt of that length, and at the last position: what the cache promises, the program's tables must
// have.
void Steps::warm_up_decoding(int prompt) {
    const int last = options_.shape.positions - 1;
    TORCH_CHECK(
        prompt <= last, "a prompt about a picture takes ", prompt, " of the manifest's ", last + 1,
        " positions"
    );
    for (const int position : {prompt, last}) {
        const DecodeRow next{.slot = cache_.scratch(), .position = position, .prompt = prompt};
        check_logits(decode({&next, 1}));
    }
}

void Steps::check_logits(const at::Tensor& logits) const {
    TORCH_CHECK(
        logits.dim() == 2 && logits.size(0) == 1 && logits.size(1) == options_.shape.vocabulary,
        "the program's logits have the shape ", logits.sizes(), " and the manifest's vocabulary is ",
        options_.shape.vocabulary
    );
    TORCH_CHECK(logits.scalar_type() == at::kFloat, "the program's logits are ", logits.scalar_type());
}

}  // namespace vignette
