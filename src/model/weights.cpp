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
#include "model/operators/linear.h"
#include "model/torch_wall.h"
#include "model/transfer/upload.h"
#include "model/transfer/weights_memory.h"

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
    WeightsAssigner(const Manifest& manifest, const WeightsPlace& place)
        : manifest_(manifest),
          device_(place.device),
          stay_(place.stay),
          narrow_(place.narrow),
          upload_(place.device) {}

    Result<void> open_files(const std::filesystem::path& bundle) {
        folder_ = weights_folder(manifest_, bundle).string();
        files_ = TRY(open_weight_files(manifest_, bundle));
        return {};
    }
    using Object = c10::intrusive_ptr<c10::ivalue::Object>;
    Result<void> assign(const Object& object);
    MappedWeights& mapped() { return mapped_; }

private:
    struct Place {  // of a parameter or a pack in its module
        Object object;
        std::size_t slot = 0;
    };
    struct Parameter {
        Place place;
        at::Tensor shape_only;
        at::Tensor part;  // of a pack, where its values go
    };

    Result<void> find_places(const Object& object, const std::string& prefix);
    const WeightPack* pack_named(std::string_view name) const;
    Result<void> lay_out(const WeightPack& pack, const std::string& name, const Place& place);
    at::ScalarType wanted_type(std::string_view parameter) const;
    Result<const at::Tensor*> load(const std::string& name, const Parameter& parameter);
    static at::Tensor map(const FoundTensor& found, at::ScalarType stored);
    at::Tensor take(const FoundTensor& found, at::ScalarType stored, const std::string& name);
    std::unexpected<Error> refuse(const std::string& what) const;

    const Manifest& manifest_;
    at::Device device_;
    WeightsStay stay_;
    const NarrowWeights& narrow_;
    std::string folder_;
    WeightFiles files_;
    // Tied parameters must stay one tensor, also when it had to be cast.
    std::map<std::pair<const TensorView*, at::ScalarType>, at::Tensor> loaded_;
    Upload upload_;  // of those that go to a GPU
    WeightsMemory memory_;
    MappedWeights mapped_;
    std::map<std::string, Parameter, std::less<>> parameters_;
    std::map<std::string, Place, std::less<>> packs_;
};

std::unexpected<Error> WeightsAssigner::refuse(const std::string& what) const {
    return fail(
        ErrorCode::weights_invalid,
        folder_ + ": " + what + "; these are not the weights the bundle was exported from: export it again"
    );
}

at::ScalarType WeightsAssigner::wanted_type(std::string_view parameter) const {
    if (narrow_.names.contains(parameter)) return to_torch(narrow_.type);
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

// In its file where it has the wanted type there.
at::Tensor WeightsAssigner::take(const FoundTensor& found, at::ScalarType stored, const std::string& name) {
    const at::Tensor mapped = map(found, stored);
    const auto make = [&](at::IntArrayRef shape, at::ScalarType type) { return memory_.make(shape, type); };
    const auto in_type = [&](at::ScalarType wanted) {
        return wanted == stored ? mapped : make(mapped.sizes(), wanted).copy_(mapped);
    };
    const at::Tensor tensor = narrow_.names.contains(name) ? narrow_weights(mapped, narrow_.type, make)
                                                           : in_type(wanted_type(name));
    if (tensor.const_data_ptr() == found.view->bytes.data())
        mapped_.push_back({found.view->bytes, found.file->mapping()});
    return tensor;
}

// Where the tensor is, or will be when all is uploaded.
Result<const at::Tensor*> WeightsAssigner::load(const std::string& name, const Parameter& parameter) {
    const std::optional<FoundTensor> found = files_.find(name, manifest_.weights);
    if (!found) return refuse("no file has the tensor " + name);
    const at::IntArrayRef shape = parameter.shape_only.sizes();
    if (!std::ranges::equal(found->view->shape, shape)) {
        return refuse(
            name + " has the shape " + shape_text(found->view->shape) + " and the program wants " +
            shape_text(std::span(shape.data(), shape.size()))
        );
    }
    const std::optional<at::ScalarType> stored = float_type(found->view->type);
    if (!stored) {
        return refuse(
            name + " is of type " + std::string(to_text(found->view->type)) + " and must be a float"
        );
    }
    const at::ScalarType wanted = wanted_type(name);
    const auto [place, is_new] = loaded_.try_emplace({found->view, wanted});
    at::Tensor& tensor = place->second;
    if (is_new && stay_ == WeightsStay::in_their_file) {
        tensor = take(*found, *stored, name);
    } else if (is_new) {
        tensor = parameter.part;
        upload_.add(*found, *stored, wanted, tensor);
    }
    if (parameter.part.defined() && !tensor.is_same(parameter.part))
        return refuse(name + " is in a pack and shares its tensor with another");
    return &tensor;
}

const WeightPack* WeightsAssigner::pack_named(std::string_view name) const {
    const auto pack = std::ranges::find_if(manifest_.weights.packs, [&](const WeightPack& one) {
        return name == one.whole || name.ends_with("." + one.whole);
    });
    return pack == manifest_.weights.packs.end() ? nullptr : &*pack;
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
            parameters_.emplace(name, Parameter{{object, slot}, value.toTensor(), {}});
        } else if (pack_named(name) != nullptr) {
            packs_.emplace(name, Place{object, slot});
        } else if (value.isTensor() && value.toTensor().is_meta()) {
            return fail(
                ErrorCode::bundle_invalid,
                "the program has a buffer without values, " + name + "; export the bundle again"
            );
        }
    }
    return {};
}

// One tensor, of whose first dimension each part has its share. Where weights stay in their file it is empty.
Result<void> WeightsAssigner::lay_out(const WeightPack& pack, const std::string& name, const Place& place) {
    if (stay_ == WeightsStay::in_their_file) {
        place.object->setSlot(place.slot, at::empty({0}));
        return {};
    }
    const auto refuse_pack = [&] {
        return fail(
            ErrorCode::bundle_invalid, "the manifest's pack " + pack.whole +
                                           " does not fit the program's parameters; export the bundle again"
        );
    };
    const std::string module = name.substr(0, name.rfind('.') + 1);
    std::vector<Parameter*> parts;
    std::vector<std::int64_t> shape;
    for (const std::string& part : pack.parts) {
        const auto found = parameters_.find(module + part);
        const bool is_free = found != parameters_.end() && !found->second.part.defined() &&
                             std::ranges::find(parts, &found->second) == parts.end();
        if (!is_free) return refuse_pack();
        const at::IntArrayRef sizes = found->second.shape_only.sizes();
        if (parts.empty()) {
            shape = sizes.vec();
            if (shape.empty()) return refuse_pack();
            shape.front() = 0;
        }
        if (sizes.size() != shape.size() ||
            !std::ranges::equal(sizes.slice(1), std::span(shape).subspan(1)) ||
            wanted_type(module + part) != wanted_type(module + pack.parts.front()))
            return refuse_pack();
        shape.front() += sizes.front();
        parts.push_back(&found->second);
    }
    const at::Tensor whole =
        at::empty(shape, at::device(device_).dtype(wanted_type(module + pack.parts.front())));
    place.object->setSlot(place.slot, whole);
    std::int64_t begin = 0;
    for (Parameter* part : parts) {
        const std::int64_t rows = part->shape_only.size(0);
        part->part = whole.narrow(0, begin, rows);
        begin += rows;
    }
    return {};
}

Result<void> WeightsAssigner::assign(const Object& object) {
    TRY(find_places(object, ""));
    for (const auto& [name, place] : packs_) TRY(lay_out(*pack_named(name), name, place));
    std::vector<std::pair<Place, const at::Tensor*>> filled;
    filled.reserve(parameters_.size());
    for (const auto& [name, parameter] : parameters_)
        filled.emplace_back(parameter.place, TRY(load(name, parameter)));
    TRY(upload_.run());
    for (const auto& [place, tensor] : filled) place.object->setSlot(place.slot, *tensor);
    return {};
}

}  // namespace

Result<MappedWeights> assign_weights(
    torch::jit::Module& module, const Manifest& manifest, const std::filesystem::path& bundle,
    const WeightsPlace& place
) {
    WeightsAssigner assigner(manifest, place);
    TRY(assigner.open_files(bundle));
    const Result<void> assigned = torch_wall([&] { return assigner.assign(module._ivalue()); });
    TRY(check_mappings(ErrorCode::weights_invalid));  // before the files go
    TRY(assigned);
    return std::move(assigner.mapped());
}

}  // namespace vignette
