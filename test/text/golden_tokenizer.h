// The tokenizers of test/golden/tokenizer and what Python makes of texts with them (make.py there).
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace vignette::testing {

struct GoldenCase {
    std::string text;
    std::vector<TokenId> tokens;
    std::string decoded;
};

inline const std::vector<std::string> golden_tokenizers{"tokenizer", "byte_fallback"};

inline std::string read_golden(const std::string& name) {
    const std::string path = std::string(VIGNETTE_TEST_DIR) + "/golden/tokenizer/" + name;
    std::ifstream file(path, std::ios::binary);
    if (!file) ADD_FAILURE() << "cannot read " << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<TokenId> tokens_of(const std::vector<int>& ids) {
    std::vector<TokenId> tokens;
    for (const int id : ids) tokens.push_back(TokenId{id});
    return tokens;
}

inline const Tokenizer& golden_tokenizer(const std::string& name) {
    static const auto load = [](const std::string& file) {
        auto loaded = Tokenizer::from_json(read_golden(file));
        EXPECT_TRUE(loaded) << loaded.error().message;
        return std::move(loaded).value();
    };
    static const Tokenizer byte_level = load("tokenizer.json");
    static const Tokenizer byte_fallback = load("byte_fallback.json");
    return name == "byte_fallback" ? byte_fallback : byte_level;
}

inline const nlohmann::json& golden_expectations() {
    static const auto parsed = nlohmann::json::parse(read_golden("expected.json"));
    return parsed;
}

inline std::vector<GoldenCase> golden_cases(const std::string& name) {
    std::vector<GoldenCase> cases;
    for (const auto& row : golden_expectations().at(name).at("cases"))
        cases.push_back({
            row.at("text").get<std::string>(),
            tokens_of(row.at("ids").get<std::vector<int>>()),
            row.at("decoded").get<std::string>(),
        });
    EXPECT_GT(cases.size(), 200u);
    return cases;
}

}  // namespace vignette::testing
