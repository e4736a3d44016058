#include "app/usage/known_names.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "wire/strings.h"

namespace vignette {
namespace {

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

std::string_view name_part(std::string_view word) { return word.substr(0, word.find('=')); }

char with_dash(char character) { return character == '_' ? '-' : character; }

// As it is declared: "--max_length".
std::string declared_name(const CLI::Option& option, std::string_view name) {
    for (const std::string& one : option.get_lnames()) {
        if (same_name("--" + one, name)) return "--" + one;
    }
    return std::string(name);
}

}  // namespace

bool same_name(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, {}, with_dash, with_dash);
}

std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    return names;
}

const CLI::App& command_of(const CLI::App& app, const std::vector<std::string>& words) {
    const CLI::App* command = &app;
    for (const std::string& word : words) {
        const std::vector<std::string> commands = command_names(*command);
        if (std::ranges::find(commands, word) != commands.end()) command = command->get_subcommand(word);
    }
    return *command;
}

const CLI::Option* find_option(const CLI::App& app, const CLI::App& command, std::string_view name) {
    for (const CLI::App* one : {&command, &app}) {
        for (const CLI::Option* option : one->get_options()) {
            const auto is_it = [&](const std::string& known) { return same_name("--" + known, name); };
            if (std::ranges::any_of(option->get_lnames(), is_it)) return option;
            const auto is_letter = [&](const std::string& known) { return "-" + known == name; };
            if (std::ranges::any_of(option->get_snames(), is_letter)) return option;
        }
    }
    return nullptr;
}

std::vector<std::string> option_names(const CLI::App& app, const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* one : {&command, &app}) {
        for (const CLI::Option* option : one->get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
    }
    return names;
}

std::string unknown(std::string_view kind, std::string_view word, const std::vector<std::string>& known) {
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const std::string_view meant = nearest(word, candidates);
    std::string line = "there is no " + std::string(kind) + " `" + shown(word) + "`";
    if (!meant.empty()) line += ". Did you mean `" + std::string(meant) + "`?";
    return line;
}

std::vector<std::string> spelled_as_declared(const CLI::App& app, std::vector<std::string> words) {
    const CLI::App& command = command_of(app, words);
    const auto end_of_options = std::ranges::find(words, "--");
    for (std::string& word : std::ranges::subrange(words.begin(), end_of_options)) {
        if (!is_option(word)) continue;
        const std::string_view name = name_part(word);
        const CLI::Option* option = find_option(app, command, name);
        if (option != nullptr) word = declared_name(*option, name) + word.substr(name.size());
    }
    if (end_of_options == words.end()) return words;
    for (std::string& word : std::ranges::subrange(end_of_options, words.end())) {
        if (is_option(word)) word.insert(0, "./");
    }
    words.erase(end_of_options);
    return words;
}

}  // namespace vignette
