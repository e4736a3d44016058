#include "model/program.h"

#include <torch/csrc/jit/codegen/fuser/interface.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <sstream>
#include <string>

#include "model/sha256.h"
#include "model/torch_wall.h"
#include "model/weights.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::size_t program_bytes_max = 64 * MiB;  // code only: the weights lie beside it

// The profiling executor recompiles for every new shape and may fuse, which changes rounding. Without it the
// second call of a method is as fast as the thousandth.
void set_up_interpreter() {
    torch::jit::getProfilingMode() = false;
    torch::jit::setTensorExprFuserEnabled(false);
    torch::jit::overrideCanFuseOnGPU(false);
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
    const std::filesystem::path& bundle, const Manifest& manifest, const at::Device& device
) {
    set_up_interpreter();
    const std::filesystem::path path = bundle / manifest.program.file;
    Result<torch::jit::Module> module = read_program(path, manifest.program);
    if (!module && module.error().code == ErrorCode::model_failed) {
        return fail(
            ErrorCode::bundle_invalid, path.string() + " is no program of TorchScript (" +
                                           module.error().message +
                                           "); export the bundle again with scripts/export"
        );
    }
    Program program(TRY(std::move(module)));
    TRY(program.find_methods(path.string()));
    TRY(assign_weights(program.module_, manifest, bundle, device));
    return program;
}

Result<void> Program::find_methods(const std::string& file) {
    struct Entry {
        const char* name;
        std::size_t arguments;
        torch::jit::Function** function;
    };
    for (const Entry& entry :
         {Entry{"encode", 1, &encode_}, Entry{"embed", 2, &embed_}, Entry{"prefill", 5, &prefill_},
          Entry{"decode", 5, &decode_}}) {
        const auto method = module_.find_method(entry.name);
        if (!method || method->num_inputs() != entry.arguments + 1) {  // and self
            return fail(
                ErrorCode::bundle_invalid, file + " has no method " + entry.name + " of " +
                                               std::to_string(entry.arguments) +
                                               " arguments; export the bundle again with scripts/export"
            );
        }
        *entry.function = &method->function();
    }
    return {};
}

// Method's own operator() checks the schema and makes a new stack each time.
at::Tensor Program::call(torch::jit::Function& function, std::initializer_list<const at::Tensor*> arguments) {
    stack_.clear();
    stack_.emplace_back(module_._ivalue());
    for (const at::Tensor* argument : arguments) stack_.emplace_back(*argument);
    function.run(stack_);
    at::Tensor result = std::move(stack_.back()).toTensor();
    stack_.clear();
    return result;
}

}  // namespace vignette
