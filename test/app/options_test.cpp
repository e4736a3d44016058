#include "app/options.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

Parsed parse(std::vector<std::string> words) {
    words.insert(words.begin(), "vignette");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Parsed parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
    testing::internal::GetCapturedStdout();
    testing::internal::GetCapturedStderr();
    return parsed;
}

TEST(Options, HelpIsFineAndNothingIsRun) {
    for (const char* flag : {"--help", "--version"}) {
        const Parsed parsed = parse({flag});
        EXPECT_FALSE(parsed.options.has_value());
        EXPECT_EQ(parsed.exit_code, 0) << flag;
    }
}

TEST(Options, WrongUsageExitsWithTwo) {
    const std::vector<std::vector<std::string>> wrong{
        {},
        {"nonsense"},
        {"caption"},
        {"run", "--nonsense"},
        {"run", "--device", "tpu"},
        {"caption", "a", "--parallel", "0"},
        {"caption", "a", "--num_beams", "many"},
    };
    for (const std::vector<std::string>& words : wrong) EXPECT_EQ(parse(words).exit_code, 2);
}

TEST(Options, CommonOptionsMayStandAfterTheCommand) {
    const Parsed parsed = parse({"run", "event.json", "--model", "other", "--threads", "1"});
    ASSERT_TRUE(parsed.options.has_value());
    EXPECT_EQ(parsed.options->command, Command::run);
    EXPECT_EQ(parsed.options->event_file, "event.json");
    EXPECT_EQ(parsed.options->model, "other");
    EXPECT_EQ(parsed.options->threads, 1);
}

TEST(Options, CaptionWishesStayUnsetUnlessGiven) {
    const Parsed parsed = parse({"caption", "a.png", "b.png", "--num_beams", "1", "--prompt", ""});
    ASSERT_TRUE(parsed.options.has_value());
    EXPECT_EQ(parsed.options->files, (std::vector<std::string>{"a.png", "b.png"}));
    EXPECT_EQ(parsed.options->caption.num_beams, 1);
    EXPECT_EQ(parsed.options->caption.prompt, "");
    EXPECT_FALSE(parsed.options->caption.max_length.has_value());
}

}  // namespace
}  // namespace vignette
