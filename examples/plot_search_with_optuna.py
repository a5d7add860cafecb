"""
========================
A search by Optuna
========================

Optuna draws candidates where earlier ones were good, and ends bad ones early: after each epoch, a
candidate that is worse than half of those before it is pruned. The study is in a file, so that the
same script goes on after it was killed. It needs ``pip install "skmnist[optuna]"``.
"""

# %%
# The objective
# -------------
# ``suggest`` has a trial choose from the distributions of ``param_space``; ``PruningCallback``
# reports each epoch.

import warnings

import matplotlib.pyplot as plt
import optuna
from sklearn.base import clone
from sklearn.datasets import load_digits

from skmnist import DNNClassifier, param_space
from skmnist.search import PruningCallback, suggest

X, y = load_digits(return_X_y=True)
X, y = X[:500], y[:500]
network = DNNClassifier(
    epochs=8, batch_size=32, schedule="constant", validation_fraction=0.3, random_state=0
)
space = param_space(network)
space["learning_rate"] = [1e-5, 1e-4, 1e-3, 1e-2]


def objective(trial):
    candidate = clone(network).set_params(**suggest(trial, space))
    candidate.set_callbacks(PruningCallback(trial, "val_accuracy")).fit(X, y)
    return max(candidate.history_["val_accuracy"])


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    study_name="digits",
    storage="sqlite:///study.db",
    load_if_exists=True,
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
)
study.optimize(objective, n_trials=12)
n_epochs = sum(len(trial.intermediate_values) for trial in study.trials)
pruned = [trial for trial in study.trials if trial.state.name == "PRUNED"]
print(f"{len(pruned)} of {len(study.trials)} trials were pruned: {n_epochs} epochs of 96")
print(f"best: {study.best_value:.3f} with {study.best_params}")

# %%
# The picture
# -----------
# Optuna has its own. Each curve is a trial; the short ones were pruned.

with warnings.catch_warnings():
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    ax = optuna.visualization.matplotlib.plot_intermediate_values(study)
ax.set(xlabel="epoch", ylabel="val_accuracy", title="Trials of a study, and where they were pruned")
ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
ax.figure.savefig("search_with_optuna.png", dpi=120, bbox_inches="tight")
plt.show()
