// `vignette caption` and `vignette embed`: files, URLs and texts, one line each, in the order given.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <future>
#include <memory>
#include <utility>

#include "app/commands.h"
#include "app/files/file_url.h"
#include "app/files/film_files.h"
#include "app/files/print_item.h"
#include "app/files/read_file.h"
#include "app/open_back.h"
#include "app/url_options.h"
#include "core/log.h"
#include "core/thread_pool.h"

namespace vignette {
namespace {

// A file, a URL or a text from the command line.
struct Subject {
    std::string name;
    bool is_text = false;
};

Result<Job> job_of(const Subject& subject, const Options& options) {
    Job job;
    job.id = {subject.name};
    job.options = options.caption;
    job.task = options.command == Command::embed ? Task::embed : Task::caption;
    job.vector_format = options.vector_format;
    if (subject.is_text) {
        job.text = subject.name;
    } else if (is_web_url(subject.name)) {
        job.pictures.push_back({.field = subject.name, .source = RemotePicture{subject.name}});
    } else {
        const std::filesystem::path file = TRY(find_named(subject.name, options.allowed_files));
        Bytes bytes = TRY(read_binary_file(file, Limits{}.raw_bytes_max));  // whatever format it is
        job.pictures.push_back({.field = subject.name, .source = EncodedPicture{std::move(bytes)}});
    }
    return job;
}

Result<Caption> answer(Captioner& captioner, const Subject& subject, const Options& options) {
    return captioner.caption(TRY(job_of(subject, options)), {}, {});
}

void print(const std::string& name, Result<Caption> outcome, const Options& options) {
    const AnsweredItem item{.id = {}, .outcome = std::move(outcome)};
    print_item(name, item, options);
    if (item.outcome) print_warnings(name, item.outcome->warnings);
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
    std::string name;
    std::future<Result<Caption>> outcome;
};

// Several at once, so that the model computes them as one batch; printed in order.
bool answer_all(Captioner& captioner, const std::vector<Subject>& subjects, const Options& options) {
    bool all_fine = true;
    Progress progress(subjects.size());
    ThreadPool crew(std::min(options.parallel, static_cast<int>(subjects.size())));
    std::deque<InWork> in_work;
    const auto print_first = [&] {
        Result<Caption> outcome = in_work.front().outcome.get();
        all_fine = all_fine && outcome.has_value();
        print(in_work.front().name, std::move(outcome), options);
        in_work.pop_front();
        progress.advance();
    };
    for (const Subject& subject : subjects) {
        if (options.command == Command::caption && is_film(subject.name, options)) {
            while (!in_work.empty()) print_first();
            all_fine = caption_film(captioner, subject.name, options) && all_fine;
            progress.advance();
            continue;
        }
        if (in_work.size() == static_cast<std::size_t>(options.parallel)) print_first();
        const auto task = std::make_shared<std::packaged_task<Result<Caption>()>>([&] {
            return answer(captioner, subject, options);
        });
        in_work.push_back({.name = subject.name, .outcome = task->get_future()});
        crew.add([task] { (*task)(); });
    }
    while (!in_work.empty()) print_first();
    return all_fine;
}

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
    return answer_all(**captioner, subjects, options) ? 0 : 1;
}

}  // namespace

int caption_files(const Options& options) {
    std::vector<Subject> subjects;
    subjects.reserve(options.files.size() + options.texts.size());
    for (const std::string& file : options.files) subjects.push_back({.name = file});
    return answer_with(captioner_config(options), subjects, options);
}

int embed_all(const Options& options) {
    std::vector<Subject> subjects;
    subjects.reserve(options.files.size() + options.texts.size());
    for (const std::string& file : options.files) subjects.push_back({.name = file});
    for (const std::string& text : options.texts) subjects.push_back({.name = text, .is_text = true});
    if (subjects.empty()) {
        log_error("nothing to embed: name pictures, or give --text");
        return 2;
    }
    return answer_with(captioner_config(options, /*lazy=*/true), subjects, options);
}

}  // namespace vignette
