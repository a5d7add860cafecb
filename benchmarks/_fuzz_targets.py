"""What the fuzzer attacks: for each reader of files, how files are made, changed, read and judged.

A new reader is one more class with these four methods, and one line in `TARGETS`.
"""

import gzip
import io
import json
import math
import struct
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
from _mutations import (
    NAMES,
    Mutated,
    bytes_changed,
    idx_changed,
    json_changed,
    safetensors_changed,
    signed_with,
)
from sklearn.datasets import load_digits

TEXTS = ["a great film", "what a bore", "isn't it great?"] * 5
_MOST_FEATURES = 10**5
_OWN_NETWORK = b"_fuzz_targets:own_network"


class Target(Protocol):
    """A reader of files that need not be trusted.

    `share`: which part of the mutations it gets.
    """

    share: float

    def make(self) -> dict[str, bytes]:
        """Return intact files by name."""

    def mutate(self, rng: Random, seeds: list[bytes]) -> Mutated:
        """Return one of the files, changed."""

    def load(self, path: str) -> Any:
        """Read a file: the code under attack. Only ValueError and OSError may come out of it."""

    def answer(self, loaded: Any, content: bytes) -> Any:
        """Return what was loaded as a value that equals that of an equal file.

        Raises AssertionError if what was loaded isn't what a file of this content stands for, and
        ValueError if it can't be used with the data that its own state describes.
        """


class Estimators:
    """`skmnist.load`, on small fitted estimators of many kinds.

    Parameters
    ----------
    names : sequence of str, default=None
        Which kinds; None for all.
    """

    share = 0.5

    def __init__(self, names: Any = None) -> None:
        self.names = names

    def make(self) -> dict[str, bytes]:
        """Fit and save an estimator of each kind."""
        from skmnist import save

        files = {}
        with TemporaryDirectory() as folder:
            for name, fit in _fits().items():
                if self.names is None or name in self.names:
                    save(fit(), path := Path(folder, "file"))
                    files[name] = path.read_bytes()
        return files

    def mutate(self, rng: Random, seeds: list[bytes]) -> Mutated:
        """Change bytes, the tensors' header or values, or the JSON, with or without checksum."""
        from skmnist.persistence._parameters import _OBJECTS, ESTIMATORS

        return safetensors_changed(rng, seeds, [*NAMES, *ESTIMATORS, *_OBJECTS])

    def load(self, path: str) -> Any:
        """Load an estimator, with the function that one of the files needs."""
        from skmnist import load

        own = _OWN_NETWORK in Path(path).read_bytes()
        return load(path, model=own_network if own else None)

    def answer(self, loaded: Any, content: bytes) -> Any:
        """Return the predictions for a few samples, and what was fitted."""
        X = _samples_for(loaded)
        predict = loaded.predict_proba if hasattr(loaded, "classes_") else loaded.predict
        predicted = () if X is None else np.asarray(predict(X))
        assert X is None or len(predicted) == len(X), f"{len(predicted)} predictions"
        classes = getattr(loaded, "classes_", np.empty(0)).tolist()
        return repr(loaded), classes, np.asarray(predicted).tobytes()


def _samples_for(estimator: Any) -> Any:
    from skmnist import TextSequencer

    first = estimator.steps[0][1] if hasattr(estimator, "steps") else estimator
    if isinstance(first, TextSequencer):
        return TEXTS[:3]
    n_features = getattr(estimator, "n_features_in_", 64)
    if n_features > _MOST_FEATURES:
        return None
    rows = load_digits().data[:3].astype(np.uint8)
    return np.resize(rows, (3, n_features)) if n_features != 64 else rows


def own_network(n_features_in: int, n_classes: int, units: int = 3) -> Any:
    """Return the network of the file with a `KerasClassifier`."""
    import keras

    return keras.Sequential(
        [
            keras.Input((n_features_in,)),
            keras.layers.Dense(units),
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )


def _fits() -> dict[str, Any]:
    """Return, by the names of files, functions that return fitted estimators."""
    from sklearn.pipeline import make_pipeline

    import skmnist as sm
    from skmnist.networks import ConvBlock
    from skmnist.preprocessing import Blur, ColumnNormalizer, Deskew, MomentNormalizer

    images, labels = load_digits(return_X_y=True)
    images, labels = images[:60].astype(np.uint8), labels[:60]
    words = np.array(list("abcdefghij"))[labels]
    trained = {"epochs": 1, "random_state": 0}
    dense = sm.DNNClassifier(hidden_units=(4,), **trained)

    def of_texts(network: Any) -> Any:
        reader = sm.TextSequencer(max_tokens=9, output_sequence_length=4)
        return make_pipeline(reader, network)

    classifiers = {
        "dense": dense,
        "convolutional": sm.CNNClassifier(
            conv_blocks=[ConvBlock(2, padding="same", pool="max", batch_norm=True)],
            hidden_units=(3,),
            schedule=sm.training.Cosine(),
            augmentation=sm.Augmentation(shift=0.1),
            **trained,
        ),
        "residual": sm.ResNetClassifier(filters=(2, 3), **trained),
        "capsules": sm.CapsNetClassifier(
            filters=2, n_primary_maps=2, primary_dim=2, class_dim=2, **trained
        ),
        "pretrained": sm.PretrainedClassifier(
            "MobileNet",
            weights=None,
            backbone_settings={"alpha": 0.25},
            last_layer="conv1_relu",
            hidden_units=(3,),
            fine_tune_epochs=0,
            **trained,
        ),
        "pipeline": make_pipeline(Deskew(), MomentNormalizer(), ColumnNormalizer(), Blur(), dense),
        "committee": sm.CommitteeClassifier(
            estimators=[("plain", dense), ("upright", make_pipeline(Deskew(), dense))],
            test_time_shifts=1,
            random_state=0,
        ),
        "own": sm.KerasClassifier(own_network, units=5, **trained),
    }
    of_words = {
        "dense of texts": sm.SequenceDNNClassifier(embedding_dim=2, hidden_units=(3,), **trained),
        "convolutional of texts": sm.SequenceCNNClassifier(
            embedding_dim=2, filters=2, hidden_units=(3,), **trained
        ),
    }
    regressor = sm.DNNRegressor(hidden_units=(4,), **trained)
    fits = {name: partial(one.fit, images, labels) for name, one in classifiers.items()}
    for name, one in of_words.items():
        fits[name] = partial(of_texts(one).fit, TEXTS, [1, 0, 1] * 5)
    fits["lenet"] = partial(sm.LeNetClassifier(**trained).fit, images, words)
    fits["regressor"] = partial(regressor.fit, images, np.column_stack([labels, labels % 3]))
    return fits


class Idx:
    """`skmnist.read_idx`, on small arrays of each dtype, plain and compressed."""

    share = 0.3

    def make(self) -> dict[str, bytes]:
        """Write arrays of each dtype and of one to four dimensions."""
        rng, files = np.random.default_rng(0), {}
        for code, dtype in _IDX_DTYPES.items():
            for shape in ((7,), (3, 4), (5, 3, 2), (2, 2, 3, 2)):
                values = rng.integers(0, 100, shape).astype(dtype)
                sizes = struct.pack(f">{len(shape)}I", *shape)
                plain = bytes([0, 0, code, len(shape)]) + sizes + values.tobytes()
                files[f"{dtype[-2:]}-{len(shape)}"] = plain
                files[f"{dtype[-2:]}-{len(shape)}-gz"] = gzip.compress(plain, mtime=0)
        half = len(plain) // 2
        files["members-gz"] = gzip.compress(plain[:half]) + gzip.compress(plain[half:])
        return files

    def mutate(self, rng: Random, seeds: list[bytes]) -> Mutated:
        """Change bytes or the header, of what is compressed too."""
        return idx_changed(rng, seeds)

    def load(self, path: str) -> Any:
        """Read an array."""
        from skmnist import read_idx

        return read_idx(path)

    def answer(self, loaded: Any, content: bytes) -> Any:
        """Return the array's bytes, dtype and shape, which the file's content has to be."""
        plain = content
        if content[:2] == b"\x1f\x8b":
            plain = gzip.GzipFile(fileobj=io.BytesIO(content)).read()
        dtype, ndim = np.dtype(_IDX_DTYPES[plain[2]]), plain[3]
        shape = struct.unpack(f">{ndim}I", plain[4 : 4 + 4 * ndim])
        assert plain[:2] == b"\0\0"
        assert loaded.shape == shape
        assert loaded.dtype == dtype.newbyteorder("=")
        assert len(plain) == 4 + 4 * ndim + math.prod(shape) * dtype.itemsize
        assert loaded.astype(dtype).tobytes() == plain[4 + 4 * ndim :]
        return loaded.dtype.str, loaded.shape, loaded.tobytes()


_IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class Checkpoints:
    """`fit(..., checkpoint=path, resume=True)`, which goes on from a file or refuses it."""

    share = 0.02

    def make(self) -> dict[str, bytes]:
        """Keep the files of a fit after each epoch."""
        import keras

        files: dict[str, bytes] = {}

        class Keep(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                if path.exists():
                    files[f"after {epoch}"] = path.read_bytes()

        with TemporaryDirectory() as folder:
            path = Path(folder, "file")
            self._classifier().set_params(callbacks=[Keep()]).fit(*self._few, checkpoint=path)
            return {**files, "ended": path.read_bytes()}

    def mutate(self, rng: Random, seeds: list[bytes]) -> Mutated:
        """Change bytes, the tensors' header or values, or the JSON, with or without checksum."""
        return safetensors_changed(rng, seeds, NAMES, "skmnist_checkpoint")

    def load(self, path: str) -> Any:
        """Go on with the fit."""
        return self._classifier().fit(*self._few, checkpoint=path, resume=True)

    def answer(self, loaded: Any, content: bytes) -> Any:
        """Return the predictions and the history."""
        predicted = loaded.predict_proba(self._few[0])
        assert len(loaded.history_["loss"]) == loaded.n_epochs_
        return predicted.tobytes(), repr(loaded.history_)

    @property
    def _few(self) -> Any:
        images, labels = load_digits(return_X_y=True)
        return images[:40].astype(np.uint8), labels[:40]

    def _classifier(self) -> Any:
        from skmnist import DNNClassifier

        return DNNClassifier(
            hidden_units=(4,), epochs=3, early_stopping=True, dtype="float32", random_state=0
        )


class Exported:
    """`skmnist.load_exported`, on the metadata of exported files and on their bytes.

    Models are never changed together with their checksum: what reads them is ONNX Runtime.
    """

    share = 0.18

    def make(self) -> dict[str, bytes]:
        """Export networks with numbers and with strings as labels."""
        from skmnist import DNNClassifier, export

        images, labels = load_digits(return_X_y=True)
        images, labels = images[:60].astype(np.uint8), labels[:60]
        files = {}
        with TemporaryDirectory() as folder:
            for name, y, suffix in (
                ("numbers", labels, ".onnx"),
                ("words", np.array(list("abcdefghij"))[labels], ".onnx"),
                ("two", labels > 4, ".tflite"),
            ):
                classifier = DNNClassifier(hidden_units=(4,), epochs=1, random_state=0)
                export(classifier.fit(images, y), path := Path(folder, f"file{suffix}"))
                files[name] = path.read_bytes()
        return files

    def mutate(self, rng: Random, seeds: list[bytes]) -> Mutated:
        """Change bytes, or the metadata, with or without checksum."""
        from skmnist.exporting._containers import joined, parted

        file, other = rng.choice(seeds), rng.choice(seeds)
        kind = rng.random()
        if kind < 0.25:
            return Mutated(*bytes_changed(rng, file, seeds), signed=False)
        (model, text), (_, other_text) = parted(file), parted(other)
        if kind < 0.4:  # the metadata are at the end
            changed, how = bytes_changed(rng, file[len(model) :], [other[-len(other_text) :]])
            return Mutated(model + changed, f"metadata: {how}", signed=False)
        if kind < 0.45:
            return Mutated(joined(model, other_text.decode()), "of another file", signed=False)
        changed, how = json_changed(rng, json.loads(text), [json.loads(other_text)])
        sign = rng.random() < 0.8
        changed = signed_with(changed, model) if sign else changed
        return Mutated(joined(model, changed), how, sign)

    def load(self, path: str) -> Any:
        """Load a classifier that computes without Keras."""
        from skmnist import load_exported

        return load_exported(path)

    def answer(self, loaded: Any, content: bytes) -> Any:
        """Return the predictions for a few samples."""
        rows = load_digits().data[:3].astype(np.uint8)
        probabilities = loaded.predict_proba(rows)
        assert probabilities.shape == (3, len(loaded.classes_))
        return loaded.classes_.tolist(), loaded.predict(rows).tolist(), probabilities.tobytes()


TARGETS: dict[str, Target] = {
    "load": Estimators(),
    "read_idx": Idx(),
    "checkpoint": Checkpoints(),
    "load_exported": Exported(),
}


def seeds_of(name: str, folder: Path) -> dict[str, bytes]:
    """Return a target's intact files, which are made once and then kept in a folder."""
    folder = folder / name
    if not (folder / "all").exists():
        folder.mkdir(parents=True, exist_ok=True)
        files = TARGETS[name].make()
        for each, content in files.items():
            (folder / f"{each}.seed").write_bytes(content)
        (folder / "all").write_text(json.dumps(sorted(files)))
    names = json.loads((folder / "all").read_text())
    return {each: (folder / f"{each}.seed").read_bytes() for each in names}
