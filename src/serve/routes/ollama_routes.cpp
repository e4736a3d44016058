#include "serve/routes/ollama_routes.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "serve/random_name.h"
#include "serve/routes/routes.h"
#include "serve/routes/said.h"
#include "wire/dialects/ollama/ollama.h"
#include "wire/dialects/turns.h"

namespace vignette {
namespace {

std::vector<OllamaModel> ollama_models(const Services& services) {
    std::vector<OllamaModel> models;
    models.reserve(services.models.size());
    for (const ServedModel& model : services.models)
        models.push_back({model.name, model.family, model.digest, model.kind == "embedder"});
    return models;
}

// For the log, and so that jobs take turns.
JobId ollama_id() { return {"ollama-" + random_name()}; }

// A client that names no model is told which one it was.
std::string name_for(const std::string& asked, const Services& services) {
    if (!asked.empty() || services.models.empty()) return asked;
    return services.models.front().name;
}

OllamaReply ollama_reply(const Call& call, const OllamaAsk& ask) {
    return {ask.route, name_for(ask.model, call.services()), std::chrono::system_clock::now()};
}

void answer_whole(const Call& call, OllamaAsk ask) {
    const OllamaReply reply = ollama_reply(call, ask);
    call.run(
        std::move(ask.request), ask.bytes, {},
        [call, reply, prefix = ask.prefix](const Answer& answer, const Result<std::string>&) {
            const Result<const Caption*> caption = said_in(answer);
            if (!caption) return call.refuse(ollama_error(reply.route, caption.error()));
            const std::string_view text = Behind(prefix).rest_of(*(*caption)->text);
            call.answer(format_ollama_end(reply, text, **caption, answer.took));
        }
    );
}

// One line of JSON for each piece, and one for the end.
void answer_in_lines(const Call& call, OllamaAsk ask) {
    const OllamaReply reply = ollama_reply(call, ask);
    const auto behind = std::make_shared<Behind>(ask.prefix);
    const auto begun = std::make_shared<std::once_flag>();
    const auto say = [call, begun](const std::string& json) {
        std::call_once(*begun, [&] {
            call.exchange().begin(
                {.status = 200, .body = {}, .content_type = "application/x-ndjson", .fields = {}}
            );
        });
        call.exchange().write(json + "\n");
    };
    call.run(
        std::move(ask.request), ask.bytes,
        [reply, behind, say](const StreamEvent& event) {
            const auto* const piece = std::get_if<Piece>(&event.what);
            if (piece == nullptr) return;
            const std::string_view text = behind->rest_of(piece->text);
            if (!text.empty()) say(format_ollama_piece(reply, text));
        },
        [call, reply, begun, say](const Answer& answer, const Result<std::string>&) {
            const Result<const Caption*> caption = said_in(answer);
            if (caption) {
                say(format_ollama_end(reply, "", **caption, answer.took));
                return call.exchange().end();
            }
            // As long as nothing has been sent, the status can still say it.
            const Error error = ollama_error(reply.route, caption.error());
            bool first = false;
            std::call_once(*begun, [&] { first = true; });
            if (first) return call.refuse(error);
            call.exchange().write(refusal(Dialect::ollama, error).body + "\n");
            call.exchange().end();
        }
    );
}

void answer_ollama(const Call& call, OllamaRoute route) {
    Result<OllamaAsk> ask = read_ollama(call.take_body(), route, ollama_id(), call.services().limits);
    if (!ask) return call.refuse(ask.error());
    if (ask->only_loads) return call.answer(format_ollama_loaded(ollama_reply(call, *ask)));
    ask->request.stream ? answer_in_lines(call, *std::move(ask)) : answer_whole(call, *std::move(ask));
}

void answer_vectors(const Call& call, OllamaVectors form) {
    Result<OllamaEmbedAsk> ask =
        read_ollama_embed(call.take_body(), form, ollama_id(), call.services().limits);
    if (!ask) return call.refuse(ask.error());
    const std::size_t bytes = ask->bytes;
    call.run(
        std::move(ask->request), bytes, {},
        [call, form, model = ask->model](const Answer& answer, const Result<std::string>&) {
            const Result<std::vector<const Caption*>> vectors = vectors_in(answer);
            if (!vectors) return call.refuse(ollama_error(OllamaRoute::generate, vectors.error()));
            call.answer(format_ollama_vectors(form, model, *vectors, answer.took));
        }
    );
}

}  // namespace

void ollama_generate(const Call& call) { answer_ollama(call, OllamaRoute::generate); }
void ollama_chat(const Call& call) { answer_ollama(call, OllamaRoute::chat); }
void ollama_embed(const Call& call) { answer_vectors(call, OllamaVectors::many); }
void ollama_embeddings(const Call& call) { answer_vectors(call, OllamaVectors::one); }

void ollama_tags(const Call& call) {
    call.answer(format_ollama_tags(ollama_models(call.services()), call.services().started));
}

void ollama_show(const Call& call) {
    const Result<std::string> name = read_ollama_model(call.take_body(), call.services().limits);
    if (!name) return call.refuse(name.error());
    const std::vector<OllamaModel> models = ollama_models(call.services());
    const auto found = std::ranges::find(models, *name, &OllamaModel::name);
    if (found == models.end()) {
        return call.refuse(
            {ErrorCode::model_not_found, "there is no model \"" + *name + "\"; GET /api/tags lists all",
             "model"}
        );
    }
    call.answer(format_ollama_model(*found, call.services().started));
}

// Of the models in memory the server knows one: the default captioner, from when it is loaded.
void ollama_ps(const Call& call) {
    std::vector<OllamaModel> models = ollama_models(call.services());
    models.resize(call.services().desk.is_open() ? std::min<std::size_t>(models.size(), 1) : 0);
    call.answer(format_ollama_running(models));
}

void ollama_version(const Call& call) { call.answer(format_ollama_version()); }

void ollama_not_here(const Call& call) {
    call.exchange().answer(refusal(
        Dialect::ollama,
        {ErrorCode::unsupported,
         "the models of this server are its operator's: `vignette models add` makes one from a snapshot",
         {}},
        501
    ));
}

}  // namespace vignette
