#include "model/steps.h"

#include <ATen/ops/cat.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <string>
#include <utility>

#include "model/preprocess.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

using StepClock = std::chrono::steady_clock;

std::chrono::microseconds elapsed(StepClock::time_point since) {
    return std::chrono::duration_cast<std::chrono::microseconds>(StepClock::now() - since);
}

bool below(int value, int limit) { return value >= 0 && value < limit; }

template <class Id>
int number(Id id) {
    return static_cast<int>(std::to_underlying(id));
}

}  // namespace

IndexColumns::IndexColumns(int columns, int rows_max, at::Device device)
    : columns_(columns),
      device_(device),
      numbers_(static_cast<std::size_t>(columns * rows_max)),
      views_(static_cast<std::size_t>(rows_max) + 1) {}

std::span<const at::Tensor> IndexColumns::tensors(int rows) {
    if (!device_.is_cpu()) {
        const at::Tensor sent = at::from_blob(numbers_.data(), {columns_, rows}, at::kLong).to(device_);
        sent_ = sent.unbind(0);
        return sent_;
    }
    std::vector<at::Tensor>& views = views_[static_cast<std::size_t>(rows)];
    for (int column = static_cast<int>(views.size()); column < columns_; ++column)
        views.push_back(at::from_blob(&at(column, 0, rows), {rows}, at::kLong));
    return views;
}

Steps::Steps(Program program, SlotCache cache, const StepsOptions& options)
    : program_(std::move(program)),
      cache_(std::move(cache)),
      options_(options),
      prefill_rows_(2, options.shape.slots, options.device),
      decode_rows_(3, options.shape.slots, options.device) {}

Result<StepResult> Steps::run(const StepPlan& plan) {
    check(plan);
    cache_.copy(plan.copies);
    StepResult result;
    at::Tensor logits;
    scores_.assign(plan.admissions.size(), 0);
    if (!plan.admissions.empty()) {
        const auto start = StepClock::now();
        const at::Tensor features = encode(plan);
        wait();
        result.vision = elapsed(start);
        TRY(check_prompts(plan, features.size(1)));
        logits = prefill(plan, features);
        wait();
        result.prefill = elapsed(start) - result.vision;
    }
    if (!plan.decode.empty()) {
        const at::Tensor decoded = decode(plan.decode);
        logits = logits.defined() ? at::cat({logits, decoded}) : decoded;
        for (const DecodeRow& row : plan.decode) scores_.push_back(row.score);
    }
    if (plan.empty()) return result;
    ASSERT(logits.size(1) == options_.shape.vocabulary);
    Result<CandidateLists> chosen = choose(logits, scores_, plan.choices);
    if (!chosen) mark_poisoned(plan);
    result.candidates = TRY(std::move(chosen));
    return result;
}

// Our own promises: the engine made the plan from this model's shape.
void Steps::check(const StepPlan& plan) const {
    const ModelShape& shape = options_.shape;
    for (const SlotCopy& copy : plan.copies) {
        ASSERT(below(number(copy.from), shape.slots) && below(number(copy.to), shape.slots));
        ASSERT(copy.length >= 0 && copy.length <= shape.positions);
    }
    ASSERT(plan.admissions.size() + plan.decode.size() <= static_cast<std::size_t>(shape.slots));
    for (const Admission& one : plan.admissions) {
        ASSERT(below(number(one.slot), shape.slots) && one.pixels != nullptr);
        ASSERT(!one.prompt.empty() && one.prompt.size() <= static_cast<std::size_t>(shape.positions));
    }
    for (const DecodeRow& row : plan.decode) {
        ASSERT(below(number(row.slot), shape.slots) && below(row.position, shape.positions));
        ASSERT(below(number(row.token), shape.vocabulary));
    }
    int rows = 0;
    for (std::size_t i = 0; i < plan.choices.size(); ++i) {
        const Choice& choice = plan.choices[i];
        ASSERT(choice.candidates > 0 && (i < plan.admissions.size() ? choice.rows == 1 : choice.rows > 0));
        rows += choice.rows;
    }
    ASSERT(static_cast<std::size_t>(rows) == plan.admissions.size() + plan.decode.size());
}

// Words of a stranger become tokens of the prompt. On a GPU a token the program does not expect would end
// the process, and with it everybody's captions.
Result<void> Steps::check_prompts(const StepPlan& plan, std::int64_t features) const {
    for (const Admission& one : plan.admissions) {
        if (std::ranges::count(one.prompt, options_.image_token) != features) {
            return fail(
                ErrorCode::invalid_input,
                "the prompt contains the token that stands for the picture; remove it from the prompt"
            );
        }
        for (const TokenId token : one.prompt) {
            if (below(number(token), options_.shape.vocabulary)) continue;
            return fail(
                ErrorCode::bundle_invalid, "the tokenizer made token " + std::to_string(number(token)) +
                                               ", which the model does not know; export the bundle again"
            );
        }
    }
    return {};
}

at::Tensor Steps::encode(const StepPlan& plan) {
    std::vector<at::Tensor> pictures;
    pictures.reserve(plan.admissions.size());
    for (const Admission& one : plan.admissions) {
        const auto* pixels = dynamic_cast<const TorchPixels*>(one.pixels);
        ASSERT(pixels != nullptr);
        pictures.push_back(pixels->values());
    }
    const at::Tensor batch = pictures.size() == 1 ? pictures.front() : at::cat(pictures);
    return program_.encode(batch.to(options_.device));
}

at::Tensor Steps::embed(std::span<const TokenId> prompt, const at::Tensor& features) {
    at::Tensor ids = at::empty({static_cast<std::int64_t>(prompt.size())}, at::kLong);
    std::ranges::transform(prompt, ids.mutable_data_ptr<std::int64_t>(), number<TokenId>);
    return program_.embed(ids.to(options_.device), features);
}

at::Tensor Steps::prefill(const StepPlan& plan, const at::Tensor& features) {
    const int count = static_cast<int>(plan.admissions.size());
    std::vector<at::Tensor> embeds;
    std::int64_t longest = 0;
    for (int i = 0; i < count; ++i) {
        const Admission& one = plan.admissions[static_cast<std::size_t>(i)];
        cache_.renew(one.slot);
        embeds.push_back(embed(one.prompt, features.select(0, i)));
        prefill_rows_.at(0, i, count) = number(one.slot);
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
    return program_.prefill(padded, rows[0], rows[1], cache_.keys(), cache_.values());
}

at::Tensor Steps::decode(std::span<const DecodeRow> rows) {
    const int count = static_cast<int>(rows.size());
    for (int i = 0; i < count; ++i) {
        const DecodeRow& row = rows[static_cast<std::size_t>(i)];
        decode_rows_.at(0, i, count) = number(row.token);
        decode_rows_.at(1, i, count) = row.position;
        decode_rows_.at(2, i, count) = number(row.slot);
    }
    const auto columns = decode_rows_.tensors(count);
    return program_.decode(columns[0], columns[1], columns[2], cache_.keys(), cache_.values());
}

void Steps::mark_poisoned(const StepPlan& plan) {
    for (const Admission& one : plan.admissions) cache_.mark_poisoned(one.slot);
    for (const DecodeRow& row : plan.decode) cache_.mark_poisoned(row.slot);
}

void Steps::warm_up(const at::Tensor& pixels, std::span<const TokenId> prompt) {
    const at::Tensor embeds = embed(prompt, program_.encode(pixels.to(options_.device)).select(0, 0));
    prefill_rows_.at(0, 0, 1) = number(cache_.scratch());
    prefill_rows_.at(1, 0, 1) = embeds.size(0);
    const auto rows = prefill_rows_.tensors(1);
    const at::Tensor logits =
        program_.prefill(embeds.unsqueeze(0), rows[0], rows[1], cache_.keys(), cache_.values());
    const int last = options_.shape.positions - 1;
    const DecodeRow next{
        .slot = cache_.scratch(),
        .token = prompt.back(),
        .position = std::min(static_cast<int>(prompt.size()), last),
        .score = 0
    };
    const at::Tensor decoded = decode({&next, 1});
    TORCH_CHECK(
        logits.size(-1) == options_.shape.vocabulary && decoded.size(-1) == options_.shape.vocabulary,
        "the program's vocabulary is ", logits.size(-1), " and the manifest says ", options_.shape.vocabulary
    );
    wait();
}

// Work on a device is queued; times are honest only when it is done.
void Steps::wait() const {
    if (options_.device.is_cpu()) return;
    const c10::impl::VirtualGuardImpl guard(options_.device.type());
    guard.synchronizeStream(guard.getStream(options_.device));
}

}  // namespace vignette
