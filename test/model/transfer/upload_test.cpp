// On the CPU, where the buffers are the same and nothing has to be waited for.
#include "model/transfer/upload.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <string>

#include "bundle/safetensors_text.h"
#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

constexpr std::size_t small_buffer = 256;

class UploadTest : public testing::Test {
protected:
    // A tensor of that many floats, at an address that no type would choose.
    void add(const std::string& name, std::size_t count) {
        const std::string begin = std::to_string(data_.size());
        std::normal_distribution<float> noise(0, 1);
        for (std::size_t i = 0; i < count; ++i) {
            const float number = noise(random_);
            data_.append(reinterpret_cast<const char*>(&number), sizeof number);
        }
        header_ += (header_.empty() ? "" : ",") + ("\"" + name + R"(":{"dtype":"F32","shape":[)") +
                   std::to_string(count) + "],\"data_offsets\":[" + begin + "," +
                   std::to_string(data_.size()) + "]}";
    }

    Safetensors open() {
        folder_.write("weights.safetensors", safetensors_text("{" + header_ + "}", data_));
        return Safetensors::open(path()).value();
    }
    std::filesystem::path path() const { return folder_.path() / "weights.safetensors"; }

    // What run() makes of all tensors, in the order of their names.
    Result<std::vector<at::Tensor>> upload(const Safetensors& file, at::ScalarType wanted = at::kFloat) {
        Upload upload(at::kCPU, small_buffer);
        std::vector<at::Tensor> made(file.tensors().size());
        std::size_t next = 0;
        for (const auto& [name, view] : file.tensors()) {
            names_.push_back(name);
            upload.add({.file = &file, .view = &view}, at::kFloat, wanted, made[next++]);
        }
        TRY(upload.run());
        return made;
    }

    void expect_as_in(const Safetensors& file, const std::vector<at::Tensor>& made) const {
        for (std::size_t i = 0; i < made.size(); ++i) {
            const TensorView& view = *file.find(names_[i]);
            ASSERT_EQ(made[i].sizes(), at::IntArrayRef(view.shape)) << names_[i];
            if (view.bytes.empty()) continue;
            EXPECT_EQ(std::memcmp(made[i].const_data_ptr(), view.bytes.data(), view.bytes.size()), 0)
                << names_[i];
        }
    }

    ScratchFolder folder_;
    std::mt19937 random_{3};
    std::string header_;
    std::string data_;
    std::vector<std::string> names_;
};

TEST_F(UploadTest, TensorsArriveWholeHoweverTheyLieInTheBuffers) {
    add("empty", 0);
    add("one", 1);
    add("fills a buffer", small_buffer / sizeof(float));
    add("many buffers", 1001);
    for (int i = 0; i < 40; ++i) add("small " + std::to_string(i), static_cast<std::size_t>(i));
    const Safetensors file = open();
    const auto made = upload(file);
    ASSERT_TRUE(made) << made.error().message;
    expect_as_in(file, *made);
}

TEST_F(UploadTest, AnotherTypeIsMadeThere) {
    add("weights", 500);
    const Safetensors file = open();
    const at::Tensor made = upload(file, at::kHalf).value().at(0);
    const at::Tensor expected = upload(file).value().at(0).to(at::kHalf);
    EXPECT_TRUE(made.equal(expected));
}

TEST_F(UploadTest, AFileThatWasCutIsAnErrorThatNamesIt) {
    add("weights", 3000);
    const Safetensors file = open();
    std::filesystem::resize_file(path(), 6000);
    const auto made = upload(file);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::weights_invalid);
    EXPECT_TRUE(made.error().message.contains("weights.safetensors was cut")) << made.error().message;
}

TEST_F(UploadTest, NothingIsNothing) {
    Upload nothing(at::kCPU);
    EXPECT_TRUE(nothing.run());
}

}  // namespace
}  // namespace vignette
