// Guide::from_schema() on anything, then some random steps: it never crashes, hangs or eats memory, every
// error is the client's, and a complete text is JSON (nlohmann is the second opinion).
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "text/guide.h"
#include "vignette/invariant.h"

namespace {

using vignette::TokenId;
using vignette::Tokenizer;

constexpr TokenId end{0};
constexpr int rows = 257;
constexpr int steps_max = 60;

// One token per byte: the smallest vocabulary that can spell everything.
const Tokenizer& bytes_tokenizer() {
    static const Tokenizer tokenizer = [] {
        nlohmann::json vocabulary{{"</s>", 0}};
        for (unsigned byte = 0; byte < 256; ++byte) {
            constexpr std::string_view digits = "0123456789ABCDEF";
            const std::string name{'<', '0', 'x', digits[byte / 16], digits[byte % 16], '>'};
            vocabulary[name] = byte + 1;
        }
        const nlohmann::json file{
            {"version", "1.0"},
            {"added_tokens", nlohmann::json::array()},
            {"decoder", {{"type", "ByteFallback"}}},
            {"model",
             {{"type", "BPE"},
              {"vocab", vocabulary},
              {"merges", nlohmann::json::array()},
              {"byte_fallback", true}}},
        };
        auto loaded = Tokenizer::from_json(file.dump());
        ASSERT(loaded);
        return std::move(*loaded);
    }();
    return tokenizer;
}

bool is_json(const std::string& text) {
    try {
        return !nlohmann::json::parse(text).is_discarded();
    } catch (const nlohmann::json::out_of_range&) {
        return true;  // 1e999 is JSON, but not a double
    } catch (const nlohmann::json::parse_error&) {
        return false;
    }
}

void check_error(const vignette::Error& error) {
    // unsupported: no token fits a schema that nothing satisfies, such as multiples of 7 in a range of one
    // number
    ASSERT(
        error.code == vignette::ErrorCode::invalid_input || error.code == vignette::ErrorCode::unsupported
    );
    ASSERT(!error.message.empty() && error.message.size() < 2048);
}

void follow(vignette::Guide& guide, unsigned seed) {
    std::mt19937 dice(seed);
    std::string text;
    for (int step = 0; step < steps_max; ++step) {
        const auto words = guide.allowed();
        if (!words) return check_error(words.error());
        std::vector<int> ids;
        for (int id = 0; id < rows; ++id)
            if (((*words)[static_cast<std::size_t>(id) / 32] >> (id % 32) & 1) != 0) ids.push_back(id);
        ASSERT(!ids.empty());
        ASSERT((ids.front() == 0) == guide.complete());
        ASSERT(!guide.complete() || is_json(text));
        const int id = ids[dice() % ids.size()];
        const auto taken = guide.accept(TokenId{id});
        if (!taken) return check_error(taken.error());
        if (TokenId{id} == end) return;
        text.push_back(static_cast<char>(id - 1));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view schema(reinterpret_cast<const char*>(data), size);
    auto guide = vignette::Guide::from_schema(bytes_tokenizer(), schema, {{end}}, rows);
    if (!guide) {
        check_error(guide.error());
        return 0;
    }
    follow(*guide, static_cast<unsigned>(size));
    return 0;
}
