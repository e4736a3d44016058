// What is said about a command line that cannot be understood, in our own words and never in CLI11's.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace vignette {

class SettingsFile;

// What is wrong, where it stands (on the command line, in which variable, in which line of vignette.toml),
// what was probably meant, and where to read on.
std::string wrong_usage(
    const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words,
    const SettingsFile& settings
);

}  // namespace vignette
