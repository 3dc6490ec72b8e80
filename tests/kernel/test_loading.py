"""Imports of a process are not interrupted by collections, and are left out of those that follow."""

import gc

import pytest

from holdfast.kernel.loading import loading


@pytest.fixture(autouse=True)
def _thawed() -> object:
    yield
    gc.unfreeze()


def test_nothing_is_collected_while_loading() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_loaded_is_looked_through_no_more() -> None:
    with loading():
        loaded: list[list[int]] = [[]]
    assert not any(each is loaded for each in gc.get_objects())


def test_a_failed_import_leaves_collections_on() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()
