// The kinds of caption options: where each is kept, and what is legal. Values, for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

struct TextOption {
    std::optional<std::string> CaptionOptions::* target;
    bool operator==(const TextOption&) const = default;
};
struct WholeOption {
    std::optional<std::int64_t> CaptionOptions::* target;
    bool operator==(const WholeOption&) const = default;
};
struct RealOption {
    std::optional<double> CaptionOptions::* target;
    double least;
    double most;
    bool least_is_legal = true;
    bool operator==(const RealOption&) const = default;
};
struct FlagOption {
    bool CaptionOptions::* target;
    bool operator==(const FlagOption&) const = default;
};
struct SwitchOption {  // absent means neither true nor false
    std::optional<bool> CaptionOptions::* target;
    bool operator==(const SwitchOption&) const = default;
};
struct ListOption {  // of texts; a single text counts as a list
    std::vector<std::string> CaptionOptions::* target;
    std::size_t Limits::* count_max;
    bool operator==(const ListOption&) const = default;
};
struct PresetOption {
    std::optional<Preset> CaptionOptions::* target;
    bool operator==(const PresetOption&) const = default;
};
struct SchemaOption {  // an object, kept as its text
    std::optional<std::string> CaptionOptions::* target;
    bool operator==(const SchemaOption&) const = default;
};

// Two fields with equal options are two names for the same option.
using Option = std::variant<
    std::monostate, TextOption, WholeOption, RealOption, FlagOption, SwitchOption, ListOption, PresetOption,
    SchemaOption>;

}  // namespace vignette
