#include "image/tiff/directory.h"

#include <set>

#include "image/exif.h"
#include "image/fixtures.h"
#include "image/tiff/tiff_bytes.h"

namespace vignette {
namespace {

using namespace std::string_literals;
using fixtures::TiffBytes;
using Role = TiffDirectory::Role;

// Exactly the file's bytes, so that the address sanitizer catches reading past them. They outlive what was
// read, which consists of views.
class TiffDirectories : public testing::Test {
protected:
    std::optional<Tiff> read(const TiffBytes& tiff) { return read(tiff.text()); }
    std::optional<Tiff> read(const std::string& text) {
        encoded_ = fixtures::to_bytes(text);
        encoded_.shrink_to_fit();
        return read_tiff(encoded_);
    }

private:
    Bytes encoded_;
};

TEST_F(TiffDirectories, ValuesAreReadInBothByteOrdersInlineAndByOffset) {
    for (const bool big_endian : {false, true}) {
        TiffBytes tiff(big_endian);
        const std::uint32_t data = tiff.behind(6);
        tiff.short_entry(256, 0x1234)
            .long_entry(257, 0x12345678)
            .entry(258, TiffBytes::short_, 3, tiff.number(data, 4))
            .entry(282, TiffBytes::rational, 1, tiff.number(data + 6, 4))
            .entry(271, TiffBytes::ascii, 6, tiff.number(data + 14, 4))
            .entry(50706, TiffBytes::byte, 4, "\1\4\0\0"s)
            .end_directory()
            .append(tiff.number(8, 2) + tiff.number(9, 2) + tiff.number(10, 2))
            .append(tiff.number(3, 4) + tiff.number(2, 4))
            .append("Leica\0"s);
        const auto read_tiff = read(tiff);
        ASSERT_TRUE(read_tiff.has_value());
        EXPECT_FALSE(read_tiff->truncated);
        const TiffDirectory& first = read_tiff->first();
        EXPECT_EQ(first.number(256), 0x1234U);
        EXPECT_EQ(first.number(257), 0x12345678U);
        EXPECT_EQ(first.find(258)->number(2), 10U);
        EXPECT_EQ(first.find(258)->number(3), std::nullopt);
        EXPECT_EQ(first.find(282)->number(), std::nullopt);
        EXPECT_EQ(first.text(271), "Leica");
        EXPECT_EQ(first.find(50706)->number(1), 4U);
        EXPECT_EQ(first.find(1), nullptr);
    }
}

TEST_F(TiffDirectories, ARatioOfNothingIsNone) {
    TiffBytes tiff;
    tiff.entry(282, TiffBytes::rational, 1, tiff.number(tiff.behind(1), 4)).end_directory();
    tiff.append(tiff.number(3, 4) + tiff.number(0, 4));
}

TEST_F(TiffDirectories, ChainedSubAndExifDirectoriesAreFound) {
    TiffBytes tiff;
    const std::uint32_t list = tiff.behind(2);
    const std::uint32_t one = list + 8;
    const std::uint32_t empty = 2 + 12 + 4;  // bytes of a directory of one entry
    tiff.entry(tiff_tag::sub_directories, TiffBytes::long_, 2, tiff.number(list, 4))
        .long_entry(tiff_tag::exif_directory, one + 2 * empty)
        .end_directory(one + 3 * empty)
        .append(tiff.number(one, 4) + tiff.number(one + empty, 4));
    for (std::uint32_t i = 0; i < 4; ++i) tiff.short_entry(256, i).end_directory();
    const auto found = read(tiff);
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->truncated);
    std::set<std::pair<std::uint32_t, Role>> seen;
    for (const TiffDirectory& directory : found->directories)
        seen.emplace(directory.number(256).value_or(99), directory.role);
    const std::set<std::pair<std::uint32_t, Role>> expected{
        {99, Role::chained}, {0, Role::sub}, {1, Role::sub}, {2, Role::exif}, {3, Role::chained}
    };
    EXPECT_EQ(seen, expected);
}

TEST_F(TiffDirectories, ADirectoryIsReadOnceHoweverOftenItIsPointedAt) {
    TiffBytes chain;
    chain.short_entry(256, 1).end_directory(8);
    EXPECT_EQ(read(chain)->directories.size(), 1U);

    TiffBytes own;
    own.long_entry(tiff_tag::sub_directories, 8).long_entry(tiff_tag::exif_directory, 8).end_directory();
    EXPECT_EQ(read(own)->directories.size(), 1U);

    TiffBytes pair;
    const std::uint32_t second = pair.behind(1);
    pair.long_entry(tiff_tag::sub_directories, second).end_directory(second);
    pair.long_entry(tiff_tag::sub_directories, 8).end_directory(8);
    EXPECT_EQ(read(pair)->directories.size(), 2U);
}

TEST_F(TiffDirectories, NoMoreDirectoriesAndFieldsAreReadThanTheBounds) {
    TiffBytes chain;
    for (std::size_t i = 0; i < 3 * tiff_directories_max; ++i) {
        const std::uint32_t next = chain.behind(1);
        chain.short_entry(256, 1).end_directory(next);
    }
    EXPECT_EQ(read(chain)->directories.size(), tiff_directories_max);

    TiffBytes subs;
    constexpr std::uint32_t many = 100'000;
    subs.entry(tiff_tag::sub_directories, TiffBytes::long_, many, subs.number(subs.behind(1), 4))
        .end_directory();
    std::string offsets;
    for (std::uint32_t i = 0; i < many; ++i) offsets += subs.number(100 + 2 * i, 4);
    EXPECT_LE(read(subs.append(offsets))->directories.size(), tiff_directories_max);

    TiffBytes wide;
    for (std::uint32_t i = 0; i < 5000; ++i) wide.short_entry(i, 1);
    EXPECT_EQ(read(wide.end_directory())->first().fields.size(), tiff_fields_max);
}

TEST_F(TiffDirectories, WhatIsPastTheEndIsLeftOutAndReported) {
    TiffBytes far;
    far.entry(271, TiffBytes::ascii, 50, far.number(0xFFFFFFF0U, 4)).short_entry(256, 7).end_directory();
    const auto found = read(far);
    EXPECT_TRUE(found->truncated);
    EXPECT_EQ(found->first().find(271), nullptr);
    EXPECT_EQ(found->first().number(256), 7U);

    TiffBytes chained;
    chained.short_entry(256, 7).end_directory(4'000'000'000U);
    EXPECT_TRUE(read(chained)->truncated);
    EXPECT_EQ(read(chained)->directories.size(), 1U);

    TiffBytes nested;
    nested.long_entry(tiff_tag::sub_directories, 100'000).end_directory();
    EXPECT_TRUE(read(nested)->truncated);

    EXPECT_EQ(read("II*\0\xF0\xFF\xFF\xFF"s), std::nullopt);
}

// 2^31 values of 8 bytes are 16 GiB; in 32 bits their size would be 0.
TEST_F(TiffDirectories, AFieldWhoseCountOverflowsIsLeftOut) {
    for (const std::uint32_t count : {0x80000000U, 0x20000000U, 0xFFFFFFFFU}) {
        TiffBytes tiff;
        tiff.entry(282, TiffBytes::rational, count, tiff.number(8, 4)).short_entry(256, 7).end_directory();
        const auto found = read(tiff);
        EXPECT_TRUE(found->truncated) << count;
        EXPECT_EQ(found->first().fields.size(), 1U) << count;
    }
}

TEST_F(TiffDirectories, FieldsWithoutValuesAndOfUnknownTypesAreLeftOut) {
    TiffBytes tiff;
    tiff.entry(256, TiffBytes::short_, 0, "\1\0\0\0"s).entry(257, 99, 1, "\1\0\0\0"s).end_directory();
    const auto found = read(tiff);
    EXPECT_TRUE(found->first().fields.empty());
    EXPECT_FALSE(found->truncated);
}

TEST_F(TiffDirectories, EveryCutIsReadWithoutASurprise) {
    TiffBytes tiff(true);
    const std::uint32_t second = tiff.behind(2) + 20;
    tiff.long_entry(tiff_tag::sub_directories, second)
        .entry(tiff_tag::date_time, TiffBytes::ascii, 20, tiff.number(tiff.behind(2), 4))
        .end_directory()
        .append("2026:05:01 12:30:00\0"s)
        .short_entry(256, 1)
        .end_directory();
    const std::string whole = tiff.text();
    EXPECT_FALSE(read(whole)->truncated);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto found = read(whole.substr(0, length));
        EXPECT_TRUE(!found || found->truncated) << length;
    }
}

TEST_F(TiffDirectories, OtherFilesAreNotTiffs) {
    TiffBytes tiff;
    tiff.short_entry(256, 1).end_directory();
    EXPECT_TRUE(read(tiff).has_value());
    for (const std::string& magic : {"II+\0"s, "MM\0+"s, "MM*\0"s, "II\0*"s, "IM*\0"s})
        EXPECT_EQ(read(magic + tiff.text().substr(4)), std::nullopt) << magic;
    EXPECT_EQ(read(""), std::nullopt);
}

Bytes dated(std::uint32_t tag, const std::string& text) {
    TiffBytes tiff;
    tiff.entry(
            tag, TiffBytes::ascii, static_cast<std::uint32_t>(text.size() + 1), tiff.number(tiff.behind(1), 4)
    )
        .end_directory()
        .append(text + "\0"s);
    return fixtures::to_bytes(tiff.text());
}

TEST(Exif, ADateIsGivenAsIso) {
    EXPECT_EQ(read_exif(dated(tiff_tag::date_time, "2026:05:01 12:30:09")).taken, "2026-05-01T12:30:09");
    EXPECT_EQ(
        read_exif(dated(tiff_tag::date_time_original, "1999:12:31 23:59:59")).taken, "1999-12-31T23:59:59"
    );
    EXPECT_EQ(read_exif(dated(tiff_tag::date_time, "2024:02:29 00:00:00")).taken, "2024-02-29T00:00:00");
}

TEST(Exif, AnInvalidDateIsEmpty) {
    for (const std::string text :
         {"0000:00:00 00:00:00", "2026:13:01 12:30:09", "2026:02:29 12:30:09", "2026:05:00 12:30:09",
          "2026:05:01 24:00:00", "2026:05:01 12:60:00", "2026:05:01 12:30:60",
          "    :  :     :  :  ", "2026-05-01 12:30:09", "2026:05:01T12:30:09", "2026:05:01 12:30:9",
          "2026:05:01 12:30:09Z", "+026:05:01 12:30:09", ""})
        EXPECT_EQ(read_exif(dated(tiff_tag::date_time, text)).taken, "") << text;
    EXPECT_EQ(read_exif(fixtures::to_bytes("no TIFF")).taken, "");
}

TEST(Exif, WhenItWasTakenWinsOverWhenTheFileWasChanged) {
    TiffBytes tiff;
    const std::uint32_t texts = tiff.behind(2);
    tiff.entry(tiff_tag::date_time, TiffBytes::ascii, 20, tiff.number(texts, 4))
        .long_entry(tiff_tag::exif_directory, texts + 40)
        .end_directory()
        .append("2026:05:01 12:30:00\0"s)
        .append("2020:01:02 03:04:05\0"s)
        .entry(tiff_tag::date_time_original, TiffBytes::ascii, 20, tiff.number(texts + 20, 4))
        .end_directory();
    EXPECT_EQ(read_exif(fixtures::to_bytes(tiff.text())).taken, "2020-01-02T03:04:05");
    std::string blank = tiff.text();
    blank.replace(texts + 20, 19, "    :  :     :  :  ");
    EXPECT_EQ(read_exif(fixtures::to_bytes(blank)).taken, "2026-05-01T12:30:00");
}

TEST(Exif, OnlyTheEightOrientationsCount) {
    for (const bool big_endian : {false, true}) {
        for (std::uint32_t value = 0; value < 12; ++value) {
            TiffBytes tiff(big_endian);
            tiff.short_entry(tiff_tag::orientation, value).end_directory();
            const int expected = value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
            EXPECT_EQ(read_exif(fixtures::to_bytes(tiff.text())).orientation, expected) << value;
        }
    }
    TiffBytes second;  // the directory of a thumbnail
    second.short_entry(256, 1).end_directory(second.behind(1));
    second.short_entry(tiff_tag::orientation, 6).end_directory();
    EXPECT_EQ(read_exif(fixtures::to_bytes(second.text())).orientation, std::nullopt);
}

int orientation_by(const ExifFacts& exif, std::string_view xmp) {
    return orientation_of(exif, std::as_bytes(std::span(xmp)));
}

TEST(Exif, WhereItDoesNotSayXmpDoes) {
    EXPECT_EQ(orientation_by({}, R"(<rdf:Description tiff:Orientation="6" other="1">)"), 6);
    EXPECT_EQ(orientation_by({}, "<tiff:Orientation>8</tiff:Orientation>"), 8);
    EXPECT_EQ(orientation_by({.orientation = 3, .taken = {}}, "<tiff:Orientation>8</tiff:Orientation>"), 3);
    EXPECT_EQ(orientation_by({.orientation = 1, .taken = {}}, "<tiff:Orientation>8</tiff:Orientation>"), 1);
    for (const std::string_view text :
         {"", "tiff:Orientation", "tiff:Orientation=\"", "<tiff:Orientation>9<", "tiff:Orientation='6'",
          "tiff:OrientationX=\"6\""})
        EXPECT_EQ(orientation_by({}, text), 1) << text;
}

}  // namespace
}  // namespace vignette
