// `vignette caption` and `vignette embed`: files, URLs and texts, one line each, in the order given.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "app/commands.h"
#include "app/files/file_url.h"
#include "app/files/film_files.h"
#include "app/files/print_item.h"
#include "app/files/read_file.h"
#include "app/open_back.h"
#include "app/output.h"
#include "app/url_options.h"
#include "core/film_kind.h"
#include "core/log.h"
#include "core/thread_pool.h"

namespace vignette {
namespace {

Result<InputFile> open_file(const Subject& subject, const Options& options) {
    return InputFile::open(TRY(find_named(subject.name, options.allowed_files)));
}

bool is_address(const Subject& subject) { return !subject.is_text && is_web_url(subject.name); }

// The file's first bytes decide, not its name; of an address, its ending.
bool is_film(const Subject& subject, const std::optional<Result<InputFile>>& file, const Options& options) {
    if (options.command != Command::caption) return false;
    if (is_address(subject)) return ends_like_film(subject.name);
    return file && *file && film_kind((*file)->head()).has_value();
}

// Of a file or an address.
Result<PictureContent> content_of(
    const Subject& subject, std::optional<Result<InputFile>> file, std::size_t bytes_max
) {
    if (!file) return RemotePicture{subject.name};
    InputFile opened = TRY(*std::move(file));
    return EncodedPicture{TRY(std::move(opened).read(bytes_max))};
}

Result<Job> job_of(const Subject& subject, std::optional<Result<InputFile>> file, const Options& options) {
    Job job;
    job.id = {subject.name};
    job.options = options.caption;
    job.task = options.command == Command::embed ? Task::embed : Task::caption;
    job.vector_format = options.vector_format;
    if (subject.is_text) {
        job.text = subject.name;
        return job;
    }
    const std::size_t bytes_max = media_limits(options).raw_bytes_max;  // whatever format it is
    job.pictures.push_back(
        {.field = subject.name, .source = TRY(content_of(subject, std::move(file), bytes_max))}
    );
    return job;
}

void print(const Subject& subject, Result<Caption> outcome, const Options& options) {
    const AnsweredItem item{.id = {}, .outcome = std::move(outcome)};
    print_item(subject, subject.name, item, options);
    if (item.outcome) print_warnings(subject.name, item.outcome->warnings);
}

// Only on a terminal, and only if there is something to wait for.
class Progress {
public:
    explicit Progress(std::size_t total)
        : total_(total), shown_(total > 1 && isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0) {}
    void advance() {
        if (shown_) std::fprintf(stderr, "\r%zu of %zu pictures", ++done_, total_);
        if (shown_ && done_ == total_) std::fputc('\n', stderr);
    }

private:
    std::size_t total_;
    std::size_t done_ = 0;
    bool shown_;
};

struct InWork {
    const Subject* subject;
    std::future<Result<Caption>> outcome;
};

// Several at once, so that the model computes them as one batch; printed in order. Ends early once the output
// is lost.
class Answering {
public:
    Answering(Captioner& captioner, std::size_t subjects, const Options& options)
        : captioner_(captioner),
          options_(options),
          progress_(subjects),
          crew_(std::min(options.parallel, static_cast<int>(subjects))) {}

    bool answer_all(const std::vector<Subject>& subjects) {
        for (const Subject& subject : subjects) {
            if (!output_arrived()) break;
            answer(subject);
        }
        while (!in_work_.empty()) print_first();
        return all_fine_;
    }

private:
    void answer(const Subject& subject) {
        std::optional<Result<InputFile>> file;
        if (!subject.is_text && !is_address(subject)) file = open_file(subject, options_);
        if (is_film(subject, file, options_)) {
            while (!in_work_.empty()) print_first();
            Result<PictureContent> content =
                content_of(subject, std::move(file), media_limits(options_).film_bytes_max);
            all_fine_ = caption_film(captioner_, subject, std::move(content), options_) && all_fine_;
            progress_.advance();
            return;
        }
        if (in_work_.size() == static_cast<std::size_t>(options_.parallel)) print_first();
        const auto task = std::make_shared<std::packaged_task<Result<Caption>()>>(
            [this, &subject, file = std::move(file)]() mutable -> Result<Caption> {
                return captioner_.caption(TRY(job_of(subject, std::move(file), options_)), {}, {});
            }
        );
        in_work_.push_back({.subject = &subject, .outcome = task->get_future()});
        crew_.add([task] { (*task)(); });
    }

    void print_first() {
        Result<Caption> outcome = in_work_.front().outcome.get();
        all_fine_ = all_fine_ && outcome.has_value();
        print(*in_work_.front().subject, std::move(outcome), options_);
        in_work_.pop_front();
        progress_.advance();
    }

    Captioner& captioner_;
    const Options& options_;
    Progress progress_;
    std::deque<InWork> in_work_;
    bool all_fine_ = true;
    ThreadPool crew_;
};

int answer_with(
    Result<CaptionerConfig> config, const std::vector<Subject>& subjects, const Options& options
) {
    const Result<std::unique_ptr<Fetcher>> fetcher = open_fetcher(options.urls);
    if (!fetcher) {
        log_error(fetcher.error().message);
        return 2;
    }
    if (config) config->fetcher = fetcher->get();
    const Result<std::unique_ptr<Captioner>> captioner =
        config ? open_back(*config) : std::unexpected(config.error());
    if (!captioner) {
        log_error(with_code(captioner.error()));
        return captioner.error().code == ErrorCode::usage ? 2 : 1;
    }
    return Answering(**captioner, subjects.size(), options).answer_all(subjects) ? 0 : 1;
}

std::vector<Subject> subjects_of(const Options& options) {
    std::vector<Subject> subjects;
    subjects.reserve(options.files.size() + options.texts.size());
    for (const std::string& file : options.files)
        subjects.push_back({.name = file, .index = subjects.size()});
    for (const std::string& text : options.texts) {
        subjects.push_back({.name = text, .index = subjects.size(), .is_text = true});
    }
    return subjects;
}

}  // namespace

int caption_files(const Options& options) {
    return answer_with(captioner_config(options), subjects_of(options), options);
}

int embed_all(const Options& options) {
    const std::vector<Subject> subjects = subjects_of(options);
    if (subjects.empty()) {
        log_error("nothing to embed: name pictures, or give --text");
        return 2;
    }
    return answer_with(captioner_config(options, /*lazy=*/true), subjects, options);
}

}  // namespace vignette
