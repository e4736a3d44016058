#include "wire/request/job_fields.h"

#include <algorithm>
#include <vector>

#include "wire/strings.h"

namespace vignette {
namespace {

std::vector<std::string_view> known_names() {
    std::vector<std::string_view> names;
    names.reserve(job_fields.size());
    for (const JobField& field : job_fields) names.push_back(field.name);
    return names;
}

}  // namespace

std::optional<std::size_t> find_job_field(std::string_view name) {
    const auto* const found = std::ranges::find(job_fields, name, &JobField::name);
    if (found == job_fields.end()) return std::nullopt;
    return static_cast<std::size_t>(found - job_fields.begin());
}

std::optional<std::size_t> find_synonym(const JobFieldSet& set, std::size_t index) {
    const JobField& field = job_fields[index];
    if (field.role != Role::option) return std::nullopt;
    for (std::size_t other = 0; other < job_fields.size(); ++other) {
        if (other != index && set.test(other) && job_fields[other].option == field.option) return other;
    }
    return std::nullopt;
}

std::string unknown_field_message(std::string_view name) {
    std::string message = "unknown field, ignored";
    const std::string_view meant = nearest(name, known_names());
    if (!meant.empty()) message += "; did you mean \"" + std::string(meant) + "\"?";
    return message;
}

}  // namespace vignette
