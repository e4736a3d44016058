#include "app/usage/wrong_usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/usage/known_names.h"
#include "app/usage/settings_file.h"
#include "core/environment.h"
#include "wire/strings.h"

namespace vignette {
namespace {

std::string listed(const std::vector<std::string>& names) {
    std::string line;
    for (const std::string& name : names) line += (line.empty() ? "" : ", ") + name;
    return line;
}

bool is_web_address(const std::string& word) {
    return starts_with_scheme(word, "http:") || starts_with_scheme(word, "https:");
}

std::string quoted_name(const CLI::Option& option) { return "`" + option.get_name() + "`"; }

// A variable that the platform sets under its own name (serving/serve_options) is named as that: a person has
// set it.
std::string platform_variable(const std::string& name) {
    const std::string theirs = name == "API_PORT"               ? "PORT"
                               : name == "VIGNETTE_HEALTH_PORT" ? "PORT_HEALTH"
                                                                : "";
    const bool taken_over = !theirs.empty() && variable(theirs.c_str()) == variable(name.c_str());
    return taken_over ? theirs : name;
}

class WrongUsage {
public:
    WrongUsage(const CLI::App& app, const std::vector<std::string>& words, const SettingsFile& settings)
        : app_(app), words_(words), settings_(settings), command_(command_of(app, words)) {}

    std::string about(const CLI::ParseError& error) const {
        const std::string text = error.what();
        if (dynamic_cast<const CLI::ConfigError*>(&error) != nullptr) return error.what();  // by SettingsFile
        if (dynamic_cast<const CLI::FileError*>(&error) != nullptr) return about_missing_settings();
        if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) return about_value(text);
        if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) return about_value(text);
        if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) return about_pair(text);
        if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) return about_count(text);
        if (std::string hint = about_unknown_word(); !hint.empty()) return hint;
        if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return about_extra();
        return about_missing();
    }

    std::string command_line() const {
        std::string line;
        for (const CLI::App* one = &command_; one != nullptr; one = one->get_parent()) {
            line.insert(0, line.empty() ? one->get_name() : one->get_name() + " ");
        }
        return line;
    }

private:
    std::string about_missing_settings() const {
        return "the settings file `" + shown(app_.get_config_ptr()->as<std::string>()) +
               "` cannot be read; check the path in --config or VIGNETTE_CONFIG";
    }

    // CLI11 says "--threads: " and then what our check said.
    std::string about_value(const std::string& text) const {
        const std::size_t colon = text.find(": ");
        const CLI::Option* option = option_at_start_of(text);
        if (option == nullptr || colon == std::string::npos)
            return "a value of an option cannot be understood";
        return place_of(*option) + ": " + text.substr(colon + 2);
    }

    const CLI::Option* option_at_start_of(const std::string& text) const {
        const std::string name = text.substr(0, text.find_first_of(" :,"));
        for (const CLI::App* one : {&command_, &app_}) {
            for (const CLI::Option* option : one->get_options()) {
                if (option->get_name() == name || option->check_name(name)) return option;
            }
        }
        return nullptr;
    }

    std::string place_of(const CLI::Option& option) const {
        const bool on_command_line = std::ranges::any_of(words_, [&](const std::string& word) {
            return word.starts_with('-') &&
                   find_option(app_, command_, word.substr(0, word.find('='))) == &option;
        });
        if (on_command_line || option.get_positional()) return option.get_name();
        if (const std::string& name = option.get_envname();
            !name.empty() && !variable(name.c_str()).empty()) {
            return "the variable " + platform_variable(name);
        }
        return settings_.place_of(option).value_or(option.get_name());
    }

    // "--fps excludes --keyframes"
    std::string about_pair(const std::string& text) const {
        const std::string_view between = " excludes ";
        const std::size_t at = text.find(between);
        if (at == std::string::npos) return "two of these options cannot be given together";
        return "`" + text.substr(0, at) + "` and `" + text.substr(at + between.size()) +
               "` cannot be given together";
    }

    std::string about_count(const std::string& text) const {
        const CLI::Option* option = option_at_start_of(text);
        if (option == nullptr) return "an option has too many values, or none";
        if (text.find("At Most") != std::string::npos) return place_of(*option) + " was given more than once";
        return quoted_name(*option) + " needs a value: " + option->get_description();
    }

    // The first word that is neither an option nor a command, where one must stand.
    std::string about_unknown_word() const {
        const CLI::App* command = &app_;
        bool value_expected = false;
        for (const std::string& word : words_) {
            if (std::exchange(value_expected, false)) continue;
            if (word.size() > 1 && word.starts_with('-')) {
                const std::string name = word.substr(0, word.find('='));
                const CLI::Option* option = find_option(app_, *command, name);
                if (option == nullptr) return unknown("option", name, option_names(app_, *command));
                value_expected = option->get_items_expected_min() > 0 && name.size() == word.size();
                continue;
            }
            const std::vector<std::string> commands = command_names(*command);
            if (commands.empty()) continue;  // a file
            if (std::ranges::find(commands, word) == commands.end())
                return about_unknown_command(*command, word);
            command = command->get_subcommand(word);
        }
        return {};
    }

    std::string about_unknown_command(const CLI::App& parent, const std::string& word) const {
        const std::vector<std::string> commands = command_names(parent);
        const std::string list = "\nThe commands are " + listed(commands) + ".";
        std::error_code ignored;
        if (&parent == &app_ && (is_web_address(word) || std::filesystem::is_regular_file(word, ignored))) {
            return "`" + shown(word) + "` is not a command. To describe it: vignette caption " + shown(word) +
                   list;
        }
        return unknown("command", word, commands) + list;
    }

    std::string about_extra() const {
        const std::vector<std::string> left = app_.remaining(/*recurse=*/true);
        const std::string extra = left.empty() ? "" : " `" + shown(left.front()) + "`";
        const std::vector<const CLI::Option*> taken =
            command_.get_options([](const CLI::Option* option) { return option->get_positional(); });
        if (taken.empty()) return "`" + command_line() + "` takes options only; what is" + extra + " for?";
        return "`" + command_line() + "` takes only one " + taken.front()->get_name() + ";" + extra +
               " is one too many";
    }

    std::string about_missing() const {
        if (const std::vector<std::string> commands = command_names(command_); !commands.empty()) {
            return "`" + command_line() + "` needs a command. The commands are " + listed(commands) + ".";
        }
        for (const CLI::Option* option : command_.get_options()) {
            if (!option->get_required() || option->count() > 0) continue;
            return "`" + command_line() + "` needs " + option->get_name() + ": " + option->get_description();
        }
        return "something is missing";
    }

    const CLI::App& app_;
    const std::vector<std::string>& words_;
    const SettingsFile& settings_;
    const CLI::App& command_;
};

}  // namespace

std::string wrong_usage(
    const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words,
    const SettingsFile& settings
) {
    const WrongUsage usage(app, words, settings);
    return "vignette: " + usage.about(error) + "\nSee `" + usage.command_line() + " --help`.\n";
}

}  // namespace vignette
