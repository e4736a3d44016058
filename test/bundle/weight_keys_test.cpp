#include "bundle/weight_keys.h"

#include <gtest/gtest.h>

#include <fstream>

#include "bundle/safetensors_text.h"
#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

using Names = std::vector<std::string>;

TEST(ExpandPattern, RangesAndAlternativesAreAllCombinationsInOrder) {
    EXPECT_EQ(expand_pattern("plain.weight").value(), Names{"plain.weight"});
    EXPECT_EQ(expand_pattern("l.{9..11}.w").value(), (Names{"l.9.w", "l.10.w", "l.11.w"}));
    EXPECT_EQ(expand_pattern("{q,k}.{0..1}").value(), (Names{"q.0", "q.1", "k.0", "k.1"}));
    EXPECT_EQ(expand_pattern("x{,_old}").value(), (Names{"x", "x_old"}));
}

TEST(ExpandPattern, WhatCannotBeReadOrHasNoEndIsABrokenBundle) {
    for (const char* wrong :
         {"a{0..1", "{3..1}", "{a..b}", "{0..999999999}", "{0..999}{0..999}", "{-1..2}", "{..}"}) {
        const auto names = expand_pattern(wrong);
        ASSERT_FALSE(names.has_value()) << wrong;
        EXPECT_EQ(names.error().code, ErrorCode::bundle_invalid);
    }
}

class CheckKeys : public testing::Test {
protected:
    CheckKeys() {
        const std::string header = R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},)"
                                   R"( "new.b": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [8, 12]},)"
                                   R"( "n": {"dtype": "I64", "shape": [1], "data_offsets": [12, 20]}})";
        folder_.write("w", safetensors_text(header, std::string(20, '\0')));
        files_.add(Safetensors::open(folder_.path() / "w").value());
        spec_.renames = {{.from = "old.", .to = "new."}};
        spec_.ties = {{"tied", "a"}};
    }
    std::vector<Error> check(const std::vector<WeightKey>& wanted) const {
        return check_keys(spec_, wanted, files_, "do this");
    }

    const ScratchFolder folder_;
    WeightFiles files_;
    WeightsSpec spec_;
};

TEST_F(CheckKeys, NamesAreFoundAsTheyAreTiedAndRenamed) {
    EXPECT_TRUE(check({{"a", {2}}, {"old.b", {1, 2}}, {"tied", {2}}}).empty());
}

TEST_F(CheckKeys, EachKindOfProblemIsToldOnceWithTheRemedy) {
    const std::vector<Error> problems =
        check({{"m1", {1}}, {"m2", {1}}, {"m3", {1}}, {"m4", {1}}, {"m5", {1}}, {"a", {3}}, {"n", {1}}});
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_EQ(problems[0].message, "the weights lack m1, m2, m3 and 2 more; do this");
    EXPECT_NE(problems[1].message.find("a ([2], not [3])"), std::string::npos);
    EXPECT_NE(problems[2].message.find("n (I64)"), std::string::npos);
}

}  // namespace
}  // namespace vignette
