// `vignette caption`: local files, one line each, in the order they were named.
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <future>
#include <utility>

#include "app/commands.h"
#include "app/files.h"
#include "app/open_back.h"
#include "core/texts.h"
#include "wire/result_json.h"

namespace vignette {
namespace {

Result<Caption> caption_file(Captioner& captioner, const std::string& file, const CaptionOptions& wishes) {
    Bytes bytes = TRY(read_binary_file(file, Limits{}.image_bytes_max));
    Job job;
    job.id = {file};
    job.image_field = file;
    job.image = EncodedImage{std::move(bytes)};
    job.options = wishes;
    return captioner.caption(std::move(job), {}, {});
}

std::string with_code(const Error& error) {
    return error.message + " (" + std::string(to_text(error.code)) + ")";
}

void print(const std::string& file, const Result<Caption>& outcome, const Options& options) {
    if (options.json) {
        std::puts(format_result(outcome).c_str());
    } else if (outcome) {
        std::printf("%s: %s\n", file.c_str(), outcome->text.c_str());
    }
    std::fflush(stdout);
    if (!outcome) {
        const bool named = outcome.error().message.find(file) != std::string::npos;
        log_error((named ? "" : file + ": ") + with_code(outcome.error()));
    } else {
        for (const Warning& warning : outcome->warnings)
            log_warning(file + ": " + warning.field + " " + warning.message);
    }
}

// On a terminal only, and only where there is something to wait for.
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
    std::string file;
    std::future<Result<Caption>> outcome;
};

// Several at once, so that the engine has company for each step; printed in order.
bool caption_all(Captioner& captioner, const Options& options) {
    bool all_fine = true;
    Progress progress(options.files.size());
    std::deque<InWork> in_work;
    const auto print_first = [&] {
        const Result<Caption> outcome = in_work.front().outcome.get();
        print(in_work.front().file, outcome, options);
        all_fine = all_fine && outcome.has_value();
        in_work.pop_front();
        progress.advance();
    };
    for (const std::string& file : options.files) {
        if (in_work.size() == static_cast<std::size_t>(options.parallel)) print_first();
        in_work.push_back(
            {.file = file,
             .outcome =
                 std::async(std::launch::async, caption_file, std::ref(captioner), file, options.caption)}
        );
    }
    while (!in_work.empty()) print_first();
    return all_fine;
}

}  // namespace

int caption_files(const Options& options) {
    const Result<CaptionerConfig> config = captioner_config(options);
    const Result<std::unique_ptr<Captioner>> captioner =
        config ? open_back(*config) : std::unexpected(config.error());
    if (!captioner) {
        log_error(with_code(captioner.error()));
        return 1;
    }
    return caption_all(**captioner, options) ? 0 : 1;
}

}  // namespace vignette
