#include "core/host/cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

// A machine's quotas, as files.
class CpuQuota : public testing::Test {
protected:
    void is_in(std::string_view groups) const { root_.write("proc/self/cgroup", groups); }
    void put_first(const std::string& group, std::string_view quota, std::string_view period) const {
        root_.write("sys/fs/cgroup/cpu/" + group + "/cpu.cfs_quota_us", quota);
        root_.write("sys/fs/cgroup/cpu/" + group + "/cpu.cfs_period_us", period);
    }
    void put_second(const std::string& group, std::string_view max) const {
        root_.write("sys/fs/cgroup/" + group + "/cpu.max", max);
    }
    std::optional<double> found() const { return host_cores(root_.path()).quota; }

    ScratchFolder root_;
};

TEST_F(CpuQuota, OfAMachineWithoutControlGroupsIsNone) { EXPECT_EQ(found(), std::nullopt); }

TEST_F(CpuQuota, IsTheTimeOfEachPeriod) {
    is_in("0::/\n");
    put_second(".", "150000 100000\n");
    EXPECT_EQ(found(), 1.5);
}

TEST_F(CpuQuota, TheTightestOfNestedGroupsCounts) {
    is_in("0::/pod/worker\n");
    put_second("pod/worker", "400000 100000\n");
    put_second("pod", "25000 50000\n");
    put_second(".", "max 100000\n");
    EXPECT_EQ(found(), 0.5);
    put_second("pod/worker", "40000 100000\n");
    EXPECT_EQ(found(), 0.4);
}

TEST_F(CpuQuota, APathOfTheHostFallsBackToTheMountPoint) {
    put_second(".", "300000 100000\n");
    for (const char* groups : {"0::/docker/0123abcd\n", "0::/../outside\n"}) {
        is_in(groups);
        EXPECT_EQ(found(), 3) << groups;
    }
}

TEST_F(CpuQuota, TheFirstVersionIsReadWhereItCountsProcessors) {
    is_in("3:cpu,cpuacct:/docker/a\n0::/\n");
    put_second(".", "100000 100000\n");  // v2 is mounted too and counts no processors
    put_first("docker/a", "250000\n", "100000\n");
    put_first(".", "-1\n", "100000\n");
    EXPECT_EQ(found(), 2.5);
    put_first("docker/a", "-1\n", "100000\n");
    EXPECT_EQ(found(), std::nullopt) << "-1 is no limit";
}

TEST_F(CpuQuota, WhatMakesNoSenseIsNoQuota) {
    is_in("0::/\n");
    for (const char* max :
         {"", "\n", "150000", "many 100000\n", "150000 often\n", "150000 0\n", "0 100000\n"}) {
        put_second(".", max);
        EXPECT_EQ(found(), std::nullopt) << max;
    }
    is_in("3:cpu:/\n");
    put_first(".", "150000\n", "");
    EXPECT_EQ(found(), std::nullopt);
}

TEST(HostCores, OfAQuotaAFractionIsWorthAThread) {
    const auto usable = [](double quota) {
        return HostCores{.machine = 64, .allowed = 8, .quota = quota}.usable();
    };
    EXPECT_EQ(usable(1.5), 2);
    EXPECT_EQ(usable(3), 3);
    EXPECT_EQ(usable(0.1), 1);
    EXPECT_EQ(usable(7.01), 8);
    EXPECT_EQ(usable(1e15), 8) << "the mask is tighter";
    EXPECT_EQ((HostCores{.machine = 64, .allowed = 8, .quota = {}}.usable()), 8);
}

TEST(HostCores, AreThoseOfTheAffinityMask) {
    std::jthread([] {  // a mask is a thread's own
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
        ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
        EXPECT_EQ(host_cores().allowed, 1);
        EXPECT_EQ(host_cores().usable(), 1);
    })
        .join();
    EXPECT_GE(host_cores().allowed, 1);
    EXPECT_LE(host_cores().allowed, host_cores().machine);
}

}  // namespace
}  // namespace vignette
