"""What was played is never reported as measured."""

from noop_card import BUDGET_CARD
from program import ROOT


def test_bench_gpu_refuses_the_no_op_runtime(tmp_path):
    report = tmp_path / "report.md"
    done = BUDGET_CARD.run([ROOT / "scripts/bench-gpu", "--only", "flash", "--out", report])
    assert done.returncode == 2
    assert "no-op CUDA runtime" in done.stderr
    assert not report.exists()
