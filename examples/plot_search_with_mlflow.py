"""
======================
A search under MLflow
======================

A random search whose candidates are runs of MLflow, in a file on this machine; no server is needed.
Each run has its parameters, the accuracy of each fold, and the curves of a fit. It needs
``pip install mlflow-skinny sqlalchemy alembic``.

``mlflow ui --backend-store-uri sqlite:///mlflow.db`` shows them, with the whole MLflow installed.
``mlflow.sklearn.autolog(log_models=False)`` before a search logs its candidates by itself, without
the curves; its warnings are those of scikit-learn's metrics.
"""

# %%
# The search
# ----------
# It is scikit-learn's. ``param_space`` has distributions of the parameters that matter most.

import logging
import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
logging.getLogger("alembic").setLevel(logging.ERROR)

import matplotlib.pyplot as plt
import mlflow
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV

from skmnist import DNNClassifier, param_space

X, y = load_digits(return_X_y=True)
X, y = X[:400], y[:400]
network = DNNClassifier(epochs=6, batch_size=32, random_state=0)
search = RandomizedSearchCV(network, param_space(network), n_iter=6, cv=2, random_state=0)
search.fit(X, y)
print(f"best of {search.n_splits_} folds: {search.best_score_:.3f} with {search.best_params_}")

# %%
# The runs
# --------
# One for the search, and below it one for each candidate. The curves of the best network are logged
# epoch by epoch; a callback of Keras could do it during the fit.

mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("digits")
with mlflow.start_run(run_name="search"):
    mlflow.log_params(search.best_params_)
    mlflow.log_metric("mean_test_score", search.best_score_)
    for name, curve in search.best_estimator_.history_.items():
        for epoch, value in enumerate(curve, start=1):
            mlflow.log_metric(name, value, step=epoch)
    results = search.cv_results_
    for i, parameters in enumerate(results["params"]):
        with mlflow.start_run(run_name=f"candidate {i}", nested=True):
            mlflow.log_params(clone(network).set_params(**parameters).get_params())
            for name in ("mean_test_score", "std_test_score", "mean_fit_time"):
                mlflow.log_metric(name, float(results[name][i]))

# %%
# The picture
# -----------
# From MLflow's file, as another script would read it.

runs = mlflow.search_runs(order_by=["metrics.mean_test_score DESC"])
candidates = runs[runs["tags.mlflow.runName"].str.startswith("candidate")]
rates = candidates["params.learning_rate"].astype(float)
figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.errorbar(
    rates,
    candidates["metrics.mean_test_score"],
    candidates["metrics.std_test_score"],
    fmt="o",
    capsize=3,
)
ax.set(xscale="log", xlabel="learning_rate", ylabel="accuracy, mean and deviation of two folds")
ax.set_title(f"{len(candidates)} candidates from MLflow's store")
figure.savefig("search_with_mlflow.png", dpi=120)
plt.show()
