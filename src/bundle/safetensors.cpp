#include "bundle/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "bundle/json_view.h"
#include "bundle/mapping_guard.h"
#include "core/file_descriptor.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::uint64_t header_bytes_max = 100'000'000;  // the format's own limit
constexpr std::size_t dimensions_max = 16;
constexpr const char* download_again = "; download or copy the weights again";

static_assert(std::endian::native == std::endian::little, "safetensors files are little endian");

struct TypeEntry {
    std::string_view text;
    TensorType type;
    std::size_t bytes;
};
constexpr std::array<TypeEntry, 10> types{{
    {"F64", TensorType::f64, 8},
    {"F32", TensorType::f32, 4},
    {"F16", TensorType::f16, 2},
    {"BF16", TensorType::bf16, 2},
    {"I64", TensorType::i64, 8},
    {"I32", TensorType::i32, 4},
    {"I16", TensorType::i16, 2},
    {"I8", TensorType::i8, 1},
    {"U8", TensorType::u8, 1},
    {"BOOL", TensorType::boolean, 1},
}};

const TypeEntry& entry_of(TensorType type) {
    const auto* found = std::ranges::find(types, type, &TypeEntry::type);
    ASSERT(found != types.end());
    return *found;
}

Result<TensorType> tensor_type(const JsonView& value) {
    const std::string text = TRY(value.text(16));
    const auto* found = std::ranges::find(types, text, &TypeEntry::text);
    if (found == types.end())
        return value.refuse("is " + printable(text) + ", a type this program cannot read");
    return found->type;
}

Result<std::uint64_t> unsigned_number(const JsonView& value) {
    return static_cast<std::uint64_t>(TRY(value.whole(0, std::numeric_limits<std::int64_t>::max())));
}

Result<std::vector<std::int64_t>> tensor_shape(const JsonView& value) {
    const std::vector<JsonView> sides = TRY(value.items());
    if (sides.size() > dimensions_max) return value.refuse("has too many dimensions");
    std::vector<std::int64_t> shape;
    shape.reserve(sides.size());
    for (const JsonView& side : sides)
        shape.push_back(TRY(side.whole(0, std::numeric_limits<std::int64_t>::max())));
    return shape;
}

// Empty when the product is beyond 64 bits.
std::optional<std::uint64_t> bytes_needed(const std::vector<std::int64_t>& shape, TensorType type) {
    std::uint64_t bytes = bytes_of(type);
    for (const std::int64_t side : shape) {
        if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(side), &bytes)) return std::nullopt;
    }
    return bytes;
}

Result<TensorView> tensor(const JsonView& object, std::span<const std::byte> data) {
    TensorView view;
    view.type = TRY(tensor_type(TRY(object.at("dtype"))));
    const JsonView shape = TRY(object.at("shape"));
    view.shape = TRY(tensor_shape(shape));
    const JsonView offsets = TRY(object.at("data_offsets"));
    const std::vector<JsonView> ends = TRY(offsets.items());
    if (ends.size() != 2) return offsets.refuse("must be a pair: [begin, end]");
    const std::uint64_t begin = TRY(unsigned_number(ends[0]));
    const std::uint64_t end = TRY(unsigned_number(ends[1]));
    if (begin > end || end > data.size()) {
        return offsets.refuse(
            "are " + std::to_string(begin) + " to " + std::to_string(end) + " and the file's data has " +
            std::to_string(data.size()) + " bytes"
        );
    }
    const std::optional<std::uint64_t> needed = bytes_needed(view.shape, view.type);
    if (!needed || *needed != end - begin) {
        return shape.refuse(
            shape_text(view.shape) + " of " + std::string(to_text(view.type)) + " does not fit its " +
            std::to_string(end - begin) + " bytes"
        );
    }
    view.bytes = data.subspan(begin, end - begin);
    return view;
}

// Tensors that share bytes do not save space; they are a sign of a forged or broken file.
const std::string* find_overlap(const TensorIndex& index) {
    std::vector<const TensorIndex::value_type*> order;
    order.reserve(index.size());
    for (const auto& one : index) {
        if (!one.second.bytes.empty()) order.push_back(&one);
    }
    const auto begin = [](const auto* one) { return one->second.bytes.data(); };
    std::ranges::sort(order, {}, begin);
    for (std::size_t i = 1; i < order.size(); ++i) {
        const auto before = order[i - 1]->second.bytes;
        if (before.data() + before.size() > begin(order[i])) return &order[i]->first;
    }
    return nullptr;
}

}  // namespace

std::size_t bytes_of(TensorType type) { return entry_of(type).bytes; }

std::string_view to_text(TensorType type) { return entry_of(type).text; }

std::string shape_text(std::span<const std::int64_t> shape) {
    std::string text = "[";
    for (const std::int64_t side : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(side);
    return text + "]";
}

Result<TensorIndex> parse_safetensors_header(std::span<const std::byte> content, std::string_view file) {
    const JsonSource source{
        .file = std::string(file), .code = ErrorCode::weights_invalid, .remedy = download_again
    };
    const auto refuse = [&](const std::string& what) {
        return fail(source.code, source.file + ": " + what + source.remedy);
    };
    std::uint64_t length = 0;
    if (content.size() < sizeof(length)) return refuse("too short for a safetensors file");
    std::memcpy(&length, content.data(), sizeof(length));
    const std::span<const std::byte> rest = content.subspan(sizeof(length));
    if (length > header_bytes_max || length > rest.size()) {
        return refuse(
            "not a safetensors file, or cut off: its header claims " + std::to_string(length) + " bytes"
        );
    }
    const std::string header(reinterpret_cast<const char*>(rest.data()), length);
    const nlohmann::json parsed = TRY(parse_json_object(header, source));
    TensorIndex index;
    for (const auto& [name, value] : TRY(JsonView(parsed, source).members())) {
        if (name == "__metadata__") continue;
        index.emplace(name, TRY(tensor(value, rest.subspan(length))));
    }
    if (const std::string* name = find_overlap(index)) {
        return refuse(printable(*name) + " overlaps another tensor");
    }
    return index;
}

struct Safetensors::Mapping {
    struct Pages {
        std::span<const std::byte> bytes;

        explicit Pages(std::span<const std::byte> mapped) : bytes(mapped) {}
        Pages(const Pages&) = delete;
        Pages& operator=(const Pages&) = delete;
        ~Pages() {
            // munmap takes what mmap gave, which nobody may write to in between
            if (!bytes.empty()) munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
        }
    };

    Mapping(std::span<const std::byte> mapped, FileDescriptor opened, const std::filesystem::path& name)
        : pages(mapped), guard(mapped, name), file(std::move(opened)), path(name.string()) {}

    Pages pages;
    MappingGuard guard;  // ends before the pages go
    FileDescriptor file;
    std::string path;
};

Safetensors::Safetensors(std::shared_ptr<const Mapping> mapping, TensorIndex index)
    : mapping_(std::move(mapping)), index_(std::move(index)) {}

Result<Safetensors> Safetensors::open(const std::filesystem::path& path) {
    const auto refuse = [&](const std::string& what) {
        return fail(ErrorCode::weights_invalid, path.string() + " " + what);
    };
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not block
    if (!file) return refuse(std::string("cannot be opened: ") + std::strerror(errno) + download_again);
    struct stat status{};
    const bool regular = fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
    const auto size = static_cast<std::size_t>(status.st_size);
    // Private: whatever happens in this process, the file on the disk stays as it is. Read-only: a write to
    // a weight is our bug and ends the process where it happens.
    void* mapped = regular && size > 0 ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0) : nullptr;
    if (!regular) return refuse(std::string("is not a file") + download_again);
    if (mapped == MAP_FAILED) return refuse(std::string("cannot be mapped: ") + std::strerror(errno));
    const std::span<const std::byte> content(static_cast<const std::byte*>(mapped), size);
    auto mapping = std::make_shared<const Mapping>(content, std::move(file), path);
    TensorIndex index = TRY(parse_safetensors_header(content, path.string()));
    TRY(check_mappings(ErrorCode::weights_invalid));
    return Safetensors(std::move(mapping), std::move(index));
}

const TensorView* Safetensors::find(std::string_view name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &found->second;
}

Result<void> Safetensors::read(std::span<const std::byte> part, std::span<std::byte> to) const {
    const std::byte* whole = mapping_->pages.bytes.data();
    ASSERT(part.size() == to.size() && part.data() >= whole);
    auto at = static_cast<off_t>(part.data() - whole);
    while (!to.empty()) {
        const ssize_t got = pread(mapping_->file.get(), to.data(), to.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(
                ErrorCode::weights_invalid, mapping_->path + " cannot be read: " + std::strerror(errno)
            );
        if (got == 0)
            return fail(
                ErrorCode::weights_invalid, mapping_->path + " was cut while it was read" + download_again
            );
        to = to.subspan(static_cast<std::size_t>(got));
        at += got;
    }
    return {};
}

std::size_t Safetensors::bytes() const { return mapping_->pages.bytes.size(); }

std::shared_ptr<const void> Safetensors::mapping() const { return mapping_; }

}  // namespace vignette
