#include "app/usage_hint.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/strings.h"

namespace vignette {
namespace {

std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    return names;
}

// The options of the command and of the program, which may stand on either side of the command.
std::vector<std::string> options_of(const CLI::App& app, const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* one : {&app, &command}) {
        for (const CLI::Option* option : one->get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
    }
    return names;
}

const CLI::Option* find_option(const CLI::App& app, const CLI::App& command, const std::string& name) {
    const CLI::Option* found = command.get_option_no_throw(name);
    return found != nullptr ? found : app.get_option_no_throw(name);
}

std::string hint(std::string_view kind, std::string_view word, const std::vector<std::string>& known) {
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const std::string_view meant = nearest(word, candidates);
    std::string line = "There is no " + std::string(kind) + " `" + shown(word) + "`";
    if (!meant.empty()) line += ". Did you mean `" + std::string(meant) + "`?";
    return line;
}

std::string one_of(const std::vector<std::string>& names) {
    std::string line;
    for (const std::string& name : names) line += (line.empty() ? "" : ", ") + name;
    return line;
}

}  // namespace

std::string usage_hint(const CLI::App& app, std::span<char* const> words) {
    const CLI::App* command = &app;
    bool value_expected = false;
    for (const std::string_view word : words) {
        if (std::exchange(value_expected, false)) continue;
        if (word.starts_with('-')) {
            const std::string name(word.substr(0, word.find('=')));
            const CLI::Option* option = find_option(app, *command, name);
            if (option == nullptr) return hint("option", name, options_of(app, *command));
            value_expected = option->get_items_expected_min() > 0 && name.size() == word.size();
            continue;
        }
        const std::vector<std::string> commands = commands_of(*command);
        if (commands.empty()) continue;  // a file
        if (std::ranges::find(commands, word) == commands.end()) {
            return hint("command", word, commands) + "\nThe commands are " + one_of(commands) + ".";
        }
        command = command->get_subcommand(std::string(word));
    }
    const std::vector<std::string> commands = commands_of(*command);
    return commands.empty() ? "" : "The commands are " + one_of(commands) + ".";
}

}  // namespace vignette
