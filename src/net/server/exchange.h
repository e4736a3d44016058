// One HTTP request that we serve, and its answer.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace vignette {

struct HttpField {
    std::string name;
    std::string value;
};

struct ServedRequest {
    // The first field of that name, in any case; empty if there is none.
    std::string_view field(std::string_view name) const;

    std::string id;  // the client's x-request-id, if that is sane and short, or else a new one
    std::chrono::system_clock::time_point began;  // when its head had come
    std::string method;                           // in capitals
    std::string path;                             // as it was sent, without the query
    std::string query;                            // without its question mark
    std::vector<HttpField> fields;
    std::string body;         // with 64 bytes to spare if its length was announced
    std::string tenant = {};  // who asks, where that is known already; the key is then not among the fields
};

struct ServedResponse {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<HttpField> fields;
};

// Whoever holds it owes the client an answer: one that is dropped without it is answered with an internal
// error. Any thread; what is said after the end, or to a client that has left, is discarded.
class Exchange {
public:
    virtual ~Exchange() = default;

    virtual const ServedRequest& request() const = 0;
    virtual std::string take_body() = 0;

    virtual void answer(ServedResponse response) = 0;

    // An answer in pieces, sent as they come: the head, any number of pieces, the end.
    virtual void begin(ServedResponse head) = 0;
    virtual void write(std::string piece) = 0;
    virtual void end() = 0;

    // Stopped when the client leaves before it has its answer.
    virtual std::stop_token gone() const = 0;
};

// Takes a body as it comes, instead of whole. One call after another, which must not block; destroyed without
// end() if the body breaks off.
class BodySink {
public:
    virtual ~BodySink() = default;
    virtual void add(std::string_view piece) = 0;
    virtual void end() = 0;
};

}  // namespace vignette
