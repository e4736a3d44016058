#include "jobs/model_health.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

Answer answer_with(std::initializer_list<std::optional<ErrorCode>> outcomes) {
    Answer answer;
    for (const std::optional<ErrorCode>& code : outcomes) {
        AnsweredItem item{.id = {}, .outcome = Caption{}, .same_as = {}};
        if (code) item.outcome = fail(*code, "x");
        answer.items.push_back(std::move(item));
    }
    return answer;
}

const Answer fine = answer_with({std::nullopt});
const Answer broken = answer_with({ErrorCode::model_failed});
const Answer lost = answer_with({std::nullopt, ErrorCode::device_lost});
const Answer partly = answer_with({std::nullopt, ErrorCode::model_failed});
const Answer clients_fault = answer_with({ErrorCode::invalid_input});

TEST(ModelHealth, ThreeJobsInARowThatTheModelFailedAreTheEnd) {
    ModelHealth health;
    EXPECT_FALSE(health.is_end(broken));
    EXPECT_FALSE(health.is_end(broken));
    EXPECT_FALSE(health.is_dead());
    EXPECT_TRUE(health.is_end(broken));
    EXPECT_TRUE(health.is_dead());
    EXPECT_FALSE(health.is_end(broken)) << "it ends once";
}

TEST(ModelHealth, AJobOfWhichSomethingCameBeginsTheRowAnewAndAClientsFaultDoesNot) {
    ModelHealth health;
    for (const Answer* one :
         {&broken, &broken, &partly, &broken, &broken, &fine, &broken, &clients_fault, &broken})
        EXPECT_FALSE(health.is_end(*one));
    EXPECT_TRUE(health.is_end(broken));
}

TEST(ModelHealth, ALostDeviceIsTheEndAtOnce) {
    ModelHealth health;
    EXPECT_TRUE(health.is_end(lost));
    EXPECT_TRUE(health.is_dead());
}

}  // namespace
}  // namespace vignette
