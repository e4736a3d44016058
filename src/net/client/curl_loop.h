// libcurl's multi interface on a thread of its own: many transfers at once over connections that are kept.
//
// Any thread may add a transfer; the loop's thread does all of the talking and calls back. The destructor
// ends what is under way as cancelled and joins that thread.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "net/client/transfer.h"

namespace vignette {

class CurlLoop {
public:
    explicit CurlLoop(long connections_kept_max);
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    void add(std::unique_ptr<Transfer> transfer);

private:
    using Transfers = std::list<std::unique_ptr<Transfer>>;
    struct FreeMulti {
        void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
    };

    void wake();
    void run(const std::stop_token& stop);
    void receive();
    void start_due();
    CurlHandle take_handle();
    void perform();
    void drop_stopped();
    std::unique_ptr<Transfer> take_out(Transfers::iterator place);
    void keep_handle(Transfer& transfer);
    int milliseconds_to_wait() const;

    std::unique_ptr<CURLM, FreeMulti> multi_;
    Mutex mutex_;
    Transfers inbox_ GUARDED_BY(mutex_);
    Transfers waiting_;              // this thread; for their time to come
    Transfers active_;               // this thread
    std::vector<CurlHandle> spare_;  // this thread
    std::jthread thread_;            // last member: joined before the others die
};

}  // namespace vignette
