#include "app/files/read_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace vignette {
namespace {

Result<Bytes> read_binary_file(const std::filesystem::path& path, std::size_t bytes_max) {
    return TRY(InputFile::open(path)).read(bytes_max);
}

class Files : public testing::Test {
protected:
    std::filesystem::path write(std::size_t bytes) const {
        std::ofstream(path_, std::ios::binary) << std::string(bytes, 'x');
        return path_;
    }
    void TearDown() override { std::filesystem::remove(path_); }

private:
    std::filesystem::path path_ =
        std::filesystem::path(testing::TempDir()) /
        ("vignette_files_test-" + std::to_string(getpid()));  // tests run side by side
};

TEST_F(Files, AreReadWholeUpToTheLimit) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 256 * KiB, 256 * KiB + 1, 1 * MiB}) {
        const Result<Bytes> content = read_binary_file(write(size), 1 * MiB);
        ASSERT_TRUE(content.has_value()) << size;
        EXPECT_EQ(content->size(), size);
    }
}

TEST_F(Files, LargerThanTheLimitAreRefused) {
    const Result<std::string> content = read_text_file(write(1 * MiB + 1), 1 * MiB);
    ASSERT_FALSE(content.has_value());
    EXPECT_EQ(content.error().code, ErrorCode::too_large);
}

TEST_F(Files, ThatNeverEndAreCutOffAtTheLimit) {
    const Result<Bytes> content = read_binary_file("/dev/zero", 1 * MiB);
    ASSERT_FALSE(content.has_value());
    EXPECT_EQ(content.error().code, ErrorCode::too_large);
}

TEST_F(Files, ThatAreMissingOrFoldersAreUsageErrorsThatNameThem) {
    for (const char* path : {"/no/such/file", "/proc"}) {
        const Result<Bytes> content = read_binary_file(path, 1 * MiB);
        ASSERT_FALSE(content.has_value());
        EXPECT_EQ(content.error().code, ErrorCode::usage);
        EXPECT_NE(content.error().message.find(path), std::string::npos);
    }
}

TEST_F(Files, APipeIsReadOnceAndItsBeginningIsKnownFirst) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const std::string sent(1000, 'p');
    ASSERT_EQ(::write(ends[1], sent.data(), sent.size()), 1000);
    close(ends[1]);
    Result<InputFile> file = InputFile::open("/dev/fd/" + std::to_string(ends[0]));
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->head().size(), 256U);
    const Result<Bytes> content = (*std::move(file)).read(1 * MiB);
    close(ends[0]);
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(*content, Bytes(1000, std::byte{'p'}));
}

}  // namespace
}  // namespace vignette
