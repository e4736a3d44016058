// Requests whose end a proxy before us may see elsewhere. Each is refused, or read as exactly one request:
// what comes behind it is never taken for another.
#include <gtest/gtest.h>

#include <array>

#include "served.h"
#include "wire.h"

namespace vignette {
namespace {

enum class Fate { refused, one };

struct Attack {
    std::string name;
    std::string bytes;
    Fate fate = Fate::refused;
};

std::string head(const std::string& fields) { return "POST /x HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"; }

const std::string hidden = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string empty_chunk = "0\r\n\r\n";

// `fields`, and behind them what is a whole chunked body to some, and nothing to others.
Attack about_fields(const std::string& fields, Fate fate = Fate::refused) {
    return {fields, head(fields) + empty_chunk + hidden, fate};
}

Attack about_chunks(const std::string& chunks, Fate fate = Fate::refused) {
    return {
        chunks, head("Transfer-Encoding: chunked\r\n") + chunks + (fate == Fate::one ? "" : hidden), fate
    };
}

Attack about_line(const std::string& line) { return {line, line + "\r\nHost: h\r\n\r\n" + hidden}; }

std::vector<Attack> two_lengths() {
    std::vector<Attack> attacks;
    for (const std::string fields : {
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
             "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n",
             "Content-Length: 5\r\nContent-Length: 6\r\n",
             "Content-Length: 5\r\nContent-Length: 5\r\n",
             "Content-Length: 0\r\nContent-Length: 5\r\n",
             "Content-Length: 5, 6\r\n",
             "Content-Length: 5,\r\n",
             "Content-Length: ,5\r\n",
             "Content-Length: +5\r\n",
             "Content-Length: -5\r\n",
             "Content-Length: 0x5\r\n",
             "Content-Length: 5 5\r\n",
             "Content-Length: 5;\r\n",
             "Content-Length: 5.0\r\n",
             "Content-Length: \"5\"\r\n",
             "Content-Length:\r\n",
             "Content-Length: 18446744073709551621\r\n",
             "Content-Length: 99999999999999999999999\r\n",
         })
        attacks.push_back(about_fields(fields));
    return attacks;
}

std::vector<Attack> encodings() {
    std::vector<Attack> attacks;
    for (const std::string value : {
             "xchunked",
             "chunkedx",
             "identity",
             "gzip",
             "gzip, chunked",
             "chunked, gzip",
             "chunked, identity",
             "identity, chunked",
             "chunked, chunked",
             "chunked;q=1",
             "chunked,",
             ",chunked",
             "\"chunked\"",
             "chunk",
             "",
             "chunked\x0b",
             "\x0b"
             "chunked",
             "chunked\x7f",
             "\xC2\xA0"
             "chunked",
         })
        attacks.push_back(about_fields("Transfer-Encoding: " + value + "\r\n"));
    for (const std::string fields : {
             "Transfer-Encoding : chunked\r\n",
             "Transfer-Encoding\t: chunked\r\n",
             " Transfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
             "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding:\r\n",
             "Transfer-Encoding: chunked\nX: y\r\n",
             "X: y\nTransfer-Encoding: chunked\r\n",
             "X: y\rTransfer-Encoding: chunked\r\n",
             "\rTransfer-Encoding: chunked\r\n",
             ": chunked\r\n",
             "no colon\r\n",
             "Host: other\r\n",
         })
        attacks.push_back(about_fields(fields));
    attacks.push_back(about_fields(std::string("X: \0y\r\n", 7)));
    attacks.push_back(about_fields(std::string("Transfer-Encoding: chunked\0\r\n", 29)));
    attacks.push_back(about_fields(std::string("X\0: y\r\n", 7)));
    attacks.push_back({"1.0", "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + empty_chunk + hidden}
    );
    attacks.push_back({"no host", "GET /x HTTP/1.1\r\n\r\n" + hidden});
    return attacks;
}

std::vector<Attack> chunk_lines() {
    std::vector<Attack> attacks;
    for (const std::string chunks : {
             "0x3\r\nabc\r\n0\r\n\r\n",
             "+3\r\nabc\r\n0\r\n\r\n",
             "-3\r\nabc\r\n0\r\n\r\n",
             " 3\r\nabc\r\n0\r\n\r\n",
             "3 \r\nabc\r\n0\r\n\r\n",
             "3 3\r\nabc\r\n0\r\n\r\n",
             "\r\nabc\r\n0\r\n\r\n",
             "g\r\nabc\r\n0\r\n\r\n",
             "3,\r\nabc\r\n0\r\n\r\n",
             "3\nabc\n0\n\n",
             "3\r\nabc\n0\r\n\r\n",
             "3\r\nabcd\r\n0\r\n\r\n",
             "3\r\nabc0\r\n\r\n",
             "3;\nx\r\nabc\r\n0\r\n\r\n",
             "3\rabc\r\n0\r\n\r\n",
             "10000000000000003\r\nabc\r\n0\r\n\r\n",
             "ffffffffffffffff\r\nabc\r\n0\r\n\r\n",
             "fffffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
             "3\r\nabc\r\n0\r\nTrailer : x\r\n\r\n",
             "3\r\nabc\r\n0\r\n Trailer: x\r\n\r\n",
             "3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n",
         })
        attacks.push_back(about_chunks(chunks));
    for (const std::string chunks : {
             "3;a=b\r\nabc\r\n0\r\n\r\n",
             "3;a=\"b;c\"\r\nabc\r\n0\r\n\r\n",
             "0003\r\nabc\r\n000\r\n\r\n",
             "3\r\nabc\r\n0;last\r\n\r\n",
             "23\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n\r\n0\r\n\r\n",
         })
        attacks.push_back(about_chunks(chunks, Fate::one));
    return attacks;
}

std::vector<Attack> first_lines() {
    std::vector<Attack> attacks;
    for (const std::string line : {
             "GET /x",
             "GET /x HTTP/0.9",
             "GET /x HTTP/1.2",
             "GET /x HTTP/2.0",
             "GET /x HTTP/11",
             "GET /x http/1.1",
             "GET /x HTTP/1.1 ",
             "GET  /x HTTP/1.1",
             "GET /x  HTTP/1.1",
             "GET\t/x HTTP/1.1",
             "GET /x y HTTP/1.1",
             " GET /x HTTP/1.1",
             "G(T /x HTTP/1.1",
             "GET HTTP/1.1",
             "GET /\x7fx HTTP/1.1",
             "GET /x HTTP/1.1\rX: y",
             "GET /x HTTP/1.1\nX: y",
             "\nGET /x HTTP/1.1",
             "PRI * HTTP/2.0",
         })
        attacks.push_back(about_line(line));
    attacks.push_back(about_line(std::string("GET /\0x HTTP/1.1", 16)));
    return attacks;
}

std::vector<Attack> harmless() {
    const std::string body = "5\r\nhello\r\n0\r\n\r\n";
    const std::string lengths = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
    return {
        {"upper case", head("TRANSFER-ENCODING: CHUNKED\r\n") + body, Fate::one},
        {"spaces", head("Transfer-Encoding:   chunked  \r\n") + body, Fate::one},
        {"a body that is a request", head(lengths) + hidden, Fate::one},
        {"a folded line", head("X: y\r\n Transfer-Encoding: chunked\r\n" + lengths) + hidden, Fate::one},
        {"absolute form", "GET http://other/x HTTP/1.1\r\nHost: h\r\n\r\n", Fate::one},
        {"a body of a GET", "GET /x HTTP/1.1\r\nHost: h\r\n" + lengths + "\r\n" + hidden, Fate::one},
        {"upgrade", head("Connection: Upgrade\r\nUpgrade: h2c\r\n" + lengths) + hidden, Fate::one},
        {"sizes with zeros", head("Content-Length: 00005\r\n") + "hello", Fate::one},
    };
}

std::vector<Attack> corpus() {
    std::vector<Attack> all;
    for (auto some : {two_lengths(), encodings(), chunk_lines(), first_lines(), harmless()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

class Smuggling : public OnBothWires {};
INSTANTIATE_TEST_SUITE_P(Wires, Smuggling, testing::Values(Wire::plain, Wire::tls), name_of_wire);

TEST_P(Smuggling, NothingIsEverTakenForAnotherRequest) {
    for (const Attack& attack : corpus()) {
        SCOPED_TRACE(testing::PrintToString(attack.name));
        const Served served(on_wire());
        RawClient client(served.port(), GetParam());
        client.send(attack.bytes);
        const RawAnswer first = client.read_answer();
        if (attack.fate == Fate::refused) {
            EXPECT_TRUE(first.status == 400 || first.status == 413) << first.status;
            EXPECT_EQ(client.read_all(), "");
            EXPECT_EQ(served.seen(), std::vector<std::string>{});
        } else {
            EXPECT_EQ(first.status, 200);
            EXPECT_EQ(client.ask(get("/after")).body, "GET /after ");
            EXPECT_EQ(served.seen(), (std::vector<std::string>{"/x", "/after"}));
        }
    }
}

// The same, read as they come.
TEST_P(Smuggling, InPiecesNeither) {
    for (const Attack& attack : corpus()) {
        SCOPED_TRACE(testing::PrintToString(attack.name));
        const Served served(on_wire());
        RawClient client(served.port(), GetParam());
        std::string bytes = attack.bytes;
        if (const std::size_t path = bytes.find("/x"); path != std::string::npos)
            bytes.replace(path, 2, "/echo");
        client.send(bytes);
        if (attack.fate == Fate::refused) {
            EXPECT_FALSE(client.read_all().ends_with("\r\n" + empty_chunk));
            EXPECT_EQ(served.seen(), std::vector<std::string>{});
        } else {
            EXPECT_EQ(client.read_answer().status, 200);
            EXPECT_EQ(client.ask(get("/after")).body, "GET /after ");
            EXPECT_EQ(served.seen(), std::vector<std::string>{"/after"});
        }
    }
}

}  // namespace
}  // namespace vignette
