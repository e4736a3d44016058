#include "app/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace vignette {

void guard_standard_streams() {
    signal(SIGPIPE, SIG_IGN);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
        // The lowest free number is this one. Opened the wrong way round, it fails as a closed one would.
        const int opened = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (opened != stream) _exit(1);
    }
}

bool output_arrived() {
    static bool told = false;
    if (std::ferror(stdout) == 0) errno = 0;  // else it is still that of the write that failed
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
    const int reason = errno;
    if (told) return false;
    told = true;
    std::fprintf(
        stderr, "vignette: standard output cannot be written%s%s; results are lost\n",
        reason == 0 ? "" : ": ", reason == 0 ? "" : std::strerror(reason)
    );
    return false;
}

}  // namespace vignette
