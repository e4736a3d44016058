#include "runpod/take_policy.h"

#include <algorithm>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr Milliseconds first_wait{250};
constexpr Milliseconds longest_wait{15'000};
constexpr std::chrono::minutes refused_max{5};
constexpr Milliseconds longest_wait_refused{60'000};
constexpr Milliseconds first_wait_throttled{1'000};
constexpr Milliseconds longest_retry_after{60'000};
constexpr Milliseconds quick{500};
constexpr Milliseconds first_wait_quick{20};
constexpr Milliseconds longest_wait_quick{1'000};

}  // namespace

Milliseconds growing_wait(int failures, Milliseconds first, Milliseconds longest, double chance) {
    const Milliseconds full = std::min(first * (1 << std::clamp(failures - 1, 0, 12)), longest);
    return std::chrono::duration_cast<Milliseconds>(full * (0.5 + 0.5 * chance));
}

TakeAnswer classify(const Result<HttpResponse>& answer) {
    if (!answer) {
        return answer.error().code == ErrorCode::too_slow ? TakeAnswer::nothing : TakeAnswer::broken;
    }
    switch (answer->status) {
        case 200: return answer->body.empty() ? TakeAnswer::nothing : TakeAnswer::jobs;
        case 204: return TakeAnswer::nothing;
        case 400: return TakeAnswer::refused;  // normal around FlashBoot
        case 401:
        case 403: return TakeAnswer::unauthorized;
        case 429: return TakeAnswer::throttled;
        default: return TakeAnswer::broken;
    }
}

std::optional<Milliseconds> TakePolicy::wait_after(const Event& event) {
    if (event.answer != TakeAnswer::unauthorized) unauthorized_since_.reset();
    if (event.answer != TakeAnswer::refused) refused_since_.reset();
    refused_for_long_ = refused_since_ && event.now - *refused_since_ >= refused_max;
    switch (event.answer) {
        case TakeAnswer::jobs: failures_ = quick_nothings_ = 0; return Milliseconds{0};
        case TakeAnswer::nothing: return wait_after_nothing(event);
        case TakeAnswer::unauthorized:
            if (!unauthorized_since_) unauthorized_since_ = event.now;
            if (event.now - *unauthorized_since_ >= unauthorized_max_) return std::nullopt;
            break;
        case TakeAnswer::throttled:
            ++failures_;
            if (event.retry_after.count() > 0)
                return std::min<Milliseconds>(event.retry_after, longest_retry_after);
            return growing_wait(failures_, first_wait_throttled, longest_wait, event.chance);
        case TakeAnswer::refused:
            if (!refused_since_) refused_since_ = event.now;
            if (refused_for_long_) {
                return growing_wait(++failures_, first_wait, longest_wait_refused, event.chance);
            }
            break;
        case TakeAnswer::broken: break;
    }
    return growing_wait(++failures_, first_wait, longest_wait, event.chance);
}

Milliseconds TakePolicy::wait_after_nothing(const Event& event) {
    failures_ = 0;
    quick_nothings_ = event.asked_for < quick ? quick_nothings_ + 1 : 0;
    if (quick_nothings_ <= 1) return Milliseconds{0};
    return growing_wait(quick_nothings_ - 1, first_wait_quick, longest_wait_quick, event.chance);
}

}  // namespace vignette
