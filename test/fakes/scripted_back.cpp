// A captioner's library with the product's port and no model: what it says is what the prompt tells it.
//
// The prompt is a list of words `key=value` between semicolons: text=, pieces=a|b|c, sleep=MS, until=FILE (it
// waits for it), deaf (to stops), fail=CODE, size=N, bytes=HEX, tags=a|b, confidence=0.9, crash, decode (the
// job's pictures or film, fetched and opened as the product does), broken=CODE (it fails behind its pieces),
// echo or told (the caption is what the job asks for). A prefix and stop strings are obeyed, as is length or
// length=N, the tokens after which it ends; every vector is (0.6, 0.8). SCRIPTED_PICTURES is what
// pictures_at_once() says, SCRIPTED_LOAD_MS how long opening takes, SCRIPTED_LOAD_FAILS that it fails.
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caption/media/picture_reader.h"
#include "core/enum_text.h"
#include "vignette/captioner.h"
#include "wall/decoder_pool.h"

namespace vignette {
namespace {

using Options = std::map<std::string, std::string, std::less<>>;

Options read_options(std::string_view prompt) {
    Options options;
    while (!prompt.empty()) {
        const std::string_view word = prompt.substr(0, prompt.find(';'));
        const std::size_t equals = word.find('=');
        const bool has_value = equals != std::string_view::npos;
        options[std::string(word.substr(0, equals))] = has_value ? word.substr(equals + 1) : "";
        prompt.remove_prefix(std::min(prompt.size(), word.size() + 1));
    }
    return options;
}

std::string option(const Options& options, std::string_view key, std::string_view otherwise = {}) {
    const auto found = options.find(key);
    return found == options.end() ? std::string(otherwise) : found->second;
}

long number(const std::string& text) { return std::strtol(text.c_str(), nullptr, 10); }

// False when a stop was requested meanwhile.
bool wait(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

bool wait_for_file(const std::string& file, const std::stop_token& stop) {
    while (!file.empty() && !std::filesystem::exists(file)) {
        if (!wait(std::chrono::milliseconds(20), stop)) return false;
    }
    return true;
}

ErrorCode code_named(std::string_view name) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
        if (to_text(static_cast<ErrorCode>(code)) == name) return static_cast<ErrorCode>(code);
    }
    return ErrorCode::internal;
}

std::string bytes_of(const std::string& hexadecimal) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 2) {
        bytes += static_cast<char>(std::strtol(hexadecimal.substr(i, 2).c_str(), nullptr, 16));
    }
    return bytes;
}

std::string shown(const char* name, const auto& value) {
    return value ? std::string(name) + "=" + std::to_string(*value) + "\n" : "";
}

// One line for each option that is set.
std::string echo(const Job& job) {
    const CaptionOptions& options = job.options;
    std::string text = "pictures=" + std::to_string(job.pictures.size()) + "\n";
    for (const PictureSource& one : job.pictures) {
        const auto* const remote = std::get_if<RemotePicture>(&one.source);
        text += one.field + (remote == nullptr ? "" : " at " + remote->url) + "\n";
    }
    if (!job.model.empty()) text += "model=" + job.model + "\n";
    if (options.schema) text += "schema=" + *options.schema + "\n";
    text += shown("max_length", options.max_length) + shown("temperature", options.temperature) +
            shown("top_p", options.top_p) + shown("top_k", options.top_k) + shown("min_p", options.min_p) +
            shown("seed", options.seed) + shown("repetition_penalty", options.repetition_penalty);
    for (const std::string& stop : options.stop) text += "stop=" + stop + "\n";
    return text + "prompt=" + options.prompt.value_or("");
}

void end_at_stop(Caption& made, const std::vector<std::string>& stops) {
    for (const std::string& stop : stops) {
        const std::size_t at = made.text->find(stop);
        if (at == std::string::npos) continue;
        made.text->resize(at);
        made.stopped_by = stop;
    }
}

std::string text_of(const Options& options) {
    if (options.contains("bytes")) return bytes_of(option(options, "bytes"));
    if (options.contains("size"))
        return std::string(static_cast<std::size_t>(number(option(options, "size"))), 'x');
    return option(options, "text", "a scripted picture");
}

std::vector<std::string> split(std::string_view pieces) {
    std::vector<std::string> list;
    while (!pieces.empty()) {
        const std::string_view piece = pieces.substr(0, pieces.find('|'));
        list.emplace_back(piece);
        pieces.remove_prefix(std::min(pieces.size(), piece.size() + 1));
    }
    return list;
}

// They are told as they come, and their sum is the caption.
std::string tell(const std::vector<std::string>& pieces, const OnPiece& on_piece) {
    std::string text;
    for (const std::string& piece : pieces) {
        text += piece;
        if (on_piece) on_piece(piece);
    }
    return text;
}

// What arrived of a job, for tests of the ways in.
std::string told(const Job& job) {
    const CaptionOptions& asked = job.options;
    std::string text = "pictures=" + std::to_string(job.pictures.size()) + " model=" + job.model;
    const auto add = [&](std::string_view name, const std::string& value) {
        text.append(" ").append(name).append("=").append(value);
    };
    if (asked.max_length) add("max_length", std::to_string(*asked.max_length));
    if (asked.temperature) add("temperature", std::to_string(*asked.temperature));
    if (asked.top_p) add("top_p", std::to_string(*asked.top_p));
    if (asked.top_k) add("top_k", std::to_string(*asked.top_k));
    if (asked.seed) add("seed", std::to_string(*asked.seed));
    if (asked.n) add("n", std::to_string(*asked.n));
    for (const std::string& stop : asked.stop) add("stop", stop);
    if (asked.schema) add("schema", *asked.schema);
    return text;
}

// As if each piece were a token.
void count_tokens(const Job& job, const std::vector<std::string>& pieces, Caption& made) {
    made.prompt_tokens = 5;
    made.tokens.resize(pieces.size());
    for (std::int64_t i = 0; i < job.options.n.value_or(0); ++i) {
        made.alternatives.push_back(
            {.text = *made.text, .finish = made.finish, .tokens = static_cast<int>(pieces.size())}
        );
    }
    if (!job.options.logprobs) return;
    made.token_texts = pieces;
    made.logprobs.assign(pieces.size(), -0.5F);
}

class ScriptedCaptioner final : public Captioner {
public:
    ScriptedCaptioner(Fetcher* fetcher, std::unique_ptr<DecoderPool> decoders)
        : decoders_(std::move(decoders)), reader_(fetcher, decoders_.get(), {}) {}

    int pictures_at_once() const override {
        const char* pictures = std::getenv("SCRIPTED_PICTURES");
        return pictures == nullptr ? 256 : static_cast<int>(number(pictures));
    }

    Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) override {
        const Options options = read_options(job.options.prompt.value_or(""));
        if (options.contains("crash")) std::abort();
        const std::chrono::milliseconds pause(number(option(options, "sleep", "0")));
        if (options.contains("deaf")) stop = {};
        if (stop.stop_requested() || (pause.count() > 0 && !wait(pause, stop)) ||
            !wait_for_file(option(options, "until", ""), stop)) {
            return fail(ErrorCode::cancelled, "the job was stopped");
        }
        if (options.contains("fail")) {
            return fail(
                code_named(option(options, "fail")), "failed as the prompt says", job.pictures.front().field
            );
        }
        Caption made;
        if (options.contains("decode") && !job.is_frame)
            TRY(reader_.read(job, {}, {}, {}, stop, made.timings));
        made.task = job.task;
        if (job.task != Task::caption)
            made.embedding = {
                .values = {0.6F, 0.8F}, .format = job.vector_format, .model = "scripted", .digest = "0"
            };
        if (job.task == Task::embed) {
            made.prompt_tokens = job.text.empty() ? 0 : 5;
            if (!job.pictures.empty())
                made.images.push_back({.size = {.width = 1, .height = 1}, .format = ImageFormat::png});
            made.warnings = std::move(job.warnings);
            return made;
        }
        std::vector<std::string> pieces{text_of(options)};
        if (options.contains("pieces")) pieces = split(option(options, "pieces"));
        if (options.contains("told")) {
            pieces = {told(job)};
        } else if (options.contains("echo")) {
            pieces = {echo(job)};
        } else {
            made.text = pieces.front();
            end_at_stop(made, job.options.stop);
            if (pieces.size() == 1) pieces = {*made.text};
        }
        if (job.options.prefix) pieces.insert(pieces.begin(), *job.options.prefix);
        made.text = tell(pieces, on_piece);
        if (options.contains("tags")) made.tags = split(option(options, "tags"));
        if (options.contains("confidence"))
            made.confidence = {.mean = std::strtod(option(options, "confidence").c_str(), nullptr), .min = 0};
        if (options.contains("broken"))
            return fail(code_named(option(options, "broken")), "failed on the way, as the prompt says");
        if (options.contains("length")) made.finish = FinishReason::length;
        count_tokens(job, pieces, made);
        if (const auto length = number(option(options, "length", "0")); length > 0)
            made.tokens.resize(static_cast<std::size_t>(length));
        made.model = {
            .model = "scripted", .family = "scripted", .digest = "0", .device = "cpu", .dtype = "float32"
        };
        if (!job.pictures.empty())
            made.images.push_back({.size = {.width = 1, .height = 1}, .format = ImageFormat::png});
        made.warnings = std::move(job.warnings);
        return made;
    }

    // "frames=N": a film of so many, one a second; as a whole it has one answer.
    Result<FilmInfo> describe(
        Film film, std::stop_token stop, const OnFrame& on_frame, const OnPiece& on_piece
    ) override {
        const bool whole = is_whole(film.options);
        const Options options = read_options(film.frame_job.options.prompt.value_or(""));
        const auto frames = static_cast<std::size_t>(number(option(options, "frames", "1")));
        if (options.contains("decode")) TRY(decode(film, stop));
        for (std::size_t index = 0; index < (whole ? 1 : frames); ++index) {
            Job job = film.frame_job;
            job.is_frame = !whole;
            job.pictures.push_back(film.source);
            FilmFrame frame;
            frame.index = index;
            if (!whole) frame.timestamp = static_cast<double>(index);
            frame.outcome = caption(std::move(job), stop, on_piece);
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the job was stopped");
            on_frame(std::move(frame));
        }
        FilmInfo info;
        info.duration = static_cast<double>(frames);
        info.fps = 1;
        return info;
    }

private:
    Result<void> decode(Film& film, const std::stop_token& stop) {
        const ReadFilm read = TRY(about(film.source.field, reader_.read_film(film, stop)));
        while (TRY(about(film.source.field, read.frames->next()))) {
        }
        return {};
    }

    std::unique_ptr<DecoderPool> decoders_;
    PictureReader reader_;
};

}  // namespace
}  // namespace vignette

extern "C" __attribute__((visibility("default"))) vignette::Result<std::unique_ptr<vignette::Captioner>>
vignette_open_captioner(const vignette::CaptionerConfig& config) {
    if (const char* pause = std::getenv("SCRIPTED_LOAD_MS")) {
        vignette::wait(std::chrono::milliseconds(vignette::number(pause)), {});
    }
    if (std::getenv("SCRIPTED_LOAD_FAILS") != nullptr) {
        return vignette::fail(vignette::ErrorCode::weights_invalid, "failed as the environment says");
    }
    std::unique_ptr<vignette::DecoderPool> decoders;
    if (!config.decoder.empty()) decoders = TRY(vignette::DecoderPool::start(config.decoder, 2));
    return std::make_unique<vignette::ScriptedCaptioner>(config.fetcher, std::move(decoders));
}
