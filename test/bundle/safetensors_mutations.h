// Broken copies of a safetensors file: its header as JSON with one thing wrong, or with bytes changed anyhow.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "bundle/safetensors_text.h"

namespace vignette {

// VIGNETTE_TEST_SEED repeats a run; the seed is printed.
inline std::uint64_t mutation_seed(const char* what) {
    const char* wished = std::getenv("VIGNETTE_TEST_SEED");
    const std::uint64_t seed =
        wished != nullptr ? std::strtoull(wished, nullptr, 10) : std::random_device{}();
    std::printf("%s: VIGNETTE_TEST_SEED=%llu\n", what, static_cast<unsigned long long>(seed));
    return seed;
}

class SafetensorsMutations {
public:
    SafetensorsMutations(std::string file, std::uint64_t seed) : file_(std::move(file)), random_(seed) {
        std::uint64_t length = 0;
        std::memcpy(&length, file_.data(), sizeof(length));
        header_ = file_.substr(sizeof(length), length);
        data_ = file_.substr(sizeof(length) + length);
        parsed_ = nlohmann::json::parse(header_);
    }

    std::string next() {
        switch (below(4)) {
            case 0: return with_changed_bytes();
            case 1: return with_wrong_length();
            default: return safetensors_text(with_one_thing_wrong(), data_);
        }
    }

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    std::string with_changed_bytes() {
        static constexpr std::string_view spice = "{}[]\",:-0123456789eE.\\ua\xff";
        std::string header = header_;
        for (auto count = below(4) + 1; count > 0; --count) {
            const std::size_t at = below(header.size());
            switch (below(4)) {
                case 0: header[at] = static_cast<char>(random_()); break;
                case 1: header[at] = spice[below(spice.size())]; break;
                case 2: header.erase(at, below(4)); break;
                default: header.insert(at, 1, spice[below(spice.size())]); break;
            }
            if (header.empty()) header = "x";
        }
        return safetensors_text(header, data_);
    }

    std::string with_wrong_length() {
        std::string file = file_;
        if (below(2) == 0) {
            file.resize(below(file.size()));
            return file;
        }
        const std::uint64_t length = below(2) == 0 ? random_() : header_.size() + below(9) - 4;
        std::memcpy(file.data(), &length, sizeof(length));
        return file;
    }

    nlohmann::json strange_number() {
        static const std::vector<nlohmann::json> numbers{
            0,
            1,
            -1,
            2,
            7,
            1.5,
            4294967296,
            9223372036854775807,
            18446744073709551615U,
            1e300,
            "4",
            nullptr,
            nlohmann::json::array(),
            nlohmann::json::object()
        };
        return numbers[below(numbers.size())];
    }

    // One tensor loses a field, gets another's, or a number that cannot be.
    std::string with_one_thing_wrong() {
        nlohmann::json header = parsed_;
        auto chosen = header.begin();
        std::advance(chosen, static_cast<std::ptrdiff_t>(below(header.size())));
        auto other = header.begin();
        std::advance(other, static_cast<std::ptrdiff_t>(below(header.size())));
        static constexpr const char* fields[] = {"dtype", "shape", "data_offsets"};
        const char* field = fields[below(3)];
        switch (below(9)) {
            case 0: header.erase(chosen); break;
            case 1: header[chosen.key() + "x"] = chosen.value(); break;
            case 2: chosen.value().erase(field); break;
            case 3: chosen.value()[field] = strange_number(); break;
            case 4: chosen.value()[field] = other.value().value(field, nlohmann::json()); break;
            case 5: std::swap(chosen.value(), other.value()); break;
            case 6: change_number(chosen.value(), "shape"); break;
            case 7: change_number(chosen.value(), "data_offsets"); break;
            default: {
                static constexpr const char* types[] = {"F64", "F32", "F16",     "BF16",
                                                        "I64", "U8",  "F8_E5M2", ""};
                chosen.value()["dtype"] = types[below(8)];
            }
        }
        return header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }

    void change_number(nlohmann::json& tensor, const char* field) {
        nlohmann::json& numbers = tensor[field];
        if (!numbers.is_array() || numbers.empty()) return;
        nlohmann::json& number = numbers[below(numbers.size())];
        number = below(2) == 0 || !number.is_number_integer()
                     ? strange_number()
                     : nlohmann::json(number.get<std::int64_t>() + static_cast<std::int64_t>(below(9)) - 4);
    }

    std::string file_;
    std::string header_;
    std::string data_;
    nlohmann::json parsed_;
    std::mt19937_64 random_;
};

}  // namespace vignette
