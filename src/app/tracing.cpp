#include "app/tracing.h"

#include "core/environment.h"
#include "core/log.h"

namespace vignette {

Result<std::unique_ptr<Tracer>> open_tracer() {
    const std::optional<TraceSettings> settings = TRY(read_trace_settings(variable));
    if (!settings) return nullptr;
    for (const char* name : {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"}) {
        const std::string protocol = variable(name);
        if (!protocol.empty() && protocol != "http/json")
            log_warning(std::string(name) + " is ignored: traces are sent as http/json");
    }
    return std::make_unique<Tracer>(*settings, "Vignette/" VIGNETTE_VERSION);
}

}  // namespace vignette
