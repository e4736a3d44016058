#include "app/usage/settings_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "app/command_line.h"

namespace vignette {
namespace {

class SettingsFiles : public testing::Test {
protected:
    ~SettingsFiles() override { std::filesystem::remove(path_); }

    Parsed parse(std::string_view text, std::vector<std::string> words, std::string* said = nullptr) const {
        std::ofstream(path_, std::ios::binary) << text;
        words.insert(words.begin(), {"vignette", "--config", path_.string()});
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        testing::internal::CaptureStderr();
        Parsed parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
        const std::string errors = testing::internal::GetCapturedStderr();
        if (said != nullptr) *said = errors;
        return parsed;
    }

    std::filesystem::path path_ = std::filesystem::path(testing::TempDir()) /
                                  ("vignette_settings-" + std::to_string(getpid()) + ".toml");
};

TEST_F(SettingsFiles, OfAllCommandsAndOfOneArrive) {
    const Parsed parsed = parse(
        "# ours\n"
        "model = \"other\"\n"
        "threads = 3\n"
        "disable_captions = false\n"
        "url-hosts = [\"a.example\", \"b.example\"]\n"
        "[caption]\n"
        "max-length = 7\n"
        "temperature = 0.5\n"
        "json = true\n"
        "[serve]\n"
        "port = 80\n",
        {"caption", "x"}
    );
    ASSERT_TRUE(parsed.options.has_value());
    EXPECT_EQ(parsed.options->model, "other");
    EXPECT_EQ(parsed.options->threads, 3);
    EXPECT_FALSE(parsed.options->disable_captions);
    EXPECT_EQ(parsed.options->urls.hosts, (std::vector<std::string>{"a.example", "b.example"}));
    EXPECT_EQ(parsed.options->caption.max_length, 7);
    EXPECT_EQ(parsed.options->caption.temperature, 0.5);
    EXPECT_TRUE(parsed.options->json);
}

TEST_F(SettingsFiles, AreMeantAfterAVariableAndThatAfterTheCommandLine) {
    setenv("VIGNETTE_DEVICE", "cpu", 1);
    const Parsed by_variable = parse("device = \"cuda\"\nthreads = 3\n", {"doctor"});
    const Parsed by_words = parse("device = \"cuda\"\nthreads = 3\n", {"doctor", "--device", "auto"});
    unsetenv("VIGNETTE_DEVICE");
    ASSERT_TRUE(by_variable.options.has_value());
    EXPECT_EQ(by_variable.options->device, "cpu");
    EXPECT_EQ(by_variable.options->threads, 3);
    ASSERT_TRUE(by_words.options.has_value());
    EXPECT_EQ(by_words.options->device, "auto");
}

TEST_F(SettingsFiles, WhatIsWrongIsNamedWithFileLineAndNearestKey) {
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"model = \"x\"\nthreds = 3\n", ":2: there is no setting `threds`. Did you mean `threads`?\n"},
        {"[caption]\n\npreset = \"tags\"\nmax-lenght = 3\n",
         ":4: there is no setting `max-lenght`. Did you mean `max_length`?"},
        {"model = \n", ":1: "},
        {"model = demo-blip2\n", ":1: "},
        {"model = \"x\n", ":1: "},
        {"threads = 1\nthreads = 2\n", ":2: "},
        {"\nthreads = \"lots\"\n", ":2: threads: `lots` is not a whole number from 0 to 1024\n"},
        {"threads = [1, 2]\n", ":1: threads was given more than once"},
        {"threads = 1979-05-27\n", ":1: threads must be a text, a number, true or false, or a list of those"},
        {"[serv]\nport = 3\n", ":1: there is no command `serv`. Did you mean `serve`?"},
        {"rate_limit = 3\n", ":1: rate_limit belongs under [serve]"},
        {"config = \"x\"\n", ":1: there is no setting `config`"},
        {"help = true\n", ":1: there is no setting `help`"},
        {"model = \"\xFF\"\n", ":1: "},
        {std::string("model = \"x\"\n") + '\0', ":2: "},
        {std::string((1 << 20) + 1, '#'), ": is larger than 1 MiB"},
    };
    for (const auto& [text, part] : wrong) {
        std::string said;
        EXPECT_EQ(parse(text, {"doctor"}, &said).exit_code, 2) << text.substr(0, 80);
        EXPECT_NE(said.find("vignette: " + path_.string() + part), std::string::npos) << said;
    }
}

TEST_F(SettingsFiles, OneThatAVariableNamesMustBeThere) {
    setenv("VIGNETTE_CONFIG", "/no/such.toml", 1);
    std::vector<std::string> words{"vignette", "doctor"};
    std::vector<char*> arguments{words[0].data(), words[1].data()};
    testing::internal::CaptureStderr();
    const Parsed parsed = parse_options(2, arguments.data());
    unsetenv("VIGNETTE_CONFIG");
    EXPECT_EQ(parsed.exit_code, 2);
    EXPECT_NE(
        testing::internal::GetCapturedStderr().find("`/no/such.toml` cannot be read"), std::string::npos
    );
}

TEST_F(SettingsFiles, ABrokenFileDoesNotHideTheHelp) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(parse("model = \n", {"--help"}).exit_code, 0);
    EXPECT_NE(testing::internal::GetCapturedStdout().find("Usage: vignette"), std::string::npos);
}

}  // namespace
}  // namespace vignette
