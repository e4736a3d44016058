#include "app/serving/serve_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "app/usage/checks.h"
#include "core/environment.h"

namespace vignette {

namespace {

// Who may ask, how often, from where, and under which certificate.
void add_access_options(CLI::App& serve, ServeOptions& options) {
    serve
        .add_option(
            "--api-keys", options.keys, "Keys of clients, with commas between; better in the variable"
        )
        ->envname("VIGNETTE_API_KEYS");
    serve
        .add_option(
            "--api-key-file", options.key_file,
            "File with a key, or sha256:HASH of one, a line; after it rate=60 for a limit of its own"
        )
        ->envname("VIGNETTE_API_KEY_FILE");
    serve
        .add_option(
            "--admin-keys", options.admin_keys,
            "Keys for everything, and the only ones for /metrics and purge-queue; better in the variable"
        )
        ->envname("VIGNETTE_ADMIN_KEYS");
    serve.add_option("--admin-key-file", options.admin_key_file, "File with such keys, as --api-key-file")
        ->envname("VIGNETTE_ADMIN_KEY_FILE");
    add_switch(serve, "--without-keys", options.without_keys, "Let everybody in who reaches an outer address")
        ->envname("VIGNETTE_WITHOUT_KEYS");
    serve
        .add_option(
            "--rate-limit", options.rate_limit,
            "Requests a minute of each key, or without keys of all together; more get 429; 0: any number"
        )
        ->envname("VIGNETTE_RATE_LIMIT")
        ->transform(whole_number(0, 1'000'000))
        ->capture_default_str();
    serve
        .add_option(
            "--cors-origin", options.cors_origins,
            "Whose pages may ask from a browser: https://example.com, with commas between, or *"
        )
        ->envname("VIGNETTE_CORS_ORIGIN");
    serve
        .add_option(
            "--tls-cert", options.tls_certificate,
            "Speak HTTPS, with this certificate chain in PEM; read again whenever it changes"
        )
        ->envname("VIGNETTE_TLS_CERT");
    serve.add_option("--tls-key", options.tls_key, "Its private key in PEM, without a password")
        ->envname("VIGNETTE_TLS_KEY");
}

}  // namespace

void add_server_options(CLI::App& serve, ServeOptions& options) {
    serve.add_option("--host,--rp_api_host", options.host, "Address to listen on; 0.0.0.0 for all")
        ->envname("API_HOST")
        ->capture_default_str();
    serve.add_option("--port,--rp_api_port", options.port, "Port to listen on")
        ->envname("API_PORT")
        ->transform(whole_number(1, 65'535))
        ->capture_default_str();
    serve.add_option("--health-port", options.health_port, "Another port for /ping; 0: the same")
        ->envname("VIGNETTE_HEALTH_PORT")
        ->transform(whole_number(0, 65'535));
    add_access_options(serve, options);
    add_switch(
        serve, "--gateway", options.gateway,
        "No model here: the workers of --queue do the work; docs/scale.md"
    )
        ->envname("VIGNETTE_GATEWAY");
    serve.add_option("--queue-max", options.queue_max, "Jobs that wait or run; more are answered with 429")
        ->envname("VIGNETTE_QUEUE_MAX")
        ->transform(whole_number(1, 1'000'000))
        ->capture_default_str();
    serve.add_option("--queue-mib", options.queue_mib, "Their size in MiB, together")
        ->envname("VIGNETTE_QUEUE_MIB")
        ->transform(whole_number(1, 1'000'000))
        ->capture_default_str();
    serve
        .add_option(
            "--cost-per-hour", options.cost_per_hour, "Of this machine, in any money: for the metrics"
        )
        ->envname("VIGNETTE_COST_PER_HOUR")
        ->check(number(0, 1e9));
    add_switch(
        serve, "--rp_serve_api", options.sdk_routes, "Serve /run and /status as RunPod's SDK does locally"
    );
    serve
        .add_option_function<int>(
            "--rp_api_concurrency", [](int) {}, "Understood, as RunPod's SDK has it: one process serves all"
        )
        ->envname("API_WORKERS")
        ->transform(whole_number(1, 1024));
}

bool asks_for_server(const std::vector<std::string>& words) {
    return variable("STANDALONE_MODE") == "1" || std::ranges::find(words, "--rp_serve_api") != words.end();
}

void honour_platform_ports() {
    const std::string port = variable("PORT");
    if (port.empty()) return;
    setenv("API_PORT", port.c_str(), 0);
    // The platform's own load balancer stands in front and asks for keys.
    if (!variable("RUNPOD_ENDPOINT_ID").empty()) {
        setenv("API_HOST", "0.0.0.0", 0);
        setenv("VIGNETTE_WITHOUT_KEYS", "1", 0);
    }
    if (const std::string health = variable("PORT_HEALTH"); !health.empty())
        setenv("VIGNETTE_HEALTH_PORT", health.c_str(), 0);
}

}  // namespace vignette
