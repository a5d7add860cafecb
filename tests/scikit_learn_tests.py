"""Run scikit-learn's own tests of what takes estimators, with networks in place of its estimators.

The installed scikit-learn's test modules for stacking, voting, bagging, boosting, calibration,
search, multi-class, multi-label and multi-output targets, and so on, are imported while the public
names of generic estimators (`LogisticRegression`, `SVC`, `Ridge`, ...) are those of stand-ins:
small networks with the original's name and parameters, which they ignore. The outcomes are compared
with `scikit_learn_tests.toml`, which lists each test that fails, by reason.

    python tests/scikit_learn_tests.py                    # everything, compared with the list
    python tests/scikit_learn_tests.py stacking bagging   # the modules with these words in the path
    python tests/scikit_learn_tests.py --control          # nothing substituted: all must pass
    python tests/scikit_learn_tests.py --write            # everything, and the page in docs/

The exit status is 1 if a test fails that is not listed, or passes although it is.  An entry of the
list is a test's function, of which all cases fail, or one case of it with its brackets.

It is here, with what says pass or fail, and not in `benchmarks/`, which measures; it is a script,
and not a test, because it takes minutes and belongs to one version of scikit-learn.  Nothing is
written to scikit-learn's folder.
"""

import argparse
import importlib
import inspect
import json
import os
import resource
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from itertools import chain
from pathlib import Path
from textwrap import fill

import numpy as np
import pytest
import sklearn

import skmnist

HERE = Path(__file__).parent
LIST = HERE / "scikit_learn_tests.toml"
PAGE = HERE.parent / "docs" / "scikit-learn-tests.md"
SKLEARN = Path(sklearn.__file__).parent

# scikit-learn's other such modules are left out: most of what test_validation.py asks is the score
# of one of its own estimators or `decision_function`; of test_successive_halving.py and
# test_permutation_importance.py hardly a test has an estimator that is substituted.
MODULES = [
    "ensemble/tests/test_stacking.py",
    "ensemble/tests/test_voting.py",
    "ensemble/tests/test_bagging.py",
    "ensemble/tests/test_weight_boosting.py",
    "tests/test_calibration.py",
    "model_selection/tests/test_search.py",
    "model_selection/tests/test_classification_threshold.py",
    "tests/test_multiclass.py",
    "tests/test_multioutput.py",
    "tests/test_pipeline.py",
    "semi_supervised/tests/test_self_training.py",
]

# -- the stand-ins: what is substituted, by what ------------------------------------------------

CLASSIFIERS = {
    "linear_model": ["LogisticRegression", "Perceptron", "RidgeClassifier", "SGDClassifier"],
    "svm": ["LinearSVC", "SVC"],
    "tree": ["DecisionTreeClassifier"],
    "neighbors": ["KNeighborsClassifier"],
    "naive_bayes": ["GaussianNB", "MultinomialNB"],
    "ensemble": ["GradientBoostingClassifier", "RandomForestClassifier"],
    "neural_network": ["MLPClassifier"],
}
REGRESSORS = {
    "linear_model": ["Lasso", "LinearRegression", "Ridge", "SGDRegressor"],
    "svm": ["LinearSVR", "SVR"],
    "tree": ["DecisionTreeRegressor"],
    "neighbors": ["KNeighborsRegressor"],
    "ensemble": ["GradientBoostingRegressor", "RandomForestRegressor"],
    "neural_network": ["MLPRegressor"],
}
# Small and quick; always the same network, as most of the originals are deterministic.
SETTINGS = {
    "hidden_units": (16,),
    "dropout": 0.0,
    "epochs": 10,
    "learning_rate": 0.03,
    "dtype": "float32",  # on every processor
    "random_state": 0,
}
# What an original and a network have in common, with the same meaning.
SHARED = {"class_weight", "random_state", "warm_start", "verbose"}

_built = 0  # so that tests without any stand-in can be counted


def stand_in(network, original):
    """Return a subclass of a network that has the parameters of an original, and ignores them."""
    own = {name: p.default for name, p in inspect.signature(network).parameters.items()}
    theirs = {name: p.default for name, p in inspect.signature(original).parameters.items()}
    defaults = theirs | own | SETTINGS
    means_something_else = (theirs.keys() & own.keys()) - SHARED

    def __init__(self, *args, **kwargs):  # noqa: N807
        global _built
        _built += 1
        given = dict(zip(theirs, args, strict=False)) | kwargs
        if unknown := given.keys() - defaults.keys():
            raise TypeError(f"{original.__name__} has no parameters {sorted(unknown)}.")
        if given.get("random_state") is None:
            given["random_state"] = defaults["random_state"]
        for name, default in defaults.items():
            value = given.get(name, default)
            # `clone` passes None for the loss, which it then sets, as copies share it.
            is_of_clone = name == "loss" and value is None
            if name in means_something_else and value != default and not is_of_clone:
                value = default
            setattr(self, name, value)

    parameter, kind = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
    __init__.__signature__ = inspect.Signature(
        [
            parameter("self", kind),
            *(parameter(name, kind, default=d) for name, d in defaults.items()),
        ]
    )
    return type(
        original.__name__,
        (network,),
        {
            "__init__": __init__,
            "__module__": __name__,
            "__qualname__": original.__name__,
            "coef_": property(_all_weights),
        },
    )


def _all_weights(fitted):
    """Return what tests compare two fits by."""
    return np.concatenate([weights.ravel() for weights in fitted.network_.get_weights()])


def stand_ins():
    """Return the stand-ins by (scikit-learn's package, name); workers of joblib find them here."""
    found = {}
    kinds = {"DNNClassifier": CLASSIFIERS, "DNNRegressor": REGRESSORS}
    for network, originals in kinds.items():
        for package, names in originals.items():
            for name in names:
                original = getattr(importlib.import_module(f"sklearn.{package}"), name)
                found[package, name] = stand_in(getattr(skmnist, network), original)
    return found


STAND_INS = stand_ins()
globals().update({name: substitute for (_, name), substitute in STAND_INS.items()})


# -- within pytest, of which this module is a plugin: substitute, and record the outcomes --------


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Substitute the public names while the test modules are imported, and only then."""
    if os.environ["SUBSTITUTE"] != "1":
        return (yield)
    from sklearn.utils.discovery import all_estimators

    all_estimators()  # scikit-learn's own modules keep the originals
    packages = {package: sys.modules[f"sklearn.{package}"] for package, _ in STAND_INS}
    originals = {key: getattr(packages[key[0]], key[1]) for key in STAND_INS}
    for (package, name), substitute in STAND_INS.items():
        setattr(packages[package], name, substitute)
    try:
        return (yield)
    finally:
        for (package, name), original in originals.items():
            setattr(packages[package], name, original)


_outcomes = {}
_message = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    before = _built
    result = yield
    _outcomes[item.nodeid]["ours"] = _built > before
    return result


def pytest_runtest_logreport(report):
    outcome = _outcomes.setdefault(report.nodeid, {"outcome": "passed", "seconds": 0.0})
    outcome["seconds"] += report.duration
    if report.outcome != "passed":
        outcome["outcome"] = report.outcome
        outcome["error"] = str(getattr(report.longrepr, "reprcrash", None) or report.longrepr)


def pytest_sessionfinish():
    Path(os.environ["OUTCOMES"]).write_text(json.dumps(_outcomes, indent=1))


# -- outside: run, compare, report --------------------------------------------------------------


PAGE_TEMPLATE = """\
# scikit-learn's own tests with our estimators

The tests that scikit-learn has for what takes other estimators (stacking, bagging, search and so
on), run with a small network in place of the generic estimators that they use. A stand-in has the
original's name and parameters, and ignores their values. The originals:

{originals}

`python tests/scikit_learn_tests.py` compares the outcomes with the reasons in
`tests/scikit_learn_tests.toml`; with `--write` it writes this page.

scikit-learn {version}. With nothing substituted, {passed} of {n_control} tests pass, {failed} fail
and {skipped} are skipped, because of an array library or data that is not installed.

| module | tests | of these with a network | pass | fail | skipped |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}

## What fails, and why

{reasons}

## What isn't run

{slow}
"""


def run(modules, *, substitute=True):
    """Run scikit-learn's tests in another process, and return their outcomes by name."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", Path(__file__).stem]
        command += ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(SKLEARN)]
        command += [f"--deselect={test}" for test in chain(*listed("slow").values())]
        ended = subprocess.run(
            [*command, *(str(SKLEARN / module) for module in modules)],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                "PYTHONDONTWRITEBYTECODE": "1",
                "SUBSTITUTE": str(int(substitute)),
                "OUTCOMES": str(outcomes),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if not outcomes.exists():
            raise SystemExit(ended.stdout)
        return json.loads(outcomes.read_text())


def listed(group):
    """Return the reasons of a group of the list, "failures" or "slow", each with its tests."""
    groups = tomllib.loads(LIST.read_text()).get(group, [])
    return {one["reason"]: one["tests"] for one in groups}


def cases(test, outcomes):
    """Return the cases of an entry of the list: one with its brackets, or all of a function."""
    return [name for name in outcomes if test in (name, name.partition("[")[0])]


def compare(outcomes, modules):
    """Return what the list of failures doesn't say rightly, one line each."""
    failed = {name for name, outcome in outcomes.items() if outcome["outcome"] == "failed"}
    wrong, explained = [], set()
    for tests in listed("failures").values():
        for test in tests:
            if test.partition("::")[0] not in modules:
                continue
            found = cases(test, outcomes)
            if not found:
                wrong.append(f"listed, but does not exist: {test}")
            wrong += [f"listed, but does not fail: {name}" for name in found if name not in failed]
            explained.update(found)
    for name in sorted(failed - explained):
        wrong.append(f"fails, and is not listed: {name}\n    {outcomes[name]['error']}")
    return wrong


def counts(outcomes):
    """Return the numbers of tests, of those with a network, and of their outcomes."""
    ours = [outcome["outcome"] for outcome in outcomes.values() if outcome["ours"]]
    number = Counter(ours)
    return len(outcomes), len(ours), number["passed"], number["failed"], number["skipped"]


def page(outcomes, control):
    """Return the page in docs/, in Markdown."""
    number = Counter(outcome["outcome"] for outcome in control.values())
    rows = {module: of_module(outcomes, module) for module in MODULES} | {"all": outcomes}
    return PAGE_TEMPLATE.format(
        originals=fill(", ".join(f"`{name}`" for _, name in STAND_INS) + ".", 100),
        version=sklearn.__version__,
        n_control=len(control),
        **{name: number[name] for name in ("passed", "failed", "skipped")},
        rows="\n".join(
            f"| {name} | {' | '.join(map(str, counts(those)))} |" for name, those in rows.items()
        ),
        reasons=sections(
            (title(reason, tests, outcomes), tests) for reason, tests in listed("failures").items()
        ),
        slow=sections(listed("slow").items()),
    )


def sections(groups):
    return "\n\n".join(
        f"### {heading}\n\n" + "\n".join(f"- `{test}`" for test in tests)
        for heading, tests in groups
    )


def of_module(outcomes, module):
    return {name: outcome for name, outcome in outcomes.items() if name.startswith(module)}


def title(reason, tests, outcomes):
    number = sum(len(cases(test, outcomes)) for test in tests)
    return f"{reason} ({number} {'test' if number == 1 else 'tests'})"


def seconds_of_processes():
    """Return the processor time of all ended child processes, which other programs don't change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", help="run the modules with one of these in their path")
    parser.add_argument("--control", action="store_true", help="substitute nothing")
    parser.add_argument("--write", action="store_true", help="write the page in docs/")
    arguments = parser.parse_args()
    words = [] if arguments.write else arguments.words
    modules = [m for m in MODULES if not words or any(word in m for word in words)]
    outcomes = {}
    for module in modules:  # a process each, so that memory stays small
        before = seconds_of_processes()
        new = run([module], substitute=not arguments.control)
        outcomes.update(new)
        numbers = dict(Counter(outcome["outcome"] for outcome in new.values()))
        seconds = seconds_of_processes() - before
        print(f"{module}: {numbers}, {seconds:.0f} s of a core", flush=True)
    if arguments.control:
        wrong = [name for name, outcome in outcomes.items() if outcome["outcome"] == "failed"]
    else:
        wrong = compare(outcomes, modules)
    if arguments.write:
        PAGE.write_text(page(outcomes, run(MODULES, substitute=False)))
    print(*(wrong or ["As listed." if not arguments.control else "All pass."]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
