// Starts the model as a worker would, and describes a picture with it.
#include "app/open_back.h"
#include "app/preflight/checks.h"
#include "core/stopwatch.h"

namespace vignette {
namespace {

// 8 x 8 black pixels, as a file of the simplest format.
Bytes black_bmp() {
    constexpr std::size_t header_bytes = 54;
    constexpr std::size_t pixel_bytes = std::size_t{8} * 8 * 3;
    Bytes file(header_bytes + pixel_bytes, Bytes::value_type{});
    const auto put = [&](std::size_t at, int value) { file.at(at) = static_cast<Bytes::value_type>(value); };
    put(0, 'B');
    put(1, 'M');
    put(2, header_bytes + pixel_bytes);  // of the file
    put(10, header_bytes);               // where the pixels begin
    put(14, 40);                         // of the second header
    put(18, 8);                          // width
    put(22, 8);                          // height
    put(26, 1);                          // plane
    put(28, 24);                         // bits of a pixel
    return file;
}

Job describe_black(const CaptionerConfig& config) {
    Job job;
    job.id = JobId{"doctor"};
    if (config.bundle.empty()) job.task = Task::embed;
    job.pictures.push_back({.field = "picture", .source = EncodedPicture{black_bmp()}});
    return job;
}

Result<std::string> start(const Options& options) {
    Stopwatch watch;
    const CaptionerConfig config = TRY(captioner_config(options, /*lazy=*/false));
    const std::unique_ptr<Captioner> captioner = TRY(open_back(config));
    const auto loading = watch.lap();
    TRY(captioner->caption(describe_black(config), {}, {}));
    const auto first = watch.lap();
    TRY(captioner->caption(describe_black(config), {}, {}));
    return "the model was ready after " + seconds_text(loading) + " s; its first picture took " +
           seconds_text(first) + " s, its second " + seconds_text(watch.lap()) + " s";
}

}  // namespace

Check check_start(const Options& options) {
    const Result<std::string> started = start(options);
    return started ? passed("start", *started) : failed("start", started.error());
}

}  // namespace vignette
