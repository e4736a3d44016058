// Times decoding one file in this process and in a decoder process, alternating, on one thread and on as many
// as there are cores. Prints one line, times of one picture in milliseconds:
//   one here=9.999 wall=9.999 all here=9.999 wall=9.999
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "core/host/cores.h"
#include "core/memory/malloc_tuning.h"
#include "image/read_header.h"
#include "wall/decoder_pool.h"

namespace {

using vignette::Bytes;
using vignette::DecodedImage;
using vignette::DecoderPool;
using vignette::Limits;
using vignette::Result;

constexpr int rounds = 15;
constexpr std::chrono::milliseconds round_time{60};

Bytes read(const char* file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

template <class Decode>
double milliseconds_of_one(int threads, const Decode& decode) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    std::vector<std::jthread> others;
    std::vector<int> counts(static_cast<std::size_t>(threads));
    for (int& count : counts) {
        others.emplace_back([&] {
            while (Clock::now() - begin < round_time) {
                if (!decode()) std::exit(1);
                ++count;
            }
        });
    }
    others.clear();
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    double all = 0;
    for (const int count : counts) all += count;
    return took.count() / all;
}

double median(std::vector<double> times) {
    std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
    return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    vignette::keep_freed_memory();
    const Bytes file = read(argv[2]);
    const int cores = vignette::usable_cores();
    const Result<std::unique_ptr<DecoderPool>> pool = DecoderPool::start(argv[1], cores);
    if (!pool) return 1;
    const Limits limits;
    const Result<vignette::ImageHeader> header = vignette::read_header(file);
    if (!header) return 1;
    const auto here = [&] { return vignette::decode_image(file, limits).has_value(); };
    const auto wall = [&] { return (*pool)->decode(file, *header, limits, {}, {}).has_value(); };
    for (const auto& [name, threads] : {std::pair("one", 1), std::pair("all", cores)}) {
        milliseconds_of_one(threads, here);
        milliseconds_of_one(threads, wall);
        std::vector<double> times_here;
        std::vector<double> times_wall;
        for (int round = 0; round < rounds; ++round) {
            times_here.push_back(milliseconds_of_one(threads, here));
            times_wall.push_back(milliseconds_of_one(threads, wall));
        }
        std::printf("%s here=%.3f wall=%.3f ", name, median(times_here), median(times_wall));
    }
    std::puts("");
}
