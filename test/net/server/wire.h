// The same tests with and without TLS.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "net/server/web_server.h"
#include "raw_client.h"
#include "test_certificate.h"

namespace vignette {

class OnBothWires : public testing::TestWithParam<Wire> {
protected:
    WebServerOptions on_wire() const {
        WebServerOptions options;
        if (GetParam() == Wire::tls) options.tls = certificate_.files();
        return options;
    }

private:
    TestCertificate certificate_;
};

inline std::string name_of_wire(const testing::TestParamInfo<Wire>& info) {
    return info.param == Wire::tls ? "Tls" : "Plain";
}

}  // namespace vignette
