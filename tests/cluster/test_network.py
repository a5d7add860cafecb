"""A scheduler and two workers in network namespaces: machines of their own, as far as TCP sees."""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

NAMES = f"skm{os.getpid()}"
SCHEDULER, WORKERS = "10.77.0.1", ("10.77.0.2", "10.77.0.3")
CLIENT = """
import sys
import time
import joblib
import numpy as np
from dask.distributed import get_worker
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from skmnist import DNNClassifier
from skmnist.clusters import dask_client

def where(number):
    time.sleep(0.3)
    return get_worker().address.rpartition(":")[0].removeprefix("tcp://")

X, y = load_digits(return_X_y=True)
X, y = X[:200].astype(np.uint8), y[:200]
network = DNNClassifier(hidden_units=(12,), epochs=2, random_state=0)
search = GridSearchCV(network, {"learning_rate": [1e-3, 3e-3]}, cv=3, scoring="neg_log_loss")
with dask_client(f"tcp://{sys.argv[1]}:8786") as client, joblib.parallel_config("dask"):
    client.wait_for_workers(2, timeout=120)
    print(*sorted(set(joblib.Parallel()(joblib.delayed(where)(i) for i in range(8)))))
    there = search.fit(X, y).predict_proba(X).tobytes()
print(there == search.fit(X, y).predict_proba(X).tobytes())
"""


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def namespaces():
    """Three namespaces: the scheduler's has a bridge, to which the workers' are connected."""
    if shutil.which("ip") is None:
        pytest.skip("there is no command ip to make network namespaces with")
    with ExitStack() as undo:
        try:
            _make_namespaces(undo)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespace can be made here: {error.stderr.strip()}")
        yield


def _make_namespaces(undo):
    def make(name):
        ip("netns", "add", name)
        undo.callback(ip, "netns", "del", name)
        ip("-n", name, "link", "set", "lo", "up")

    def give(name, device, address):
        ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
        ip("-n", name, "link", "set", device, "up")

    hub = f"{NAMES}s"
    make(hub)
    ip("-n", hub, "link", "add", "br0", "type", "bridge")
    give(hub, "br0", SCHEDULER)
    for number, address in enumerate(WORKERS):
        name, port = f"{NAMES}w{number}", f"port{number}"
        make(name)
        ends = ["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name]
        ip("-n", hub, *ends)
        ip("-n", hub, "link", "set", port, "master", "br0", "up")
        give(name, "eth0", address)


def _started(undo, namespace, *command):
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, "-m", *command, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    undo.callback(process.wait)
    undo.callback(process.terminate)


@pytest.mark.slow  # four processes import all they need
def test_a_search_between_machines_has_the_bits_of_one(namespaces, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (tmp_path / "client.py").write_text(CLIENT)
    with ExitStack() as undo:
        _started(undo, f"{NAMES}s", "distributed.cli.dask_scheduler", "--host", SCHEDULER)
        for number, address in enumerate(WORKERS):
            options = "--host", address, "--nthreads", "1", "--local-directory", str(tmp_path)
            scheduler = f"tcp://{SCHEDULER}:8786"
            worker = "distributed.cli.dask_worker", scheduler, *options
            _started(undo, f"{NAMES}w{number}", *worker)
        client = ["ip", "netns", "exec", f"{NAMES}s", sys.executable, "client.py", SCHEDULER]
        done = subprocess.run(client, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [" ".join(WORKERS), "True"]
