#include "net/client/http_client.h"

#include <future>
#include <utility>

#include "net/client/curl_loop.h"
#include "net/client/http_transfer.h"

namespace vignette {
namespace {

constexpr long connections_kept_max = 256;

}  // namespace

std::string summary(const Result<HttpResponse>& answer) {
    return answer ? "status " + std::to_string(answer->status) : answer.error().message;
}

HttpClient::HttpClient(std::string user_agent)
    : user_agent_(std::move(user_agent)), loop_(std::make_unique<CurlLoop>(connections_kept_max)) {}

HttpClient::~HttpClient() = default;

void HttpClient::start(HttpRequest request, HttpDone done, std::stop_token stop) {
    loop_->add(
        std::make_unique<HttpTransfer>(std::move(request), user_agent_, std::move(done), std::move(stop))
    );
}

Result<HttpResponse> HttpClient::send(HttpRequest request, std::stop_token stop) {
    const auto answered =
        std::make_shared<std::promise<Result<HttpResponse>>>();  // std::function must be copyable
    std::future<Result<HttpResponse>> answer = answered->get_future();
    start(
        std::move(request),
        [answered](Result<HttpResponse> outcome) { answered->set_value(std::move(outcome)); }, std::move(stop)
    );
    return answer.get();
}

}  // namespace vignette
