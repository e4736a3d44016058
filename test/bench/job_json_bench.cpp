// From JSON text to image bytes: ours (parse_request, decode_base64) against the plain way (nlohmann's tree,
// a table loop). Both sides run in turns in one process, on their own copy of the text, which is made before
// the clock starts. Usage: job_json_bench [MB of base64, 10 unless told] [pairs, 9 unless told]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "image/base64.h"
#include "vignette/bytes.h"
#include "vignette/limits.h"
#include "wire/dialects/any_job.h"

namespace {

using vignette::Bytes;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t padding_bytes = 64;  // an upload buffer has them to spare: see parse_request()

// Bytes without a pattern: a branch predictor must not learn them.
std::string make_base64(std::size_t characters) {
    std::string text(characters, 'A');
    std::uint64_t state = 0x9E3779B97F4A7C15U;
    for (char& letter : text) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        letter = alphabet[state >> 58];
    }
    return text;
}

std::string make_event(std::size_t characters) {
    return R"({"id":"bench","input":{"prompt":"a photo of","num_beams":3,"data_url":"data:image/jpeg;base64,)" +
           make_base64(characters) + R"("}})";
}

Bytes ours(std::string event) {
    const vignette::Limits limits{
        .body_bytes_max = 1024 * vignette::MiB, .picture_bytes_max = 1024 * vignette::MiB
    };
    const auto request = vignette::parse_request(std::move(event), limits);
    if (!request) std::exit(1);
    const auto& job = request->items.front().job;
    auto bytes = vignette::decode_base64(
        std::get<vignette::Base64Picture>(job->pictures.front().source).text.view(), limits.picture_bytes_max
    );
    if (!bytes) std::exit(1);
    return *std::move(bytes);
}

std::array<std::uint8_t, 256> make_table() {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}

// Into a plain vector, as anyone would.
std::vector<std::byte> decode_by_table(std::string_view text) {
    static const auto table = make_table();
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char letter : text) {
        bits = (bits << 6) | table[static_cast<unsigned char>(letter)];
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<std::byte>((bits >> count) & 0xFF));
    }
    return bytes;
}

std::vector<std::byte> theirs(const std::string& event) {
    const auto json = nlohmann::json::parse(event);
    const auto& url = json["input"]["data_url"].get_ref<const std::string&>();
    return decode_by_table(std::string_view(url).substr(url.find(',') + 1));
}

template <class Content, class F>
Milliseconds timed(Content& bytes, F&& side) {
    const auto start = std::chrono::steady_clock::now();
    bytes = side();
    return std::chrono::steady_clock::now() - start;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

std::string own_copy(const std::string& event) {
    std::string copy;
    copy.reserve(event.size() + padding_bytes);
    copy = event;
    return copy;
}

}  // namespace

int main(int argc, char** argv) {
    const int megabytes = argc > 1 ? std::max(1, std::atoi(argv[1])) : 10;
    const int pairs = argc > 2 ? std::max(7, std::atoi(argv[2])) : 9;
    const std::string event = make_event(static_cast<std::size_t>(megabytes) * 1'000'000);
    std::vector<double> our_times;
    std::vector<double> their_times;
    std::vector<double> ratios;
    for (int pair = 0; pair < pairs; ++pair) {
        std::string for_us = own_copy(event);
        const std::string for_them = own_copy(event);
        Bytes our_bytes;
        std::vector<std::byte> their_bytes;
        our_times.push_back(timed(our_bytes, [&] { return ours(std::move(for_us)); }).count());
        their_times.push_back(timed(their_bytes, [&] { return theirs(for_them); }).count());
        ratios.push_back(their_times.back() / our_times.back());
        if (std::ranges::equal(our_bytes, their_bytes) && !our_bytes.empty()) continue;
        std::fputs("job-json: the two sides decoded different bytes\n", stderr);
        return 1;
    }
    std::printf(
        "job-json-%dmb ours=%.2fms theirs=%.0fms ratio=%.0f\n", megabytes, median(our_times),
        median(their_times), median(ratios)
    );
}
