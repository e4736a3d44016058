// The text a model is given: its template with the client's prompt in it. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vignette {

// The first "{prompt}" of `templ` is replaced. Braces in `prompt` mean nothing; a template without the mark
// is returned as it is.
std::string fill_template(std::string_view templ, std::string_view prompt);

// The first "{images}" is replaced by `image_text` once for each picture.
std::string fill_images(std::string_view templ, std::string_view image_text, std::size_t images);

}  // namespace vignette
