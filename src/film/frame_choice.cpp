#include "film/frame_choice.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vignette {
namespace {

// Times are fractions, and some files round them: times this close are the same.
constexpr double same_time = 1e-6;
constexpr double scene_min = 0.5;

}  // namespace

FrameChoice::FrameChoice(FrameOptions options, std::size_t frames_max)
    : options_(std::move(options)),
      frames_max_(frames_max),
      too_many_(options_.timestamps.size() > frames_max) {
    if (too_many_) options_.timestamps.resize(frames_max);
}

std::size_t FrameChoice::places(const Shown& frame, const std::optional<Thumbnail>& thumbnail) {
    const std::size_t wanted_places = wanted(frame, thumbnail);
    const std::size_t places = std::min(wanted_places, frames_max_ - taken_);
    cut_ = cut_ || places < wanted_places;
    taken_ += places;
    return places;
}

std::size_t FrameChoice::wanted(const Shown& frame, const std::optional<Thumbnail>& thumbnail) {
    if (!options_.timestamps.empty()) return by_time(frame);
    if (options_.keyframes) return by_scene(frame, thumbnail.value_or(Thumbnail{}));
    return by_rate(frame);
}

std::size_t FrameChoice::by_time(const Shown& frame) {
    const std::vector<double>& times = options_.timestamps;
    const std::size_t first = next_time_;
    const auto shown = [&](double time) {
        return time < frame.until - same_time || (frame.last && time <= frame.until + same_time);
    };
    while (next_time_ < times.size() && shown(times[next_time_])) ++next_time_;
    return next_time_ - first;
}

std::size_t FrameChoice::by_rate(const Shown& frame) {
    const double fps = options_.fps.value_or(1);
    const double beats = (frame.from + same_time) * fps;
    if (beats < next_beat_) return 0;
    next_beat_ = std::floor(beats) + 1;
    return 1;
}

std::size_t FrameChoice::by_scene(const Shown& frame, const Thumbnail& thumbnail) {
    const bool first = !before_;
    const bool is_cut = !first && scene_change(*before_, thumbnail) >= cut_min;
    before_ = thumbnail;
    if (!first && (!is_cut || frame.from < scene_from_ + scene_min - same_time)) return 0;
    scene_from_ = frame.from;
    return 1;
}

std::optional<NextWanted> FrameChoice::next() const {
    const std::vector<double>& times = options_.timestamps;
    if (next_time_ < times.size()) return NextWanted{.at = times[next_time_], .begins = false};
    if (options_.keyframes || !times.empty()) return std::nullopt;
    return NextWanted{.at = next_beat_ / options_.fps.value_or(1) - same_time, .begins = true};
}

bool FrameChoice::done() const {
    if (cut_) return true;
    return !options_.timestamps.empty() && next_time_ == options_.timestamps.size();
}

std::vector<double> FrameChoice::beyond_end() const {
    return {options_.timestamps.begin() + static_cast<std::ptrdiff_t>(next_time_), options_.timestamps.end()};
}

}  // namespace vignette
