// `vignette models list`: what can be found by name, as a table.
#include <algorithm>
#include <array>
#include <cstdio>

#include "app/commands.h"
#include "app/models/model_facts.h"
#include "app/models/model_paths.h"
#include "app/progress.h"

namespace vignette {
namespace {

using Row = std::array<std::string, 6>;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

Row row_of(const ModelSummary& model) {
    std::string where = model.problem;
    if (model.weights == WeightsState::ready)
        where = model.weights_folder == model.path ? "" : "in " + model.weights_folder;
    return {
        model.name,
        or_dash(model.family),
        or_dash(model.kind),
        or_dash(model.dtype),
        model.bytes == 0 ? "-" : size_text(model.bytes),
        std::string(to_text(model.weights)) + (where.empty() ? "" : ": " + where)
    };
}

void print(const std::vector<ModelSummary>& models) {
    std::vector<Row> rows{{"NAME", "FAMILY", "KIND", "DTYPE", "SIZE", "WEIGHTS"}};
    for (const ModelSummary& model : models) rows.push_back(row_of(model));
    std::array<std::size_t, 5> widths{};  // the last column ends the line
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i)
            line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        std::puts((line + row.back()).c_str());
    }
}

}  // namespace

int models_list(const Options& options) {
    std::vector<ModelSummary> models;
    for (const Bundle& bundle : find_bundles()) models.push_back(summarise(bundle));
    if (options.json) {
        std::puts(format_models(models).c_str());
    } else if (models.empty()) {
        std::puts("No model bundles in:");
        for (const std::filesystem::path& folder : model_folders()) std::printf("  %s\n", folder.c_str());
    } else {
        print(models);
    }
    return 0;
}

}  // namespace vignette
