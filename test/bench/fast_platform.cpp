// The job API of RunPod as far as a benchmark needs it: hands out --jobs jobs as fast as they are asked for,
// each with
// --image-kb of base64, and prints how fast the results came. With --pause-ms each question waits for up to
// so long, as if jobs arrived by chance. Two lines of JSON: {"port": …}, then the figures.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fast_server.h"

namespace vignette {
namespace {

using Clock = FastServer::Clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Order {
    std::size_t jobs = 1000;
    std::size_t image_kb = 0;
    std::size_t pause_ms = 0;
};

std::string base64_text(std::size_t bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (bytes == 0) return "aGk=";
    std::mt19937 chance(7);  // the same picture in every run
    std::string text(bytes, ' ');
    for (char& one : text) one = digits[chance() % digits.size()];
    return text;
}

std::size_t number_after(std::string_view text, std::string_view name, std::size_t otherwise) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return otherwise;
    std::size_t number = otherwise;
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
    return number;
}

class FastPlatform {
public:
    explicit FastPlatform(const Order& order)
        : server_([this](ConnectionId from, const FastRequest& request) { handle(from, request); }),
          picture_(base64_text(order.image_kb * 1024)),
          pause_ms_(order.pause_ms),
          handed_out_(order.jobs),
          milliseconds_(order.jobs, missing) {}

    int port() const { return server_.port(); }

    // False when the results did not come in time.
    bool serve_all(Clock::duration time) {
        const Clock::time_point end = Clock::now() + time;
        while (!all_done() && Clock::now() < end) {
            server_.serve_until(waiting_.empty() ? end : std::min(end, waiting_.begin()->first));
            while (!waiting_.empty() && waiting_.begin()->first <= Clock::now()) {
                const Question question = waiting_.extract(waiting_.begin()).mapped();
                take(question);
            }
        }
        return all_done();
    }

    // So that the worker can end in peace.
    void serve_nothing_more(Clock::duration time) {
        for (const auto& [due, question] : waiting_) server_.answer(question.from, 204, "");
        for (const ConnectionId held : held_) server_.answer(held, 204, "");
        server_.serve_until(Clock::now() + time);
    }

    void print_figures() {
        std::ranges::sort(milliseconds_);
        const auto percentile = [&](std::size_t part) { return milliseconds_[(done_ - 1) * part / 100]; };
        const std::chrono::duration<double> time = last_done_ - handed_out_.front();
        std::printf(
            R"({"jobs": %zu, "failed": %zu, "jobs_per_s": %.3f, "p50_ms": %.4f, "p99_ms": %.4f})"
            "\n",
            done_, failed_, static_cast<double>(done_) / time.count(), percentile(50), percentile(99)
        );
        std::fflush(stdout);
    }

private:
    static constexpr double missing = -1;

    struct Question {
        ConnectionId from;
        std::size_t jobs = 1;
        bool batch = false;
    };

    bool all_done() const { return done_ == handed_out_.size(); }

    void handle(ConnectionId from, const FastRequest& request) {
        const auto path = request.target.substr(0, request.target.find('?'));
        if (path.contains("/job-take-batch/")) {
            return take_soon({from, number_after(request.target, "batch_size=", 1), true});
        }
        if (path.contains("/job-take/")) return take_soon({from, 1, false});
        if (path.contains("/job-done/")) return take_result(from, path, request.body);
        if (path.contains("/job-stop/")) return hold(from);
        const bool known = path.contains("/ping/") || path.contains("/job-stream/");
        server_.answer(from, known ? 200 : 404, "{}");
    }

    void take_soon(const Question& question) {
        if (pause_ms_ == 0 || all_done()) return take(question);
        const std::chrono::microseconds pause(chance_() % (pause_ms_ * 1000));
        waiting_.emplace(Clock::now() + pause, question);
        server_.stop();  // the next time to wake may be this one
    }

    void take(const Question& question) {
        const std::size_t count = std::min(question.jobs, handed_out_.size() - taken_);
        if (count == 0) return hold(question.from);
        std::string body = question.batch ? "[" : "";
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) body += ',';
            body += R"({"id":"j)" + std::to_string(taken_ + i) +
                    R"(","input":{"prompt":"text=ok","image_base64":")";
            body += picture_;
            body += R"("}})";
        }
        if (question.batch) body += ']';
        const Clock::time_point now = Clock::now();
        for (std::size_t i = 0; i < count; ++i) handed_out_[taken_++] = now;
        server_.answer(question.from, 200, body);
    }

    void hold(ConnectionId from) {
        if (all_done()) return server_.answer(from, 204, "");
        held_.push_back(from);
    }

    // …/job-done/WORKER/j17 or …/job-done/j17
    void take_result(ConnectionId from, std::string_view path, std::string_view body) {
        const Clock::time_point now = Clock::now();
        const std::size_t job = number_after(path.substr(path.rfind('/')), "/j", taken_);
        server_.answer(from, job < taken_ ? 200 : 404, "{}");
        if (job >= taken_ || milliseconds_[job] != missing) return;
        milliseconds_[job] = Milliseconds(now - handed_out_[job]).count();
        last_done_ = now;
        if (!body.contains("\"output\"")) ++failed_;
        ++done_;
        if (all_done()) server_.stop();
    }

    FastServer server_;
    const std::string picture_;
    const std::size_t pause_ms_;
    std::mt19937 chance_{11};
    std::multimap<Clock::time_point, Question> waiting_;
    std::vector<Clock::time_point> handed_out_;  // by job
    std::vector<double> milliseconds_;           // from there to the result, by job
    std::vector<ConnectionId> held_;             // questions that wait for what never comes
    std::size_t taken_ = 0;
    std::size_t done_ = 0;
    std::size_t failed_ = 0;
    Clock::time_point last_done_;
};

std::optional<Order> read_order(const std::vector<std::string_view>& words) {
    Order order;
    const std::map<std::string_view, std::size_t*> values{
        {"--jobs", &order.jobs}, {"--image-kb", &order.image_kb}, {"--pause-ms", &order.pause_ms}
    };
    if (words.size() % 2 != 0) return std::nullopt;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const auto place = values.find(words[i]);
        if (place == values.end()) return std::nullopt;
        const std::string_view text = words[i + 1];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *place->second);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    }
    return order.jobs > 0 ? std::optional(order) : std::nullopt;
}

int serve(const Order& order) {
    FastPlatform platform(order);
    std::printf("{\"port\": %d}\n", platform.port());
    std::fflush(stdout);
    if (!platform.serve_all(std::chrono::minutes{10})) return 1;
    platform.print_figures();
    platform.serve_nothing_more(std::chrono::seconds{5});
    return 0;
}

}  // namespace
}  // namespace vignette

int main(int argc, char** argv) {
    const std::optional<vignette::Order> order = vignette::read_order({argv + 1, argv + argc});
    if (!order) {
        std::fputs("usage: fast_platform [--jobs N] [--image-kb K] [--pause-ms P]\n", stderr);
        return 2;
    }
    try {
        return vignette::serve(*order);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "fast_platform: %s\n", problem.what());
        return 1;
    }
}
