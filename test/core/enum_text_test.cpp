#include "core/enum_text.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

namespace vignette {
namespace {

struct Policy {
    ErrorCode code;
    std::string_view text;
    int status;
    bool retryable;
};

constexpr std::array policies{
    Policy{ErrorCode::invalid_json, "invalid_json", 400, false},
    Policy{ErrorCode::invalid_input, "invalid_input", 400, false},
    Policy{ErrorCode::missing_image, "missing_image", 400, false},
    Policy{ErrorCode::too_many_images, "too_many_images", 400, false},
    Policy{ErrorCode::bad_base64, "bad_base64", 400, false},
    Policy{ErrorCode::empty_image, "empty_image", 400, false},
    Policy{ErrorCode::unsupported_media, "unsupported_media", 415, false},
    Policy{ErrorCode::truncated_image, "truncated_image", 422, false},
    Policy{ErrorCode::undecodable_image, "undecodable_image", 422, false},
    Policy{ErrorCode::not_an_image, "not_an_image", 415, false},
    Policy{ErrorCode::forbidden_address, "forbidden_address", 403, false},
    Policy{ErrorCode::not_found, "not_found", 422, false},
    Policy{ErrorCode::refused, "refused", 422, false},
    Policy{ErrorCode::too_large, "too_large", 413, false},
    Policy{ErrorCode::too_many_pixels, "too_many_pixels", 413, false},
    Policy{ErrorCode::prompt_too_long, "prompt_too_long", 400, false},
    Policy{ErrorCode::unsupported, "unsupported", 400, false},
    Policy{ErrorCode::usage, "usage", 400, false},
    Policy{ErrorCode::model_not_found, "model_not_found", 404, false},
    Policy{ErrorCode::bundle_invalid, "bundle_invalid", 500, false},
    Policy{ErrorCode::weights_invalid, "weights_invalid", 500, false},
    Policy{ErrorCode::unavailable, "unavailable", 503, false},
    Policy{ErrorCode::overloaded, "overloaded", 429, true},
    Policy{ErrorCode::unreachable, "unreachable", 502, true},
    Policy{ErrorCode::too_slow, "too_slow", 504, true},
    Policy{ErrorCode::shutting_down, "shutting_down", 503, true},
    Policy{ErrorCode::out_of_memory, "out_of_memory", 503, true},
    Policy{ErrorCode::device_lost, "device_lost", 503, true},
    Policy{ErrorCode::cancelled, "cancelled", 499, false},
    Policy{ErrorCode::model_failed, "model_failed", 500, false},
    Policy{ErrorCode::internal, "internal", 500, false},
};

TEST(Texts, AnErrorCodeHasItsEnumeratorsName) {
    for (const Policy& policy : policies) EXPECT_EQ(to_text(policy.code), policy.text);
}

TEST(Texts, EveryErrorCodeHasAStatusAndARetryPolicy) {
    for (const Policy& policy : policies) {
        EXPECT_EQ(retryable(policy.code), policy.retryable) << policy.text;
        EXPECT_EQ(http_status(policy.code), policy.status) << policy.text;
    }
}

TEST(Texts, TheTableOfThisTestHoldsEveryErrorCode) {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
        names.insert(to_text(static_cast<ErrorCode>(code)));
    }
    EXPECT_EQ(names.size(), policies.size());
    for (const Policy& policy : policies) EXPECT_TRUE(names.contains(policy.text)) << policy.text;
}

TEST(Texts, ValuesOfTheAnswerHaveTheirPublicNames) {
    EXPECT_EQ(to_text(FinishReason::stop), "stop");
    EXPECT_EQ(to_text(FinishReason::length), "length");
    EXPECT_EQ(to_text(ImageFormat::jpeg), "jpeg");
    EXPECT_EQ(to_text(ImageFormat::png), "png");
    EXPECT_EQ(to_text(ImageFormat::webp), "webp");
    EXPECT_EQ(to_text(ImageFormat::bmp), "bmp");
    EXPECT_EQ(to_text(Dtype::float32), "float32");
    EXPECT_EQ(to_text(Dtype::float16), "float16");
    EXPECT_EQ(to_text(Dtype::bfloat16), "bfloat16");
}

TEST(ErrorCodes, AreAllInTheTableOfTheDocumentationWithTheirStatusAndWhetherToRetry) {
    for (const Policy& policy : policies) {
        const std::string row = "| `" + std::string(policy.text) + "` | " + std::to_string(policy.status) +
                                " | " + (policy.retryable ? "yes" : "no") + " |";
        bool found = false;
        std::ifstream table(std::string(VIGNETTE_TEST_DIR) + "/../docs/errors.md");
        for (std::string line; std::getline(table, line);) found = found || line.starts_with(row);
        EXPECT_TRUE(found) << "docs/errors.md has no row " << row;
    }
}

}  // namespace
}  // namespace vignette
