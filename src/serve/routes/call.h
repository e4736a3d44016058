// One request on its way through a route. Copied freely: all copies answer the same client.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server/exchange.h"
#include "serve/job_desk.h"
#include "serve/services.h"
#include "vignette/error.h"
#include "vignette/origin.h"

namespace vignette {

struct Route;

ServedResponse event_stream();  // the head of server-sent events

class Call {
public:
    Call(
        std::shared_ptr<Exchange> exchange, const Route& route, std::vector<std::string> parts,
        Services& services, Origin origin
    )
        : exchange_(std::move(exchange)),
          route_(&route),
          parts_(std::move(parts)),
          services_(&services),
          origin_(std::move(origin)) {}

    const ServedRequest& request() const { return exchange_->request(); }
    std::string take_body() const { return exchange_->take_body(); }
    const std::string& part(std::size_t index) const { return parts_.at(index); }  // of the path, in braces
    std::optional<std::string> query(std::string_view name) const;
    std::string tenant() const;                  // who asks, as far as the key tells
    bool may_see(const std::string& job) const;  // whether it is the client's own
    const Origin& origin() const { return origin_; }
    Services& services() const { return *services_; }
    Exchange& exchange() const { return *exchange_; }

    void answer(std::string json, int status = 200) const;
    void refuse(const Error& error) const;               // in the words of the route's dialect
    std::string refusal_text(const Error& error) const;  // the same, without sending it

    // Runs a job for this client, and only as long as it is there. `on_event` may be empty; `on_done` is
    // called once, unless the job was refused, which this has then said.
    using OnEvent = std::function<void(StreamEvent)>;
    using OnDone = std::function<void(const Answer& answer, const Result<std::string>& output)>;
    void run(Request job, std::size_t bytes, OnEvent on_event, OnDone on_done) const;
    // The same, but who calls has to say that it was refused.
    Result<void> submit(Request job, std::size_t bytes, OnEvent on_event, OnDone on_done) const;

private:
    std::shared_ptr<Exchange> exchange_;
    const Route* route_;
    std::vector<std::string> parts_;
    Services* services_;
    Origin origin_;
};

}  // namespace vignette
