#include "app/usage/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace vignette {
namespace {

constexpr std::size_t left_column = 30;
constexpr std::size_t line_width = 110;

std::string wrapped(const std::string& text, std::size_t width) {
    std::istringstream words(text);
    std::string lines;
    std::size_t used = 0;
    for (std::string word; words >> word; used += word.size()) {
        if (used > 0) {
            const bool fits = used + 1 + word.size() <= width;
            lines += fits ? ' ' : '\n';
            used = fits ? used + 1 : 0;
        }
        lines += word;
    }
    return lines;
}

// CLI11 knows "INT:0 to 1024": the type and what our check says of itself.
std::string type_of(const CLI::Option& option) {
    const std::string full = option.get_type_name();
    return full.substr(0, full.find(':'));
}

std::string range_of(const CLI::Option& option) {
    const std::string full = option.get_type_name();
    const std::size_t colon = full.find(':');
    return colon == std::string::npos ? "" : full.substr(colon + 1);
}

std::string placeholder(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return {};
    const std::string type = type_of(option);
    return type == "INT" || type == "UINT" || type == "FLOAT" ? " NUMBER" : " TEXT";
}

std::string notes_of(const CLI::Option& option) {
    std::vector<std::string> notes;
    const std::string range = range_of(option);
    const bool is_said = option.get_description().find(range) != std::string::npos;
    if (!is_said) notes.push_back(range);
    std::string standard = option.get_default_str();
    if (standard.starts_with('[') && standard.ends_with(']'))
        standard = standard.substr(1, standard.size() - 2);
    if (!standard.empty()) notes.push_back("default " + standard);
    if (!option.get_envname().empty()) notes.push_back(option.get_envname());
    std::string text;
    for (const std::string& note : notes) text += (text.empty() ? " [" : "; ") + note;
    return text.empty() ? "" : text + "]";
}

class HelpFormat final : public CLI::Formatter {
public:
    HelpFormat() {
        column_width_ = left_column;
        label("Positionals", "Arguments");
        label("SUBCOMMAND", "COMMAND");
    }

    std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const override {
        std::string path = app->get_name();
        for (const CLI::App* above = app->get_parent(); above != nullptr; above = above->get_parent()) {
            path.insert(0, above->get_name() + " ");
        }
        std::string help = app->get_description() + "\n\n" + make_usage(app, path) + make_positionals(app);
        help += make_subcommands(app, mode) + make_group("Options", false, shown_options(*app, {}));
        const CLI::App* root = app;
        while (root->get_parent() != nullptr) root = root->get_parent();
        if (root != app)
            help += make_group("Options of all commands", false, shown_options(*root, {"help", "version"}));
        return help + "\n" + make_footer(app);
    }

    std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
        if (is_positional) return option->get_name(true, false);
        std::string names;
        for (const std::string& name : option->get_snames()) names += (names.empty() ? "-" : ", -") + name;
        for (const std::string& name : option->get_lnames()) names += (names.empty() ? "--" : ", --") + name;
        return names;
    }

    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_positional() ? "" : placeholder(*option);
    }

    std::string make_option_desc(const CLI::Option* option) const override {
        return wrapped(option->get_description() + notes_of(*option), line_width - left_column);
    }

private:
    static std::vector<const CLI::Option*> shown_options(
        const CLI::App& app, const std::vector<std::string>& without
    ) {
        return app.get_options([&](const CLI::Option* option) {
            const auto& names = option->get_lnames();
            const bool left_out = std::ranges::find_first_of(names, without) != names.end();
            return option->nonpositional() && !option->get_group().empty() && !left_out;
        });
    }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format() { return std::make_shared<HelpFormat>(); }

}  // namespace vignette
