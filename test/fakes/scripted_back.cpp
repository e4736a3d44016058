// A captioner's library with the product's port and no model: what it says is what the prompt tells it.
//
// The prompt is a list of words `key=value` between semicolons: text=, pieces=a|b|c, sleep=MS, fail=CODE,
// size=N, bytes=HEX, tags=a|b, confidence=0.9, crash, decode (the job's pictures or film, as the product does),
// echo (what the job asks for). A prefix and stop strings are obeyed, as is length=N, the tokens after which it
// ends; every vector is the same. SCRIPTED_PICTURES is what pictures_at_once() says, SCRIPTED_LOAD_MS how long
// opening takes, SCRIPTED_LOAD_FAILS that it fails.
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
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

std::vector<std::string> list_of(std::string_view texts) {
    std::vector<std::string> list;
    for (const auto one : std::views::split(texts, '|')) list.emplace_back(std::string_view(one));
    return list;
}

// The pieces are told as they come, and their sum is the caption.
std::string tell_pieces(std::string_view pieces, const OnPiece& on_piece) {
    std::string text;
    while (!pieces.empty()) {
        const std::string_view piece = pieces.substr(0, pieces.find('|'));
        text += piece;
        if (on_piece) on_piece(piece);
        pieces.remove_prefix(std::min(pieces.size(), piece.size() + 1));
    }
    return text;
}

class ScriptedCaptioner final : public Captioner {
public:
    explicit ScriptedCaptioner(std::unique_ptr<DecoderPool> decoders)
        : decoders_(std::move(decoders)), reader_(nullptr, decoders_.get(), {}) {}

    int pictures_at_once() const override {
        const char* pictures = std::getenv("SCRIPTED_PICTURES");
        return pictures == nullptr ? 256 : static_cast<int>(number(pictures));
    }

    Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) override {
        const Options options = read_options(job.options.prompt.value_or(""));
        if (options.contains("crash")) std::abort();
        const std::chrono::milliseconds pause(number(option(options, "sleep", "0")));
        if (stop.stop_requested() || (pause.count() > 0 && !wait(pause, stop))) {
            return fail(ErrorCode::cancelled, "the job was stopped");
        }
        if (options.contains("fail")) {
            return fail(
                code_named(option(options, "fail")), "failed as the prompt says", job.pictures.front().field
            );
        }
        if (options.contains("decode") && !job.is_frame) {
            Timings timings;
            TRY(reader_.read(job, {}, {}, {}, stop, timings));
        }
        Caption made;
        made.task = job.task;
        if (job.task != Task::caption)
            made.embedding = {
                .values = {0.6F, 0.8F}, .format = job.vector_format, .model = "scripted", .digest = "0"
            };
        const std::string prefix = job.options.prefix.value_or("");
        if (on_piece && !prefix.empty()) on_piece(prefix);
        if (options.contains("pieces")) {
            made.text = tell_pieces(option(options, "pieces"), on_piece);
        } else {
            made.text = options.contains("echo") ? echo(job) : text_of(options);
            if (!options.contains("echo")) end_at_stop(made, job.options.stop);
            if (on_piece) on_piece(*made.text);
        }
        if (options.contains("tags")) made.tags = list_of(option(options, "tags"));
        if (options.contains("confidence"))
            made.confidence = {.mean = std::strtod(option(options, "confidence").c_str(), nullptr), .min = 0};
        made.text = prefix + *made.text;
        made.prompt_tokens = 7;
        made.tokens.assign(static_cast<std::size_t>(number(option(options, "length", "3"))), TokenId{1});
        if (options.contains("length")) made.finish = FinishReason::length;
        made.model = {
            .model = "scripted", .family = "scripted", .digest = "0", .device = "cpu", .dtype = "float32"
        };
        if (!job.pictures.empty())
            made.images.push_back({.size = {.width = 1, .height = 1}, .format = ImageFormat::png});
        made.warnings = std::move(job.warnings);
        return made;
    }

    // "frames=N": a film of so many, one a second.
    Result<FilmInfo> describe(Film film, std::stop_token stop, const OnFrame& on_frame) override {
        const Options options = read_options(film.frame_job.options.prompt.value_or(""));
        const auto frames = static_cast<std::size_t>(number(option(options, "frames", "1")));
        if (options.contains("decode")) TRY(decode(film, stop));
        for (std::size_t index = 0; index < frames; ++index) {
            Job job = film.frame_job;
            job.is_frame = true;
            job.pictures.push_back(film.source);
            FilmFrame frame;
            frame.index = index;
            frame.timestamp = static_cast<double>(index);
            frame.outcome = caption(std::move(job), stop, {});
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
        const ReadFilm read = TRY(about(
            film.source.field,
            reader_.read_film(std::exchange(film.source.source, {}), film.frame_job.id, stop)
        ));
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
    return std::make_unique<vignette::ScriptedCaptioner>(std::move(decoders));
}
