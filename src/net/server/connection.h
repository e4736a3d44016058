// One client's connection: reads a request, has it served, sends the answer, and again.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "net/server/byte_room.h"
#include "net/server/web_server.h"

namespace vignette {

class Connection {
public:
    virtual ~Connection() = default;
    virtual void close_if_idle() = 0;  // any thread
    // Who still owes it an answer is told that it is gone, and wakes it no more. Once the server's threads
    // have ended.
    virtual void cut_off() = 0;
};

class ConnectionHost {  // the server, as a connection sees it; any thread
public:
    virtual ~ConnectionHost() = default;
    virtual const WebServerOptions& options() const = 0;
    virtual const WebHandlers& handlers() const = 0;
    virtual std::shared_ptr<boost::asio::ssl::context> tls() = 0;  // null: none
    virtual ByteRoom& room_for_bodies() = 0;
    virtual bool draining() const = 0;
    virtual void opened(Connection& connection) = 0;
    virtual void ended(Connection& connection) = 0;
};

// Serves the client until it leaves or misbehaves. The socket's executor must do one thing after the other.
void serve_connection(boost::asio::ip::tcp::socket socket, ConnectionHost& host);

}  // namespace vignette
