#include "bundle/safetensors.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <random>

#include "bundle/safetensors_text.h"
#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

const std::string two_tensors =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
    R"("b.c":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}})";
const std::string ten_bytes = "0123456789";

Result<TensorIndex> parse(const std::string& text) {
    return parse_safetensors_header(bytes_of_text(text), "w.safetensors");
}

std::string one_tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

TEST(SafetensorsHeader, GivesTypeShapeAndBytesOfEachTensor) {
    const std::string text = safetensors_text(two_tensors, ten_bytes);
    const TensorIndex index = parse(text).value();
    ASSERT_EQ(index.size(), 2U);
    const TensorView& a = index.at("a");
    EXPECT_EQ(a.type, TensorType::f32);
    EXPECT_EQ(a.shape, (std::vector<std::int64_t>{2, 1}));
    EXPECT_EQ(a.bytes.data(), bytes_of_text(text).data() + 8 + two_tensors.size());
    const TensorView& b = index.at("b.c");
    EXPECT_EQ(b.type, TensorType::bf16);
    EXPECT_TRUE(b.shape.empty());
    EXPECT_EQ(b.bytes.size(), 2U);
}

TEST(SafetensorsHeader, HolesAndEmptyTensorsAreFine) {
    const std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                               R"("none":{"dtype":"F64","shape":[0,5],"data_offsets":[3,3]},)"
                               R"("b":{"dtype":"I8","shape":[2],"data_offsets":[4,6]}})";
    EXPECT_EQ(parse(safetensors_text(header, ten_bytes)).value().size(), 3U);
}

TEST(SafetensorsHeader, EveryTypeHasItsSize) {
    const std::vector<std::pair<std::string, std::size_t>> sizes{{"F64", 8},  {"F32", 4}, {"F16", 2},
                                                                 {"BF16", 2}, {"I64", 8}, {"I32", 4},
                                                                 {"I16", 2},  {"I8", 1},  {"U8", 1},
                                                                 {"BOOL", 1}};
    for (const auto& [type, size] : sizes) {
        const std::string end = std::to_string(size);
        const auto index =
            parse(safetensors_text(one_tensor('"' + type + '"', "[1]", "[0," + end + "]"), ten_bytes));
        ASSERT_TRUE(index) << type;
        EXPECT_EQ(to_text(index->at("a").type), type);
        EXPECT_EQ(bytes_of(index->at("a").type), size);
    }
}

struct Hostile {
    const char* name;
    std::string text;
    const char* says;  // part of the message
};

std::vector<Hostile> hostile_files() {
    const std::string right = R"("F32")";
    const auto with = [](const std::string& header) { return safetensors_text(header, ten_bytes); };
    constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
    return {
        {"empty", "", "too short"},
        {"seven bytes", "1234567", "too short"},
        {"cut header", safetensors_text(100, "{}", ""), "claims 100 bytes"},
        {"largest length", safetensors_text(huge, "{}", ""), "cut off"},
        {"length that wraps", safetensors_text(huge - 7, "{}", ""), "cut off"},
        {"no header", safetensors_text("", ""), "not JSON"},
        {"not JSON", with("{\"a\":"), "not JSON"},
        {"bad UTF-8", with("{\"\xff\":1}"), "not JSON"},
        {"an array", with("[]"), "must be a JSON object"},
        {"deep", with(std::string(100'000, '[')), "nested deeper"},
        {"entry is no object", with(R"({"a":1})"), "a must be an object"},
        {"no dtype", with(R"({"a":{"shape":[1],"data_offsets":[0,4]}})"), "a.dtype is missing"},
        {"unknown dtype", with(one_tensor(R"("F8_E4M3")", "[4]", "[0,4]")), "F8_E4M3"},
        {"dtype is a number", with(one_tensor("7", "[1]", "[0,4]")), "a.dtype must be a string"},
        {"negative shape", with(one_tensor(right, "[-1]", "[0,4]")), "a.shape[0] must be"},
        {"two negatives", with(one_tensor(right, "[-1,-1]", "[0,4]")), "a.shape[0] must be"},
        {"fractional shape", with(one_tensor(right, "[1.0]", "[0,4]")), "a.shape[0] must be"},
        {"shape too large to count", with(one_tensor(right, "[4294967296,4294967296]", "[0,4]")),
         "does not fit"},
        {"shape that wraps to 4", with(one_tensor(right, "[4611686018427387905]", "[0,4]")), "does not fit"},
        {"beyond 64 bits", with(one_tensor(right, "[18446744073709551616]", "[0,4]")), "a.shape[0] must be"},
        {"many dimensions", with(one_tensor(right, "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]")),
         "dimensions"},
        {"too few bytes", with(one_tensor(right, "[2]", "[0,4]")), "does not fit"},
        {"too many bytes", with(one_tensor(right, "[1]", "[0,8]")), "does not fit"},
        {"backwards", with(one_tensor(right, "[1]", "[4,0]")), "a.data_offsets are 4 to 0"},
        {"beyond the data", with(one_tensor(right, "[1]", "[8,12]")), "has 10 bytes"},
        {"negative offset", with(one_tensor(right, "[1]", "[-4,0]")), "a.data_offsets[0] must be"},
        {"one offset", with(one_tensor(right, "[1]", "[0]")), "must be a pair"},
        {"overlap",
         with(
             R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}})"
         ),
         "b overlaps another tensor"},
        {"same bytes",
         with(
             R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"
         ),
         "another tensor"},
        {"a key twice",
         with(
             R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})"
         ),
         "twice"},
    };
}

TEST(SafetensorsHeader, RefusesHostileFilesNamingFileAndKey) {
    for (const Hostile& hostile : hostile_files()) {
        const auto outcome = parse(hostile.text);
        ASSERT_FALSE(outcome) << hostile.name;
        EXPECT_EQ(outcome.error().code, ErrorCode::weights_invalid) << hostile.name;
        const std::string& message = outcome.error().message;
        EXPECT_TRUE(message.starts_with("w.safetensors: ")) << message;
        EXPECT_NE(message.find(hostile.says), std::string::npos) << hostile.name << ": " << message;
        EXPECT_LT(message.size(), 500U) << hostile.name;
    }
}

TEST(SafetensorsHeader, LongAndUnprintableNamesAreShortenedInMessages) {
    const std::string name = R"(\u001b[31m)" + std::string(5000, 'x');
    const auto outcome = parse(safetensors_text("{\"" + name + "\":1}", ""));
    ASSERT_FALSE(outcome);
    EXPECT_LT(outcome.error().message.size(), 300U);
    EXPECT_EQ(outcome.error().message.find('\x1b'), std::string::npos);
}

// Whatever a mutation makes of a file, the answer is an error or views that lie inside it.
TEST(SafetensorsHeader, NoMutationLeadsOutsideTheFile) {
    const std::string original = safetensors_text(two_tensors, ten_bytes);
    std::mt19937 random(20240601);
    const std::string spice = "{}[]\",:-0123456789eE.\\ua\xff";
    for (int round = 0; round < 2000; ++round) {
        std::string text = original;
        for (auto count = random() % 4 + 1; count > 0; --count) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0: text[at] = static_cast<char>(random()); break;
                case 1: text[at] = spice[random() % spice.size()]; break;
                case 2: text.erase(at, random() % 4); break;
                default: text.insert(at, 1, spice[random() % spice.size()]); break;
            }
            if (text.empty()) text = "x";
        }
        const auto outcome = parse(text);
        if (!outcome) continue;
        const auto all = bytes_of_text(text);
        for (const auto& [name, view] : *outcome) {
            EXPECT_GE(view.bytes.data(), all.data());
            EXPECT_LE(view.bytes.data() + view.bytes.size(), all.data() + all.size());
        }
    }
}

TEST(Safetensors, TensorsOutliveTheObjectAsLongAsTheMappingIsKept) {
    const ScratchFolder folder;
    const auto path = folder.write("w.safetensors", safetensors_text(two_tensors, ten_bytes));
    std::shared_ptr<const void> keeper;
    std::span<const std::byte> bytes;
    {
        const Safetensors file = Safetensors::open(path).value();
        EXPECT_EQ(file.bytes(), std::filesystem::file_size(path));
        EXPECT_EQ(file.find("nobody"), nullptr);
        bytes = file.find("a")->bytes;
        keeper = file.mapping();
    }
    std::filesystem::remove(path);
    EXPECT_EQ(std::to_integer<char>(bytes[7]), '7');
}

TEST(Safetensors, RefusesWhatIsNoFileWithItsName) {
    const ScratchFolder folder;
    for (const auto& path :
         {folder.path() / "none", folder.path(), std::filesystem::path("/dev/null"), folder.write("empty", "")
         }) {
        const auto outcome = Safetensors::open(path);
        ASSERT_FALSE(outcome) << path;
        EXPECT_EQ(outcome.error().code, ErrorCode::weights_invalid);
        EXPECT_NE(outcome.error().message.find(path.string()), std::string::npos);
    }
}

}  // namespace
}  // namespace vignette
