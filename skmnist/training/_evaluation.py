"""The network that callbacks get: compiled with the training's loss and metrics."""

from typing import Any

from skmnist._utils.backend import load_keras
from skmnist._utils.keras import mean_metric
from skmnist.networks._architecture import n_outputs_of
from skmnist.training._contract import TrainingSpec
from skmnist.training._tasks import OneClass


def compile_for_evaluation(network: Any, optimizer: Any, spec: TrainingSpec) -> None:
    """Compile a network, so that callbacks can evaluate it, with the results of the history.

    Parameters
    ----------
    network : keras.Model
        It is evaluated on class numbers or one-hot labels, an indicator matrix, or numbers.
    optimizer : keras.optimizers.Optimizer
        The one that trains it.
    spec : TrainingSpec
        Its loss, metrics and task.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.networks import Architecture, dense_network
    >>> from skmnist.training._contract import TrainingSpec
    >>> from skmnist.training._evaluation import compile_for_evaluation
    >>> from skmnist.training._losses import Loss
    >>> from skmnist.training._optimizers import find_optimizer
    >>> architecture = Architecture.of(dense_network, input_shape=(2, 2, 1), n_outputs=3)
    >>> spec = TrainingSpec(architecture, find_optimizer("adam"), Loss("cross_entropy"), None)
    >>> network = architecture.build(seed=0)
    >>> compile_for_evaluation(network, spec.optimizer.make(), spec)
    >>> results = network.evaluate(
    ...     np.zeros((5, 2, 2, 1)), np.ones(5), verbose=0, return_dict=True
    ... )
    >>> sorted(results)
    ['accuracy', 'loss']
    """
    ops, task = load_keras().ops, spec.task

    def targets(labels: Any, outputs: Any) -> Any:
        labels, n_outputs = ops.convert_to_tensor(labels), outputs.shape[-1]
        if n_outputs == 1:
            labels = ops.reshape(labels, (-1, 1))
        elif len(labels.shape) == 1 or labels.shape[-1] == 1:
            labels = ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), n_outputs)
        return ops.cast(labels, outputs.dtype)

    def labels(given: Any, outputs: Any) -> Any:
        """Return what the task takes: class numbers, or all targets."""
        found = targets(given, outputs)
        if not isinstance(task, OneClass):
            return found
        return ops.cast(found[:, 0] if found.shape[-1] == 1 else ops.argmax(found, -1), "int32")

    def loss(given: Any, outputs: Any) -> Any:
        return spec.loss(targets(given, outputs), outputs)

    def hits(given: Any, outputs: Any) -> Any:
        return task.hits(labels(given, outputs), outputs)

    def made(metric: Any) -> Any:
        new = metric.make()
        update, convert = new.update_state, labels if metric.takes_labels else targets

        def update_state(given: Any, outputs: Any, sample_weight: Any = None) -> Any:
            return update(convert(given, outputs), outputs, sample_weight)

        new.update_state = update_state
        return new

    metrics = [mean_metric(hits, "accuracy", "up")] if task.has_accuracy else []
    metrics += [made(metric) for metric in spec.metrics]
    network.compile(optimizer, loss, metrics=metrics, jit_compile=False)
    # Keras creates the metrics when they are first computed, and EarlyStopping looks for them.
    outputs = ops.zeros((1, n_outputs_of(spec.architecture)))
    network.compute_metrics(None, outputs, outputs)
    network.reset_metrics()
    # So that callbacks save the network only, which can be loaded without these functions.
    network.get_compile_config = lambda: None
