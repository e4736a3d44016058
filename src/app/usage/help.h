// How --help looks: what an option takes, its range, default and variable behind its description; the options
// that all commands share below a command's own.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace vignette {

std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace vignette
