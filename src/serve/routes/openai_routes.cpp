#include "serve/routes/openai_routes.h"

#include <memory>
#include <utility>

#include "serve/random_name.h"
#include "vignette/answer.h"
#include "wire/dialects/openai/openai.h"

namespace vignette {
namespace {

// The head goes out with the first event: until then a job can still be refused.
void stream_openai(const Call& call, Request request, std::size_t bytes) {
    const auto begun = std::make_shared<bool>(false);  // a job's events come one after the other
    const std::shared_ptr<AnswerWriter> writer = request.writer;
    call.run(
        std::move(request), bytes,
        [call, begun](StreamEvent event) {
            if (!std::exchange(*begun, true)) call.exchange().begin(event_stream());
            call.exchange().write(std::move(std::get<Written>(event.what).text));
        },
        [call, begun, writer](const Answer&, const Result<std::string>& output) {
            if (!output && !*begun) return call.refuse(output.error());
            if (!output) call.exchange().write(writer->failure(output.error()));
            call.exchange().end();
        }
    );
}

void run_openai(const Call& call, OpenAiRoute route) {
    const std::size_t bytes = call.request().body.size();
    const PaddedText text(call.exchange().take_body());
    Result<Request> request = read_openai(route, text, call.services().limits, {random_name()});
    if (!request) return call.refuse(request.error());
    if (request->stream) return stream_openai(call, *std::move(request), bytes);
    call.run(*std::move(request), bytes, {}, [call](const Answer&, const Result<std::string>& output) {
        output ? call.answer(*output) : call.refuse(output.error());
    });
}

OpenAiModel openai_model_of(const ServedModel& model) {
    return {.name = model.name, .kind = model.kind, .source = model.source};
}

}  // namespace

void openai_chat(const Call& call) { run_openai(call, OpenAiRoute::chat); }

void openai_responses(const Call& call) { run_openai(call, OpenAiRoute::responses); }

void openai_embeddings(const Call& call) { run_openai(call, OpenAiRoute::embeddings); }

void openai_models(const Call& call) {
    std::vector<OpenAiModel> models;
    for (const ServedModel& model : call.services().models) models.push_back(openai_model_of(model));
    call.answer(format_openai_models(models));
}

void openai_model(const Call& call) {
    const std::string& name = call.part(0);
    for (const ServedModel& model : call.services().models)
        if (model.name == name || (!model.source.empty() && model.source == name))
            return call.answer(format_openai_model(openai_model_of(model)));
    call.refuse(
        {.code = ErrorCode::model_not_found,
         .message = "there is no such model here; GET /v1/models lists those there are",
         .field = "model"}
    );
}

}  // namespace vignette
