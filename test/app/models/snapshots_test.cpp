#include "app/models/snapshots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "fakes/scratch_folder.h"

namespace vignette {
namespace {
namespace fs = std::filesystem;

// Variables as a test sets them, each as it was again afterwards.
class Variables {
public:
    ~Variables() {
        for (const auto& [name, value] : before_) {
            if (value) {
                setenv(name.c_str(), value->c_str(), 1);
            } else {
                unsetenv(name.c_str());
            }
        }
    }
    void set(const std::string& name, const std::string& value) {
        const char* now = std::getenv(name.c_str());
        before_.emplace(name, now == nullptr ? std::nullopt : std::optional<std::string>(now));
        setenv(name.c_str(), value.c_str(), 1);
    }

private:
    std::map<std::string, std::optional<std::string>> before_;
};

class Snapshots : public testing::Test {
protected:
    Snapshots() {
        for (const char* name :
             {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "VIGNETTE_RUNPOD_CACHE", "HOME"})
            variables_.set(name, "");
        variables_.set("VIGNETTE_MODELS", place("models").string());
    }

    fs::path place(const std::string& name) const { return root_.path() / name; }
    void write(const std::string& name, std::string_view content) const {
        fs::create_directories(place(name).parent_path());
        root_.write(name, content);
    }
    // A snapshot in the layout of the hub's cache.
    fs::path cached(const std::string& cache, const std::string& revision) const {
        write(cache + "/models--people--tiny/snapshots/" + revision + "/config.json", "{}");
        return place(cache + "/models--people--tiny/snapshots/" + revision);
    }

    const ScratchFolder root_;
    Variables variables_;
};

TEST(IsHubId, IsAnOwnerAndANameAndNoWayOut) {
    EXPECT_TRUE(is_hub_id("Salesforce/blip2-opt-2.7b"));
    EXPECT_TRUE(is_hub_id("a/b_C.d-1"));
    for (const char* wrong :
         {"", "name", "/name", "owner/", "a/b/c", "../x", "a/..", "./x", "a/.hidden", "a b/c", "a/b\n"})
        EXPECT_FALSE(is_hub_id(wrong)) << wrong;
}

TEST_F(Snapshots, CachesAreAskedInTheOrderInWhichTheHubsLibraryNamesThem) {
    variables_.set("HOME", "/home/me");
    EXPECT_EQ(
        hub_caches(),
        (std::vector<fs::path>{"/home/me/.cache/huggingface/hub", "/runpod-volume/huggingface-cache/hub"})
    );
    variables_.set("HF_HUB_CACHE", "/cache");
    variables_.set("HF_HOME", "/hf");
    variables_.set("XDG_CACHE_HOME", "/xdg");
    variables_.set("VIGNETTE_RUNPOD_CACHE", "/volume");
    EXPECT_EQ(hub_caches(), (std::vector<fs::path>{"/cache", "/hf/hub", "/xdg/huggingface/hub", "/volume"}));
    variables_.set("HF_HOME", "");
    variables_.set("HF_HUB_CACHE", "/xdg/huggingface/hub");
    EXPECT_EQ(hub_caches().size(), 2U) << "one folder is asked once";
}

TEST_F(Snapshots, EveryPlaceThatHasOneIsFound) {
    variables_.set("HF_HUB_CACHE", place("cache").string());
    variables_.set("VIGNETTE_RUNPOD_CACHE", place("volume").string());
    write("models/people/tiny/config.json", "{}");
    const std::vector<fs::path> expected{
        cached("cache", "abc"), cached("volume", "abc"), cached("models", "abc"), place("models/people/tiny")
    };
    std::vector<fs::path> found;
    for (const FoundSnapshot& one : find_snapshots("people/tiny")) {
        found.push_back(one.folder);
        EXPECT_EQ(one.id, "people/tiny");
    }
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(find_snapshots("people/other").empty());
    EXPECT_TRUE(find_snapshots("../models/people").empty());
}

TEST_F(Snapshots, TheCurrentRevisionIsWhatRefsMainSays) {
    variables_.set("HF_HUB_CACHE", place("cache").string());
    const fs::path old = cached("cache", "old");
    cached("cache", "new");
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(1));
    write("cache/models--people--tiny/refs/main", "old\n");
    EXPECT_EQ(find_snapshots("people/tiny").at(0).folder, old);
}

TEST_F(Snapshots, WithoutAUsableRefsMainTheNewestIsTaken) {
    variables_.set("HF_HUB_CACHE", place("cache").string());
    const fs::path old = cached("cache", "old");
    const fs::path current = cached("cache", "new");
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(1));
    for (const char* reference : {"", "gone", "../../outside", ".."}) {
        write("cache/models--people--tiny/refs/main", reference);
        EXPECT_EQ(find_snapshots("people/tiny").at(0).folder, current) << reference;
    }
}

TEST_F(Snapshots, APathTellsItsIdOnlyInACache) {
    const fs::path snapshot = cached("anywhere", "abc");
    for (const fs::path& path : {snapshot, snapshot.parent_path().parent_path()}) {
        const auto found = snapshot_at(path);
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ(found->folder, fs::canonical(snapshot));
        EXPECT_EQ(found->id, "people/tiny");
    }
    write("plain/config.json", "{}");
    EXPECT_EQ(snapshot_at(place("plain"))->id, "");
}

TEST_F(Snapshots, APathThatIsNoFolderIsAnError) {
    write("file", "");
    fs::create_symlink("loop", place("loop"));
    for (const char* name : {"file", "loop", "nowhere"}) {
        const auto found = snapshot_at(place(name));
        ASSERT_FALSE(found.has_value()) << name;
        EXPECT_EQ(found.error().code, ErrorCode::model_not_found);
        EXPECT_NE(found.error().message.find("; "), std::string::npos);
    }
}

}  // namespace
}  // namespace vignette
