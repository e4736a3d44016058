#include "serve/api_keys.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

ServedRequest with(const std::string& name, const std::string& value) {
    ServedRequest request;
    request.fields.push_back({"Host", "h"});
    request.fields.push_back({name, value});
    return request;
}

constexpr const char* hash_of_secret =
    "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

TEST(ApiKeys, WithoutKeysEverybodyMay) {
    const ApiKeys keys = ApiKeys::read("", "# none\n\n").value();
    EXPECT_TRUE(keys.none());
    EXPECT_TRUE(keys.admit({}));
}

TEST(ApiKeys, AKeyMayComeInThreeForms) {
    const ApiKeys keys = ApiKeys::read("one, secret ", "").value();
    EXPECT_TRUE(keys.admit(with("Authorization", "Bearer secret")));
    EXPECT_TRUE(keys.admit(with("authorization", "bearer one")));
    EXPECT_TRUE(keys.admit(with("AUTHORIZATION", "secret")));
    EXPECT_TRUE(keys.admit(with("x-api-key", "secret")));
    EXPECT_TRUE(keys.admit(with("X-Api-Key", "one")));
}

TEST(ApiKeys, NothingElseIsAKey) {
    const ApiKeys keys = ApiKeys::read("secret", "").value();
    EXPECT_FALSE(keys.admit({}));
    for (const char* value :
         {"", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Bearer SECRET", "Basic secret",
          "secret,secret", hash_of_secret})
        EXPECT_FALSE(keys.admit(with("Authorization", value))) << value;
    EXPECT_FALSE(keys.admit(with("X-Key", "secret")));
}

TEST(ApiKeys, AFileMayHoldHashesInsteadOfKeys) {
    const ApiKeys keys =
        ApiKeys::read("", std::string("# ours\n") + hash_of_secret + "  \r\nplain\n").value();
    EXPECT_TRUE(keys.admit(with("Authorization", "Bearer secret")));
    EXPECT_TRUE(keys.admit(with("Authorization", "Bearer plain")));
    EXPECT_FALSE(keys.admit(with("Authorization", std::string("Bearer ") + hash_of_secret)));
}

TEST(ApiKeys, AHashThatIsNoneIsAUsageError) {
    for (const char* wrong :
         {"sha256:", "sha256:abc", "sha256:zz80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"})
        EXPECT_EQ(ApiKeys::read(wrong, "").error().code, ErrorCode::usage) << wrong;
}

}  // namespace
}  // namespace vignette
