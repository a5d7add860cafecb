"""`skmnist demo`: a page of a model, or of a network that is trained for it."""

import json
import re

import numpy as np
import pytest
from files_of_digits import unwrapped
from sklearn.datasets import load_digits

import skmnist
from skmnist.datasets._registry import DATASETS, Dataset
from skmnist.recipes import RECIPES, Recipe


@pytest.fixture
def shown(monkeypatch):
    """The addresses that the browser was asked to show."""
    addresses = []
    monkeypatch.setattr("webbrowser.open", lambda url: addresses.append(url) or True)
    return addresses


@pytest.fixture
def _quick(monkeypatch):
    """Train a network of one layer in place of the default one."""
    network = skmnist.DNNClassifier(hidden_units=(), epochs=1)
    monkeypatch.setitem(RECIPES, "cnn", Recipe(network, "Quick."))


def model_in(path):
    page = path.read_text(encoding="utf-8")
    return json.loads(re.findall(r'id="model">(.*?)</script>', page)[0])


def test_a_saved_model_becomes_a_page_that_is_opened(skmnist_command, model, shown, tmp_path):
    ended = skmnist_command("demo", model)
    assert (ended.exit_code, ended.stdout) == (0, "The page is in digits.html.\n")
    assert shown == [(tmp_path / "digits.html").as_uri()]
    page = model_in(tmp_path / "digits.html")
    assert page["imageShape"] == [8, 8, 1]
    assert page["classes"] == list("0123456789")


@pytest.mark.usefixtures("_quick")
def test_without_a_model_a_network_is_trained_on_a_part_of_mnist(
    skmnist_command, shown, tmp_path, monkeypatch
):
    X, y = load_digits(return_X_y=True)
    images = np.kron(X.reshape(-1, 8, 8)[:100], np.ones((2, 2))).astype(np.uint8) * 15
    mnist = (images, y[:100]), (images[:1], y[:1])
    monkeypatch.setitem(DATASETS, "mnist", Dataset(lambda random_state: mnist, "images"))
    monkeypatch.setattr("skmnist._commands.demonstration._N_IMAGES", 80)
    ended = skmnist_command("demo", "--no-open", "--output", "mine.html")
    assert ended.exit_code == 0, ended.output
    assert "80 images of 16 x 16 pixels, 10 classes" in ended.stdout
    assert "epoch 3/3" in ended.stdout
    assert shown == []
    assert model_in(tmp_path / "mine.html")["picture"] == [0, 255]


@pytest.mark.usefixtures("_quick")
@pytest.mark.filterwarnings("default:MNIST is missing:UserWarning")
def test_where_mnist_is_out_of_reach_scikit_learns_digits_take_its_place(
    skmnist_command, shown, tmp_path, monkeypatch
):
    def unreachable(random_state):
        raise OSError("no network")

    monkeypatch.setitem(DATASETS, "mnist", Dataset(unreachable, "images"))
    ended = skmnist_command("demo", "--quiet")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "Warning: MNIST is missing and can't be downloaded" in ended.stderr
    assert model_in(tmp_path / "digits.html")["imageShape"] == [8, 8, 1]
    assert len(shown) == 1


def test_a_machine_without_a_browser_gets_the_file(skmnist_command, model, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    ended = skmnist_command("demo", model)
    assert "No browser was found; open the file in one." in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "absent.safetensors"], "'absent.safetensors' doesn't exist"),
        (["demo", "--output", "page.htm"], "has the format of page.html; name it so"),
        (["demo", "--output", "absent/page.html"], "there is no folder absent"),
    ],
)
def test_a_wrong_path_is_named(skmnist_command, arguments, message):
    ended = skmnist_command(*arguments)
    assert ended.exit_code == 2
    assert message in unwrapped(ended.stderr)


def test_a_model_that_cannot_be_a_page_is_an_error_in_one_line(skmnist_command, shown, tmp_path):
    X, y = load_digits(return_X_y=True)
    member = skmnist.DNNClassifier(hidden_units=(), epochs=1)
    committee = skmnist.CommitteeClassifier([("member", member)], random_state=0)
    skmnist.save(committee.fit(X[:100], y[:100]), tmp_path / "committee.safetensors")
    ended = skmnist_command("demo", "committee.safetensors")
    assert ended.exit_code == 1
    message = (
        "CommitteeClassifier can't be exported to .html: a page is made of a network classifier"
    )
    assert ended.stderr.startswith(f"Error: {message} of skmnist")
    assert ended.stderr.count("\n") == 1
    assert shown == []
