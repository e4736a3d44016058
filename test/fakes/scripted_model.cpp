#include "fakes/scripted_model.h"

#include <algorithm>
#include <utility>

#include "fakes/scripted_choice.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

std::uint64_t mixed(std::uint64_t value) {  // splitmix64
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

std::size_t index(int value) { return static_cast<std::size_t>(value); }
std::size_t index(TokenId token) { return static_cast<std::size_t>(token); }

}  // namespace

ScriptedModel::ScriptedModel(Script script)
    : script_(std::move(script)), slots_(index(script_.shape.slots)) {}

int ScriptedModel::number_of(std::span<const int> pictures) {
    int number = pictures.front();
    for (const int next : pictures.subspan(1)) number = number * 1000 + next + 1'000'000;
    return number;
}

int ScriptedModel::number_of(const Admission& admission) {
    std::vector<int> numbers;
    for (const ModelInput* one : admission.pictures)
        numbers.push_back(dynamic_cast<const ScriptedPixels&>(*one).picture);
    return number_of(numbers);
}

Result<std::unique_ptr<ModelInput>> ScriptedModel::preprocess(const Image& image, PictureWish) const {
    return std::make_unique<ScriptedPixels>(image.size.width);
}

std::vector<float> ScriptedModel::logits(int picture, std::span<const TokenId> history) const {
    history = history.last(std::min(history.size(), script_.memory));
    std::uint64_t state = mixed(script_.seed ^ mixed(static_cast<std::uint64_t>(picture)));
    for (const TokenId token : history) state = mixed(state ^ static_cast<std::uint64_t>(token));
    std::vector<float> result(index(script_.shape.vocabulary));
    for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] = static_cast<float>(mixed(state ^ mixed(i)) >> 40U) / 0x1p24F * 8 - 4;  // -4 to 4
    }
    for (const TokenId token : script_.favoured) result[index(token)] += script_.bias;
    return result;
}

void ScriptedModel::fail_next(int steps, Error error) {
    const std::lock_guard lock(mutex_);
    failures_left_ = steps;
    failure_ = std::move(error);
}

void ScriptedModel::fail_with_admissions_above(int most) {
    const std::lock_guard lock(mutex_);
    admissions_max_ = most;
}

void ScriptedModel::fail_with_picture(int picture, Error error) {
    const std::lock_guard lock(mutex_);
    poison_ = picture;
    poison_error_ = std::move(error);
}

std::vector<StepRecord> ScriptedModel::steps() const {
    const std::lock_guard lock(mutex_);
    return steps_;
}

std::optional<Error> ScriptedModel::failure(const StepPlan& plan) {
    const std::lock_guard lock(mutex_);
    if (failures_left_ > 0) {
        --failures_left_;
        return failure_;
    }
    if (plan.admissions.size() > index(admissions_max_)) {
        return Error{.code = ErrorCode::out_of_memory, .message = "too many pictures at once", .field = {}};
    }
    for (const Admission& one : plan.admissions) {
        if (number_of(one) == poison_) return poison_error_;
    }
    for (const PromptPart& one : plan.parts) {
        if (number_of(one.whole) == poison_) return poison_error_;
    }
    return std::nullopt;
}

// A step that fails has written already, as a real one may have: the engine must be able to run a plan again.
Result<StepResult> ScriptedModel::step(const StepPlan& plan) {
    gate.pass();
    check(plan);
    write(plan);
    const std::optional<Error> error = failure(plan);
    last_failed_ = error.has_value();
    StepRecord record{
        .admitted = {},
        .decode_rows = static_cast<int>(plan.decode.size()),
        .groups = static_cast<int>(plan.choices.size()),
        .failed = last_failed_
    };
    for (const PromptPart& one : plan.parts) {
        record.parts.push_back(one.count);
        record.tokens += one.count;
    }
    for (const Admission& one : plan.admissions) {
        record.admitted.push_back(at(one.slot).picture);
        record.tokens += static_cast<int>(one.prompt.size()) - one.first;
    }
    {
        const std::lock_guard lock(mutex_);
        steps_.push_back(std::move(record));
    }
    if (error) return std::unexpected(*error);

    StepResult result;
    const std::span<const DecodeRow> decode(plan.decode);
    std::size_t row = 0;
    for (std::size_t i = 0; i < plan.choices.size(); ++i) {
        const Choice& wanted = plan.choices[i];
        if (i < plan.admissions.size()) {
            const DecodeRow admitted{.slot = plan.admissions[i].slot, .token = {}, .position = 0, .score = 0};
            result.candidates.push_back(choose({&admitted, 1}, wanted));
        } else {
            result.candidates.push_back(choose(decode.subspan(row, index(wanted.rows)), wanted));
            row += index(wanted.rows);
        }
    }
    return result;
}

void ScriptedModel::check(const StepPlan& plan) const {
    ASSERT(!plan.empty());
    check_choices(plan);
    check_slots(plan);
}

void ScriptedModel::check_choices(const StepPlan& plan) const {
    ASSERT(plan.choices.size() >= plan.admissions.size());
    std::size_t rows = 0;
    for (std::size_t i = 0; i < plan.choices.size(); ++i) {
        const Choice& wanted = plan.choices[i];
        ASSERT(i >= plan.admissions.size() || wanted.rows == 1);
        check_choice(wanted, script_.shape.vocabulary);
        rows += index(wanted.rows);
    }
    ASSERT(rows == plan.admissions.size() + plan.decode.size());
}

void ScriptedModel::check_slots(const StepPlan& plan) const {
    std::set<SlotId> used;  // a slot has one part in a step
    const auto use = [&](SlotId slot) {
        ASSERT(SlotId{0} <= slot && slot < SlotId{script_.shape.slots});
        ASSERT(used.insert(slot).second);
    };
    const auto check_prompt = [&](const Admission& one, int count) {
        use(one.slot);
        ASSERT(!one.pictures.empty() && !one.prompt.empty());
        ASSERT(one.prompt.size() <= index(script_.shape.positions));
        ASSERT(count > 0 && one.first >= 0 && index(one.first + count) <= one.prompt.size());
        if (one.first == 0) return;
        ASSERT(script_.shape.reads_in_parts && at(one.slot).picture == number_of(one));
        ASSERT(at(one.slot).history.size() >= index(one.first));
        ASSERT(std::ranges::equal(
            std::span(at(one.slot).history).first(index(one.first)), one.prompt.first(index(one.first))
        ));
    };
    for (const PromptPart& one : plan.parts) {
        ASSERT(script_.shape.reads_in_parts && index(one.whole.first + one.count) < one.whole.prompt.size());
        check_prompt(one.whole, one.count);
    }
    for (const Admission& one : plan.admissions)
        check_prompt(one, static_cast<int>(one.prompt.size()) - one.first);
    for (const DecodeRow& one : plan.decode) {
        use(one.slot);
        ASSERT(0 < one.position && one.position < script_.shape.positions);
        ASSERT(TokenId{0} <= one.token && one.token < TokenId{script_.shape.vocabulary});
    }
    std::set<SlotId> read;
    std::set<SlotId> written;
    for (const SlotCopy& one : plan.copies) {
        ASSERT(used.contains(one.from) && used.contains(one.to));
        ASSERT(one.length > 0 && index(one.length) <= at(one.from).history.size());
        ASSERT(one.same >= 0 && one.same <= one.length && has_same(one));
        read.insert(one.from);
        ASSERT(written.insert(one.to).second);
    }
    for (const SlotId slot : written) ASSERT(!read.contains(slot));
}

// What a copy leaves out must be there already.
bool ScriptedModel::has_same(const SlotCopy& copy) const {
    if (copy.same == 0) return true;
    const Slot& from = at(copy.from);
    const Slot& to = at(copy.to);
    const auto same = static_cast<std::ptrdiff_t>(copy.same);
    return from.picture == to.picture && to.history.size() >= index(copy.same) &&
           std::equal(from.history.begin(), from.history.begin() + same, to.history.begin());
}

int ScriptedModel::look(const Admission& one) {
    for (const ModelInput* picture : one.pictures)
        looks_ += dynamic_cast<const ScriptedPixels&>(*picture).seen.exchange(true) ? 0 : 1;
    return number_of(one);
}

// The first that cannot be seen ends the look: those behind it are left to the step.
Result<std::chrono::microseconds> ScriptedModel::see(
    std::span<const std::shared_ptr<const ModelInput>> pictures
) {
    look_gate.pass();
    for (const auto& one : pictures) {
        const auto& pixels = dynamic_cast<const ScriptedPixels&>(*one);
        {
            const std::lock_guard lock(mutex_);
            if (pixels.picture == poison_) return std::unexpected(poison_error_);
        }
        if (pixels.seen.exchange(true)) continue;
        ++looks_;
        ++looks_ahead_;
    }
    return std::chrono::microseconds{7};
}

void ScriptedModel::write(const StepPlan& plan) {
    std::vector<Slot> copied;
    for (const SlotCopy& one : plan.copies) {
        copied.push_back(at(one.from));
        copied.back().history.resize(index(one.length));
    }
    for (std::size_t i = 0; i < copied.size(); ++i) at(plan.copies[i].to) = std::move(copied[i]);
    for (const PromptPart& one : plan.parts) {
        const auto read = one.whole.prompt.first(index(one.whole.first + one.count));
        at(one.whole.slot) = {.picture = look(one.whole), .history = {read.begin(), read.end()}};
    }
    for (const Admission& one : plan.admissions)
        at(one.slot) = {.picture = look(one), .history = {one.prompt.begin(), one.prompt.end()}};
    for (const DecodeRow& one : plan.decode) {
        std::vector<TokenId>& history = at(one.slot).history;
        const bool again = last_failed_ && history.size() == index(one.position) + 1;
        ASSERT(again || history.size() == index(one.position));  // no hole, and nothing said is overwritten
        history.resize(index(one.position));
        history.push_back(one.token);
    }
}

std::vector<Candidate> ScriptedModel::choose(std::span<const DecodeRow> rows, const Choice& wanted) const {
    std::vector<std::vector<float>> of_rows;
    std::vector<float> running;
    for (const DecodeRow& row : rows) {
        const Slot& slot = at(row.slot);
        of_rows.push_back(logits(slot.picture, slot.history));
        running.push_back(row.score);
    }
    return scripted_choice(std::move(of_rows), running, wanted);
}

}  // namespace vignette
