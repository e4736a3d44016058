#include "app/files/print_item.h"

#include <cstdio>

#include "core/enum_text.h"
#include "core/log.h"

namespace vignette {

void print_item(const std::string& name, const AnsweredItem& item, const Options& options) {
    const Result<Caption>& outcome = item.outcome;
    if (options.json || options.command == Command::embed) {
        std::puts(format_item(item).c_str());
    } else if (outcome && outcome->alternatives.empty()) {
        std::printf("%s: %s\n", name.c_str(), outcome->text.value_or("").c_str());
    } else if (outcome) {
        for (const Alternative& one : outcome->alternatives)
            std::printf("%s: %s\n", name.c_str(), one.text.c_str());
    }
    std::fflush(stdout);
    if (outcome) return;
    const bool named = outcome.error().message.find(name) != std::string::npos;
    log_error((named ? "" : name + ": ") + with_code(outcome.error()));
}

void print_warnings(const std::string& name, const std::vector<Warning>& warnings) {
    for (const Warning& warning : warnings)
        log_warning(name + ": " + (warning.field == name ? "" : warning.field + " ") + warning.message);
}

std::string with_code(const Error& error) {
    return error.message + " (" + std::string(to_text(error.code)) + ")";
}

}  // namespace vignette
