// A decoder process: `vignette` starts it, closes it off and asks it to decode what strangers sent. It ends
// when its socket does.
#include <unistd.h>

#include <string_view>
#include <utility>

#include "core/memory/malloc_tuning.h"
#include "decoder/task.h"
#include "decoder/warm_up.h"
#include "wall/sandbox.h"

// `vignette-decoder --check` says which kind of wall this machine allows.
int main(int argc, char** argv) {
    vignette::keep_freed_memory();
    vignette::warm_up_decoders();
    const vignette::Hello hello{.wall = vignette::enter_sandbox()};
    if (argc == 2 && std::string_view(argv[1]) == "--check") {
        const std::string_view kind = hello.wall == vignette::WallKind::seccomp ? "seccomp" : "process";
        return write(STDOUT_FILENO, kind.data(), kind.size()) > 0 ? 0 : 1;
    }
    if (!vignette::send_message(vignette::decoder_socket, hello)) return 1;
    vignette::DecoderTask task;
    for (;;) {  // it leaves without clearing up: nothing here outlives it
        vignette::DecoderQuestion question;
        vignette::ReceivedFiles files;
        if (!vignette::receive_message(vignette::decoder_socket, question, &files)) _exit(0);
        const vignette::DecoderAnswer answer = task.answer(question, std::move(files));
        if (!vignette::send_message(vignette::decoder_socket, answer)) _exit(0);
    }
}
