// What `vignette caption` and `vignette embed` print: an answer on stdout, what is wrong on stderr.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"
#include "vignette/caption.h"
#include "vignette/error.h"
#include "wire/answer/answer_json.h"

namespace vignette {

// `name` is what the user called the picture, or the film and the time of the frame.
void print_item(const std::string& name, const AnsweredItem& item, const Options& options);
void print_warnings(const std::string& name, const std::vector<Warning>& warnings);

std::string with_code(const Error& error);  // "what is wrong (its_code)"

}  // namespace vignette
