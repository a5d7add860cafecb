"""Processes that nobody has numbered use different cores."""

import tempfile

import pytest

from skmnist._utils import core_claims
from skmnist._utils.core_claims import claimed


@pytest.fixture(autouse=True)
def no_claims_of_others(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(core_claims, "_claims", claims := {})
    yield claims
    for claim in claims.values():
        claim.close()


def test_a_core_is_claimed_once_until_it_is_free_again(no_claims_of_others):
    assert [claimed([4, 5, 6], 1) for _ in range(4)] == [{4}, {5}, {6}, set()]
    no_claims_of_others.pop(5).close()  # as at the end of a process
    assert claimed([4, 5, 6], 1) == {5}


def test_too_few_free_cores_stay_free():
    assert claimed([1, 2, 3], 2) == {1, 2}
    assert claimed([1, 2, 3], 2) == set()
    assert claimed([1, 2, 3], 1) == {3}


def test_without_a_folder_nothing_is_claimed(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    assert claimed([1, 2], 1) == set()
