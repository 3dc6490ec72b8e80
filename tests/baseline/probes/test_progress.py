"""How far runs are, also several at once, and after one that failed."""

import pytest

from holdfast.baseline.probes.progress import Progress, ProgressBoard

NOTHING = Progress(0, 0, ())


def test_a_run_is_told_probe_by_probe_and_then_forgotten() -> None:
    board = ProgressBoard()
    with board.run(["a", "b"]) as finished:
        assert board.now() == Progress(0, 2, ("a", "b"))
        finished("a")
        assert board.now() == Progress(1, 2, ("b",))
    assert board.now() == NOTHING


def test_runs_beside_each_other_are_counted_together() -> None:
    board = ProgressBoard()
    with board.run(["slow"]):
        with board.run(["a", "b"]) as finished:
            finished("b")
            assert board.now() == Progress(1, 3, ("slow", "a"))
        assert board.now() == Progress(2, 3, ("slow",))
    assert board.now() == NOTHING


def test_a_run_that_fails_leaves_nothing() -> None:
    board = ProgressBoard()
    with pytest.raises(RuntimeError), board.run(["a"]):
        raise RuntimeError
    assert board.now() == NOTHING
