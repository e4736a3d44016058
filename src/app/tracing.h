// Traces of a server or a worker, as the environment asks for them.
#pragma once

#include <memory>

#include "trace/tracer.h"
#include "vignette/error.h"

namespace vignette {

Result<std::unique_ptr<Tracer>> open_tracer();  // null: nobody wants them

}  // namespace vignette
