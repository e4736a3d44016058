// A form that is answered in lines while it is still coming. docs/api/vignette-forms.md
#pragma once

#include <memory>

#include "net/server/exchange.h"
#include "serve/routes/call.h"

namespace vignette {

// Each picture is a job of its own as soon as its last byte is there.
std::shared_ptr<BodySink> form_lines(const Call& call);

}  // namespace vignette
