// Tokenizers of a few tokens: the kinds that test/golden/tokenizer has not.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "text/tokenizer.h"

namespace vignette::testing {

inline Tokenizer tokenizer_of(nlohmann::json file) {
    file["version"] = "1.0";
    file["added_tokens"] = nlohmann::json::array(
        {{{"id", 0},
          {"content", "</s>"},
          {"single_word", false},
          {"lstrip", false},
          {"rstrip", false},
          {"normalized", false},
          {"special", true}}}
    );
    auto loaded = Tokenizer::from_json(file.dump());
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::move(loaded).value();
}

// T5's kind: pieces of text and single letters, a space at the front of a text is not told.
inline Tokenizer letters_tokenizer(const std::string& without = "") {
    auto pieces = nlohmann::json::array({{"</s>", 0.0}, {"<unk>", 0.0}});
    for (const char* piece : {"▁", "▁a", "ab", "\"▁a", "a\"", "\":"}) pieces.push_back({piece, -2.0});
    for (char letter = '!'; letter <= '~'; ++letter)
        if (without != std::string(1, letter)) pieces.push_back({std::string(1, letter), -3.0});
    const nlohmann::json space{
        {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}, {"split", true}
    };
    return tokenizer_of({
        {"model", {{"type", "Unigram"}, {"unk_id", 1}, {"vocab", pieces}, {"byte_fallback", false}}},
        {"pre_tokenizer", space},
        {"decoder", space},
    });
}

// BERT's kind, as BLIP has it: words and ends of words, in small letters.
inline Tokenizer wordpiece_tokenizer() {
    nlohmann::json vocabulary{{"</s>", 0}, {"[UNK]", 1}};
    for (char letter = '!'; letter <= '~'; ++letter) {
        const int at = static_cast<int>(vocabulary.size());
        vocabulary[std::string(1, letter)] = at;
        vocabulary["##" + std::string(1, letter)] = at + 1;
    }
    return tokenizer_of({
        {"model",
         {{"type", "WordPiece"},
          {"unk_token", "[UNK]"},
          {"continuing_subword_prefix", "##"},
          {"max_input_chars_per_word", 100},
          {"vocab", vocabulary}}},
        {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
        {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
    });
}

// Whole words and no decoder.
inline Tokenizer words_tokenizer() {
    return tokenizer_of({
        {"model",
         {{"type", "WordLevel"}, {"unk_token", "</s>"}, {"vocab", {{"</s>", 0}, {"\"", 1}, {"dog", 2}}}}},
        {"pre_tokenizer", {{"type", "Whitespace"}}},
    });
}

}  // namespace vignette::testing
