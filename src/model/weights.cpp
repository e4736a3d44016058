#include "model/weights.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bundle/mapping_guard.h"
#include "bundle/weight_files.h"
#include "model/torch_wall.h"
#include "model/transfer/upload.h"

namespace vignette {
namespace {

std::optional<at::ScalarType> float_type(TensorType type) {
    switch (type) {
        case TensorType::f64: return at::kDouble;
        case TensorType::f32: return at::kFloat;
        case TensorType::f16: return at::kHalf;
        case TensorType::bf16: return at::kBFloat16;
        case TensorType::i64:
        case TensorType::i32:
        case TensorType::i16:
        case TensorType::i8:
        case TensorType::u8:
        case TensorType::boolean: return std::nullopt;
    }
    return std::nullopt;
}

class WeightsAssigner {
public:
    WeightsAssigner(const Manifest& manifest, const at::Device& device)
        : manifest_(manifest), device_(device), upload_(device) {}

    Result<void> open_files(const std::filesystem::path& bundle) {
        folder_ = weights_folder(manifest_, bundle).string();
        files_ = TRY(open_weight_files(manifest_, bundle));
        return {};
    }
    using Object = c10::intrusive_ptr<c10::ivalue::Object>;
    Result<void> assign(const Object& object);

private:
    struct Place {  // of a parameter, and what comes there
        Object object;
        std::size_t slot = 0;
        const at::Tensor* tensor = nullptr;
    };

    Result<void> find_places(const Object& object, const std::string& prefix);
    at::ScalarType wanted_type(std::string_view parameter) const;
    Result<const at::Tensor*> load(const std::string& parameter, const at::Tensor& shape_only);
    static at::Tensor map(const FoundTensor& found, at::ScalarType stored);
    std::unexpected<Error> refuse(const std::string& what) const;

    const Manifest& manifest_;
    at::Device device_;
    std::string folder_;
    WeightFiles files_;
    // Tied parameters must stay one tensor, also when it had to be cast.
    std::map<std::pair<const TensorView*, at::ScalarType>, at::Tensor> loaded_;
    Upload upload_;  // of those that go to a GPU
    std::vector<Place> places_;
};

std::unexpected<Error> WeightsAssigner::refuse(const std::string& what) const {
    return fail(
        ErrorCode::weights_invalid,
        folder_ + ": " + what + "; these are not the weights the bundle was exported from: export it again"
    );
}

at::ScalarType WeightsAssigner::wanted_type(std::string_view parameter) const {
    const bool keep = std::ranges::any_of(manifest_.weights.float32, [&](const std::string& prefix) {
        return parameter.starts_with(prefix);
    });
    return keep && manifest_.info.dtype == Dtype::float16 ? at::kFloat : to_torch(manifest_.info.dtype);
}

at::Tensor WeightsAssigner::map(const FoundTensor& found, at::ScalarType stored) {
    const TensorView& view = *found.view;
    const bool aligned = reinterpret_cast<std::uintptr_t>(view.bytes.data()) % bytes_of(view.type) == 0;
    at::Tensor tensor;
    if (aligned) {
        auto* bytes = const_cast<std::byte*>(view.bytes.data());  // mapped read-only: nobody can write to it
        tensor = at::from_blob(bytes, view.shape, [keep = found.file->mapping()](void*) {}, stored);
    } else {  // legal for the format, not for the processor
        tensor = at::empty(view.shape, stored);
        if (!view.bytes.empty()) {
            std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
        }
    }
    return tensor;
}

// Where the tensor is, or will be when all is uploaded.
Result<const at::Tensor*> WeightsAssigner::load(const std::string& parameter, const at::Tensor& shape_only) {
    const std::optional<FoundTensor> found = files_.find(parameter, manifest_.weights);
    if (!found) return refuse("no file has the tensor " + parameter);
    if (!std::ranges::equal(found->view->shape, shape_only.sizes())) {
        return refuse(
            parameter + " has the shape " + shape_text(found->view->shape) + " and the program wants " +
            shape_text(std::span(shape_only.sizes().data(), shape_only.sizes().size()))
        );
    }
    const std::optional<at::ScalarType> stored = float_type(found->view->type);
    if (!stored) {
        return refuse(
            parameter + " is of type " + std::string(to_text(found->view->type)) + " and must be a float"
        );
    }
    const at::ScalarType wanted = wanted_type(parameter);
    const auto [place, is_new] = loaded_.try_emplace({found->view, wanted});
    at::Tensor& tensor = place->second;
    if (is_new && device_.is_cpu()) tensor = map(*found, *stored).to(wanted);
    if (is_new && !device_.is_cpu()) upload_.add(*found, *stored, wanted, tensor);
    return &tensor;
}

// Walks the objects themselves: Module::named_modules() builds a list of copies, which took longer than all
// the rest. Every parameter gets a value here or the whole fails, so none can stay without.
Result<void> WeightsAssigner::find_places(const Object& object, const std::string& prefix) {
    const std::shared_ptr<c10::ClassType> type = object->type();
    for (std::size_t slot = 0; slot < type->numAttributes(); ++slot) {
        const c10::IValue& value = object->getSlot(slot);
        const std::string name = prefix + type->getAttributeName(slot);
        if (value.isObject()) {
            TRY(find_places(value.toObject(), name + "."));
        } else if (type->is_parameter(slot) && value.isTensor()) {
            places_.push_back({object, slot, TRY(load(name, value.toTensor()))});
        } else if (value.isTensor() && value.toTensor().is_meta()) {
            return fail(
                ErrorCode::bundle_invalid,
                "the program has a buffer without values, " + name + "; export the bundle again"
            );
        }
    }
    return {};
}

Result<void> WeightsAssigner::assign(const Object& object) {
    TRY(find_places(object, ""));
    TRY(upload_.run());
    for (const Place& place : places_) place.object->setSlot(place.slot, *place.tensor);
    return {};
}

}  // namespace

Result<void> assign_weights(
    torch::jit::Module& module, const Manifest& manifest, const std::filesystem::path& bundle,
    const at::Device& device
) {
    WeightsAssigner assigner(manifest, device);
    TRY(assigner.open_files(bundle));
    Result<void> assigned = torch_wall([&] { return assigner.assign(module._ivalue()); });
    TRY(check_mappings(ErrorCode::weights_invalid));  // before the files go
    return assigned;
}

}  // namespace vignette
