#include "app/command_line.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <tuple>

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
    expect_hint({"captoin", "x.jpg"}, "vignette: there is no command `captoin`. Did you mean `caption`?\n");
    expect_hint({"--threads", "3", "wroker"}, "no command `wroker`. Did you mean `worker`?");
    expect_hint({"models", "ad", "x"}, "there is no command `ad`. Did you mean `add`?");
    expect_hint({"caption", "--presett=tags", "x"}, "no option `--presett`. Did you mean `--preset`?");
    expect_hint({"caption", "x", "--thread", "3"}, "no option `--thread`. Did you mean `--threads`?");
    expect_hint({}, "The commands are caption, embed, run, serve, worker, doctor, models.\n");
    expect_hint({"models"}, "The commands are list, show, verify, add.\n");
    expect_hint(
        {"caption", "--preset", "poem", "x"}, "`poem` is unknown; use one of alt_text, detailed, grounding"
    );
    EXPECT_EQ(said_about({"caption"}).find("commands"), std::string::npos) << "a file is missing";
    EXPECT_EQ(said_about({"poem", "x"}).find("Did you mean"), std::string::npos);
}

// Nothing that CLI11 itself would say.
void expect_own_words(const std::string& said) {
    constexpr std::array foreign{"subcommand",   "not expected", "Could not convert",
                                 "not in range", "Run with",     "excludes",
                                 "required",     "readable",     "At Most",
                                 "FLOAT",        "INT",          "179769",
                                 "argument",     "INI was not"};
    for (const char* word : foreign) EXPECT_EQ(said.find(word), std::string::npos) << word << " in: " << said;
}

TEST(Options, WrongUsageIsSaidInOurWords) {
    const std::vector<std::pair<std::vector<std::string>, std::string_view>> wrong{
        {{}, "`vignette` needs a command."},
        {{"caption"}, "`vignette caption` needs FILE: Pictures"},
        {{"caption", "x", "--fps"}, "`--fps` needs a value: "},
        {{"caption", "x", "--fps", "1", "--keyframes"}, "`--fps` and `--keyframes` cannot be given together"},
        {{"caption", "x", "--fps", "1", "--fps", "2"}, "--fps was given more than once"},
        {{"caption", "x", "--max-length", "many"}, "--max_length: `many` is not a whole number\n"},
        {{"caption", "x", "--max_length", "1e3"}, "--max_length: `1e3` is not a whole number\n"},
        {{"caption", "x", "--parallel", "65"}, "--parallel: `65` is not a whole number from 1 to 64\n"},
        {{"caption", "x", "--top_p", "nan"}, "--top_p: `nan` is not a number from 1e-06 to 1\n"},
        {{"caption", "x", "--device", "cudda"}, "use one of auto, cpu, cuda, cuda:1. Did you mean `cuda`?"},
        {{"caption", "x", "--device", "cuda:x"}, "`cuda:x` is unknown; use one of auto, cpu, cuda, cuda:1"},
        {{"caption", "x", "--tokens=5"}, "--tokens: `5` is neither true nor false"},
        {{"caption", "x", "--timestamps", "a,b"}, "--timestamps: `a` is not a number from 0 to"},
        {{"caption", "x", "--timestamps", "0,nan"}, "--timestamps: `nan` is not a number from 0 to"},
        {{"caption", "x", "--timestamps", "3,1"},
         "--timestamps: give each time once, in rising order: 0,2.5,10"},
        {{"caption", "x", "--timestamps", "1,1"},
         "--timestamps: give each time once, in rising order: 0,2.5,10"},
        {{"doctor", "extra"}, "`vignette doctor` takes options only; what is `extra` for?"},
        {{"run", "a", "b"}, "`vignette run` takes only one FILE; `b` is one too many"},
        {{"models", "show"}, "`vignette models show` needs MODEL: "},
        {{"--config", "/no/such.toml", "doctor"}, "the settings file `/no/such.toml` cannot be read"},
        {{"/proc/self/status"}, "To describe it: vignette caption /proc/self/status"},
        {{"https://example.com/a.png"}, "To describe it: vignette caption https://example.com/a.png"},
    };
    for (const auto& [words, part] : wrong) {
        const std::string said = said_about(words);
        EXPECT_NE(said.find(part), std::string::npos) << said;
        EXPECT_TRUE(said.starts_with("vignette: ")) << said;
        expect_own_words(said);
    }
}

TEST(Options, DashesAndUnderscoresAreTheSame) {
    for (const char* name : {"--max-length", "--max_length", "--max-length=7"}) {
        std::vector<std::string> words{"caption", "x", name};
        if (!words.back().ends_with('7')) words.emplace_back("7");
        const Parsed parsed = parse(words);
        ASSERT_TRUE(parsed.options.has_value()) << name;
        EXPECT_EQ(parsed.options->caption.max_length, 7);
    }
    const Parsed common = parse({"caption", "x", "--log_level", "error", "--", "--max-length"});
    ASSERT_TRUE(common.options.has_value());
    EXPECT_EQ(common.options->log_level, LogLevel::error);
    EXPECT_EQ(common.options->files, (std::vector<std::string>{"x", "./--max-length"}));
}

TEST(Options, ZerosInFrontDoNotChangeANumber) {
    const Parsed parsed = parse({"caption", "x", "--parallel=010"});
    ASSERT_TRUE(parsed.options.has_value());
    EXPECT_EQ(parsed.options->parallel, 10);
}

TEST(Options, AWrongVariableIsNamed) {
    const std::vector<std::tuple<const char*, const char*, std::vector<std::string>, std::string_view>> wrong{
        {"VIGNETTE_THREADS", "lots", {"doctor"}, "the variable VIGNETTE_THREADS: `lots` is not a whole number"
        },
        {"VIGNETTE_DEVICE", "tpu", {"doctor"}, "the variable VIGNETTE_DEVICE: `tpu` is unknown"},
        {"DISABLE_CAPTIONS", "perhaps", {"doctor"}, "the variable DISABLE_CAPTIONS: `perhaps` is neither"},
        {"BATCH_SIZE", "0", {"worker"}, "the variable BATCH_SIZE: `0` is not a whole number from 1 to 256"},
        {"BATCH_TIMEOUT_MS", "-1", {"serve"}, "the variable BATCH_TIMEOUT_MS: `-1` is not a whole number"},
        {"VIGNETTE_URL_PORTS", "80,x", {"doctor"}, "the variable VIGNETTE_URL_PORTS: `x` is not a whole"},
        {"PORT", "http", {"serve"}, "the variable PORT: `http` is not a whole number from 1 to 65535"},
    };
    for (const auto& [name, value, words, part] : wrong) {
        setenv(name, value, 1);
        const std::string said = said_about(words);
        unsetenv(name);
        unsetenv("API_PORT");
        EXPECT_NE(said.find(part), std::string::npos) << said;
        expect_own_words(said);
    }
    setenv("VIGNETTE_THREADS", "lots", 1);
    EXPECT_TRUE(parse({"doctor", "--threads", "2"}).options.has_value());
    EXPECT_NE(said_about({"doctor", "--threads", "x"}).find("vignette: --threads: `x`"), std::string::npos);
    unsetenv("VIGNETTE_THREADS");
}

TEST(Options, HelpOfACommandShowsTheCommonOptionsToo) {
    testing::internal::CaptureStdout();
    std::vector<std::string> words{"vignette", "caption", "--help"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    EXPECT_EQ(parse_options(3, arguments.data()).exit_code, 0);
    const std::string help = testing::internal::GetCapturedStdout();
    for (const char* part :
         {"Usage: vignette caption", "--keyframes", "Options of all commands:", "--threads",
          "VIGNETTE_THREADS", "vignette caption photo.jpg"}) {
        EXPECT_NE(help.find(part), std::string::npos) << part;
    }
    expect_own_words(help);
    EXPECT_EQ(help.find("vignette serve "), std::string::npos) << "examples of other commands";
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
