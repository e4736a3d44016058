#include "caption/media/overlapped_preprocess.h"

#include <gtest/gtest.h>

#include <cstring>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

namespace vignette {
namespace {

struct CopiedPixels final : ModelInput {
    int tokens() const override { return 1; }
    std::size_t bytes() const override { return rgb.size(); }
    Samples rgb;
    std::vector<std::thread::id> threads;  // that took rows, in their order
};

// Copies what it is told of when it is told.
class Copying final : public Preparation {
public:
    explicit Copying(std::latch* first_taken = nullptr, std::latch* go_on = nullptr)
        : first_taken_(first_taken), go_on_(go_on) {}

    void accept_rows(Size, std::span<const std::uint8_t> rows) override {
        pixels_->threads.push_back(std::this_thread::get_id());
        copy(rows);
        if (first_taken_ != nullptr) std::exchange(first_taken_, nullptr)->count_down();
        if (go_on_ != nullptr) std::exchange(go_on_, nullptr)->wait();
    }
    Result<std::unique_ptr<ModelInput>> finish(const Image& image) override {
        copy(image.rgb);
        return std::move(pixels_);
    }

private:
    void copy(std::span<const std::uint8_t> rows) {
        for (std::size_t i = pixels_->rgb.size(); i < rows.size(); ++i) pixels_->rgb.push_back(rows[i]);
    }

    std::unique_ptr<CopiedPixels> pixels_ = std::make_unique<CopiedPixels>();
    std::latch* first_taken_;
    std::latch* go_on_;
};

// Row by row, as a decoder fills it.
class Decoder {
public:
    explicit Decoder(Size size) {
        image.size = size;
        image.rgb.resize(static_cast<std::size_t>(size.pixels()) * 3);
    }

    void decode_until(std::int32_t end, RowSink& sink) {
        const std::size_t row = static_cast<std::size_t>(image.size.width) * 3;
        while (rows_ < end) {
            std::memset(image.rgb.data() + static_cast<std::size_t>(rows_) * row, rows_ % 251, row);
            ++rows_;
            sink.accept_rows(image.size, {image.rgb.data(), static_cast<std::size_t>(rows_) * row});
        }
    }
    void decode(RowSink& sink) { decode_until(image.size.height, sink); }

    Image image;

private:
    std::int32_t rows_ = 0;
};

constexpr Size large{300, 400};

const CopiedPixels& copied(const Result<std::unique_ptr<ModelInput>>& pixels) {
    return dynamic_cast<const CopiedPixels&>(*pixels.value());
}

TEST(OverlappedPreprocess, TheRowsAreTakenOnAnotherThreadWhileTheyAreDecoded) {
    MediaGate gate(2, 100);
    HelperThreads helpers(1);
    std::latch taken(1);
    Decoder decoder(large);
    OverlappedPreprocess start(std::make_unique<Copying>(&taken), gate, helpers);
    decoder.decode_until(200, start);
    taken.wait();  // the decoder is not through: it would wait for ever
    decoder.decode(start);
    const auto pixels = start.finish(decoder.image);
    EXPECT_EQ(copied(pixels).rgb, decoder.image.rgb);
    ASSERT_FALSE(copied(pixels).threads.empty());
    EXPECT_NE(copied(pixels).threads.front(), std::this_thread::get_id());
}

TEST(OverlappedPreprocess, ManyPicturesThroughFewHelpers) {
    MediaGate gate(8, 100);
    HelperThreads helpers(2);
    std::vector<std::jthread> decoders;
    for (int i = 0; i < 4; ++i) {
        decoders.emplace_back([&] {
            for (int round = 0; round < 8; ++round) {
                Decoder decoder(large);
                OverlappedPreprocess start(std::make_unique<Copying>(), gate, helpers);
                decoder.decode(start);
                EXPECT_EQ(copied(start.finish(decoder.image)).rgb, decoder.image.rgb);
            }
        });
    }
}

TEST(OverlappedPreprocess, WithoutAFreePlaceNobodyHelps) {
    MediaGate gate(1, 100);
    HelperThreads helpers(1);
    const auto inside = gate.enter({"a"}, 1, {});
    Decoder decoder(large);
    OverlappedPreprocess start(std::make_unique<Copying>(), gate, helpers);
    decoder.decode(start);
    const auto pixels = start.finish(decoder.image);
    EXPECT_EQ(copied(pixels).rgb, decoder.image.rgb);
    EXPECT_TRUE(copied(pixels).threads.empty());
}

TEST(OverlappedPreprocess, ASmallPictureIsNotWorthIt) {
    MediaGate gate(2, 100);
    HelperThreads helpers(1);
    Decoder decoder({64, 400});
    OverlappedPreprocess start(std::make_unique<Copying>(), gate, helpers);
    decoder.decode(start);
    EXPECT_TRUE(copied(start.finish(decoder.image)).threads.empty());
}

TEST(OverlappedPreprocess, ThePlaceIsGivenBack) {
    MediaGate gate(2, 100);
    HelperThreads helpers(9);  // one for each call: the one before may not have gone to sleep yet
    const auto inside = gate.enter({"a"}, 1, {});
    for (int round = 0; round < 3; ++round) {
        Decoder decoder(large);
        OverlappedPreprocess start(std::make_unique<Copying>(), gate, helpers);
        decoder.decode_until(200, start);
        EXPECT_FALSE(gate.try_enter());
        decoder.decode(start);
        EXPECT_TRUE(start.finish(decoder.image));
        EXPECT_TRUE(gate.try_enter());
    }
}

TEST(OverlappedPreprocess, AForgottenPictureIsNotLookedAtAnyMore) {
    MediaGate gate(2, 100);
    HelperThreads helpers(1);
    std::latch taken(1);
    std::latch go_on(1);
    OverlappedPreprocess start(std::make_unique<Copying>(&taken, &go_on), gate, helpers);
    {
        Decoder decoder(large);
        decoder.decode_until(200, start);
        taken.wait();
        go_on.count_down();
        start.forget();
    }  // the sanitizers would see who still reads
}

TEST(OverlappedPreprocess, AHelperThatNeverCameIsNotWaitedFor) {
    MediaGate gate(2, 100);
    std::latch let_go(1);
    HelperThreads helpers(1);
    EXPECT_TRUE(helpers.run([&] { let_go.wait(); }));
    Decoder decoder(large);
    {
        OverlappedPreprocess start(std::make_unique<Copying>(), gate, helpers);
        decoder.decode(start);
        EXPECT_TRUE(copied(start.finish(decoder.image)).threads.empty());
    }
    let_go.count_down();  // now it comes, and finds the work done and its owner gone
}

}  // namespace
}  // namespace vignette
