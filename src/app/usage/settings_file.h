// vignette.toml: `model = "demo-blip2"` for every command, `[serve]` before what only one of them takes.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vignette {

// Of the program's own folder: that of an installation or of a clone. Empty where there is none.
std::string own_settings_file();

// Reads the file that `app` was told to read. What it refuses, it names with file, line and the nearest key.
// A variable of the environment is meant before the file.
class SettingsFile final : public CLI::Config {
public:
    explicit SettingsFile(const CLI::App& app) : app_(app) {}

    std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }
    std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

    // "vignette.toml:3: threads", if the option's value came from there.
    std::optional<std::string> place_of(const CLI::Option& option) const;

private:
    friend class SettingsReader;
    const CLI::App& app_;
    mutable std::map<const CLI::Option*, std::string> places_;  // CLI11 reads through a const function
};

}  // namespace vignette
