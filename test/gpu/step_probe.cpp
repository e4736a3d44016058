// Counts what a bundle asks of the card, phase by phase, on the no-op CUDA runtime: its start, the admission
// of pictures, and a steady decode step of so many rows. The plans are the engine's own (Sequence), run
// without its thread, so that each number is the same each time. Prints one JSON object.
//   step_probe BUNDLE [--graphs | --plant-wait]
//   --graphs: only steps that replay a graph. --plant-wait: with a wait for the card in each step that nobody
//   needs, which must be noticed.
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bundle/manifest.h"
#include "engine/sequence.h"
#include "gpu/noop/counts.h"
#include "model/torch_embedder.h"
#include "model/torch_model.h"

namespace {

using namespace vignette;

constexpr Size photo{640, 480};
constexpr int admissions_max = 8;  // as the engine's
constexpr int steps = 3;           // after the admission; the last is the steady one
constexpr int steps_to_graph = 6;  // by then it is recorded
constexpr int prompt_words = 8;
constexpr int film_frames = 16;  // as many as a film has where nobody says

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "step_probe: %s\n", why.c_str());
    std::exit(1);
}

template <class T>
T must(Result<T> result) {
    if (!result) die(result.error().message);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <class F>
F* find(const char* name) {
    void* symbol = dlsym(RTLD_DEFAULT, name);
    if (symbol == nullptr) die(std::string(name) + " is missing: preload the no-op runtime");
    return reinterpret_cast<F*>(symbol);
}

class Report {
public:
    explicit Report(std::string_view option) {
        if (option == "--plant-wait") planted_ = find<int()>("cudaDeviceSynchronize");
    }
    ~Report() { std::puts("}"); }
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    // Runs `work` and notes under `phase` what it asked of the card; an empty one is run only.
    void count(const std::string& phase, const std::function<void()>& work) {
        restart_peak_();
        const NoopCounts before = counts_();
        work();
        if (planted_ != nullptr) planted_();
        const NoopCounts after = counts_();
        if (phase.empty()) return;
        const auto grown = [&](auto... fields) { return ((after.*fields - before.*fields) + ...); };
        using C = NoopCounts;
        std::printf("%s\"%s\": {", first_ ? "{" : ",\n", phase.c_str());
        print("calls", grown(&C::kernels, &C::products, &C::fills, &C::replays));
        print("products", grown(&C::products));
        print("waits", grown(&C::waits));
        print("copies", grown(&C::copies_up, &C::copies_down, &C::copies_along));
        print("copied_bytes", grown(&C::bytes_up, &C::bytes_down));
        std::printf("\"peak_bytes\": %llu}", static_cast<unsigned long long>(after.peak_bytes));
        first_ = false;
    }

private:
    static void print(const char* name, std::uint64_t value) {
        std::printf("\"%s\": %llu, ", name, static_cast<unsigned long long>(value));
    }

    NoopCounts (*counts_)() = find<NoopCounts()>("noop_counts");
    void (*restart_peak_)() = find<void()>("noop_restart_peak");
    int (*planted_)() = nullptr;
    bool first_ = true;
};

Image make_photo() { return {.size = photo, .rgb = Samples(static_cast<std::size_t>(photo.pixels()) * 3)}; }

std::vector<TokenId> make_prompt(const TextRecipe& text, const ModelInput& picture) {
    constexpr TokenId word{7};
    std::vector<TokenId> prompt(static_cast<std::size_t>(picture.tokens()), text.image_token);
    prompt.insert(prompt.end(), text.prefix.begin(), text.prefix.end());
    prompt.insert(prompt.end(), prompt_words, word);
    prompt.insert(prompt.end(), text.suffix.begin(), text.suffix.end());
    return prompt;
}

// What runs at once: each its own picture, with so many beams.
class Group {
public:
    Group(Model& model, const BundleInfo& info, int pictures, int beams)
        : model_(model), slots_(model.shape().slots) {
        for (int i = 0; i < pictures; ++i) {
            std::shared_ptr<const ModelInput> picture = must(model.preprocess(make_photo(), {}));
            std::vector<TokenId> prompt = make_prompt(info.text, *picture);
            requests_.push_back(
                {.pictures = {std::move(picture)},
                 .prompt = std::move(prompt),
                 .rules = {.num_beams = beams, .end = info.text.end}}
            );
            std::optional<SlotLease> lease = slots_.lend(beams);
            if (!lease) die("the card has too few slots");
            sequences_.emplace_back(requests_.back(), *std::move(lease), model.shape().vocabulary);
        }
    }

    void admit() {
        for (auto next = sequences_.begin(); next != sequences_.end();) {
            std::vector<Sequence*> some;
            for (; next != sequences_.end() && some.size() < admissions_max; ++next) some.push_back(&*next);
            step(some, [](const Sequence& one, StepPlan& plan) { one.plan_admission(plan); });
        }
    }

    void decode() {
        std::vector<Sequence*> all;
        for (Sequence& one : sequences_) all.push_back(&one);
        step(all, [](const Sequence& one, StepPlan& plan) { one.plan_decode(plan); });
    }

    // As beside others, who go on meanwhile.
    void look_ahead() { must(model_.see(requests_.front().pictures)); }

    int prompt_length() const { return static_cast<int>(requests_.front().prompt.size()); }

    void read_part(int first, int count) {
        StepPlan plan;
        sequences_.front().plan_part(plan, first, count);
        must(model_.step(plan));
    }

private:
    template <class Add>
    void step(const std::vector<Sequence*>& some, const Add& add) {
        StepPlan plan;
        for (const Sequence* one : some) add(*one, plan);
        const StepResult result = must(model_.step(plan));
        for (std::size_t i = 0; i < some.size(); ++i) must(some[i]->advance(result.candidates[i]));
    }

    Model& model_;
    SlotPool slots_;
    std::list<GenerationRequest> requests_;  // lists: sequences point into them
    std::list<Sequence> sequences_;
};

void count_join(Model& model, const Manifest& manifest, Report& report) {
    Group group(model, manifest.info, 1, 1);
    group.look_ahead();
    Group next(model, manifest.info, 1, 1);
    report.count("a look ahead", [&] { next.look_ahead(); });
    if (!model.shape().reads_in_parts) return;
    // Two parts, and a rest that is admitted.
    const int part = std::min(model.shape().tokens_beside_others, (next.prompt_length() - 1) / 2);
    report.count("a prompt's first part", [&] { next.read_part(0, part); });
    report.count("a prompt's second part", [&] { next.read_part(part, part); });
}

// Its groups are looked at all at once.
void count_film(Model& model, const Manifest& manifest, Report& report) {
    if (!manifest.info.film) return;
    const FilmRecipe& film = *manifest.info.film;
    const int count = std::min(film_frames, film.frames_max().value_or(film_frames));
    const std::vector<Image> frames(static_cast<std::size_t>(count), make_photo());
    std::vector<double> begins;
    for (int first = 0; first < count; first += film.frames) begins.push_back(first);
    std::vector<std::shared_ptr<const ModelInput>> groups;
    for (std::unique_ptr<ModelInput>& group : must(model.preprocess_film(frames, begins, {})))
        groups.push_back(std::move(group));
    const std::string phase = "a look at a film of " + std::to_string(count) + " frames";
    report.count(phase, [&] { must(model.see(groups)); });
}

void count_captioner(const std::filesystem::path& bundle, const Manifest& manifest, Report& report) {
    std::unique_ptr<Model> model;
    const ModelOptions plain{.device = "cuda", .graphs = false};
    report.count("start", [&] { model = must(TorchModel::open(bundle, manifest, plain)); });
    const auto run = [&](int pictures, int beams, const std::string& admission, const std::string& decode) {
        Group group(*model, manifest.info, pictures, beams);
        report.count(admission, [&] { group.admit(); });
        for (int i = 1; i < steps; ++i) group.decode();
        report.count(decode, [&] { group.decode(); });
    };
    run(1, 1, "admission of 1", "step of 1, greedy");
    run(4, 1, "admission of 4", "step of 4, greedy");
    run(16, 1, "", "step of 16, greedy");
    run(1, 3, "", "step of 1, 3 beams");
    run(4, 3, "", "step of 4, 3 beams");
    count_join(*model, manifest, report);
    count_film(*model, manifest, report);
}

void count_graphs(const std::filesystem::path& bundle, const Manifest& manifest, Report& report) {
    const std::unique_ptr<Model> model = must(TorchModel::open(bundle, manifest, {.device = "cuda"}));
    const auto run = [&](int pictures, int beams, const std::string& replay) {
        Group group(*model, manifest.info, pictures, beams);
        group.admit();
        for (int i = 1; i < steps_to_graph; ++i) group.decode();
        report.count(replay, [&] { group.decode(); });
    };
    run(1, 1, "replayed step of 1, greedy");
    run(13, 1, "replayed step of 13, greedy");
    run(4, 3, "replayed step of 4, 3 beams");
}

void count_embedder(const std::filesystem::path& bundle, const Manifest& manifest, Report& report) {
    std::unique_ptr<Embedder> embedder;
    report.count("start", [&] {
        embedder = must(TorchEmbedder::open(bundle, manifest, {.device = "cuda"}));
    });
    for (const int pictures : {1, 4, 16}) {
        std::vector<std::unique_ptr<ModelInput>> inputs;
        std::vector<const ModelInput*> views;
        for (int i = 0; i < pictures; ++i) {
            inputs.push_back(must(embedder->preprocess(make_photo())));
            views.push_back(inputs.back().get());
        }
        report.count("pictures, " + std::to_string(pictures), [&] { must(embedder->embed_pictures(views)); });
    }
    const std::vector<std::vector<TokenId>> texts(4, std::vector<TokenId>(prompt_words, TokenId{7}));
    report.count("texts, 4", [&] { must(embedder->embed_texts(texts)); });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) die("name a bundle");
    const std::filesystem::path bundle = argv[1];
    const Manifest manifest = must(read_manifest(bundle));
    const std::string_view option = argc > 2 ? argv[2] : "";
    Report report(option);
    const bool captions = manifest.info.kind == BundleKind::captioner;
    const auto count_all = captions ? count_captioner : count_embedder;
    (option == "--graphs" ? count_graphs : count_all)(bundle, manifest, report);
    return 0;
}
