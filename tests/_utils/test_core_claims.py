"""Processes that nobody has numbered use different cores."""

import os
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


def test_the_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    (tmp_path / f"skmnist-cores-{other}").mkdir()
    assert claimed([0], 1) == set()


def test_no_file_loses_its_content(tmp_path):
    folder, letter = tmp_path / f"skmnist-cores-{os.getuid()}", tmp_path / "letter"
    folder.mkdir()
    letter.write_text("Dear")
    (folder / "0").symlink_to(letter)
    assert claimed([0], 1) == {0}
    assert letter.read_text() == "Dear"
