// The text a model is given: its template with the client's prompt in it. Pure functions, for any thread.
#pragma once

#include <string>
#include <string_view>

namespace vignette {

// The first "{prompt}" of `templ` is replaced. Braces in `prompt` mean nothing; a template without the mark
// is returned as it is.
std::string fill_template(std::string_view templ, std::string_view prompt);

}  // namespace vignette
