#include "serve/routes/photo_routes.h"

#include <utility>

#include "core/enum_text.h"
#include "serve/routes/routes.h"
#include "wire/dialects/immich.h"
#include "wire/dialects/photoprism.h"

namespace vignette {
namespace {

// An error that says when to come again has no place for the id.
void refuse_vision(const Call& call, const std::string& id, const Error& error) {
    if (error.code == ErrorCode::overloaded) return call.refuse(error);
    const int status = http_status(error.code);
    call.answer(format_vision_failure(id, error, status), status);
}

// An empty caption would be written into the library.
Error captions_are_off() {
    return {
        .code = ErrorCode::unsupported,
        .message = "captions are switched off here; the operator may start a server with a model for them",
        .field = {}
    };
}

void run_vision(const Call& call, VisionTask task) {
    VisionRequest read = read_vision(call.exchange().take_body(), task, call.services().limits);
    if (!read.request) return refuse_vision(call, read.id, read.request.error());
    call.run(
        *std::move(read.request), read.bytes, {},
        [call, task, id = read.id](const Answer& answer, const Result<std::string>& output) {
            if (!output) return refuse_vision(call, id, output.error());
            const Caption& made = *answer.items.front().outcome;
            if (!made.text) return refuse_vision(call, id, captions_are_off());
            call.answer(format_vision(id, task, made));
        }
    );
}

void refuse_vision_task(const Call& call, const std::string& message) {
    call.refuse({.code = ErrorCode::unsupported, .message = message, .field = {}});
}

}  // namespace

void immich_predict(const Call& call) {
    const std::string type(call.request().field("Content-Type"));
    Result<PlainRequest> read = read_prediction(type, call.take_body(), call.services().limits);
    if (!read) return call.refuse(read.error());
    call.run(
        std::move(read->request), read->bytes, {},
        [call](const Answer& answer, const Result<std::string>& output) {
            if (!output) return call.refuse(output.error());
            call.answer(format_prediction(*answer.items.front().outcome));
        }
    );
}

void photoprism_caption(const Call& call) { run_vision(call, VisionTask::caption); }

void photoprism_labels(const Call& call) { run_vision(call, VisionTask::labels); }

void photoprism_nsfw(const Call& call) {
    refuse_vision_task(call, "this server does not detect nudity; leave PhotoPrism's own model on for it");
}

void photoprism_face(const Call& call) {
    refuse_vision_task(call, "this server does not know faces; leave PhotoPrism's own model on for them");
}

}  // namespace vignette
