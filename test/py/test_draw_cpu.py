"""The processor that a test run stands for: drawn from the seed, and never more than this one has."""

from house.draw_cpu import PROCESSORS, draw

OLD, AVX2, AVX512 = (environment for _, environment in PROCESSORS)


def drawn(has: set[str]) -> list[dict]:
    return [draw(seed, has) for seed in range(100)]


def test_a_seed_always_draws_the_same():
    everything = PROCESSORS[-1][0] | PROCESSORS[1][0]
    assert drawn(everything) == drawn(everything)


def test_only_what_the_processor_has_is_drawn_and_all_of_it():
    assert drawn(set()) == [OLD] * 100
    for has, possible in [({"avx2", "fma"}, [OLD, AVX2]), ({"avx2"} | PROCESSORS[-1][0], [OLD, AVX2, AVX512])]:
        found = drawn(has)
        assert all(one in found for one in possible) and all(one in possible for one in found)
