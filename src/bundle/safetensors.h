// Tensors in a safetensors file, looked up by name without reading them: the file is mapped, not loaded.
// Immutable after opening, for any thread. Weights are replaced by renaming a new file over the old one,
// never by writing into it: what a truncated file lacks is zeros, and check_mappings() tells (mapping_guard).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vignette/error.h"

namespace vignette {

enum class TensorType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t bytes_of(TensorType type);
std::string_view to_text(TensorType type);  // as the format spells it: "BF16"

struct TensorView {
    TensorType type = TensorType::f32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;  // at any address: no alignment is promised
};

std::string shape_text(std::span<const std::int64_t> shape);  // "[2, 3]"

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using TensorIndex = std::unordered_map<std::string, TensorView, TextHash, std::equal_to<>>;

// `content` is a whole file; the views look into it. `file` is what messages call it.
Result<TensorIndex> parse_safetensors_header(std::span<const std::byte> content, std::string_view file);

class Safetensors {
public:
    static Result<Safetensors> open(const std::filesystem::path& path);

    const TensorView* find(std::string_view name) const;
    const TensorIndex& tensors() const { return index_; }
    std::size_t bytes() const;

    // Reads a part of a tensor's bytes from the file instead of the mapping: in one go from a cold disk, and
    // a file that was cut is an error. Any thread.
    Result<void> read(std::span<const std::byte> part, std::span<std::byte> to) const;

    // Keep this as long as a tensor's bytes are in use. Shared, because tensors that use the bytes in place
    // live as long as the model's last copy of them, which torch decides, and not as long as this object.
    std::shared_ptr<const void> mapping() const;

private:
    struct Mapping;
    Safetensors(std::shared_ptr<const Mapping> mapping, TensorIndex index);

    std::shared_ptr<const Mapping> mapping_;
    TensorIndex index_;  // looks into mapping_
};

}  // namespace vignette
