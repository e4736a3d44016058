#include "app/serving/listeners.h"

#include "app/serving/serve_access.h"

namespace vignette {
namespace {

WebServerOptions web_options(const ServeOptions& options, int port) {
    WebServerOptions web;
    web.host = options.host == "localhost" ? "127.0.0.1" : options.host;
    web.port = static_cast<std::uint16_t>(port);
    web.bodies_bytes_max = static_cast<std::size_t>(options.queue_mib) * MiB;
    return web;
}

}  // namespace

Result<Listeners> listen(const ServeOptions& options, Services& services, const Guards& guards) {
    WebServerOptions web = web_options(options, options.port);
    web.tls = TRY(tls_files(options));
    Listeners listeners{.web = TRY(WebServer::start(web, web_handlers(services, guards))), .health = nullptr};
    const bool apart = options.health_port > 0 && options.health_port != options.port;
    if (apart) {  // without TLS: probes know no authority
        listeners.health =
            TRY(WebServer::start(web_options(options, options.health_port), health_handlers(services, guards))
            );
    }
    return listeners;
}

std::string address_of(const WebServer& web, const ServeOptions& options) {
    return std::string(options.tls_key.empty() ? "http://" : "https://") + options.host + ":" +
           std::to_string(web.port());
}

}  // namespace vignette
