#include "app/models/find_bundle.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace vignette {
namespace {
namespace fs = std::filesystem;

class Places : public testing::Test {
protected:
    Places() {
        for (const char* name : {"first/one", "second/one", "second/two"}) {
            fs::create_directories(root_ / name);
            std::ofstream(root_ / name / "manifest.json") << "{}";
        }
        fs::create_directories(root_ / "snapshot");
        std::ofstream(root_ / "snapshot/config.json") << "{}";
        const std::string folders = (root_ / "first").string() + ":" + (root_ / "second").string();
        setenv("VIGNETTE_MODELS", folders.c_str(), 1);
    }
    ~Places() override {
        unsetenv("VIGNETTE_MODELS");
        fs::remove_all(root_);
    }

    const fs::path root_ = fs::path(testing::TempDir()) /
                           ("vignette_places_test-" + std::to_string(getpid()));  // tests run side by side
};

TEST_F(Places, ABundleIsFoundByNameInTheFirstFolderThatHasIt) {
    EXPECT_EQ(find_bundle("one").value(), root_ / "first/one");
    EXPECT_EQ(find_bundle("two").value(), root_ / "second/two");
}

TEST_F(Places, ABundleIsFoundByItsPath) {
    EXPECT_EQ(find_bundle((root_ / "second/one").string()).value(), root_ / "second/one");
}

TEST_F(Places, AMissingNameTellsWhereItWasLookedFor) {
    const auto found = find_bundle("three");
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, ErrorCode::model_not_found);
    EXPECT_NE(found.error().message.find((root_ / "second").string()), std::string::npos);
}

TEST_F(Places, ASnapshotThatIsNoBundleYetTellsHowTo) {
    const auto found = find_bundle((root_ / "snapshot").string());
    ASSERT_FALSE(found.has_value());
    EXPECT_NE(
        found.error().message.find("vignette models add " + (root_ / "snapshot").string()), std::string::npos
    );
}

TEST_F(Places, ANameIsNeverAWayOutOfTheModelFolders) {
    EXPECT_FALSE(find_named_bundle("../second").has_value());
    EXPECT_FALSE(find_named_bundle((root_ / "first/one").string()).has_value());
    EXPECT_FALSE(find_named_bundle("..").has_value());
}

}  // namespace
}  // namespace vignette
