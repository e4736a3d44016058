"""scripts/bench-gpu on the CPU: says nothing about a GPU, but the script itself runs from end to end."""

import subprocess
from pathlib import Path

import pytest

from gpu import bench as bench_gpu
from gpu import reference as gpu_reference
from gpu import true_size as gpu_true_size
from gpu.checks import Lab

ROOT = Path(__file__).resolve().parents[2]


def dry_run(report, *options):
    command = [ROOT / "scripts/bench-gpu", "--dry-run", "--out", report, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def test_dry_run_of_all_sections(tmp_path):
    done = dry_run(tmp_path / "report.md")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split(":")[0] for line in done.stdout.splitlines()]
    names = ["a flash", "b graph", "c upload", "d tokens", "e true-size", "f true-llava", "g true-clip", "h lost"]
    assert lines == [*names, "report"]
    report = (tmp_path / "report.md").read_text()
    assert report.startswith("# Dry run on a CPU: says nothing about a GPU")
    assert "NOT OK" not in report


def test_sections_by_letter_and_by_name(tmp_path):
    done = dry_run(tmp_path / "report.md", "--only", "upload,a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line[0] for line in done.stdout.splitlines()[:-1]] == ["c", "a"]


def test_the_report_takes_the_place_of_the_last_one_in_the_docs(tmp_path):
    docs = tmp_path / "benchmarks.md"
    docs.write_text((ROOT / "docs/benchmarks.md").read_text())
    before = docs.read_text().partition(bench_gpu.BEGIN)[0]
    for report in ("# Measured\n\nan old figure\n", "# Measured\n\n## a. flash\n\na new one\n"):
        bench_gpu.write_docs(docs, report)
    written = docs.read_text()
    assert written.startswith(before) and "an old figure" not in written
    assert written.endswith("### Measured\n\n#### a. flash\n\na new one\n" + bench_gpu.END + "\n")
    docs.write_text("# Benchmarks\n")
    with pytest.raises(ValueError, match="has no place for the report"):
        bench_gpu.write_docs(docs, "# Measured\n")


def test_an_unknown_section_is_a_clear_error(tmp_path):
    done = dry_run(tmp_path / "report.md", "--only", "a,speed")
    assert done.returncode == 2
    assert "there is no section speed" in done.stderr
    assert not (tmp_path / "report.md").exists()


def test_without_a_gpu_it_says_so():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    done = subprocess.run([ROOT / "scripts/bench-gpu"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "no GPU" in done.stderr


def test_help_says_that_it_never_ran_on_a_gpu():
    done = subprocess.run([ROOT / "scripts/bench-gpu", "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "Never run on one so far" in done.stdout


def test_a_section_that_fails_does_not_stop_the_others(monkeypatch):
    monkeypatch.setitem(bench_gpu.SECTIONS, "c", ("upload", "gpu.tokens", "no_such_check"))
    finding = bench_gpu.run_section("c", lab=None)
    assert not finding.ok
    assert finding.line.startswith("FAILED: AttributeError")


@pytest.mark.parametrize(
    "ours, theirs, place",
    [([1, 2], [1, 2], None), ([1, 2], [1, 3], 1), ([1], [1, 2], 1), ([1, 2, 3], [1, 2], 2), ([], [], None)],
)
def test_first_difference(ours, theirs, place):
    assert gpu_reference.first_difference(ours, theirs) == place


def test_words_beyond_the_margin_are_not_fine():
    assert gpu_true_size.describe_words([None, None]) == ("2 of 2 captions have the reference's words.", True)
    assert gpu_true_size.describe_words([None, 0.009])[1]
    said, fine = gpu_true_size.describe_words([0.5, 0.001, None])
    assert not fine
    assert said.startswith("1 of 3") and "0.5 (0.01 is allowed)" in said


def test_what_is_missing_is_the_reason_of_a_skip(tmp_path, monkeypatch):
    program = tmp_path / "vignette"
    monkeypatch.setattr(gpu_reference, "PROGRAM", program)
    assert "is not built" in gpu_reference.missing(Lab(tmp_path, dry=True))
    program.touch()
    assert "1000000000 are needed (set TMPDIR)" in gpu_reference.missing(Lab(tmp_path), disk=1e18)
    assert gpu_reference.missing(Lab(tmp_path, dry=True), disk=1e18) is None


def test_a_skipped_section_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_reference, "PROGRAM", tmp_path / "vignette")
    for letter in "defgh":
        finding = bench_gpu.run_section(letter, Lab(tmp_path, dry=True))
        assert finding.ok and finding.line.startswith("skipped: "), finding.line


@pytest.mark.parametrize(
    "save, kind", [("save_llava", "LlavaNextForConditionalGeneration"), ("save_clip", "CLIPModel")]
)
def test_random_snapshots_have_every_weight_in_several_files(save, kind, tmp_path):
    import torch
    import transformers

    from big_models import published as random_snapshots

    folder = getattr(random_snapshots, save)(tmp_path / "snapshot", torch.float16, tiny=True)
    model, told = getattr(transformers, kind).from_pretrained(folder, dtype=torch.float16, output_loading_info=True)
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
    assert all(weight.isfinite().all() and weight.abs().sum() > 0 for weight in model.parameters())


def test_a_widened_tokenizer_has_a_text_for_every_row():
    from big_models import published as random_snapshots
    from tiny_models.llava_next import make_tokenizer

    entries = make_tokenizer(300, seed=1).backend_tokenizer
    wide = random_snapshots.widen(entries, 700, {"<image>": 650})
    assert wide.get_vocab_size() == 700 and wide.token_to_id("<image>") == 650
    assert wide.encode("a<image>b").ids.count(650) == 1
    with pytest.raises(AssertionError):
        random_snapshots.widen(entries, 700, {"<image>": 3})
