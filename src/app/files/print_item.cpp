#include "app/files/print_item.h"

#include <cstdio>

#include "app/output.h"
#include "core/enum_text.h"
#include "core/log.h"

namespace vignette {

void print_item(
    const Subject& subject, const std::string& place, const AnsweredItem& item, const Options& options
) {
    const Result<Caption>& outcome = item.outcome;
    if (options.json || options.command == Command::embed) {
        const char* field = subject.is_text ? "text" : "file";
        const ItemSubject named{.field = field, .name = subject.name, .index = subject.index};
        std::puts(format_item(item, named).c_str());
    } else if (outcome && outcome->alternatives.empty()) {
        std::printf("%s: %s\n", place.c_str(), outcome->text.value_or("").c_str());
    } else if (outcome) {
        for (const Alternative& one : outcome->alternatives)
            std::printf("%s: %s\n", place.c_str(), one.text.c_str());
    }
    output_arrived();  // at once: the next picture may take a while
    if (outcome) return;
    const bool named = outcome.error().message.find(place) != std::string::npos;
    log_error((named ? "" : place + ": ") + with_code(outcome.error()));
}

void print_warnings(const std::string& name, const std::vector<Warning>& warnings) {
    for (const Warning& warning : warnings)
        log_warning(name + ": " + (warning.field == name ? "" : warning.field + " ") + warning.message);
}

std::string with_code(const Error& error) {
    return error.message + " (" + std::string(to_text(error.code)) + ")";
}

}  // namespace vignette
