#include "serve/routes/page_routes.h"

#include <vector>

#include "embedded_files.h"
#include "serve/routes/routes.h"
#include "wire/dialects/openapi.h"

namespace vignette {
namespace {

// Pages load nothing from anywhere else, and nobody may frame them.
void answer_page(const Call& call, std::string_view text, std::string_view content_type) {
    call.exchange().answer({
        .status = 200,
        .body = std::string(text),
        .content_type = std::string(content_type),
        .fields =
            {{"Content-Security-Policy",
              "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"},
             {"X-Content-Type-Options", "nosniff"},
             {"Referrer-Policy", "no-referrer"},
             {"Cache-Control", "no-cache"}},
    });
}

std::string openapi_text() {
    std::vector<RouteFacts> facts;
    for (const Route& route : routes()) {
        facts.push_back({
            .method = route.method,
            .path = route.path,
            .summary = route.summary,
            .dialect = route.dialect,
            .needs_key = route.access != Access::open,
            .needs_admin = route.access == Access::admin,
            .request = route.request,
            .answer = route.answer,
            .pieces = route.pieces,
        });
    }
    return format_openapi(facts, embedded::schemas_json());
}

}  // namespace

void playground(const Call& call) { answer_page(call, embedded::index_html(), "text/html; charset=utf-8"); }
void playground_style(const Call& call) {
    answer_page(call, embedded::playground_css(), "text/css; charset=utf-8");
}
void playground_script(const Call& call) {
    answer_page(call, embedded::playground_js(), "text/javascript; charset=utf-8");
}
void boxes_script(const Call& call) {
    answer_page(call, embedded::boxes_js(), "text/javascript; charset=utf-8");
}
void snippets_script(const Call& call) {
    answer_page(call, embedded::snippets_js(), "text/javascript; charset=utf-8");
}
void documentation(const Call& call) { answer_page(call, embedded::docs_html(), "text/html; charset=utf-8"); }
void documentation_script(const Call& call) {
    answer_page(call, embedded::docs_js(), "text/javascript; charset=utf-8");
}

void openapi(const Call& call) {
    static const std::string text = openapi_text();  // the routes never change
    call.answer(text);
}

void metrics(const Call& call) {
    const Services& services = call.services();
    Metrics::Now now{.load = services.desk.load(), .ready = services.desk.is_open(), .spans = {}, .gpus = {}};
    if (services.tracer != nullptr) now.spans = services.tracer->counts();
    if (services.gpu && services.gpu_memory) now.gpus = services.gpu_memory();
    call.exchange().answer({
        .status = 200,
        .body = services.metrics.text(now),
        .content_type = "text/plain; version=0.0.4; charset=utf-8",
        .fields = {},
    });
}

}  // namespace vignette
