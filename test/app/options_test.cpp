#include "app/command_line.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

Parsed parse(std::vector<std::string> words, std::string* said = nullptr) {
    words.insert(words.begin(), "vignette");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Parsed parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
    testing::internal::GetCapturedStdout();
    const std::string errors = testing::internal::GetCapturedStderr();
    if (said != nullptr) *said = errors;
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
        {"caption", "a", "--temperature", "-1"},
        {"caption", "a", "--top_p", "0"},
        {"caption", "a", "--preset", "poem"},
        {"caption", "a", "--stop", ""},
        {"caption", "a", "--n", "0"},
    };
    for (const std::vector<std::string>& words : wrong) EXPECT_EQ(parse(words).exit_code, 2);
}

std::string said_about(std::vector<std::string> words) {
    std::string said;
    EXPECT_EQ(parse(std::move(words), &said).exit_code, 2);
    return said;
}

TEST(Options, AMisspelledWordIsNamedWithTheNearestRightOne) {
    const auto expect_hint = [](std::vector<std::string> words, std::string_view hint) {
        const std::string said = said_about(std::move(words));
        EXPECT_NE(said.find(hint), std::string::npos) << said;
    };
    expect_hint({"captoin", "x.jpg"}, "There is no command `captoin`. Did you mean `caption`?\n");
    expect_hint({"--threads", "3", "wroker"}, "no command `wroker`. Did you mean `worker`?");
    expect_hint({"models", "ad", "x"}, "There is no command `ad`. Did you mean `add`?");
    expect_hint({"caption", "--presett=tags", "x"}, "no option `--presett`. Did you mean `--preset`?");
    expect_hint({"caption", "x", "--thread", "3"}, "no option `--thread`. Did you mean `--threads`?");
    expect_hint({}, "The commands are run, caption, embed, serve, worker, doctor, models.\n");
    expect_hint({"models"}, "The commands are list, show, verify, add.\n");
    expect_hint(
        {"caption", "--preset", "poem", "x"}, "`poem` is unknown; use one of alt_text, detailed, json"
    );
    EXPECT_EQ(said_about({"caption"}).find("commands"), std::string::npos) << "a file is missing";
    EXPECT_EQ(said_about({"poem", "x"}).find("Did you mean"), std::string::npos);
}

TEST(Options, CommonOptionsMayStandAfterTheCommand) {
    const Parsed parsed = parse({"run", "event.json", "--model", "other", "--threads", "1"});
    ASSERT_TRUE(parsed.options.has_value());
    EXPECT_EQ(parsed.options->command, Command::run);
    EXPECT_EQ(parsed.options->event_file, "event.json");
    EXPECT_EQ(parsed.options->model, "other");
    EXPECT_EQ(parsed.options->threads, 1);
}

TEST(Options, CaptionOptionsStayUnsetUnlessGiven) {
    const Parsed parsed = parse({"caption", "a.png", "b.png", "--num_beams", "1", "--prompt", ""});
    ASSERT_TRUE(parsed.options.has_value());
    EXPECT_EQ(parsed.options->files, (std::vector<std::string>{"a.png", "b.png"}));
    EXPECT_EQ(parsed.options->caption.num_beams, 1);
    EXPECT_EQ(parsed.options->caption.prompt, "");
    EXPECT_FALSE(parsed.options->caption.max_length.has_value());
}

TEST(Options, EveryWishOfTheCommandLineArrives) {
    const Parsed parsed = parse(
        {"caption",
         "--preset",
         "alt_text",
         "--prefix",
         "A",
         "--n",
         "2",
         "--temperature",
         "0.5",
         "--top_k",
         "5",
         "--top_p",
         "0.9",
         "--seed",
         "9007199254740992",
         "--repetition_penalty",
         "1.5",
         "--stop",
         "x",
         "--stop",
         "y z",
         "--logprobs",
         "a.png"}
    );
    ASSERT_TRUE(parsed.options.has_value());
    CaptionOptions expected{.preset = Preset::alt_text, .prefix = "A"};
    expected.n = 2;
    expected.temperature = 0.5;
    expected.top_k = 5;
    expected.top_p = 0.9;
    expected.seed = 9007199254740992;
    expected.repetition_penalty = 1.5;
    expected.stop = {"x", "y z"};
    expected.logprobs = true;
    EXPECT_EQ(parsed.options->caption, expected);
    EXPECT_EQ(parsed.options->files, std::vector<std::string>{"a.png"});
}

}  // namespace
}  // namespace vignette
