// Checks of option values whose refusals are sentences: "`lots` is not a whole number from 0 to 1024".
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "core/ascii.h"

namespace vignette {

// Decimal digits only: to CLI11 itself, 010 is eight.
CLI::Validator whole_number(
    std::int64_t min = std::numeric_limits<std::int32_t>::min(),
    std::int64_t max = std::numeric_limits<std::int32_t>::max()
);
CLI::Validator number(double min, double max);
CLI::Validator one_of(std::vector<std::string> words);  // in any case
CLI::Validator not_empty();
CLI::Validator device();     // auto, cpu, cuda or cuda:1
CLI::Validator yes_or_no();  // of a flag, which has a value in a variable or in vignette.toml

// Replaces a name by the number of its value, as CLI11 reads an enum.
template <class Value>
CLI::Validator one_of(const std::map<std::string, Value>& values) {
    std::vector<std::string> names;
    names.reserve(values.size());
    for (const auto& [name, value] : values) names.push_back(name);
    const auto known = [check = one_of(names), values](std::string& given) -> std::string {
        std::string refusal = check(given);
        if (refusal.empty())
            given = std::to_string(static_cast<std::underlying_type_t<Value>>(values.at(given)));
        return refusal;
    };
    return CLI::Validator(known, "");
}

// A flag that is false until it is given.
CLI::Option* add_switch(CLI::App& app, const std::string& name, bool& value, const std::string& about);

}  // namespace vignette
