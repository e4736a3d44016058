#include "bundle/file_digest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

constexpr const char* digest_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, KnownAnswers) {
    EXPECT_EQ(
        sha256_hex(std::string_view()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    EXPECT_EQ(sha256_hex(std::string_view("abc")), digest_of_abc);
}

TEST(Sha256, AFileLargerThanOnePieceHasTheDigestOfItsBytes) {
    const ScratchFolder folder;
    const std::string content(3'000'001, 'x');
    EXPECT_EQ(sha256_hex_of_file(folder.write("big", content)).value(), sha256_hex(content));
}

TEST(ReadFileChecked, GivesTheContentOnlyWhenTheDigestFits) {
    const ScratchFolder folder;
    const auto file = folder.write("abc", "abc");
    EXPECT_EQ(read_file_checked(file, digest_of_abc, 3).value(), "abc");

    folder.write("abc", "abd");
    const auto changed = read_file_checked(file, digest_of_abc, 3);
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, ErrorCode::bundle_invalid);
    EXPECT_NE(changed.error().message.find(file.string()), std::string::npos);
}

TEST(ReadFile, RefusesWhatIsTooLongMissingOrNoFile) {
    const ScratchFolder folder;
    const auto file = folder.write("abc", "abc");
    for (const auto& outcome :
         {read_file(file, 2), read_file(file / "none", 2), read_file(folder.path(), 2),
          read_file("/dev/zero", 2)}) {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, ErrorCode::bundle_invalid);
    }
}

}  // namespace
}  // namespace vignette
