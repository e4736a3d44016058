// What this worker posts: each job's pieces in order, then its one result, which is tried for a day.
//
// Any thread may post; nobody waits. If a folder is given, a result is saved in it before it is first
// sent. The destructor cancels what is under way: what is saved is posted by the next start, and anything
// else is lost and logged as job_lost.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "core/thread_pool.h"
#include "net/client/http_client.h"
#include "runpod/job_book.h"
#include "runpod/platform.h"
#include "runpod/post_policy.h"
#include "runpod/result_folder.h"
#include "wire/dialects/runpod.h"

namespace vignette {

// No: of a job that was not done (cancelled, shutting_down). Posted later, such an answer would come before
// that of the worker that has been given the job meanwhile.
enum class Keep { no, yes };

struct ResultKind {
    StopPod stop_pod = StopPod::no;  // holds for the error, too, that may take the result's place
    Keep keep = Keep::yes;
};

class Outbox {
public:
    using Clock = std::chrono::steady_clock;

    // `folder` may be null. All must outlive the outbox.
    Outbox(HttpClient& client, const Platform& platform, JobBook& book, ResultFolder* folder);
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    // Something for a client that is streaming. Consecutive words are joined while they wait.
    void post_event(const JobId& job, StreamEvent event);

    // How far a batch is, for those who ask for the job's status. At most one a second is taken; the others
    // are dropped.
    void post_progress(const JobId& job, std::size_t done, std::size_t count);

    // The one result of a job that is open in the book: whatever is posted for it afterwards is dropped, a
    // second result, too.
    void post_result(const JobId& job, Streamed streamed, std::string body, ResultKind kind = {});

    // Posts what earlier lives of a worker could not, a few at a time.
    void post_saved(std::vector<SavedResult> results);

    // Ends all posting, and looks until `deadline` for the end of what is under way. What is not delivered is
    // logged; false if any of it is neither posted nor kept.
    bool leave(Clock::time_point deadline);

private:
    using WallClock = std::chrono::system_clock;

    struct Parcel {  // what is tried until it has arrived
        SharedText body;
        int tries = 0;
    };
    struct FinalResult {
        Parcel parcel;
        std::string worker;  // that was given the job
        Streamed streamed = Streamed::no;
        ResultKind kind;
        std::filesystem::path file;  // empty: not on disk
        WallClock::time_point made;  // by the clock on the wall: it may be older than this process
        PostPast past;
        bool adopted = false;
    };
    struct Line {  // of one job
        std::vector<StreamEvent> events;
        std::optional<Parcel> chunk;
        std::optional<FinalResult> result;
        std::optional<Parcel> progress;
        Clock::time_point next_chunk;
        Clock::time_point next_progress;
        bool under_way = false;
    };
    enum class Kind { chunk, progress, result };

    void post_next_saved();
    std::filesystem::path save(const JobId& job, const FinalResult& result);
    void take_in(const JobId& job, FinalResult result);
    void advance(const JobId& job, Line& line) REQUIRES(mutex_);
    void send(const JobId& job, Kind kind, const Line& line, Clock::time_point not_before) REQUIRES(mutex_);
    void answered(const JobId& job, Kind kind, const Result<HttpResponse>& answer);
    void chunk_answered(const JobId& job, Line& line, const Result<HttpResponse>& answer) REQUIRES(mutex_);
    void result_answered(const JobId& job, Line& line, const Result<HttpResponse>& answer) REQUIRES(mutex_);
    void replace(FinalResult& result, const Result<HttpResponse>& answer);
    void finish(const JobId& job) REQUIRES(mutex_);
    bool is_safe(const JobId& job, FinalResult& result);
    Clock::time_point next_try(int tries, const Result<HttpResponse>& answer) const;

    HttpClient& client_;
    const Platform& platform_;
    JobBook& book_;
    ResultFolder* const folder_;
    std::stop_source stop_;
    Mutex mutex_;
    std::condition_variable_any changed_;  // under_way_ fell
    std::map<JobId, Line> lines_ GUARDED_BY(mutex_);
    std::deque<SavedResult> saved_ GUARDED_BY(mutex_);  // of earlier lives, not yet begun
    int under_way_ GUARDED_BY(mutex_) = 0;
    std::optional<ThreadPool> clerk_;  // reads and forgets files, so that no answer waits for a slow disk
};

}  // namespace vignette
