#include "app/preflight/gpu.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr int no_device = 100;  // CUDA_ERROR_NO_DEVICE: a driver and nothing to drive
constexpr std::size_t probe_bytes = 4 * MiB;

constexpr const char* restart = "; restart the machine or use another one, and check it with nvidia-smi";

template <class Function>
void find(void* library, const char* name, Function*& function, std::string& missing) {
    void* symbol = dlsym(library, name);
    if (symbol == nullptr && missing.empty()) missing = name;
    function = std::bit_cast<Function*>(symbol);
}

// The suffixes are the driver's own: cuda.h maps the plain names to them.
Result<GpuDriver> functions_of(void* library) {
    GpuDriver driver;
    std::string missing;
    find(library, "cuInit", driver.init, missing);
    find(library, "cuDriverGetVersion", driver.version, missing);
    find(library, "cuDeviceGetCount", driver.count, missing);
    find(library, "cuDeviceGet", driver.device, missing);
    find(library, "cuDeviceGetName", driver.name, missing);
    find(library, "cuDeviceGetAttribute", driver.attribute, missing);
    find(library, "cuDevicePrimaryCtxRetain", driver.retain, missing);
    find(library, "cuDevicePrimaryCtxRelease_v2", driver.release, missing);
    find(library, "cuCtxPushCurrent_v2", driver.push, missing);
    find(library, "cuCtxPopCurrent_v2", driver.pop, missing);
    find(library, "cuMemGetInfo_v2", driver.memory, missing);
    find(library, "cuMemAlloc_v2", driver.allocate, missing);
    find(library, "cuMemFree_v2", driver.free, missing);
    find(library, "cuMemcpyHtoD_v2", driver.write, missing);
    find(library, "cuMemcpyDtoH_v2", driver.read, missing);
    find(library, "cuGetErrorName", driver.error_name, missing);
    if (missing.empty()) return driver;
    return fail(ErrorCode::unavailable, "the NVIDIA driver has no " + missing + "; install a newer driver");
}

std::string error_name(const GpuDriver& driver, int error) {
    const char* name = nullptr;
    if (driver.error_name(error, &name) == 0 && name != nullptr) return name;
    return "CUDA error " + std::to_string(error);
}

// The outcome of one call, with the device it was for; `device` is empty for the driver as a whole.
Result<void> done(const GpuDriver& driver, int error, std::string_view call, std::string_view device = {}) {
    if (error == 0) return {};
    const std::string where = device.empty() ? "" : " on " + std::string(device);
    return fail(
        ErrorCode::unavailable,
        std::string(call) + where + " failed with " + error_name(driver, error) + restart
    );
}

// The device's primary context, which is also torch's, current while this lives.
class Context {
public:
    Context(const GpuDriver& driver, int device) : driver_(driver), device_(device) {}
    ~Context() {
        void* popped = nullptr;
        if (current_) driver_.pop(&popped);
        if (retained_ && !kept_) driver_.release(device_);
    }
    // For the process: torch would make it again, which takes a third of a second.
    void keep() { kept_ = true; }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Result<void> enter(std::string_view name) {
        void* context = nullptr;
        TRY(done(driver_, driver_.retain(&context, device_), "cuDevicePrimaryCtxRetain", name));
        retained_ = true;
        TRY(done(driver_, driver_.push(context), "cuCtxPushCurrent", name));
        current_ = true;
        return {};
    }

private:
    const GpuDriver& driver_;
    int device_;
    bool retained_ = false;
    bool kept_ = false;
    bool current_ = false;
};

// Bytes that differ everywhere, so that neither zeros nor a shifted copy can pass for them.
std::vector<std::uint32_t> pattern() {
    std::vector<std::uint32_t> numbers(probe_bytes / sizeof(std::uint32_t));
    std::uint32_t next = 1;
    for (std::uint32_t& number : numbers) number = next = next * 1664525U + 1013904223U;
    return numbers;
}

Result<void> write_and_read(const GpuDriver& driver, unsigned long long address, std::string_view name) {
    const std::vector<std::uint32_t> written = pattern();
    std::vector<std::uint32_t> read(written.size());
    TRY(done(driver, driver.write(address, written.data(), probe_bytes), "cuMemcpyHtoD", name));
    TRY(done(driver, driver.read(read.data(), address, probe_bytes), "cuMemcpyDtoH", name));
    if (read == written) return {};
    return fail(
        ErrorCode::unavailable,
        "what was read back from " + std::string(name) + " is not what was written" + restart
    );
}

Result<void> try_memory(const GpuDriver& driver, std::string_view name) {
    unsigned long long address = 0;
    TRY(done(driver, driver.allocate(&address, probe_bytes), "cuMemAlloc of 4 MiB", name));
    Result<void> outcome = write_and_read(driver, address, name);
    const int freed = driver.free(address);
    TRY(outcome);
    return done(driver, freed, "cuMemFree", name);
}

Result<int> architecture(const GpuDriver& driver, int device, std::string_view place) {
    constexpr int major_attribute = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, and _MINOR
    constexpr int minor_attribute = 76;
    int major = 0;
    int minor = 0;
    TRY(done(driver, driver.attribute(&major, major_attribute, device), "cuDeviceGetAttribute", place));
    TRY(done(driver, driver.attribute(&minor, minor_attribute, device), "cuDeviceGetAttribute", place));
    return major * 10 + minor;
}

Result<Gpu> probe(const GpuDriver& driver, int ordinal, GpuCheck how, bool is_only_one) {
    std::string place = "device " + std::to_string(ordinal);
    int device = 0;
    TRY(done(driver, driver.device(&device, ordinal), "cuDeviceGet", place));
    std::array<char, 256> name{};
    TRY(done(
        driver, driver.name(name.data(), static_cast<int>(name.size() - 1), device), "cuDeviceGetName", place
    ));
    place += std::string(" (") + name.data() + ")";
    Gpu gpu{.name = name.data(), .architecture = TRY(architecture(driver, device, place))};
    Context context(driver, device);
    TRY(context.enter(place));
    std::size_t free = 0;
    std::size_t total = 0;
    TRY(done(driver, driver.memory(&free, &total), "cuMemGetInfo", place));
    gpu.free_bytes = free;
    gpu.total_bytes = total;
    if (how == GpuCheck::trial) TRY(try_memory(driver, place));
    if (how == GpuCheck::trial && is_only_one) context.keep();
    return gpu;
}

// Never closed: the driver starts threads, and torch uses the same copy.
void* open_driver() { return dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL); }

// None where there is no device.
Result<int> count_devices(const GpuDriver& driver) {
    int count = 0;
    const int started = driver.init(0);
    if (started == no_device) return count;
    TRY(done(driver, started, "cuInit"));
    TRY(done(driver, driver.count(&count), "cuDeviceGetCount"));
    return count;
}

}  // namespace

Result<Gpus> probe_gpus(GpuCheck how) {
    void* library = open_driver();
    if (library == nullptr) return Gpus{};
    return probe_gpus(TRY(functions_of(library)), how);
}

Result<std::optional<int>> freest_gpu() {
    void* library = open_driver();
    if (library == nullptr) return std::nullopt;
    return freest_gpu(TRY(functions_of(library)));
}

Result<std::optional<int>> freest_gpu(const GpuDriver& driver) {
    if (TRY(count_devices(driver)) < 2) return std::nullopt;
    return freest_of(TRY(probe_gpus(driver, GpuCheck::look)).devices);
}

int freest_of(const std::vector<Gpu>& gpus) {
    const auto freest = std::ranges::max_element(gpus, {}, &Gpu::free_bytes);
    return static_cast<int>(freest - gpus.begin());
}

Result<Gpus> probe_gpus(const GpuDriver& driver, GpuCheck how) {
    Gpus found{.driver = true};
    TRY(done(driver, driver.version(&found.cuda_version), "cuDriverGetVersion"));
    const int count = TRY(count_devices(driver));
    for (int ordinal = 0; ordinal < count; ++ordinal)
        found.devices.push_back(TRY(probe(driver, ordinal, how, count == 1)));
    return found;
}

}  // namespace vignette
