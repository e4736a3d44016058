#include "serve/routes/form_lines.h"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "serve/routes/feed.h"
#include "wire/answer/answer_json.h"
#include "wire/answer/stream_event.h"
#include "wire/dialects/plain_form.h"
#include "wire/multipart.h"
#include "wire/strings.h"

namespace vignette {
namespace {

// Jobs of one form at a time; the others' jobs take turns with these.
constexpr std::size_t at_once = 8;

class FormLines final : public BodySink, public std::enable_shared_from_this<FormLines> {
public:
    FormLines(const Call& call, FormReader reader)
        : call_(call), reader_(std::move(reader)), feed_(call, json_lines) {}

    void add(std::string_view piece) override {
        read([&]() -> Result<void> {
            reader_.add(piece);
            return take_parts();
        });
    }

    void end() override {
        read([&]() -> Result<void> {
            reader_.finish();
            TRY(take_parts());
            if (files_ == 0) enqueue({.index = 0, .request = TRY(read_form_parts(fields_, limits()))});
            return {};
        });
        {
            const MutexLock lock(mutex_);
            whole_ = true;
        }
        pump();
    }

private:
    struct Picture {
        std::size_t index = 0;
        Request request;
        std::size_t bytes = 0;
    };

    const Limits& limits() const { return call_.services().limits; }

    template <class Read>
    void read(const Read& read) {
        if (broken_) return;
        const Result<Result<void>> done = at_wall(ErrorCode::out_of_memory, read);
        if (!done || !*done) fail_with(done ? done->error() : done.error());
        pump();
    }

    Result<void> take_parts() {
        while (std::optional<FormPart> part = TRY(reader_.next())) TRY(take(*std::move(part)));
        return {};
    }

    Result<void> take(FormPart part) {
        if (together_ || (!is_file_field(part.name) && files_ == 0)) {
            fields_.push_back(std::move(part));
            together_ = is_together(fields_);
            return {};
        }
        if (!is_file_field(part.name)) {
            return fail(
                ErrorCode::invalid_input,
                shown(part.name) +
                    " comes behind a file, whose job has begun; send fields before files, or "
                    "leave out Accept: application/x-ndjson",
                part.name
            );
        }
        if (files_ == limits().batch_max) {
            return fail(
                ErrorCode::too_large,
                "the form has more than " + std::to_string(files_) +
                    " files; send the rest in another request",
                part.name
            );
        }
        Request request = TRY(read_form_file(fields_, part, files_, limits()));
        enqueue({.index = files_++, .request = std::move(request), .bytes = part.content.view().size()});
        return {};
    }

    void enqueue(Picture picture) {
        picture.request.stream = true;
        const MutexLock lock(mutex_);
        waiting_.push_back(std::move(picture));
    }

    std::optional<Picture> next() {
        const MutexLock lock(mutex_);
        if (call_.exchange().gone().stop_requested()) waiting_.clear();
        if (waiting_.empty() || running_ == at_once) return std::nullopt;
        ++running_;
        Picture picture = std::move(waiting_.front());
        waiting_.pop_front();
        return picture;
    }

    void pump() {
        while (std::optional<Picture> picture = next()) {
            const std::string id = picture->request.items.front().id;
            const std::size_t index = picture->index;
            const Result<void> accepted = submit(*std::move(picture));
            if (accepted) continue;
            leave();
            if (!feed_.begun()) {
                fail_with(accepted.error());
                break;
            }
            const AnsweredItem refused{.id = id, .outcome = std::unexpected(accepted.error()), .same_as = {}};
            say({.index = index, .id = id, .what = Finished{format_item(refused)}});
        }
        end_if_done();
    }

    Result<void> submit(Picture picture) {
        const auto on_event = [self = shared_from_this(), index = picture.index](StreamEvent event) {
            if (!std::holds_alternative<Finished>(event.what)) return;
            if (!self->together_) event.index = index;
            self->say(event);
        };
        const auto on_done = [self = shared_from_this()](const Answer&, const Result<std::string>&) {
            self->leave();
            self->pump();
        };
        return call_.submit(std::move(picture.request), picture.bytes, on_event, on_done);
    }

    void leave() {
        const MutexLock lock(mutex_);
        --running_;
    }

    void say(const StreamEvent& event) { feed_.say(format_event(event) + "\n"); }

    // Takes no more; what runs is answered first.
    void fail_with(const Error& error) {
        const MutexLock lock(mutex_);
        broken_ = true;
        error_ = error;
        whole_ = true;
        waiting_.clear();
    }

    void end_if_done() {
        std::optional<Error> error;
        {
            const MutexLock lock(mutex_);
            if (!whole_ || ended_ || running_ > 0 || !waiting_.empty()) return;
            ended_ = true;
            error = error_;
        }
        if (error && !feed_.begun()) return call_.refuse(*error);
        if (error) feed_.say(call_.refusal_text(*error) + "\n");
        feed_.end();
    }

    const Call call_;
    FormReader reader_;             // until the end of the body: one thread's
    std::vector<FormPart> fields_;  // and all parts, if the pictures belong together
    std::size_t files_ = 0;
    std::atomic<bool> together_ = false;
    std::atomic<bool> broken_ = false;
    Feed feed_;
    Mutex mutex_;
    std::deque<Picture> waiting_ GUARDED_BY(mutex_);
    std::size_t running_ GUARDED_BY(mutex_) = 0;
    bool whole_ GUARDED_BY(mutex_) = false;  // nothing will be added to what waits
    bool ended_ GUARDED_BY(mutex_) = false;
    std::optional<Error> error_ GUARDED_BY(mutex_);
};

// What follows is discarded: it has been refused already.
class Discarded final : public BodySink {
public:
    void add(std::string_view /*piece*/) override {}
    void end() override {}
};

}  // namespace

std::shared_ptr<BodySink> form_lines(const Call& call) {
    Result<FormReader> reader = FormReader::make(call.request().field("Content-Type"));
    if (reader) return std::make_shared<FormLines>(call, *std::move(reader));
    call.refuse(reader.error());
    return std::make_shared<Discarded>();
}

}  // namespace vignette
