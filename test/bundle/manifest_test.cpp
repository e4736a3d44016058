#include "bundle/manifest.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "bundle/file_digest.h"
#include "bundle/manifest_variants.h"
#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

TEST(Manifest, EveryFieldArrives) {
    const Manifest made = parse(manifest_text).value();
    EXPECT_EQ(made.info.name, "tiny");
    EXPECT_EQ(made.info.family, "blip2-opt");
    EXPECT_EQ(made.info.digest, sha256_hex(manifest_text));
    EXPECT_EQ(made.info.source, "people/tiny");
    EXPECT_EQ(made.info.kind, BundleKind::captioner);
    EXPECT_EQ(made.info.dtype, Dtype::float16);
    EXPECT_EQ(made.info.pixels.method, PixelMethod::stretch);
    EXPECT_EQ(made.info.pixels.size, (Size{.width = 224, .height = 112}));
    EXPECT_EQ(made.info.pixels.mean[1], 2.5F);
    EXPECT_EQ(made.info.pixels.std[0], 68.5F);
    EXPECT_EQ(made.info.text.default_prompt, "a photo of");
    EXPECT_EQ(made.info.text.image_token, TokenId{500});
    EXPECT_EQ(made.info.text.image_tokens, 32);
    EXPECT_EQ(made.info.text.end, (std::vector{TokenId{50}, TokenId{51}}));
    EXPECT_EQ(made.info.text.vocabulary, 512);
    EXPECT_EQ(made.info.text.placement, Placement::before);
    EXPECT_EQ(made.info.text.history, History::suffix);
    EXPECT_TRUE(made.info.text.special_tokens);
    EXPECT_EQ(made.info.text.prefix, std::vector{TokenId{2}});
    EXPECT_EQ(made.info.text.suffix, (std::vector{TokenId{3}, TokenId{4}}));
    EXPECT_EQ(made.info.text.pad, TokenId{1});
    EXPECT_EQ(made.info.generation.num_beams_limit, 5);
    EXPECT_EQ(made.info.generation.length_penalty, -1.5);
    EXPECT_TRUE(made.info.generation.early_stopping);
    EXPECT_EQ(made.info.positions, 96);
    EXPECT_EQ(made.cache.head_dim, 16);
    EXPECT_EQ(made.program.file, "program.pt");
    EXPECT_EQ(made.weights.files.at(0).bytes, 12U);
    EXPECT_EQ(made.weights.ties.at("head.weight"), "embed.weight");
    EXPECT_EQ(made.weights.renames.at(0).to, "new.");
    EXPECT_EQ(made.weights.float32.at(0), "qformer.");
    EXPECT_EQ(made.weights.packs.at(0).whole, "attention.qkv");
    EXPECT_EQ(made.weights.packs.at(0).parts, (std::vector<std::string>{"query.weight", "key.weight"}));
}

TEST(Manifest, MayBringItsOwnWordsForAPreset) {
    EXPECT_TRUE(parse(manifest_text).value().info.text.presets.empty());
    const Manifest made = with("/text/presets", {{"alt_text", "Describe it."}}).value();
    ASSERT_EQ(made.info.text.presets.size(), 1U);
    EXPECT_EQ(made.info.text.presets[0].preset, Preset::alt_text);
    EXPECT_EQ(made.info.text.presets[0].prompt, "Describe it.");
    const auto unknown = with("/text/presets", {{"poem", "Rhyme."}});
    ASSERT_FALSE(unknown.has_value());
    EXPECT_NE(unknown.error().message.find("text.presets.poem is not a preset"), std::string::npos)
        << unknown.error().message;
    EXPECT_FALSE(with("/text/presets", {{"alt_text", 1}}).has_value());
    EXPECT_FALSE(with("/text/presets", json::array()).has_value());
}

TEST(Manifest, MaySayInWhatItsModelTellsPlaces) {
    EXPECT_EQ(parse(manifest_text).value().info.text.boxes, BoxUnit::none);
    EXPECT_EQ(with("/text/boxes", "pixels").value().info.text.boxes, BoxUnit::pixels);
    EXPECT_EQ(with("/text/boxes", "thousandths").value().info.text.boxes, BoxUnit::thousandths);
    EXPECT_FALSE(with("/text/boxes", "inches").has_value());
}

TEST(Manifest, UnknownFieldsAreLeftAlone) { EXPECT_TRUE(with("/comment", "made by hand")); }

TEST(Manifest, EveryFieldIsRequired) {
    for (const json& right :
         {json::parse(manifest_text), patched(anyres_patch), patched(embedder_patch), ready()}) {
        ASSERT_TRUE(parse(right.dump())) << parse(right.dump()).error().message;
        const json flat = right.flatten();
        for (const auto& [pointer, value] : flat.items()) {
            const json::json_pointer place(pointer);
            if (std::isdigit(static_cast<unsigned char>(place.back().front())) != 0) continue;  // of an array
            if (pointer.find("/ties/") != pointer.npos) continue;
            json changed = right;
            changed[place.parent_pointer()].erase(place.back());
            const auto outcome = parse(changed.dump());
            ASSERT_FALSE(outcome) << pointer;
            EXPECT_EQ(outcome.error().code, ErrorCode::bundle_invalid);
            EXPECT_NE(outcome.error().message.find(place.back() + " is missing"), std::string::npos)
                << pointer;
        }
    }
}

// A value of another kind is refused in every place.
TEST(Manifest, EveryFieldHasItsKind) {
    const json flat = json::parse(manifest_text).flatten();
    for (const auto& [pointer, value] : flat.items()) {
        for (const json& wrong : {json(nullptr), json::object(), json(std::vector<json>{nullptr})}) {
            const bool may_be_null = pointer == "/source" || pointer == "/text/bos";
            if (may_be_null && wrong.is_null()) continue;
            EXPECT_FALSE(with(pointer.c_str(), wrong)) << pointer << " " << wrong;
        }
        const json other = value.is_string() ? json(7) : json("7");
        EXPECT_FALSE(with(pointer.c_str(), other)) << pointer;
    }
}

TEST(Manifest, AWrongValueIsNamedWithFileKeyRangeAndRemedy) {
    EXPECT_EQ(
        with("/image/width", "224").error().message,
        "models/x/manifest.json: image.width must be a whole number from 1 to 4096, not a string; export the "
        "bundle again with scripts/export"
    );
    EXPECT_NE(with("/image/width", 5000).error().message.find("not 5000"), std::string::npos);
}

TEST(Manifest, ValuesOutOfRangeAreRefused) {
    const std::vector<WrongValue> wrong{
        {"/name", ""},
        {"/name", std::string(1000, 'x')},
        {"/dtype", "int8"},
        {"/program/file", "../program.pt"},
        {"/program/file", "/etc/passwd"},
        {"/program/file", ".."},
        {"/program/file", ""},
        {"/program/file", std::string("a\0b", 3)},
        {"/program/sha256", "abc"},
        {"/program/sha256", std::string(64, 'g')},
        {"/program/sha256", std::string(64, 'A')},
        {"/weights/folder", ""},
        {"/weights/files", json::array()},
        {"/weights/files/0/file", "a/b"},
        {"/weights/files/0/bytes", -1},
        {"/weights/files/0/bytes", 1e30},
        {"/weights/renames/0", json::array({"one"})},
        {"/weights/packs", json::array()},
        {"/weights/packs/attention.qkv", json::array()},
        {"/weights/packs/attention.qkv/1", 7},
        {"/weights/ties/head.weight", ""},
        {"/image/width", 0},
        {"/image/height", -5},
        {"/image/height", 1.5},
        {"/image/resample", "bilinear"},
        {"/image/mean", json::array({1, 2})},
        {"/image/std/0", 0},
        {"/image/std/2", -3},
        {"/image/mean/0", 1e300},
        {"/text/image_token", 512},
        {"/text/image_token", -1},
        {"/text/image_tokens", 96},
        {"/text/eos", json::array()},
        {"/text/eos/0", 512},
        {"/text/bos", 512},
        {"/text/pad", -1},
        {"/kind", "painter"},
        {"/image/recipe", "squeeze"},
        {"/text/placement", "behind"},
        {"/text/history", "some"},
        {"/text/template", "{images}{prompt}"},
        {"/text/placement", "placeholder"},
        {"/text/prefix/0", 512},
        {"/text/suffix", std::vector<int>(65, 1)},
        {"/text/vocabulary", 1},
        {"/text/vocabulary", 1 << 30},
        {"/text/template", std::string(9000, 'x')},
        {"/cache/layers", 0},
        {"/cache/positions", 18446744073709551615U},
        {"/cache/head_dim", 1e9},
        {"/generation/max_length", 51},
        {"/generation/min_length", 41},
        {"/generation/min_length", -1},
        {"/generation/num_beams", 6},
        {"/generation/num_beams_limit", 65},
        {"/generation/max_length_limit", 97},
        {"/generation/length_penalty", 1e9},
    };
    expect_refused(manifest_text, wrong);
}

TEST(Manifest, ANewerVersionIsRefusedWithTheVersionThisProgramReads) {
    const auto outcome = parse(R"({"manifest_version": 3})");
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().message.find("is 3 and this program reads version 2"), std::string::npos);
}

TEST(Manifest, HostileTextIsAnError) {
    for (const std::string& text :
         {std::string(), std::string("null"), std::string("[]"), std::string(1 << 20, '['),
          std::string(1 << 20, '{'), std::string("{\"manifest_version\":1e400}"),
          std::string("{\"a\":1,\"a\":2}"), std::string(1000, '\0'),
          "{\"manifest_version\":" + std::string(100'000, '9') + "}"}) {
        const auto outcome = parse(text);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, ErrorCode::bundle_invalid);
        EXPECT_LT(outcome.error().message.size(), 400U);
    }
}

TEST(Manifest, NoMutationCrashes) {
    std::mt19937 random(99);
    const std::string spice = "{}[]\",:-0123456789eE.\\u\xff";
    const std::vector<std::string> rights{
        std::string(manifest_text), patched(anyres_patch).dump(), patched(embedder_patch).dump(),
        ready().dump()
    };
    for (std::size_t round = 0; round < 1500; ++round) {
        std::string text = rights[round % rights.size()];
        for (auto count = random() % 3 + 1; count > 0; --count) {
            const std::size_t at = random() % text.size();
            if (random() % 3 == 0)
                text.erase(at, random() % 9);
            else
                text[at] = spice[random() % spice.size()];
        }
        const auto outcome = parse(text);
        EXPECT_TRUE(outcome || !outcome.error().message.empty());
    }
}

TEST(ReadManifest, AMissingBundleIsNotAnInvalidOne) {
    const ScratchFolder folder;
    for (const auto& bundle : {folder.path() / "none", folder.path()}) {
        const auto outcome = read_manifest(bundle);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, ErrorCode::model_not_found);
        EXPECT_NE(outcome.error().message.find(bundle.string()), std::string::npos);
    }
}

TEST(ReadManifest, ReadsTheBundlesFileUpToItsLimit) {
    const ScratchFolder folder;
    folder.write("manifest.json", manifest_text);
    EXPECT_EQ(read_manifest(folder.path()).value().info.name, "tiny");
    folder.write("manifest.json", std::string(2 << 20, ' '));
    EXPECT_EQ(read_manifest(folder.path()).error().code, ErrorCode::bundle_invalid);
}

}  // namespace
}  // namespace vignette
