#include "core/host/control_groups.h"

#include <gtest/gtest.h>

#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

// "v2: pod/worker pod .", the folders as seen from /sys/fs/cgroup.
std::string groups_of(std::string_view resource, std::string_view lines) {
    const ScratchFolder root;
    root.write("proc/self/cgroup", lines);
    const ControlGroups groups = control_groups(resource, root.path());
    std::string text = groups.first_version ? "v1:" : "v2:";
    for (const std::filesystem::path& folder : groups.folders) {
        const std::filesystem::path inside = folder.lexically_relative(root.path() / "sys/fs/cgroup");
        text += " " + inside.lexically_normal().string();
    }
    return text;
}

TEST(ControlGroups, GoFromTheProcesssOwnToTheMountPoint) {
    EXPECT_EQ(groups_of("memory", "0::/pod/worker\n"), "v2: pod/worker pod .");
    EXPECT_EQ(groups_of("cpu", "0::/\n"), "v2: .");
}

TEST(ControlGroups, OfTheFirstVersionHaveAMountPointForEachResource) {
    const std::string_view lines = "0::/\n5:cpu,cpuacct:/a:b\n4:memory:/c/d\n1:name=systemd:/e\n";
    EXPECT_EQ(groups_of("cpu", lines), "v1: cpu/a:b cpu");
    EXPECT_EQ(groups_of("memory", lines), "v1: memory/c/d memory/c memory");
    EXPECT_EQ(groups_of("cpu", "5:cpuset:/a\n0::/b\n"), "v2: b .") << "the whole name counts";
}

TEST(ControlGroups, OutsideWhatThisProcessMaySeeAreTheMountPoint) {
    EXPECT_EQ(groups_of("cpu", "0::/../outside\n"), "v2: .");
}

TEST(ControlGroups, AreNoneWhereTheKernelNamesNone) {
    EXPECT_EQ(groups_of("cpu", ""), "v2:");
    EXPECT_EQ(groups_of("cpu", "4:memory:/a\nnonsense\n:\n"), "v2:");
    EXPECT_TRUE(control_groups("cpu", "/no/such/root").folders.empty());
}

TEST(FirstNumber, IsAWordOfItsOwn) {
    EXPECT_EQ(first_number("150000 100000\n"), 150'000U);
    EXPECT_EQ(first_number("   12 kB"), 12U);
    EXPECT_EQ(first_number("0"), 0U);
    for (const char* none : {"", " \n", "max 100000\n", "-1\n", "12kB", "1.5", "99999999999999999999"})
        EXPECT_EQ(first_number(none), std::nullopt) << none;
}

}  // namespace
}  // namespace vignette
