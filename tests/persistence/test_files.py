"""Files of earlier versions are read; of later ones an error says which release reads them."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.datasets import load_digits

from skmnist.persistence import load

FOLDER = Path(__file__).parent / "files"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())


def test_each_file_has_its_expected_predictions_and_is_small():
    files = {path.stem: path.stat().st_size for path in FOLDER.glob("*.safetensors")}
    assert files.keys() == EXPECTED.keys()
    assert max(files.values()) < 30_000


@pytest.mark.parametrize("name", EXPECTED)
# scikit-learn warns of its own objects if they are of another of its versions.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_a_file_of_an_earlier_version_predicts_what_it_did(name):
    X = load_digits().data[-10:]
    answers = getattr(load(FOLDER / f"{name}.safetensors"), EXPECTED[name]["method"])(X)
    np.testing.assert_allclose(answers, EXPECTED[name]["answers"], atol=1e-4)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_first_digit_of_a_file_is_its_format(name):
    with safe_open(FOLDER / f"{name}.safetensors", framework="np") as file:
        content = json.loads(file.metadata()["skmnist"])
    assert content["format_version"] == int(name[0])


@pytest.mark.parametrize(
    ("release", "advice"),
    [
        ("9.1.0", r'by skmnist 9\.1\.0: pip install "skmnist>=9\.1\.0"'),
        ("9; rm -rf ~", "by a newer skmnist: pip install --upgrade skmnist"),
        (None, "by a newer skmnist: pip install --upgrade skmnist"),
    ],
)
def test_a_newer_format_is_refused_with_the_release_to_install(tmp_path, release, advice):
    source = FOLDER / "1-dense.safetensors"
    with safe_open(source, framework="np") as file:
        content = json.loads(file.metadata()["skmnist"])
    content.update(format_version=3, news=[], versions={"skmnist": release})
    save_file(load_file(source), tmp_path / "new", {"skmnist": json.dumps(content)})
    with pytest.raises(ValueError, match=f"expected format version 1 or 2; got 3, .*{advice}"):
        load(tmp_path / "new")
