"""`skmnist export`: a model file for other programs."""

import numpy as np
import pytest
from files_of_digits import unwrapped
from sklearn.pipeline import make_pipeline

import skmnist
from skmnist.preprocessing import ColumnNormalizer


def test_a_model_of_pictures_is_exported_without_the_steps_that_read_them(
    skmnist_command, model, bytes_of_digits, tmp_path
):
    ended = skmnist_command("export", model, "digits.onnx")
    assert ended.exit_code == 0, ended.output
    assert "The model is in digits.onnx (" in ended.stdout
    exported, X = skmnist.load_exported(tmp_path / "digits.onnx"), bytes_of_digits[0]
    assert (exported.input_dtype_, exported.image_shape_) == ("uint8", (8, 8, 1))
    assert np.mean(exported.predict(X) == skmnist.load(model).predict(X)) > 0.99


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no-model", "a.onnx"], "'no-model' doesn't exist"),
        (["{model}", "a.json"], "its suffix is no format; expected one of .html, .keras, .onnx"),
        (["{model}", "nowhere/a.onnx"], "there is no folder nowhere"),
    ],
)
def test_wrong_arguments_are_named(words, message, skmnist_command, model):
    ended = skmnist_command("export", *(word.format(model=model) for word in words))
    assert ended.exit_code == 2
    assert message in unwrapped(ended.stderr)


def test_what_can_not_be_exported_is_an_error_in_one_line(skmnist_command, digits, tmp_path):
    network = skmnist.DNNClassifier(hidden_units=(8,), epochs=1, dtype="float32")
    pipeline = make_pipeline(ColumnNormalizer(), network).fit(digits[0][:100], digits[2][:100])
    skmnist.save(pipeline, tmp_path / "digits.safetensors")
    ended = skmnist_command("export", tmp_path / "digits.safetensors", "digits.tflite", "--quiet")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: Pipeline can't be exported to .tflite: step 'columnnorm")
    assert not (tmp_path / "digits.tflite").exists()
