// What `vignette caption` and `vignette embed` print: an answer on stdout, what is wrong on stderr.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/options.h"
#include "vignette/caption.h"
#include "vignette/error.h"
#include "wire/answer/answer_json.h"

namespace vignette {

// A file, an address or a text of the command line.
struct Subject {
    std::string name;  // as the user wrote it
    std::size_t index = 0;
    bool is_text = false;
};

// `place` is what people read in front of the answer: the name, or a film's name and the time of the frame.
void print_item(
    const Subject& subject, const std::string& place, const AnsweredItem& item, const Options& options
);
void print_warnings(const std::string& name, const std::vector<Warning>& warnings);

std::string with_code(const Error& error);  // "what is wrong (its_code)"

}  // namespace vignette
