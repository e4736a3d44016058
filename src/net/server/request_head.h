// What a request's head says, and which heads are refused. Pure.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string>

#include "net/server/exchange.h"

namespace vignette {

using RequestHead = boost::beast::http::request_header<boost::beast::http::fields>;

// Why a head is refused though Beast could parse it: a proxy before us might see the request's end elsewhere,
// and take what follows for another request (smuggling). Empty: it is fine.
std::string complaint_about(const RequestHead& head);

struct Complaint {
    int status;
    std::string message;
};
// About a request that could not be read; nothing if the client has left or was too slow.
std::optional<Complaint> complaint_about(const boost::system::error_code& error);

ServedRequest read_head(const RequestHead& head);  // the body is still to come

}  // namespace vignette
