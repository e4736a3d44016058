// The text a model is given: its template with the client's prompt in it. Pure functions, for any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vignette {

// The first "{prompt}" of `templ` is replaced. Braces in `prompt` mean nothing; a template without the mark
// is returned as it is.
std::string fill_template(std::string_view templ, std::string_view prompt);

// The first "{images}" is replaced by `text`.
std::string fill_images(std::string_view templ, std::string_view text);

// Of a film: the first "{groups}" is replaced by `group_text` once for each group, with the seconds, to a
// tenth, in the place of its first "{seconds}".
std::string fill_groups(std::string_view templ, std::string_view group_text, std::span<const double> seconds);

}  // namespace vignette
