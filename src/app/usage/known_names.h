// The names that a command line may use, and how they may be spelled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace vignette {

// --max-length and --max_length are the same option.
bool same_name(std::string_view one, std::string_view other);

std::vector<std::string> command_names(const CLI::App& app);
// The command that the words name, or the program itself; ends at the first word that is not a command.
const CLI::App& command_of(const CLI::App& app, const std::vector<std::string>& words);

// Of the command, or of the program, whose options may stand on either side of it. `name` begins with a dash.
const CLI::Option* find_option(const CLI::App& app, const CLI::App& command, std::string_view name);
std::vector<std::string> option_names(const CLI::App& app, const CLI::App& command);

// "there is no option `--thread`. Did you mean `--threads`?"
std::string unknown(std::string_view kind, std::string_view word, const std::vector<std::string>& known);

// Each option as it is declared, whichever way its dashes were written. Whatever follows `--` is a file: to
// CLI11, which does not understand that in a command, ./-x.png is none of its options.
std::vector<std::string> spelled_as_declared(const CLI::App& app, std::vector<std::string> words);

}  // namespace vignette
