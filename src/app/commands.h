// The commands. Each returns the process's exit code: 0 success, 1 a job failed, 2 wrong usage.
#pragma once

#include "app/options.h"

namespace vignette {

int run_event(const Options& options);
int caption_files(const Options& options);
int embed_all(const Options& options);
int serve(const Options& options);
int work_for_runpod(const Options& options);
int work_for_queue(const Options& options);
int doctor(const Options& options);
int models_list(const Options& options);
int models_show(const Options& options);
int models_verify(const Options& options);
int models_add(const Options& options);

}  // namespace vignette
