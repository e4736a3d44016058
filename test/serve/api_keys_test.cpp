#include "serve/api_keys.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

bool may(const ApiKeys& keys, const ServedRequest& request, Access access = Access::key) {
    return keys.admit(request, access).kind == KeyVerdict::Kind::welcome;
}

ServedRequest with(const std::string& name, const std::string& value) {
    ServedRequest request;
    request.fields.push_back({"Host", "h"});
    request.fields.push_back({name, value});
    return request;
}

constexpr const char* hash_of_secret =
    "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

TEST(ApiKeys, WithoutKeysEverybodyMay) {
    const ApiKeys keys = ApiKeys::read({.file = "# none\n\n"}).value();
    EXPECT_TRUE(keys.none());
    EXPECT_TRUE(may(keys, {}));
}

TEST(ApiKeys, AKeyMayComeInThreeForms) {
    const ApiKeys keys = ApiKeys::read({.list = "one, secret "}).value();
    EXPECT_TRUE(may(keys, with("Authorization", "Bearer secret")));
    EXPECT_TRUE(may(keys, with("authorization", "bearer one")));
    EXPECT_TRUE(may(keys, with("AUTHORIZATION", "secret")));
    EXPECT_TRUE(may(keys, with("x-api-key", "secret")));
    EXPECT_TRUE(may(keys, with("X-Api-Key", "one")));
}

TEST(ApiKeys, NothingElseIsAKey) {
    const ApiKeys keys = ApiKeys::read({.list = "secret"}).value();
    EXPECT_FALSE(may(keys, {}));
    for (const char* value :
         {"", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Bearer SECRET", "Basic secret",
          "secret,secret", hash_of_secret})
        EXPECT_FALSE(may(keys, with("Authorization", value))) << value;
    EXPECT_FALSE(may(keys, with("X-Key", "secret")));
}

TEST(ApiKeys, AFileMayHoldHashesInsteadOfKeys) {
    const std::string file = std::string("# ours\n") + hash_of_secret + "  \r\nplain\n";
    const ApiKeys keys = ApiKeys::read({.file = file}).value();
    EXPECT_TRUE(may(keys, with("Authorization", "Bearer secret")));
    EXPECT_TRUE(may(keys, with("Authorization", "Bearer plain")));
    EXPECT_FALSE(may(keys, with("Authorization", std::string("Bearer ") + hash_of_secret)));
}

TEST(ApiKeys, AHashThatIsNoneIsAUsageError) {
    for (const char* wrong :
         {"sha256:", "sha256:abc", "sha256:zz80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"})
        EXPECT_EQ(ApiKeys::read({.list = wrong}).error().code, ErrorCode::usage) << wrong;
}

const ServedRequest by_client = with("x-api-key", "client");
const ServedRequest by_admin = with("x-api-key", "admin");

TEST(ApiKeys, WhatIsForAdminsNeedsAnAdminsKeyOnceThereIsOne) {
    using enum KeyVerdict::Kind;
    const ApiKeys without = ApiKeys::read({.list = "client"}).value();
    EXPECT_TRUE(may(without, by_client, Access::admin));
    EXPECT_FALSE(may(without, {}, Access::admin));

    const ApiKeys keys = ApiKeys::read({.list = "client, both"}, {.list = "admin", .file = "both"}).value();
    EXPECT_EQ(keys.admit(by_client, Access::admin).kind, no_admin);
    EXPECT_EQ(keys.admit({}, Access::admin).kind, unknown);
    for (const Access access : {Access::open, Access::key, Access::admin}) {
        EXPECT_TRUE(may(keys, by_admin, access));
        EXPECT_TRUE(may(keys, with("x-api-key", "both"), access));
    }
    EXPECT_TRUE(may(keys, by_client));
}

TEST(ApiKeys, AdminsKeysAloneLeaveTheRestOpen) {
    const ApiKeys keys = ApiKeys::read({}, {.list = "admin"}).value();
    EXPECT_TRUE(keys.none());
    EXPECT_TRUE(may(keys, {}));
    EXPECT_TRUE(may(keys, by_client));
    EXPECT_FALSE(may(keys, {}, Access::admin));
    EXPECT_FALSE(may(keys, by_client, Access::admin));
    EXPECT_TRUE(may(keys, by_admin, Access::admin));
}

TEST(ApiKeys, EachClientsKeyHasItsRate) {
    const ApiKeys keys =
        ApiKeys::read({.list = "client", .file = "other\nslow  rate=1\n"}, {.list = "admin"}, 2).value();
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(may(keys, by_client));
    const KeyVerdict refused = keys.admit(by_client, Access::key);
    EXPECT_EQ(refused.kind, KeyVerdict::Kind::too_often);
    EXPECT_GT(refused.wait.count(), 0);
    EXPECT_LE(refused.wait.count(), 30);
    EXPECT_TRUE(may(keys, by_client, Access::open));
    EXPECT_TRUE(may(keys, with("x-api-key", "other")));
    EXPECT_TRUE(may(keys, with("x-api-key", "slow")));
    EXPECT_FALSE(may(keys, with("x-api-key", "slow")));
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(may(keys, by_admin));
    EXPECT_EQ(keys.admit(with("x-api-key", "wrong"), Access::key).kind, KeyVerdict::Kind::unknown);
}

TEST(ApiKeys, WithoutKeysAllShareTheRate) {
    const ApiKeys keys = ApiKeys::read({}, {}, 2).value();
    EXPECT_TRUE(may(keys, {}));
    EXPECT_TRUE(may(keys, by_client));
    EXPECT_FALSE(may(keys, by_admin));
    EXPECT_TRUE(may(keys, {}, Access::open));
    EXPECT_TRUE(may(keys, {}, Access::admin));  // whoever watches it
}

TEST(ApiKeys, ARateThatIsNoneIsAUsageError) {
    for (const char* wrong : {"k rate=", "k rate=0", "k rate=-1", "k rate=x", "k rate=1x", "k rate=1000001"})
        EXPECT_EQ(ApiKeys::read({.file = wrong}).error().code, ErrorCode::usage) << wrong;
}

}  // namespace
}  // namespace vignette
