#include "model/program.h"

#include <ATen/Context.h>
#include <torch/csrc/jit/codegen/fuser/interface.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <optional>
#include <sstream>
#include <string>

#include "bundle/file_digest.h"
#include "model/operators/own_operators.h"
#include "model/torch_wall.h"
#include "model/weights.h"
#include "vignette/bytes.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t program_bytes_max = 64 * MiB;  // code only: the weights are in files of their own

// The profiling executor recompiles for every new shape and may fuse, which changes rounding. Without it the
// second call of a method is as fast as the thousandth.
void set_up_interpreter() {
    torch::jit::getProfilingMode() = false;
    torch::jit::setTensorExprFuserEnabled(false);
    torch::jit::overrideCanFuseOnGPU(false);
    // On an H100 torch would ask cuDNN for attention, which makes a plan for each new shape, and each prompt
    // has one.
    at::globalContext().setSDPUseCuDNN(false);
}

Result<torch::jit::Module> read_program(const std::filesystem::path& path, const FileDigest& program) {
    std::string archive = TRY(read_file_checked(path, program.sha256, program_bytes_max));
    return torch_wall([&]() -> Result<torch::jit::Module> {
        std::istringstream stream(std::move(archive));
        torch::jit::Module module = torch::jit::load(stream, std::nullopt, /*load_debug_files=*/false);
        module.eval();
        return module;
    });
}

}  // namespace

Result<Program> Program::load(
    const std::filesystem::path& bundle, const Manifest& manifest, const at::Device& device,
    StartPhases& phases
) {
    TRY(check_complete(manifest));
    set_up_interpreter();
    const std::filesystem::path path = bundle / manifest.program.file;
    Result<torch::jit::Module> module = read_program(path, manifest.program);
    if (!module && module.error().code == ErrorCode::model_failed) {
        return fail(
            ErrorCode::bundle_invalid, path.string() + " is not a TorchScript program (" +
                                           module.error().message +
                                           "); export the bundle again with scripts/export"
        );
    }
    Program program(TRY(std::move(module)));
    TRY(program.find_methods(manifest, path.string()));
    const WeightsStay stay = device.is_cpu() ? WeightsStay::in_their_file : WeightsStay::on_the_device;
    TRY(torch_wall([&]() -> Result<void> {
        const PixelRecipe& pictures = manifest.info.pixels;
        const std::optional<FilmRecipe>& film = manifest.info.film;
        program.scale_ = PixelScale(pictures, device);
        const bool apart = film && film->crop && pictures.resampling == Resampling::pillow;
        program.frame_scale_ = apart ? PixelScale(*film->crop, device) : program.scale_;
        return {};
    }));
    phases.ended("program");
    NarrowWeights narrow{.type = manifest.info.weights};
    if (device.is_cpu() && manifest.info.dtype == Dtype::float32) {
        narrow.names = TRY(torch_wall([&]() -> Result<std::set<std::string, std::less<>>> {
            return use_own_operators(program.module_, program.functions());
        }));
    }
    MappedWeights mapped = TRY(
        assign_weights(program.module_, manifest, bundle, {.device = device, .stay = stay, .narrow = narrow})
    );
    program.move_ = std::make_shared<WeightsMove>(std::move(mapped));
    phases.ended("weights");
    return program;
}

// The interpreter trusts its callers: a method that takes or gives something else than it is called with
// would end the process. So another family's program must be found out here.
Result<torch::jit::Function*> Program::find(const std::string& method, std::string_view takes) const {
    const auto found = module_.find_method(method);
    if (!found) return fail(ErrorCode::bundle_invalid, "has no method " + method);
    const c10::FunctionSchema& schema = found->function().getSchema();
    const std::vector<c10::Argument>& arguments = schema.arguments();
    const std::vector<c10::Argument>& returns = schema.returns();
    bool fits = arguments.size() == takes.size() + 1 && returns.size() == 1 &&  // self comes first
                returns.front().type()->kind() == c10::TypeKind::TensorType;
    for (std::size_t i = 0; fits && i < takes.size(); ++i) {
        const c10::TypeKind wanted = takes[i] == 'i' ? c10::TypeKind::IntType : c10::TypeKind::TensorType;
        fits = arguments[i + 1].type()->kind() == wanted;
    }
    if (fits) return &found->function();
    std::string wants;
    for (const char one : takes)
        wants += (wants.empty() ? "" : ", ") + std::string(one == 'i' ? "int" : "Tensor");
    return fail(
        ErrorCode::bundle_invalid, "has a method " + method + " that is not (" + wants + ") -> Tensor"
    );
}

Result<void> Program::find_methods(const Manifest& manifest, const std::string& file) {
    struct Entry {
        const char* name;
        std::string_view takes;  // t: a tensor, i: a whole number
        torch::jit::Function** function;
        bool wanted;
    };
    const bool goes_on = module_.find_method("prefill_more").has_value();
    const bool places = manifest.info.pixels.method == PixelMethod::fit;
    const bool captions = manifest.info.kind == BundleKind::captioner;
    const bool films = manifest.info.film.has_value();
    const bool tiles = manifest.info.pixels.method == PixelMethod::anyres;
    for (const Entry& entry :
         {Entry{"encode", "t", &encode_, captions}, Entry{"encode_frames", "t", &encode_frames_, films},
          Entry{"pack", "tii", &pack_, captions && tiles}, Entry{"embed", "tt", &embed_, captions},
          Entry{"place", "tt", &place_, captions && places},
          Entry{"prefill", places ? "tttttt" : "ttttt", &prefill_, captions},
          Entry{"prefill_more", places ? "ttiitt" : "tiitt", &prefill_more_, captions && goes_on},
          Entry{"decode", places ? "ttttttt" : "tttttt", &decode_, captions},
          Entry{"embed_image", "t", &embed_image_, !captions},
          Entry{"embed_text", "t", &embed_text_, !captions}}) {
        if (!entry.wanted) continue;
        const Result<torch::jit::Function*> found = find(entry.name, entry.takes);
        if (!found) {
            return fail(
                ErrorCode::bundle_invalid, file + " " + found.error().message +
                                               ", which the manifest's family " + manifest.info.family +
                                               " needs; export the bundle again with scripts/export"
            );
        }
        *entry.function = *found;
    }
    return {};
}

std::vector<torch::jit::Function*> Program::functions() const {
    std::vector<torch::jit::Function*> found;
    for (torch::jit::Function* function :
         {encode_, encode_frames_, pack_, embed_, place_, prefill_, prefill_more_, decode_, embed_image_,
          embed_text_})
        if (function != nullptr) found.push_back(function);
    return found;
}

at::Tensor Program::pack(const at::Tensor& features, Size original) {
    stack_.clear();
    stack_.emplace_back(module_._ivalue());
    stack_.emplace_back(features);
    stack_.emplace_back(std::int64_t{original.height});
    stack_.emplace_back(std::int64_t{original.width});
    return run(pack_);
}

at::Tensor Program::prefill_more(
    const at::Tensor& embeds, const at::Tensor& places, std::int64_t slot, std::int64_t first,
    const at::Tensor& keys, const at::Tensor& values
) {
    stack_.clear();
    stack_.emplace_back(module_._ivalue());
    stack_.emplace_back(embeds);
    if (place_ != nullptr) stack_.emplace_back(places);
    stack_.emplace_back(slot);
    stack_.emplace_back(first);
    stack_.emplace_back(keys);
    stack_.emplace_back(values);
    return run(prefill_more_);
}

at::Tensor Program::decode(
    std::span<const at::Tensor> columns, const at::Tensor& keys, const at::Tensor& values
) {
    ASSERT(columns.size() == (places() ? 5U : 4U));
    const at::Tensor* const prompts = &columns[2];
    const at::Tensor* const slots = &columns[3];
    if (places())
        return call(decode_, {&columns[0], &columns[1], &columns[4], prompts, slots, &keys, &values});
    return call(decode_, {&columns[0], &columns[1], prompts, slots, &keys, &values});
}

at::Tensor Program::call(torch::jit::Function* function, std::initializer_list<const at::Tensor*> arguments) {
    stack_.clear();
    stack_.emplace_back(module_._ivalue());
    for (const at::Tensor* argument : arguments) stack_.emplace_back(*argument);
    return run(function);
}

// Method's own operator() checks the schema and makes a new stack each time.
at::Tensor Program::run(torch::jit::Function* function) {
    ASSERT(function != nullptr);
    function->run(stack_);
    at::Tensor result = std::move(stack_.back()).toTensor();
    stack_.clear();
    return result;
}

}  // namespace vignette
