// What the platform's answer to the post of a result means, after all that was tried before. Pure: the table
// of docs/deploy-runpod.md, "What an answer to a post means".
#pragma once

#include "net/client/http_client.h"

namespace vignette {

struct PostPast {                   // of one result
    bool may_have_arrived = false;  // by an attempt that was not answered: then a refusal proves nothing
    bool replaced = false;          // by a small error
    int refusals = 0;               // of what is posted now
    bool operator==(const PostPast&) const = default;
};

enum class PostVerdict { delivered, again, replace, give_up };

struct Judgement {
    PostVerdict verdict = PostVerdict::again;
    PostPast past;  // with this answer
};

bool arrived(const Result<HttpResponse>& answer);

// The same again may be taken: the fault is the moment's, or the key's, and not that of what was posted.
bool worth_another_try(const Result<HttpResponse>& answer);

Judgement judge(PostPast past, const Result<HttpResponse>& answer);

}  // namespace vignette
