// Our own jobs as a form: pictures as files, options as fields by the names that they have in JSON. Pure, for
// any thread. docs/api/vignette-forms.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/dialects/plain.h"
#include "wire/multipart.h"

namespace vignette {

// A batch, even of one file: captions and vectors, where `task` does not say otherwise. Each item's id is its
// file's name.
Result<PlainRequest> read_plain_form(std::string_view content_type, std::string body, const Limits& limits);

// What a form is made of, for those who read it as it comes.
bool is_file_field(std::string_view name);
// Whether its pictures are shown to the model as one.
bool is_together(const std::vector<FormPart>& parts);
Result<Request> read_form_parts(const std::vector<FormPart>& parts, const Limits& limits);
// One of its pictures as a job, `index` among them.
Result<Request> read_form_file(
    const std::vector<FormPart>& fields, const FormPart& file, std::size_t index, const Limits& limits
);

}  // namespace vignette
