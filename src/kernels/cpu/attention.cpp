#include "kernels/cpu/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "kernels/cpu/choose.h"
#include "kernels/cpu/crew.h"

namespace vignette {
namespace {

constexpr std::size_t parts_max = 8;
constexpr std::size_t part_least = 256;                    // keys: with fewer, parts cost more than they gain
constexpr std::size_t multiplications_at_least = 1 << 16;  // for one thread
constexpr std::size_t score_unit = 16;

std::size_t round_up(std::size_t count, std::size_t unit) { return (count + unit - 1) / unit * unit; }

// How many keys a part has; the last may have fewer.
std::size_t part_of(std::size_t keys) {
    const std::size_t parts = std::clamp<std::size_t>(keys / part_least, 1, parts_max);
    return round_up((keys + parts - 1) / parts, score_unit);
}

void attend_to_part(const Kernels& kernels, AttentionTask task, std::size_t begin, std::size_t end) {
    task.keys.begin += begin * task.keys.row_step;
    task.values.begin += begin * task.values.row_step;
    if (task.mask.begin != nullptr) task.mask.begin += begin;
    task.count = end - begin;
    const std::size_t room = round_up(task.count, score_unit);
    const auto scores = std::make_unique_for_overwrite<float[]>(task.heads * task.rows * room);
    task.scores = {scores.get(), task.rows * room, room};
    kernels.attention(task);
}

// What the parts of a task have seen, until it is put together.
class Parts {
public:
    Parts(std::span<const AttentionTask> tasks, std::size_t parts)
        : tasks_(tasks),
          parts_(parts),
          rows_(tasks.front().heads * tasks.front().rows),
          columns_(tasks.front().columns),
          seen_(std::make_unique_for_overwrite<float[]>(tasks.size() * parts * rows_ * columns_)),
          totals_(std::make_unique_for_overwrite<KeyTotals[]>(tasks.size() * parts * rows_)) {}

    AttentionTask task(std::size_t task, std::size_t part) const {
        AttentionTask made = tasks_[task];
        made.outputs = {seen(task, part, 0), made.rows * columns_, columns_};
        made.totals = &totals(task, part, 0);
        return made;
    }
    void put_together(std::size_t task) const;

private:
    std::size_t place(std::size_t task, std::size_t part, std::size_t row) const {
        return (task * parts_ + part) * rows_ + row;
    }
    float* seen(std::size_t task, std::size_t part, std::size_t row) const {
        return seen_.get() + place(task, part, row) * columns_;
    }
    KeyTotals& totals(std::size_t task, std::size_t part, std::size_t row) const {
        return totals_[place(task, part, row)];
    }
    void put_row_together(std::size_t task, std::size_t row, float* to) const;

    std::span<const AttentionTask> tasks_;
    std::size_t parts_;
    std::size_t rows_;
    std::size_t columns_;
    std::unique_ptr<float[]> seen_;
    std::unique_ptr<KeyTotals[]> totals_;
};

void Parts::put_row_together(std::size_t task, std::size_t row, float* to) const {
    constexpr float hidden = -std::numeric_limits<float>::infinity();  // as all keys of a part can be
    float largest = hidden;
    for (std::size_t part = 0; part < parts_; ++part) {
        const float one = totals(task, part, row).largest;
        largest = one > largest ? one : largest;
    }
    const auto counts = [&](std::size_t part) {  // or what it has seen is no number
        return largest == hidden || totals(task, part, row).largest != hidden;
    };
    float shares[parts_max] = {};
    float sum = 0;
    for (std::size_t part = 0; part < parts_; ++part) {
        if (!counts(part)) continue;
        const KeyTotals& one = totals(task, part, row);
        shares[part] = one.sum * std::exp(one.largest - largest);
        sum += shares[part];
    }
    std::fill_n(to, columns_, 0.0F);
    for (std::size_t part = 0; part < parts_; ++part) {
        if (!counts(part)) continue;
        const float share = shares[part] / sum;
        const float* const from = seen(task, part, row);
        for (std::size_t i = 0; i < columns_; ++i) to[i] += share * from[i];
    }
}

void Parts::put_together(std::size_t task) const {
    const AttentionTask& whole = tasks_[task];
    for (std::size_t row = 0; row < rows_; ++row)
        put_row_together(task, row, whole.outputs.row(row / whole.rows, row % whole.rows));
}

}  // namespace

void attend_to(std::span<const AttentionTask> tasks, int threads) {
    attend_with(best_kernels(), tasks, threads);
}

void attend_with(const Kernels& kernels, std::span<const AttentionTask> tasks, int threads) {
    if (tasks.empty()) return;
    const AttentionTask& one = tasks.front();
    const std::size_t keys = part_of(one.count);
    const std::size_t parts = (one.count + keys - 1) / keys;
    const std::size_t multiplications = one.heads * one.rows * std::min(keys, one.count) * one.columns;
    const std::size_t least = std::max<std::size_t>(1, multiplications_at_least / multiplications);
    if (parts == 1) {
        share_work(threads, tasks.size(), least, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) attend_to_part(kernels, tasks[i], 0, one.count);
        });
        return;
    }
    const Parts seen(tasks, parts);
    share_work(threads, tasks.size() * parts, least, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const std::size_t first = i % parts * keys;
            attend_to_part(
                kernels, seen.task(i / parts, i % parts), first, std::min(first + keys, one.count)
            );
        }
    });
    for (std::size_t task = 0; task < tasks.size(); ++task) seen.put_together(task);
}

}  // namespace vignette
