#include "bundle/mapping_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "bundle/safetensors.h"
#include "bundle/safetensors_text.h"
#include "fakes/scratch_folder.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t tensor_bytes = 64 * KiB;

std::string file_text(char filled_with) {
    const std::string end = std::to_string(tensor_bytes);
    return safetensors_text(
        R"({"a":{"dtype":"U8","shape":[)" + end + R"(],"data_offsets":[0,)" + end + "]}}",
        std::string(tensor_bytes, filled_with)
    );
}

struct MappingGuardTest : ::testing::Test {
    fs::path write(const char* name) {
        folder.write(name, file_text('x'));
        return folder.path() / name;
    }
    static char last_of(const Safetensors& file) { return static_cast<char>(file.find("a")->bytes.back()); }

    const ScratchFolder folder;
};

TEST_F(MappingGuardTest, WhatATruncatedFileLacksIsZerosAndIsToldUntilItIsClosed) {
    const fs::path path = write("w.safetensors");
    std::optional<Safetensors> file = Safetensors::open(path).value();
    const std::optional<Safetensors> other = Safetensors::open(write("v.safetensors")).value();
    EXPECT_EQ(last_of(*file), 'x');
    fs::resize_file(path, 4 * KiB);
    EXPECT_TRUE(check_mappings(ErrorCode::model_failed));  // nobody has used it
    EXPECT_EQ(last_of(*file), '\0');
    EXPECT_EQ(static_cast<char>(file->find("a")->bytes.front()), 'x');
    EXPECT_EQ(last_of(*other), 'x');
    for (int i = 0; i < 2; ++i) {
        const Result<void> checked = check_mappings(ErrorCode::model_failed);
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().code, ErrorCode::model_failed);
        EXPECT_FALSE(checked.error().message.contains(path.string()));
    }
    file.reset();
    EXPECT_TRUE(check_mappings(ErrorCode::model_failed));
}

TEST_F(MappingGuardTest, ATruncatedFileIsNotOpened) {
    const fs::path path = write("w.safetensors");
    fs::resize_file(path, 4 * KiB);
    const auto refused = Safetensors::open(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::weights_invalid);
    EXPECT_TRUE(refused.error().message.contains(path.string()));
}

TEST_F(MappingGuardTest, AnyOtherBusErrorEndsTheProcess) {
    const Safetensors guarded = Safetensors::open(write("w.safetensors")).value();
    const fs::path path = write("unguarded");
    const auto fault = [&] {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        void* mapped = mmap(nullptr, tensor_bytes, PROT_READ, MAP_PRIVATE, file, 0);
        fs::resize_file(path, 0);
        const char seen = *static_cast<volatile const char*>(mapped);
        _exit(seen);
    };
    EXPECT_DEATH(fault(), "");
}

TEST_F(MappingGuardTest, ABusErrorThatSomebodySendsEndsTheProcess) {
    const Safetensors guarded = Safetensors::open(write("w.safetensors")).value();
    EXPECT_DEATH(
        {
            kill(getpid(), SIGBUS);
            _exit(0);
        },
        ""
    );
}

}  // namespace
}  // namespace vignette
