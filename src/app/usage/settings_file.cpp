#include "app/usage/settings_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/program_paths.h"
#include "app/usage/known_names.h"
#include "core/environment.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr const char* settings_name = "vignette.toml";
constexpr std::size_t settings_bytes_max = 1 * MiB;

std::string text_of_value(const toml::node& value) {
    if (const auto* text = value.as_string()) return text->get();
    if (const auto* whole = value.as_integer()) return std::to_string(whole->get());
    if (const auto* flag = value.as_boolean()) return flag->get() ? "true" : "false";
    if (const auto* real = value.as_floating_point()) {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%.17g", real->get());
        return text.data();
    }
    return {};
}

bool is_plain(const toml::node& value) {
    return value.is_string() || value.is_integer() || value.is_boolean() || value.is_floating_point();
}

std::vector<std::string> option_keys(const CLI::App& command) {
    std::vector<std::string> keys;
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_configurable() && !option->get_lnames().empty())
            keys.push_back(option->get_lnames().front());
    }
    return keys;
}

}  // namespace

class SettingsReader {
public:
    SettingsReader(const SettingsFile& file, std::string path) : file_(file), path_(std::move(path)) {}

    std::vector<CLI::ConfigItem> read(std::string_view text) {
        const toml::parse_result parsed = toml::parse(text, path_);
        if (!parsed) {
            const std::string why(parsed.error().description());
            refuse(parsed.error().source().begin.line, why + "; a line looks like: model = \"demo-blip2\"");
        }
        read_table(parsed.table(), file_.app_, {});
        return std::move(items_);
    }

private:
    [[noreturn]] void refuse(std::size_t line, const std::string& why) const {
        throw CLI::ConfigError(path_ + ":" + std::to_string(line) + ": " + why);
    }

    void read_table(
        const toml::table& table, const CLI::App& command, const std::vector<std::string>& parents
    ) {
        for (const auto& [key, value] : table) {
            const std::string name(key.str());
            const std::size_t line = key.source().begin.line;
            if (const toml::table* inner = value.as_table()) {
                std::vector<std::string> path = parents;
                path.push_back(name);
                read_table(*inner, find_command(command, name, value.source().begin.line), path);
            } else {
                read_value(name, value, line, command, parents);
            }
        }
    }

    const CLI::App& find_command(const CLI::App& parent, const std::string& name, std::size_t line) const {
        const std::vector<std::string> commands = command_names(parent);
        if (std::ranges::find(commands, name) == commands.end())
            refuse(line, unknown("command", name, commands));
        return *parent.get_subcommand(name);
    }

    void read_value(
        const std::string& key, const toml::node& value, std::size_t line, const CLI::App& command,
        const std::vector<std::string>& parents
    ) {
        const CLI::Option* option = find_option(file_.app_, command, "--" + key);
        if (option == nullptr || !option->get_configurable()) refuse(line, about_unknown(key, command));
        const std::vector<const CLI::Option*> own = command.get_options();
        const bool is_own = std::ranges::find(own, option) != own.end();
        file_.places_[option] = path_ + ":" + std::to_string(line) + ": " + key;
        if (!option->get_envname().empty() && !variable(option->get_envname().c_str()).empty()) return;
        CLI::ConfigItem item;
        if (is_own) item.parents = parents;
        item.name = option->get_lnames().front();
        item.inputs = inputs_of(key, value, line);
        items_.push_back(std::move(item));
    }

    std::vector<std::string> inputs_of(const std::string& key, const toml::node& value, std::size_t line)
        const {
        std::vector<std::string> inputs;
        const auto add = [&](const toml::node& one) {
            if (!is_plain(one))
                refuse(line, key + " must be a text, a number, true or false, or a list of those");
            inputs.push_back(text_of_value(one));
        };
        if (const toml::array* list = value.as_array()) {
            for (const toml::node& one : *list) add(one);
        } else {
            add(value);
        }
        return inputs;
    }

    std::string about_unknown(const std::string& key, const CLI::App& command) const {
        std::vector<std::string> keys = option_keys(command);
        for (const CLI::App* other : file_.app_.get_subcommands({})) {
            for (const std::string& known : option_keys(*other)) {
                if (same_name(known, key)) return key + " belongs under [" + other->get_name() + "]";
            }
        }
        std::ranges::copy(option_keys(file_.app_), std::back_inserter(keys));
        return unknown("setting", key, keys);
    }

    const SettingsFile& file_;
    const std::string path_;
    std::vector<CLI::ConfigItem> items_;
};

std::string own_settings_file() {
    for (const std::filesystem::path& folder : own_folders()) {
        const std::filesystem::path file = folder / settings_name;
        std::error_code ignored;
        if (std::filesystem::is_regular_file(file, ignored)) return file.string();
    }
    return {};
}

std::vector<CLI::ConfigItem> SettingsFile::from_config(std::istream& input) const {
    const std::string path = app_.get_config_ptr()->as<std::string>();
    std::string text(settings_bytes_max + 1, '\0');
    input.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(input.gcount()));
    if (text.size() > settings_bytes_max) throw CLI::ConfigError(path + ": is larger than 1 MiB");
    return SettingsReader(*this, path).read(text);
}

std::optional<std::string> SettingsFile::place_of(const CLI::Option& option) const {
    const auto found = places_.find(&option);
    if (found == places_.end()) return std::nullopt;
    return found->second;
}

}  // namespace vignette
