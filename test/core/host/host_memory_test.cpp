#include "core/host/host_memory.h"

#include <gtest/gtest.h>

#include "fakes/scratch_folder.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::size_t GiB = 1024 * MiB;

// A machine of 64 GiB of which 48 are available, as files.
class HostMemoryOf : public testing::Test {
protected:
    HostMemoryOf() {
        root_.write(
            "proc/meminfo",
            "MemTotal:       67108864 kB\nMemFree:         1048576 kB\nMemAvailable:   50331648 kB\n"
        );
    }

    void put_second(
        const std::string& group, std::string_view limit, std::size_t used, std::size_t inactive
    ) {
        const std::string folder = "sys/fs/cgroup/" + group;
        root_.write(folder + "/memory.max", std::string(limit) + "\n");
        root_.write(folder + "/memory.current", std::to_string(used) + "\n");
        root_.write(
            folder + "/memory.stat", "anon 5\nactive_file 7\ninactive_file " + std::to_string(inactive) + "\n"
        );
    }
    HostMemory found() const { return host_memory(root_.path()).value(); }

    ScratchFolder root_;
};

TEST_F(HostMemoryOf, AMachineWithoutLimitsIsWhatIsAvailable) {
    EXPECT_EQ(found(), (HostMemory{.total_bytes = 64 * GiB, .available_bytes = 48 * GiB, .limited_by = ""}));
}

TEST_F(HostMemoryOf, AContainerIsWhatItsLimitLeaves) {
    root_.write("proc/self/cgroup", "0::/\n");
    put_second(".", std::to_string(8 * GiB), 3 * GiB, 0);
    EXPECT_EQ(found().total_bytes, 8 * GiB);
    EXPECT_EQ(found().available_bytes, 5 * GiB);
    EXPECT_FALSE(found().limited_by.empty());
}

TEST_F(HostMemoryOf, FilePagesThatNobodyUsesAreFree) {
    root_.write("proc/self/cgroup", "0::/\n");
    put_second(".", std::to_string(8 * GiB), 7 * GiB, 6 * GiB);
    EXPECT_EQ(found().available_bytes, 7 * GiB);
}

TEST_F(HostMemoryOf, TheTightestOfNestedLimitsCounts) {
    root_.write("proc/self/cgroup", "0::/pod/worker\n");
    put_second("pod/worker", std::to_string(16 * GiB), 1 * GiB, 0);
    put_second("pod", std::to_string(20 * GiB), 18 * GiB, 0);
    EXPECT_EQ(found().available_bytes, 2 * GiB);
    EXPECT_EQ(found().total_bytes, 16 * GiB);
    EXPECT_TRUE(found().limited_by.ends_with("sys/fs/cgroup/pod")) << found().limited_by;
}

TEST_F(HostMemoryOf, MaxIsNoLimit) {
    root_.write("proc/self/cgroup", "0::/pod\n");
    put_second("pod", "max", 60 * GiB, 0);
    EXPECT_EQ(found().available_bytes, 48 * GiB);
    EXPECT_EQ(found().limited_by, "");
}

TEST_F(HostMemoryOf, ALimitAboveWhatTheMachineHasLeftChangesNothing) {
    root_.write("proc/self/cgroup", "0::/pod\n");
    put_second("pod", std::to_string(63 * GiB), 1 * GiB, 0);
    EXPECT_EQ(found().available_bytes, 48 * GiB);
}

TEST_F(HostMemoryOf, AGroupBeyondItsLimitHasNothingLeft) {
    root_.write("proc/self/cgroup", "0::/\n");
    put_second(".", std::to_string(2 * GiB), 3 * GiB, 0);
    EXPECT_EQ(found().available_bytes, 0U);
}

TEST_F(HostMemoryOf, APathOfTheHostFallsBackToTheMountPoint) {
    for (const char* lines : {"0::/docker/0123abcd\n", "0::/../outside\n"}) {
        root_.write("proc/self/cgroup", lines);
        put_second(".", std::to_string(4 * GiB), 1 * GiB, 0);
        put_second("../outside", std::to_string(1 * GiB), 0, 0);
        EXPECT_EQ(found().available_bytes, 3 * GiB) << lines;
    }
}

TEST_F(HostMemoryOf, TheFirstVersionIsReadWhereItCountsMemory) {
    root_.write("proc/self/cgroup", "5:cpu,memory:/docker/a\n1:name=systemd:/docker/a\n0::/\n");
    put_second(".", std::to_string(1 * GiB), 0, 0);  // v2 is mounted too and counts no memory
    const std::string folder = "sys/fs/cgroup/memory/docker/a";
    root_.write(folder + "/memory.limit_in_bytes", std::to_string(10 * GiB));
    root_.write(folder + "/memory.usage_in_bytes", std::to_string(6 * GiB));
    root_.write(
        folder + "/memory.stat", "inactive_file 1\ntotal_inactive_file " + std::to_string(2 * GiB) + "\n"
    );
    root_.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
    root_.write("sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(30 * GiB));
    EXPECT_EQ(found().total_bytes, 10 * GiB);
    EXPECT_EQ(found().available_bytes, 6 * GiB);
}

TEST_F(HostMemoryOf, AMachineThatSaysNothingIsUnknown) {
    root_.write("proc/meminfo", "MemTotal: much\n");
    EXPECT_FALSE(host_memory(root_.path()).has_value());
}

TEST(HostMemory, OfThisMachineIsKnown) {
    const std::optional<HostMemory> memory = host_memory();
    ASSERT_TRUE(memory.has_value());
    EXPECT_GT(memory->available_bytes, 0U);
    EXPECT_LE(memory->available_bytes, memory->total_bytes);
}

TEST(NumberOf, WantsTheWholeKey) {
    EXPECT_EQ(number_of("file", "file_mapped 1\nfile 2\n"), 2U);
    EXPECT_EQ(number_of("MemTotal", "MemTotal:    12 kB\n"), 12U);
    EXPECT_EQ(number_of("file", "file none\n"), std::nullopt);
    EXPECT_EQ(number_of("file", ""), std::nullopt);
}

}  // namespace
}  // namespace vignette
