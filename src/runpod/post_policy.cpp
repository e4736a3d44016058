#include "runpod/post_policy.h"

namespace vignette {
namespace {

constexpr int refusals_max = 4;  // with growing waits: a proxy's restart, a job not known yet everywhere

// The platform, or a proxy in front of it, may have received the whole post.
bool leaves_open(const Result<HttpResponse>& answer) { return !answer || answer->status >= 500; }

// It would be refused however small it were.
bool is_about_the_job(int status) { return status == 404 || status == 409 || status == 410; }

PostVerdict after_refusal(const PostPast& past, int status) {
    const bool replaceable = !past.may_have_arrived && !past.replaced && !is_about_the_job(status);
    if (status == 413 && replaceable) return PostVerdict::replace;  // the same is not smaller the next time
    if (past.refusals <= refusals_max) return PostVerdict::again;
    return replaceable ? PostVerdict::replace : PostVerdict::give_up;
}

}  // namespace

bool arrived(const Result<HttpResponse>& answer) { return answer && answer->status / 100 == 2; }

bool worth_another_try(const Result<HttpResponse>& answer) {
    if (!answer || answer->status / 100 != 4) return true;
    const int status = answer->status;
    return status == 401 || status == 403 || status == 407 || status == 408 || status == 425 || status == 429;
}

Judgement judge(PostPast past, const Result<HttpResponse>& answer) {
    if (arrived(answer)) return {PostVerdict::delivered, past};
    past.may_have_arrived = past.may_have_arrived || leaves_open(answer);
    if (worth_another_try(answer)) return {PostVerdict::again, past};
    ++past.refusals;
    const PostVerdict verdict = after_refusal(past, answer->status);
    if (verdict == PostVerdict::replace) past = {.replaced = true};
    return {verdict, past};
}

}  // namespace vignette
