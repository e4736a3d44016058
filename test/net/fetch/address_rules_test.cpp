#include "net/fetch/address_rules.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

bool is_public_text(const char* text) {
    const std::optional<IpAddress> address = parse_ip(text);
    EXPECT_TRUE(address) << text;
    return address && is_public(*address);
}

TEST(AddressRules, WhatIsNotOnTheInternetIsNotPublic) {
    for (const char* text : {
             "0.0.0.0",
             "0.255.255.255",
             "10.0.0.0",
             "10.255.255.255",
             "100.64.0.0",
             "100.127.255.255",
             "100.100.100.200",
             "127.0.0.0",
             "127.255.255.255",
             "168.63.129.16",
             "169.254.0.0",
             "169.254.169.254",
             "172.16.0.0",
             "172.31.255.255",
             "192.0.0.0",
             "192.0.0.192",
             "192.0.2.1",
             "192.88.99.1",
             "192.168.0.0",
             "192.168.255.255",
             "198.18.0.0",
             "198.19.255.255",
             "198.51.100.1",
             "203.0.113.1",
             "224.0.0.1",
             "239.255.255.255",
             "240.0.0.1",
             "255.255.255.255",
             "::",
             "::1",
             "::ffff:127.0.0.1",
             "::ffff:10.0.0.1",
             "::127.0.0.1",
             "::8.8.8.8",
             "64:ff9b::7f00:1",
             "64:ff9b::a9fe:a9fe",
             "64:ff9b:1::1",
             "64:ff9b:1::808:808",
             "100::1",
             "2001::1",
             "2001:0:7f00:1::",
             "2001:2::1",
             "2001:10::1",
             "2001:20::1",
             "2001:db8::1",
             "2002:7f00:1::",
             "2002:a00:1::1",
             "2002:c0a8:101::",
             "3ffe::1",
             "3fff::1",
             "4000::1",
             "5f00::1",
             "fc00::1",
             "fd00:ec2::254",
             "fdff::1",
             "fe80::1",
             "febf::1",
             "fec0::1",
             "ff02::1",
             "::ffff:0:127.0.0.1",
         }) {
        EXPECT_FALSE(is_public_text(text)) << text;
    }
}

TEST(AddressRules, TheInternetIsPublicUpToTheEdgesOfTheOtherRanges) {
    for (const char* text : {
             "1.0.0.0",
             "8.8.8.8",
             "9.255.255.255",
             "11.0.0.0",
             "100.63.255.255",
             "100.128.0.0",
             "126.255.255.255",
             "128.0.0.0",
             "169.253.255.255",
             "169.255.0.0",
             "172.15.0.0",
             "172.32.0.0",
             "192.0.1.0",
             "192.0.3.0",
             "192.167.255.255",
             "192.169.0.0",
             "198.17.255.255",
             "198.20.0.0",
             "203.0.112.255",
             "203.0.114.0",
             "223.255.255.255",
             "2000::1",
             "2001:200::1",
             "2606:4700::1111",
             "2001:4860:4860::8888",
             "2001:db9::1",
             "2a00:1450::1",
             "::ffff:8.8.8.8",
             "64:ff9b::808:808",
             "2002:808:808::1",
             "3fff:1000::1",
         }) {
        EXPECT_TRUE(is_public_text(text)) << text;
    }
}

TEST(AddressRules, ANumberIsTheSameAddressInEveryNotation) {
    const IpAddress loopback = ip_v4(0x7F000001);
    for (const char* text :
         {"127.0.0.1", "2130706433", "0x7f000001", "0X7F000001", "017700000001", "127.1", "127.0.1", "0x7f.1",
          "0177.0.0.01", "0x7f.0x0.0x0.0x1", "00000177.0.0.1", "127.0x000001"}) {
        EXPECT_EQ(parse_ip_v4_number(text), loopback) << text;
    }
    EXPECT_EQ(parse_ip_v4_number("0x"), ip_v4(0));
    EXPECT_EQ(parse_ip_v4_number("0"), ip_v4(0));
    for (const char* text :
         {"", ".", "1.", "1..2", "256.1.1.1", "1.2.3.256", "4294967296", "1.2.3.4.5", "08", "0xg",
          "1.2.65536", "-1", "+1", " 1", "1 ", "99999999999999999999999"}) {
        EXPECT_FALSE(parse_ip_v4_number(text)) << text;
    }
}

TEST(AddressRules, AnAddressAsTextIsReadBackAsTheSameAddress) {
    for (const char* text : {"1.2.3.4", "::1", "2606:4700::1111"}) EXPECT_EQ(to_text(*parse_ip(text)), text);
    EXPECT_FALSE(parse_ip("fe80::1%eth0"));
    EXPECT_FALSE(parse_ip("1.2.3"));
    EXPECT_FALSE(parse_ip("0177.0.0.1"));
}

}  // namespace
}  // namespace vignette
