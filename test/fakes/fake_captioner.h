// A captioner that answers what the prompt says, at once or when its gate is opened.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

#include "fakes/gate.h"
#include "vignette/captioner.h"

namespace vignette {

// What is fetched for the prompt "drip" waits for let_drips_end() or a stop. Prompts: "fail" is an error of
// the model, "lost" of the GPU, "bad" one of the job, "wait" waits for open() or a stop, "deaf" for its gate
// and no stop; anything else is the caption, told in two pieces.
class FakeCaptioner final : public Captioner {
public:
    int pictures_at_once() const override { return 4; }

    using Captioner::fetch;
    Result<void> fetch(Job& job, const std::stop_token& stop) override {
        ++fetches;
        if (job.options.prompt == "drip" && !wait(stop, drips_end_))
            return fail(ErrorCode::cancelled, "stopped");
        job.fetched.emplace();
        return {};
    }

    Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) override {
        const std::string prompt = job.options.prompt.value_or("");
        ++calls;
        if (prompt == "fail") return fail(ErrorCode::model_failed, "the model failed");
        if (prompt == "lost") return fail(ErrorCode::device_lost, "the GPU failed");
        if (prompt == "bad")
            return fail(ErrorCode::undecodable_image, "no picture", job.pictures.front().field);
        if (prompt == "wait" && !wait(std::move(stop), open_)) return fail(ErrorCode::cancelled, "stopped");
        if (prompt == "deaf") deaf.pass();
        if (on_piece) {
            on_piece(std::string_view(prompt).substr(0, prompt.size() / 2));
            on_piece(std::string_view(prompt).substr(prompt.size() / 2));
        }
        Caption made;
        made.text = prompt;
        return made;
    }

    // Two frames, each with the answer of a picture; the second looks like the first where the prompt is
    // "twin". As a whole it has one answer.
    Result<FilmInfo> describe(
        Film film, std::stop_token stop, const OnFrame& on_frame, const OnPiece& on_piece
    ) override {
        const bool twin = film.frame_job.options.prompt == "twin";
        const bool whole = is_whole(film.options);
        for (std::size_t index = 0; index < (whole ? 1 : 2); ++index) {
            FilmFrame frame;
            frame.index = index;
            if (!whole) frame.timestamp = static_cast<double>(index);
            if (twin && index == 1) frame.same_as = 0;
            Job job = film.frame_job;
            job.pictures.push_back(film.source);
            frame.outcome = caption(std::move(job), stop, on_piece);
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
            on_frame(std::move(frame));
        }
        FilmInfo info;
        info.duration = 2;
        info.fps = 1;
        return info;
    }

    void open() { set(open_); }
    void let_drips_end() { set(drips_end_); }

    std::atomic<int> calls = 0;
    std::atomic<int> fetches = 0;  // begun
    Gate deaf;

private:
    void set(bool& flag) {
        const std::lock_guard lock(mutex_);
        flag = true;
        changed_.notify_all();
    }
    bool wait(std::stop_token stop, const bool& flag) {
        std::unique_lock lock(mutex_);
        return changed_.wait(lock, std::move(stop), [&flag] { return flag; });
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool open_ = false;
    bool drips_end_ = false;
};

}  // namespace vignette
