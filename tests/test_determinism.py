"""The same number, the same bits; and nothing global is read or left changed."""

import hashlib
import json
import os
import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier, clear_caches
from skmnist._utils.backend import load_keras

# Augmentation, dropout and a last batch that is not full, wherever the class has them.
VARIANTS = {
    f"{kind} {dtype}": (maker, {**settings, "dtype": dtype})
    for kind, maker, settings in [
        ("DNN", DNNClassifier, {"hidden_units": (16,), "dropout": 0.3, "augmentation": "affine"}),
        ("LeNet", LeNetClassifier, {"augmentation": "shift"}),
        (
            "CNN",
            CNNClassifier,
            {
                "conv_blocks": [
                    {
                        "filters": 6,
                        "padding": "same",
                        "pool": "max",
                        "batch_norm": True,
                        "dropout": 0.2,
                    }
                ],
                "hidden_units": (12,),
                "dropout": 0.3,
                "augmentation": "affine",
            },
        ),
    ]
    for dtype in ("float32", "mixed_bfloat16")
}


def small_data():
    X, y = load_digits(return_X_y=True)
    return X[:180].astype(np.uint8), y[:180]


def make(variant, **more):
    maker, settings = VARIANTS[variant]
    return maker(**{"epochs": 2, "random_state": 7, **settings, **more})


def bits(classifier):
    """Fit, and give a digest of the probabilities of all rows."""
    X, y = small_data()
    return hashlib.sha256(classifier.fit(X, y).predict_proba(X).tobytes()).hexdigest()


def bits_in_a_worker(variant):
    return bits(make(variant)), os.environ.get("OMP_NUM_THREADS"), os.getpid()


@pytest.fixture(scope="session")
def expected():
    """The bits of each variant, fitted in this process."""
    return {variant: bits(make(variant)) for variant in VARIANTS}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_bits_twice_in_a_process(variant, expected):
    # A second seed in between leaves another state in the compiled loop that both share.
    other = bits(make(variant, random_state=8))
    assert bits(make(variant)) == expected[variant]
    assert other != expected[variant]


def test_the_same_seed_gives_the_same_bits_in_workers_of_one_thread(expected):
    results = joblib.Parallel(n_jobs=2)(joblib.delayed(bits_in_a_worker)(v) for v in VARIANTS)
    assert {v: r[0] for v, r in zip(VARIANTS, results, strict=True)} == expected
    assert os.getpid() not in {r[2] for r in results}
    if joblib.cpu_count() <= 2:
        assert {r[1] for r in results} == {"1"}


SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import test_determinism as here
print(json.dumps({v: here.bits(here.make(v)) for v in here.VARIANTS}))
"""


IN_A_NEW_INTERPRETER = ("-c", SCRIPT, str(Path(__file__).parent))
# Hashes of strings, and with them the order of sets, differ between the two.
OTHER_HASHES = {"PYTHONHASHSEED": "1"}


@pytest.mark.beside(*IN_A_NEW_INTERPRETER, **OTHER_HASHES)
def test_the_same_seed_gives_the_same_bits_in_a_new_interpreter(expected, beside):
    done = beside(*IN_A_NEW_INTERPRETER, **OTHER_HASHES)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


def test_a_fit_with_callbacks_or_validation_is_decided_by_the_seed_too():
    keras = load_keras()
    settings = {"validation_fraction": 0.2, "callbacks": [keras.callbacks.Callback()]}
    first, second = (bits(make("CNN float32", **settings)) for _ in range(2))
    assert first == second
    assert first != bits(make("CNN float32", random_state=8, **settings))


# -- seeds -----------------------------------------------------------------------------


def test_no_seed_makes_two_fits_differ_and_moves_no_global_generator():
    np.random.seed(3)  # noqa: NPY002 - the global state is what is looked at
    random.seed(3)
    before = _state_of_numpy(), random.getstate()
    first, second = (bits(make("DNN float32", random_state=None)) for _ in range(2))
    assert first != second
    assert (_state_of_numpy(), random.getstate()) == before


def test_no_seed_differs_however_the_global_generators_are_seeded():
    keras = load_keras()
    found = set()
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002 - must not decide the fit
        random.seed(3)
        import tensorflow as tf

        tf.random.set_seed(3)
        found.add(bits(make("DNN float32", random_state=None)))
    assert len(found) == 2
    assert keras.config.floatx() == "float32"


def test_a_random_state_instance_is_consumed_as_scikit_learn_does():
    source = np.random.RandomState(5)
    classifier = make("DNN float32", random_state=source)
    first, second = bits(classifier), bits(classifier)
    assert first != second
    assert classifier.random_state is source
    again = make("DNN float32", random_state=np.random.RandomState(5))
    assert [bits(again), bits(again)] == [first, second]


def test_a_clone_with_a_random_state_instance_goes_its_own_way():
    original = make("DNN float32", random_state=np.random.RandomState(5))
    copy = clone(original)
    assert copy.random_state is not original.random_state
    assert bits(copy) == bits(original)


def test_numpy_integers_are_seeds_as_good_as_pythons(expected):
    assert bits(make("DNN float32", random_state=np.int64(7))) == expected["DNN float32"]


# -- global state ----------------------------------------------------------------------


def _state_of_numpy():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - the global state is looked at
    return kind, keys.tolist(), rest


def _global_state():
    load_keras()  # before TensorFlow is imported: with oneDNN
    import tensorflow as tf
    from keras.src.backend.common import global_state
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config

    keras = load_keras()
    return {
        "numpy": _state_of_numpy(),
        "random": random.getstate(),
        "tf seed": context.context()._seed,
        "tf generator": tf.random.get_global_generator().state.numpy().tolist(),
        "tf determinism": config.is_op_determinism_enabled(),
        "tf eager": tf.config.functions_run_eagerly(),
        "tf threads": (
            tf.config.threading.get_intra_op_parallelism_threads(),
            tf.config.threading.get_inter_op_parallelism_threads(),
        ),
        "environment": dict(os.environ),
        "keras": (
            keras.config.floatx(),
            keras.config.epsilon(),
            keras.config.image_data_format(),
            keras.config.backend(),
            keras.config.dtype_policy().name,
            keras.config.is_traceback_filtering_enabled(),
        ),
        "keras seed": global_state.get_global_attribute("rng_seed"),
        "keras names": dict(global_state.get_global_attribute("object_name_uids") or {}),
        "warnings": list(__import__("warnings").filters),
        "affinity": os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None,
        "working folder": str(Path.cwd()),
        "numpy errors": np.geterr(),
    }


@pytest.mark.parametrize("variant", ["DNN float32", "LeNet mixed_bfloat16", "CNN mixed_bfloat16"])
def test_global_state_after_fit_and_predict_is_the_one_before(variant):
    load_keras()  # before TensorFlow is imported: with oneDNN
    import tensorflow as tf

    tf.random.set_seed(11)
    before = _global_state()
    X, y = small_data()
    classifier = make(variant).fit(X, y)
    classifier.predict(X)
    assert classifier.network_ is not None
    pickle.loads(pickle.dumps(classifier)).predict_proba(X)
    after = _global_state()
    # Keras counts the names that it makes up; that decides nothing but names.
    del before["keras names"], after["keras names"]
    assert after == before


def test_the_users_next_random_numbers_are_those_without_a_fit():
    load_keras()  # before TensorFlow is imported: with oneDNN
    import tensorflow as tf

    X, y = small_data()
    drawn = []
    for fit in (False, True):
        tf.random.set_seed(4)
        load_keras().utils.set_random_seed(4)
        first = tf.random.uniform([3]).numpy().tolist()
        if fit:
            make("CNN float32").fit(X, y).predict(X)
        drawn.append((first, tf.random.uniform([3]).numpy().tolist(), random.random()))
    assert drawn[0] == drawn[1]


def test_an_unseeded_fit_of_keras_own_still_works_after_ours():
    keras = load_keras()
    X, y = small_data()
    make("CNN float32").fit(X, y)
    images = X.reshape(-1, 8, 8, 1).astype(np.float32)
    network = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.RandomRotation(0.1),
            keras.layers.Conv2D(4, 3),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    losses = network.fit(images, y, epochs=1, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    weights = [keras.layers.Dense(3) for _ in range(2)]
    for layer in weights:
        layer.build((None, 4))
    assert not np.array_equal(*(np.asarray(layer.kernel) for layer in weights))


def test_the_users_dtype_policy_and_float_do_not_matter(expected):
    keras = load_keras()
    before = keras.config.dtype_policy(), keras.config.floatx()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.config.set_floatx("float64")
        # A new compiled loop, because one compiled before would hide a mistake.
        clear_caches()
        found = bits(make("CNN float32"))
        assert keras.config.floatx() == "float64"
    finally:
        keras.config.set_floatx(before[1])
        keras.config.set_dtype_policy(before[0])
        clear_caches()
    assert found == expected["CNN float32"]


# -- threads and processes -------------------------------------------------------------


def _cores_of_threads():
    """The cores that each thread but the main one may use, after a fit."""
    before = {int(task.name) for task in Path("/proc/self/task").iterdir()}
    bits(make("CNN float32"))
    share = int(os.environ["OMP_NUM_THREADS"])
    names, cores = [], []
    for tid in (int(task.name) for task in Path("/proc/self/task").iterdir()):
        if tid == os.getpid():
            continue
        try:
            with Path(f"/proc/self/task/{tid}/comm").open() as file:
                names.append(file.read().strip())
            cores.append(len(os.sched_getaffinity(tid)))
        except OSError:  # a thread that has ended meanwhile
            continue
    tensorflow = [c for c, n in zip(cores, names, strict=False) if n.startswith("tf_")]
    return share, tensorflow, len(before), os.sched_getaffinity(0)


# Before any test has fitted a network.
CORES_AT_START = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
LINUX = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="threads are counted where Linux lists them"
)


@LINUX
@pytest.mark.skipif(joblib.cpu_count() < 2, reason="one core has no shares")
def test_a_workers_threads_keep_to_its_share_of_the_cores():
    ours = os.sched_getaffinity(0)
    results = joblib.Parallel(n_jobs=2)(joblib.delayed(_cores_of_threads)() for _ in range(2))
    for share, cores, _, main in results:
        assert share < len(ours)
        assert len(cores) > 0
        assert max(cores) <= share
        assert main == ours  # the worker itself is not bound


@LINUX
def test_this_process_keeps_all_its_cores():
    bits(make("DNN float32"))
    assert os.sched_getaffinity(0) == CORES_AT_START


def test_fits_in_two_threads_at_once_give_the_bits_of_one_alone(expected):
    variants = ["CNN float32", "CNN float32", "DNN float32", "DNN float32"]
    barrier = threading.Barrier(2)

    def fit(variant):
        barrier.wait(timeout=900)
        return bits(make(variant))

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(fit, variants))
    assert found == [expected[v] for v in variants]


def test_fits_in_joblibs_threads_give_the_bits_of_one_alone(expected):
    found = joblib.Parallel(n_jobs=2, backend="threading")(
        joblib.delayed(bits)(make("LeNet float32")) for _ in range(2)
    )
    assert found == [expected["LeNet float32"]] * 2


def test_predictions_from_several_threads_at_once_are_those_of_one():
    X, y = small_data()
    classifier = make("CNN float32").fit(X, y)
    sizes = [1, 2, 7, 50, 130, 180] * 4
    expected = classifier.predict_proba(X)
    fresh = pickle.loads(pickle.dumps(classifier))  # loads its weights in all threads at once
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda n: fresh.predict_proba(X[:n]), sizes))
    for n, probabilities in zip(sizes, found, strict=True):
        assert np.array_equal(probabilities, expected[:n])


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_prediction_of_a_row_does_not_depend_on_its_batch(variant, digits):
    X_train, X_test, y_train, _ = digits
    rows = np.vstack([X_test, X_train[:200]])
    classifier = make(variant).fit(X_train[:180], y_train[:180])
    together = classifier.predict_proba(rows)
    assert len(rows) == 600
    for size in (1, 2, 7, 100):
        last = min(600, 30 * size)
        apart = np.vstack(
            [classifier.predict_proba(rows[i : i + size]) for i in range(0, last, size)]
        )
        assert apart.tobytes() == together[: len(apart)].tobytes()
    assert classifier.predict_proba(rows[::-1])[::-1].tobytes() == together.tobytes()


FORK = """
import os, sys
sys.path.insert(0, sys.argv[1])
import test_determinism as here
X, y = here.small_data()
classifier = here.make("DNN float32").fit(X, y)
classifier.predict(X)
action = {
    "fit": lambda: classifier.fit(X, y),
    "predict": lambda: classifier.predict(X),
    "network": lambda: here.pickle.loads(here.pickle.dumps(classifier)).network_,
}
for name, act in action.items():
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        import signal
        signal.alarm(8)  # a child that hangs is ended, and has written nothing
        try:
            act()
            message = "no error"
        except BaseException as error:
            message = f"{type(error).__name__}: {error}"
        os.write(send, message.encode())
        os._exit(0)
    os.close(send)
    print(name, "|", os.read(receive, 1000).decode())
    os.waitpid(child, 0)
print("parent", "|", len(classifier.fit(X, y).predict(X)))
"""


FORKING = ("-c", FORK, str(Path(__file__).parent))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.beside(*FORKING)
def test_a_fork_after_tensorflows_start_gets_a_clear_error_and_no_deadlock(beside):
    done = beside(*FORKING)
    assert done.returncode == 0, done.stderr
    messages = dict(line.split(" | ") for line in done.stdout.splitlines())
    assert messages["parent"] == "180"
    assert len(messages) == 4
    for action in ("fit", "predict", "network"):
        assert (action, messages[action][:35]) == (action, "RuntimeError: This process was fork")
        assert "loky" in messages[action]
