#include "app/preflight/preflight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "app/preflight/checks.h"
#include "bundle/bundle_folder.h"
#include "fakes/http_server.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {
namespace fs = std::filesystem;

constexpr std::uint64_t gib = 1024 * MiB;

class Preflight : public testing::Test {
protected:
    Preflight() {
        has_memory(8);
        options_.model = bundle_.path().string();
        options_.root = root_.path();
        options_.disk_percent_min = 0;
        options_.sandbox = false;  // starting a decoder takes a tenth of a second
        options_.probe = [this] { return found_; };
    }

    void has_memory(int available_gib) const {
        const std::string kib = std::to_string(available_gib * 1024 * 1024) + " kB\n";
        root_.write("proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: " + kib);
    }
    void has_gpu(std::uint64_t free_bytes, int cuda_version = 13000) {
        const Gpu gpu{
            .name = "Fake 9000", .architecture = 89, .free_bytes = free_bytes, .total_bytes = 24 * gib
        };
        found_ = Gpus{.driver = true, .cuda_version = cuda_version, .devices = {gpu}};
    }
    std::optional<Check> check(std::string_view name) const {
        const std::vector<Check> checks = preflight(options_);
        const auto found = std::ranges::find(checks, name, &Check::name);
        return found == checks.end() ? std::nullopt : std::optional(*found);
    }
    Verdict verdict(std::string_view name) const {
        const std::optional<Check> found = check(name);
        EXPECT_TRUE(found.has_value()) << name;
        if (!found) return Verdict::note;
        EXPECT_EQ(found->remedy.empty(), found->verdict != Verdict::failed) << found->details;
        return found->verdict;
    }

    const ScratchFolder root_;
    const BundleFolder bundle_;
    Result<Gpus> found_ = Gpus{};
    PreflightOptions options_;
};

TEST_F(Preflight, GoesFromWhatIsInstalledToTheMachineAroundIt) {
    has_gpu(20 * gib);
    options_.sandbox = true;
    std::vector<std::string> names;
    for (const Check& check : preflight(options_)) names.push_back(check.name);
    EXPECT_EQ(
        names, (std::vector<std::string>{
                   "captioner", "sandbox", "model", "files", "gpu", "cuda", "gpu_memory", "memory", "disk",
                   "urls", "cpu", "version"
               })
    );
}

TEST_F(Preflight, OfSeveralGpusTheFreestCountsOrTheOneThatIsNamed) {
    has_gpu(100 * MiB);
    found_->devices.push_back(found_->devices.front());
    found_->devices.back().free_bytes = 20 * gib;
    EXPECT_EQ(verdict("gpu_memory"), Verdict::ok);
    options_.device = "cuda:0";
    EXPECT_EQ(verdict("gpu_memory"), Verdict::failed);
    options_.device = "cuda:1";
    EXPECT_EQ(verdict("gpu_memory"), Verdict::ok);
    options_.device = "cuda:2";
    EXPECT_EQ(verdict("gpu"), Verdict::failed);
    EXPECT_EQ(check("gpu")->details, "there is no GPU 2: the driver counts 2, from 0");
}

TEST_F(Preflight, AWholeBundlePasses) {
    EXPECT_EQ(verdict("model"), Verdict::ok);
    EXPECT_EQ(verdict("files"), Verdict::ok);
    options_.deep = true;
    EXPECT_EQ(verdict("files"), Verdict::ok) << check("files")->details;
}

TEST_F(Preflight, WithoutDecoderProcessesTheOperatorIsReminded) {
    EXPECT_EQ(verdict("sandbox"), Verdict::note);
    options_.sandbox = true;
    EXPECT_NE(verdict("sandbox"), Verdict::failed) << check("sandbox")->details;
}

TEST_F(Preflight, AModelThatIsNotThereIsAFailureAndItsFilesAreNotAskedFor) {
    options_.model = "no-such-model";
    EXPECT_EQ(verdict("model"), Verdict::failed);
    EXPECT_NE(check("model")->remedy.find("vignette models list"), std::string::npos);
    EXPECT_FALSE(check("files").has_value());
}

TEST_F(Preflight, AChangedProgramOrTokenizerIsAFailure) {
    for (const char* name : {"program.pt", "tokenizer.json"}) {
        const BundleFolder bundle;
        bundle.write(name, "changed");
        options_.model = bundle.path().string();
        EXPECT_EQ(verdict("files"), Verdict::failed) << name;
        EXPECT_NE(check("files")->details.find(name), std::string::npos);
    }
}

TEST_F(Preflight, CutWeightsAreAFailureAtOnceAndChangedOnesToTheDeepLook) {
    std::string weights = read_file(bundle_.path() / "model.safetensors", MiB).value();
    weights.back() ^= 1;
    bundle_.write("model.safetensors", weights);
    EXPECT_EQ(verdict("files"), Verdict::ok);
    options_.deep = true;
    EXPECT_EQ(verdict("files"), Verdict::failed);
    options_.deep = false;
    bundle_.write("model.safetensors", weights.substr(0, weights.size() - 1));
    EXPECT_EQ(verdict("files"), Verdict::failed);
}

TEST_F(Preflight, NoGpuIsANoteUnlessOneIsRequired) {
    for (const Gpus& none : {Gpus{}, Gpus{.driver = true, .cuda_version = 13000}}) {
        found_ = none;
        options_.gpu_required = false;
        EXPECT_EQ(verdict("gpu"), Verdict::note);
        options_.gpu_required = true;
        EXPECT_EQ(verdict("gpu"), Verdict::failed);
    }
}

TEST_F(Preflight, ABrokenGpuIsAFailureAlsoWhereNoneIsRequired) {
    found_ = fail(ErrorCode::unavailable, "cuMemAlloc on device 1 failed with X; take another machine");
    EXPECT_EQ(verdict("gpu"), Verdict::failed);
    EXPECT_EQ(check("gpu")->details, "cuMemAlloc on device 1 failed with X");
    EXPECT_EQ(check("gpu")->remedy, "take another machine");
}

TEST_F(Preflight, TheCpuAsDeviceLeavesGpusAlone) {
    options_.device = "cpu";
    options_.probe = []() -> Result<Gpus> { throw std::logic_error("asked"); };
    EXPECT_EQ(verdict("gpu"), Verdict::note);
}

TEST_F(Preflight, AnOldDriverIsAFailureThatNamesTheOneToInstall) {
    has_gpu(20 * gib, 12080);
    EXPECT_EQ(verdict("cuda"), Verdict::failed);
    EXPECT_NE(check("cuda")->details.find("12.8"), std::string::npos);
    EXPECT_NE(check("cuda")->remedy.find("580"), std::string::npos);
    options_.cuda_version_min = 12080;
    EXPECT_EQ(verdict("cuda"), Verdict::ok);
}

TEST_F(Preflight, AGpuWithoutTheKernelsForAttentionIsAFailureThatNamesWhatItIs) {
    has_gpu(20 * gib);
    found_->devices.front().architecture = 75;
    EXPECT_EQ(verdict("gpu"), Verdict::failed);
    EXPECT_EQ(check("gpu")->details, "Fake 9000 has compute capability 7.5 and at least 8.0 is needed");
    found_->devices.front().architecture = 80;
    EXPECT_EQ(verdict("gpu"), Verdict::ok);
}

TEST_F(Preflight, TheGpuMustHaveRoomForTheModel) {
    has_gpu(gib);
    EXPECT_EQ(verdict("gpu_memory"), Verdict::ok);
    options_.slots = 4096;  // 36,864 bytes each twice, and half a GiB for the work
    has_gpu(600 * MiB);
    EXPECT_EQ(verdict("gpu_memory"), Verdict::failed);
    has_gpu(900 * MiB);
    EXPECT_EQ(verdict("gpu_memory"), Verdict::ok);
}

TEST_F(Preflight, MemoryIsWhatTheModelNeedsUnlessTheOperatorSaysMore) {
    has_memory(3);
    EXPECT_EQ(verdict("memory"), Verdict::ok);
    options_.memory_gib_min = 3.5;
    EXPECT_EQ(verdict("memory"), Verdict::failed);
    options_.memory_gib_min.reset();
    has_gpu(20 * gib);  // CUDA's libraries want more
    EXPECT_EQ(verdict("memory"), Verdict::failed);
    found_ = Gpus{};
    has_memory(1);
    EXPECT_EQ(verdict("memory"), Verdict::failed);
}

TEST_F(Preflight, ADiskWithoutTheShareThatIsWantedIsAFailure) {
    EXPECT_EQ(verdict("disk"), Verdict::ok);
    options_.disk_percent_min = 100.1;
    EXPECT_EQ(verdict("disk"), Verdict::failed);
}

TEST_F(Preflight, TheOutboxIsMadeAndMustTakeAFile) {
    EXPECT_FALSE(check("outbox").has_value());
    options_.outbox = root_.path() / "results/outbox";
    EXPECT_EQ(verdict("outbox"), Verdict::ok);
    EXPECT_TRUE(fs::is_empty(options_.outbox));
    options_.outbox = root_.path() / "proc/meminfo";  // a file; root ignores permissions
    EXPECT_EQ(verdict("outbox"), Verdict::failed);
}

TEST_F(Preflight, WhatTheOperatorSkipsIsTold) {
    has_gpu(1, 11000);
    has_memory(0);
    options_.skip_system = true;
    EXPECT_EQ(verdict("system"), Verdict::note);
    EXPECT_EQ(verdict("gpu"), Verdict::ok);
    EXPECT_FALSE(check("cuda").has_value());
    found_ = fail(ErrorCode::unavailable, "broken");
    options_.skip_gpu = true;
    EXPECT_EQ(verdict("gpu"), Verdict::note);
}

TEST_F(Preflight, TheHostOfTheJobApiMustBeThere) {
    EXPECT_FALSE(check("network").has_value()) << "not on the platform";
    options_.network_timeout = std::chrono::milliseconds{300};
    {
        const HttpServer server([](const HeardRequest&) { return ServerAnswer{}; });
        options_.job_api = server.url("/v2/endpoint/job-take/$ID?gpu=x");
        EXPECT_EQ(verdict("network"), Verdict::ok);
    }
    EXPECT_EQ(verdict("network"), Verdict::failed);
    EXPECT_FALSE(check("network")->details.contains("endpoint")) << "only host and port are told";
    options_.job_api = "not an address";
    EXPECT_EQ(verdict("network"), Verdict::failed);
    options_.skip_system = true;
    EXPECT_FALSE(check("network").has_value());
}

TEST_F(Preflight, AllOfItCanBeSkipped) {
    has_memory(0);
    options_.model = "/no/such/model";
    options_.skip_all = true;
    EXPECT_EQ(preflight(options_).size(), 1U);
    EXPECT_EQ(verdict("checks"), Verdict::note);
}

TEST(CheckCpu, SaysHowManyCoresAndWhatLimitsThem) {
    const auto said = [](const HostCores& cores) { return check_cpu(cores).details; };
    EXPECT_EQ(said({.machine = 64, .allowed = 64, .quota = {}}), "64 cores");
    EXPECT_EQ(said({.machine = 64, .allowed = 64, .quota = 80}), "64 cores") << "no limit";
    EXPECT_EQ(
        said({.machine = 64, .allowed = 64, .quota = 1.5}), "2 cores (of 64; this container may use 1.5)"
    );
    EXPECT_EQ(said({.machine = 2, .allowed = 2, .quota = 1.5}), "2 cores (of 2; this container may use 1.5)");
    EXPECT_EQ(said({.machine = 64, .allowed = 1, .quota = 1.5}), "1 core (of 64)") << "the mask is tighter";
}

TEST(FirstFailure, IsTheFirstInOrderOrNone) {
    const Check good{.name = "a"};
    const Check note{.name = "b", .verdict = Verdict::note};
    const Check bad{.name = "c", .verdict = Verdict::failed};
    const Check worse{.name = "d", .verdict = Verdict::failed};
    EXPECT_EQ(first_failure({good, note, bad, worse}), bad);
    EXPECT_EQ(first_failure({good, note}), std::nullopt);
}

TEST(Reason, IsCutBetweenCharacters) {
    EXPECT_EQ(reason({.details = "short"}), "short");
    EXPECT_EQ(reason({.details = std::string(256, 'x')}).size(), 256U);
    EXPECT_EQ(reason({.details = std::string(255, 'x') + "\u00e4"}), std::string(255, 'x'));
    EXPECT_EQ(reason({.details = std::string(254, 'x') + "\u00e4y"}), std::string(254, 'x') + "\u00e4");
}

// The platform's variables, each unset again.
class PreflightVariables : public testing::Test {
protected:
    ~PreflightVariables() override {
        for (const std::string& name : set_) unsetenv(name.c_str());
    }
    void set(const std::string& name, const char* value) {
        setenv(name.c_str(), value, 1);
        set_.push_back(name);
    }

    Options options_;

private:
    std::vector<std::string> set_;
};

TEST_F(PreflightVariables, AreReadAsThePlatformWritesThem) {
    set("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "True");
    set("RUNPOD_SKIP_GPU_CHECK", "1");
    set("RUNPOD_SKIP_FITNESS_CHECKS", "yes");
    set("RUNPOD_WEBHOOK_GET_JOB", "https://example.com/take");
    set("RUNPOD_NETWORK_CHECK_TIMEOUT", "2.5");
    set("RUNPOD_MIN_MEMORY_GB", "2.5");
    set("RUNPOD_MIN_DISK_PERCENT", "1");
    set("RUNPOD_MIN_CUDA_VERSION", "12.4");
    set("VIGNETTE_OUTBOX", "/somewhere");
    const PreflightOptions made = preflight_options(options_);
    EXPECT_TRUE(made.skip_system);
    EXPECT_TRUE(made.skip_gpu);
    EXPECT_TRUE(made.skip_all);
    EXPECT_EQ(made.job_api, "https://example.com/take");
    EXPECT_EQ(made.network_timeout, std::chrono::milliseconds{2500});
    EXPECT_EQ(made.memory_gib_min, 2.5);
    EXPECT_EQ(made.disk_percent_min, 1);
    EXPECT_EQ(made.cuda_version_min, 12040);
    EXPECT_EQ(made.outbox, "/somewhere");
    EXPECT_TRUE(made.misunderstood.empty());
}

TEST_F(PreflightVariables, ThatAreNoNumbersLeaveTheDefaultsAndAreTold) {
    const PreflightOptions usual = preflight_options(options_);
    set("RUNPOD_SKIP_GPU_CHECK", "2");  // the platform's own worker takes nothing but 1, true, yes and on
    set("RUNPOD_MIN_MEMORY_GB", "lots");
    set("RUNPOD_MIN_DISK_PERCENT", "101");
    set("RUNPOD_MIN_CUDA_VERSION", "12.x");
    const PreflightOptions made = preflight_options(options_);
    EXPECT_FALSE(made.skip_gpu);
    EXPECT_EQ(made.memory_gib_min, std::nullopt);
    EXPECT_EQ(made.disk_percent_min, usual.disk_percent_min);
    EXPECT_EQ(made.cuda_version_min, 13000);
    EXPECT_EQ(made.misunderstood.size(), 3U);
}

TEST_F(PreflightVariables, AWholeNumberIsACudaVersionToo) {
    set("RUNPOD_MIN_CUDA_VERSION", "12");
    EXPECT_EQ(preflight_options(options_).cuda_version_min, 12000);
}

TEST_F(PreflightVariables, AGpuIsRequiredWhereItIsNamedOrRented) {
    EXPECT_FALSE(preflight_options(options_).gpu_required);
    set("RUNPOD_GPU_COUNT", "0");
    EXPECT_FALSE(preflight_options(options_).gpu_required);
    set("RUNPOD_GPU_COUNT", "2");
    EXPECT_TRUE(preflight_options(options_).gpu_required);
    options_.device = "cpu";
    EXPECT_FALSE(preflight_options(options_).gpu_required);
    unsetenv("RUNPOD_GPU_COUNT");
    options_.device = "cuda";
    EXPECT_TRUE(preflight_options(options_).gpu_required);
}

TEST_F(Preflight, TheHostsThatAreFetchedFromMustBeWrittenRight) {
    EXPECT_EQ(check_urls({}).verdict, Verdict::ok);
    EXPECT_EQ(check_urls({.allow_private = true}).verdict, Verdict::note);
    const Check wrong = check_urls({.hosts = {"https://a.example"}});
    EXPECT_EQ(wrong.verdict, Verdict::failed);
    EXPECT_FALSE(wrong.remedy.empty());
}

}  // namespace
}  // namespace vignette
