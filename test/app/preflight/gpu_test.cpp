#include "app/preflight/gpu.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "vignette/bytes.h"

namespace vignette {
namespace {

// A driver without a GPU: devices that keep bytes in this process, and faults that a test may ask for.
struct FakeDriver {
    int devices = 2;
    int cuda_version = 13000;
    int init_error = 0;
    std::map<int, int> allocate_errors;  // by device
    bool forgets = false;                // what is read back differs
    bool names_errors = true;
    std::map<int, std::size_t> free_bytes;  // by device

    int current = -1;
    int contexts = 0;
    std::map<unsigned long long, std::vector<std::byte>> blocks;
    int allocations = 0;
};

FakeDriver* fake = nullptr;  // plain function pointers have no other place to keep it

GpuDriver functions() {
    GpuDriver driver;
    driver.init = [](unsigned) { return fake->init_error; };
    driver.version = [](int* version) { return *version = fake->cuda_version, 0; };
    driver.count = [](int* devices) { return *devices = fake->devices, 0; };
    driver.device = [](int* device, int ordinal) { return *device = 10 + ordinal, 0; };
    driver.name = [](char* name, int bytes, int) {
        return std::strncpy(name, "Fake 9000", static_cast<std::size_t>(bytes)), 0;
    };
    driver.attribute = [](int* value, int attribute, int) { return *value = attribute == 75 ? 8 : 9, 0; };
    driver.retain = [](void** context, int device) {
        ++fake->contexts;
        fake->current = device - 10;
        return *context = &fake->current, 0;
    };
    driver.release = [](int) { return --fake->contexts, 0; };
    driver.push = [](void* context) { return context == &fake->current ? 0 : 201; };
    driver.pop = [](void**) { return fake->current = -1, 0; };
    driver.memory = [](std::size_t* free, std::size_t* total) {
        const auto told = fake->free_bytes.find(fake->current);
        *free = told == fake->free_bytes.end() ? 6 * KiB * MiB : told->second;
        return *total = 8 * KiB * MiB, 0;
    };
    driver.allocate = [](unsigned long long* address, std::size_t bytes) {
        const auto error = fake->allocate_errors.find(fake->current);
        if (error != fake->allocate_errors.end()) return error->second;
        *address = 4096 + static_cast<unsigned long long>(++fake->allocations);
        fake->blocks[*address].resize(bytes);
        return 0;
    };
    driver.free = [](unsigned long long address) { return fake->blocks.erase(address) == 1 ? 0 : 1; };
    driver.write = [](unsigned long long address, const void* from, std::size_t bytes) {
        std::memcpy(fake->blocks.at(address).data(), from, bytes);
        if (fake->forgets) fake->blocks.at(address).at(bytes - 1) ^= std::byte{1};
        return 0;
    };
    driver.read = [](void* to, unsigned long long address, std::size_t bytes) {
        return std::memcpy(to, fake->blocks.at(address).data(), bytes), 0;
    };
    driver.error_name = [](int error, const char** name) {
        *name = error == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_SYSTEM_NOT_READY";
        return fake->names_errors ? 0 : 1;
    };
    return driver;
}

class GpuProbe : public testing::Test {
protected:
    GpuProbe() { fake = &driver_; }
    ~GpuProbe() override {
        EXPECT_EQ(driver_.contexts, kept_) << "a context was kept";
        EXPECT_TRUE(driver_.blocks.empty()) << "memory was kept";
        fake = nullptr;
    }
    std::string failure() const {
        const Result<Gpus> found = probe_gpus(functions());
        return found ? "none" : found.error().message;
    }

    FakeDriver driver_;
    int kept_ = 0;  // contexts, at the end
};

TEST_F(GpuProbe, TellsTheDriverAndEachDevice) {
    const Result<Gpus> found = probe_gpus(functions());
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(found->driver);
    EXPECT_EQ(found->cuda_version, 13000);
    const Gpu gpu{
        .name = "Fake 9000", .architecture = 89, .free_bytes = 6 * KiB * MiB, .total_bytes = 8 * KiB * MiB
    };
    EXPECT_EQ(found->devices, (std::vector{gpu, gpu}));
    EXPECT_EQ(driver_.allocations, 2);
}

TEST_F(GpuProbe, ALookWritesNothing) {
    driver_.allocate_errors[1] = 2;
    const Result<Gpus> found = probe_gpus(functions(), GpuCheck::look);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->devices.size(), 2U);
    EXPECT_EQ(driver_.allocations, 0);
}

TEST_F(GpuProbe, TheFreestOfSeveralIsFoundAndOneIsNotEvenLookedAt) {
    driver_.devices = 3;
    EXPECT_EQ(freest_gpu(functions()).value(), 0);  // of equals the first
    driver_.free_bytes = {{0, 5 * KiB * MiB}, {2, 7 * KiB * MiB}};
    EXPECT_EQ(freest_gpu(functions()).value(), 2);
    EXPECT_EQ(driver_.allocations, 0);
    driver_.devices = 1;
    EXPECT_EQ(freest_gpu(functions()).value(), std::nullopt);
    driver_.init_error = 100;
    EXPECT_EQ(freest_gpu(functions()).value(), std::nullopt);
    driver_.init_error = 802;
    EXPECT_FALSE(freest_gpu(functions()));
}

TEST_F(GpuProbe, TheContextOfAnOnlyDeviceStaysForTheModel) {
    driver_.devices = 1;
    ASSERT_TRUE(probe_gpus(functions(), GpuCheck::look));
    EXPECT_EQ(driver_.contexts, 0);
    ASSERT_TRUE(probe_gpus(functions()));
    kept_ = 1;
}

TEST_F(GpuProbe, NoDeviceIsNoError) {
    driver_.devices = 0;
    EXPECT_TRUE(probe_gpus(functions()).value().devices.empty());
    driver_.init_error = 100;
    EXPECT_TRUE(probe_gpus(functions()).value().devices.empty());
}

TEST_F(GpuProbe, ADriverThatDoesNotStartIsNamedWithItsError) {
    driver_.init_error = 802;
    EXPECT_NE(failure().find("cuInit failed with CUDA_ERROR_SYSTEM_NOT_READY; "), std::string::npos)
        << failure();
}

TEST_F(GpuProbe, AFailedAllocationOnTheSecondDeviceIsAFailure) {
    driver_.allocate_errors[1] = 2;
    EXPECT_NE(
        failure().find("cuMemAlloc of 4 MiB on device 1 (Fake 9000) failed with CUDA_ERROR_OUT_OF_MEMORY"),
        std::string::npos
    ) << failure();
}

TEST_F(GpuProbe, OneByteThatDiffersIsAFailure) {
    driver_.forgets = true;
    EXPECT_NE(failure().find("read back from device 0 (Fake 9000)"), std::string::npos) << failure();
}

TEST_F(GpuProbe, AnErrorThatTheDriverHasNoNameForIsANumber) {
    driver_.names_errors = false;
    driver_.allocate_errors[0] = 717;
    EXPECT_NE(failure().find("CUDA error 717"), std::string::npos) << failure();
}

TEST(GpuProbeHere, IsNoErrorWhereThereIsNoDriver) {
    const Result<Gpus> found = probe_gpus();
    if (found && found->driver) GTEST_SKIP() << "this machine has one";
    ASSERT_TRUE(found.has_value()) << found.error().message;
    EXPECT_TRUE(found->devices.empty());
}

}  // namespace
}  // namespace vignette
