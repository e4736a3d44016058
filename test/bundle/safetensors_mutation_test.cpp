#include <gtest/gtest.h>

#include "bundle/safetensors.h"
#include "bundle/safetensors_mutations.h"

namespace vignette {
namespace {

constexpr int rounds = 4'000;

std::string small_model() {
    nlohmann::json header{{"__metadata__", {{"format", "pt"}}}};
    std::size_t end = 0;
    const auto add = [&](const std::string& name, const char* type, std::vector<int> shape,
                         std::size_t bytes) {
        header[name] = {{"dtype", type}, {"shape", std::move(shape)}, {"data_offsets", {end, end + bytes}}};
        end += bytes;
    };
    add("embed.weight", "F32", {4, 3}, 48);
    add("layers.0.bias", "BF16", {5}, 10);
    add("layers.0.weight", "F16", {2, 3, 2}, 24);
    add("scale", "F64", {}, 8);
    add("none", "U8", {0, 9}, 0);
    return safetensors_text(header.dump(), std::string(end, 'w'));
}

// Whatever is wrong with a header, the answer is an error that names the file, or tensors inside of it.
TEST(SafetensorsMutation, EndsInATypedErrorOrInTensorsThatLieInTheFile) {
    const std::uint64_t seed = mutation_seed("mutated headers");
    SafetensorsMutations mutations(small_model(), seed);
    int refused = 0;
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
        const std::string file = mutations.next();
        const auto content = bytes_of_text(file);
        const auto outcome = parse_safetensors_header(content, "w.safetensors");
        if (!outcome) {
            ++refused;
            EXPECT_EQ(outcome.error().code, ErrorCode::weights_invalid);
            EXPECT_TRUE(outcome.error().message.starts_with("w.safetensors: ")) << outcome.error().message;
            EXPECT_LT(outcome.error().message.size(), 600U);
            continue;
        }
        for (const auto& [name, view] : *outcome) {
            std::size_t bytes = bytes_of(view.type);
            for (const std::int64_t side : view.shape) bytes *= static_cast<std::size_t>(side);
            ASSERT_EQ(view.bytes.size(), bytes);
            ASSERT_GE(view.bytes.data(), content.data());
            ASSERT_LE(view.bytes.data() + bytes, content.data() + content.size());
        }
    }
    EXPECT_GT(refused, rounds / 3);
    EXPECT_LT(refused, rounds);
}

}  // namespace
}  // namespace vignette
