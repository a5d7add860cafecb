"""What the estimators of a network of the user's own have in common."""

from abc import ABCMeta, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from numbers import Real
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import ImageShape, find_image_shape
from skmnist._inputs.named_inputs import (
    dtype_name,
    has_names,
    joined,
    largest_integer,
    parts_of,
    sample_shape,
)
from skmnist._utils.backend import backend_name, load_keras
from skmnist._utils.errors import unknown_name
from skmnist._utils.keras import is_keras_model
from skmnist._utils.sklearn import HasMethods, Interval, StrOptions
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.networks._adapted import Layout, own_network
from skmnist.networks._architecture import Architecture
from skmnist.networks._output import Output
from skmnist.training._contract import Data, Outcome, State, TrainingSpec
from skmnist.training._loop import Training
from skmnist.training._losses import Loss
from skmnist.training._metrics import find_metrics
from skmnist.training._optimizers import Optimizer, OptimizerSpec, find_optimizer, with_rate
from skmnist.training._precision import DTYPES, find_dtype
from skmnist.training._saver import CheckpointFile, CheckpointFiles
from skmnist.wrappers._arguments import FunctionArguments, without_prefix
from skmnist.wrappers._compiled import check_compiled, compiled_metrics
from skmnist.wrappers._offers import offers
from skmnist.wrappers._own_network import Maker, OwnNetwork, check_trains_as_usual
from skmnist.wrappers._portable import portable, restored
from skmnist.wrappers._scikeras_names import all_translated

_EXACT_IN_FLOAT32 = 2**24


class KerasEstimator(NetworkEstimator, metaclass=ABCMeta):
    """An estimator of a network of the user's own (abstract).

    A final class lists its parameters in ``__init__``, `model` and ``**arguments`` among them.
    """

    _learned_names = (
        *NetworkEstimator._learned_names,
        "_sample_shape_",
        "_sample_dtype_",
        "_parts_",
    )
    _parameter_constraints: dict[str, list[Any]] = {
        **NetworkEstimator._parameter_constraints,
        "model": [callable],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "optimizer": [str, Optimizer, HasMethods(["apply", "get_config"]), None],
        "loss": [str, callable, None],
        "dtype": [StrOptions(set(DTYPES)), None],
    }

    model: Any
    # Those of the function that were given; not in the instance while there are none.
    _arguments: Mapping[str, Any] = MappingProxyType({})
    _sample_shape_: list[int]
    _sample_dtype_: str
    _parts_: list[list[Any]] | None

    # -- parameters ----------------------------------------------------------------------

    def _set_arguments(self, arguments: Mapping[str, Any]) -> None:
        """Set what the constructor was given beside its own parameters."""
        try:
            self.set_params(**arguments)
        except ValueError as error:
            raise TypeError(str(error)) from None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of this estimator, those of the function `model` among them.

        Parameters
        ----------
        deep : bool, default=True
            Whether parameters of estimators in it are included.

        Returns
        -------
        params : dict of str to object
            Parameters by name.
        """
        function, own = FunctionArguments(self.model), super().get_params(deep)
        given = self.__skmnist_arguments__
        of_function = {**function.defaults, **given}
        return own | {
            (f"model__{name}" if name in own else name): value
            for name, value in of_function.items()
            if name not in own or name in given
        }

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, those of the function `model` among them.

        Parameters
        ----------
        **params : object
            Parameters by name; ``model__name`` is an argument of the function, for which `name` is
            enough unless the estimator has such a parameter too.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        params = all_translated(params)
        if "model" in params:
            self.model = params.pop("model")
        own = self._get_param_names()
        of_function = {
            name: params.pop(name)
            for name in list(params)
            if name not in own and not _is_setting(name, own)
        }
        super().set_params(**params)
        self._set_function_arguments(of_function)
        return self

    def _set_function_arguments(self, arguments: Mapping[str, Any]) -> None:
        function = FunctionArguments(self.model)
        for name, value in arguments.items():
            of_function = without_prefix(name)
            if not function.takes(of_function):
                known = {*self._get_param_names(), *function.names}
                raise unknown_name(f"{type(self).__name__}: parameter", name, known)
            self._arguments = {**self._arguments, of_function: value}

    @property
    def __skmnist_arguments__(self) -> dict[str, Any]:
        """The function's arguments that were given, for files."""
        function = FunctionArguments(self.model)
        return {n: v for n, v in self._arguments.items() if function.takes(n)}

    def __getattr__(self, name: str) -> Any:
        arguments = vars(self).get("_arguments", {})
        if name in arguments:
            return arguments[name]
        of_class = getattr(type(self), name, None)
        if isinstance(of_class, property):  # whose own AttributeError has led here
            check_is_fitted(self)
            return of_class.__get__(self)
        if not name.startswith("_") and "model" in vars(self):
            defaults = FunctionArguments(self.model).defaults
            if name in defaults:
                return defaults[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getstate__(self) -> Any:
        return portable(super().__getstate__(), ("model", "_arguments"), type(self).__name__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(restored(state))

    def __sklearn_clone__(self) -> Any:
        without, model = self, self.model
        if is_keras_model(model):  # a template is never changed, so it need not be copied
            without = copy(self)
            without.__dict__ |= {"model": _no_model, "_arguments": {}}
        new = super(KerasEstimator, without).__sklearn_clone__()
        new.model = model
        return new

    # -- the network ---------------------------------------------------------------------

    @property
    def network_(self) -> Any:
        """The network as a live Keras model: that of the function `model`.

        Its input is ``(X - pixel_offset_) / pixel_scale_``, in the network's own layout.  It is
        compiled as the function did it, or else with the optimizer, the loss and the metrics of the
        training, so that it can be evaluated.

        It is a copy to inspect, to evaluate and to export: training it doesn't change this
        estimator.
        """
        network = own_network(super().network_)
        if not network.compiled:
            network.compile(**{**self._compile_kwargs(), "loss": self._loss_of_keras()})
        if not network.optimizer.built:
            # Keras warns when it loads a file with an optimizer that wasn't built.
            network.optimizer.build(network.trainable_variables)
        return network

    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        if is_keras_model(self.model):
            check_trains_as_usual(self.model)  # its copies lack what was set on the object
        maker = Maker(self.model, *self._call_arguments(), self.dtype)
        own = OwnNetwork.of(maker, self._layout(), self._seed_, image_shape, dtype)
        self._check_output(own.output)
        return Architecture.of(
            own, input_shape=image_shape, n_outputs=own.output.n_units, dtype=dtype
        )

    def __skmnist_architecture__(
        self, image_shape: ImageShape, n_targets: int, dtype: str
    ) -> Architecture | None:
        return None

    def _layout(self) -> Layout:
        shape, names = tuple(self._sample_shape_), getattr(self, "feature_names_in_", ())
        if self._parts_ is not None:
            parts = tuple((name, tuple(of_part)) for name, of_part in self._parts_)
            return Layout(shape, parts, by_name=True)
        return Layout(shape, tuple((str(name), (1,)) for name in names))

    def _call_arguments(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the function's arguments: the user's, and those that it is offered."""
        function = FunctionArguments(self.model)
        given = self.__skmnist_arguments__
        found = offers(
            n_features_in=self.n_features_in_,
            names=getattr(self, "feature_names_in_", None),
            sample_shape=tuple(self._sample_shape_),
            sample_dtype=self._sample_dtype_,
            parts=self._parts_,
            seed=self._seed_,
            about_targets=self._about_targets(),
        )
        if function.takes("compile_kwargs"):
            found["compile_kwargs"] = self._compile_kwargs()
        own = {n: getattr(self, n) for n in self._get_param_names() if n != "model"}
        found |= {name: value for name, value in own.items() if value is not None}
        offered = {n: found[n] for n in function.names if n in found and n not in given}
        function.check_complete([*given, *offered], type(self).__name__)
        # A clone has been given the defaults, and builds an equal network.
        defaults = {n: v for n, v in function.defaults.items() if n not in offered}
        return {**defaults, **given}, offered

    def _compile_kwargs(self) -> dict[str, Any]:
        """Return what a function may compile its network with, as SciKeras offers it."""
        return {
            "optimizer": self._optimizer().make(),
            "loss": self.loss or self._default_loss,
            "metrics": self.metrics,
        }

    @abstractmethod
    def _about_targets(self) -> dict[str, Any]:
        """Return what the function is offered about the targets."""

    @abstractmethod
    def _check_output(self, output: Output) -> None:
        """Raise an error if the last layer doesn't fit the targets."""

    # -- the training --------------------------------------------------------------------

    _default_loss: str

    @abstractmethod
    def _loss_of_keras(self) -> Any:
        """Return the loss of the training in a form that ``keras.Model.compile`` takes."""

    def _training_spec(self) -> TrainingSpec:
        architecture = self._fitted_architecture()
        own: Any = architecture.builder
        check_compiled(own.compiled)
        loss = self._loss_of(own.compiled, own.output)
        metrics = self.metrics
        if metrics is None:
            metrics = compiled_metrics(own.compiled)
        return TrainingSpec(
            architecture=architecture,
            optimizer=self._optimizer_of(own.compiled),
            loss=loss,
            augmentation=self._found_augmentation(),
            task=self._task,
            metrics=find_metrics(metrics),
        )

    @abstractmethod
    def _loss_of(self, compiled: Mapping[str, Any], output: Output) -> Loss:
        """Return the loss: the parameter, that of the compiled network, or the default."""

    def _optimizer(self) -> OptimizerSpec:
        return self._optimizer_of({})

    def _optimizer_of(self, compiled: Mapping[str, Any]) -> OptimizerSpec:
        chosen = self.optimizer
        if chosen is None:
            chosen = compiled.get("optimizer") or "adam"
        return with_rate(find_optimizer(chosen), self.learning_rate)

    def _start(self, spec: TrainingSpec) -> State | None:
        built: Any = spec.architecture.builder
        network = built.first.pop()
        if self._predictor_ is not None:
            return super()._start(spec)
        # Not those of an equal network that is compiled already: another function made that one.
        return State(_values(network), None if is_keras_model(self.model) else ())

    def _find_dtype(self) -> str:
        if self.dtype is None:
            return str(load_keras().config.dtype_policy().name)
        return find_dtype(self.dtype)

    def _train(
        self,
        training: Training,
        sample_weight: Any,
        keep_optimizer: bool,
        file: CheckpointFile | CheckpointFiles | None = None,
    ) -> Outcome:
        with _failures_named("trained on"):
            return super()._train(training, sample_weight, keep_optimizer, file)

    def _outputs(self, X: Any) -> NDArray[Any]:
        with _failures_named("computed for"):
            return super()._outputs(X)

    # -- the inputs ----------------------------------------------------------------------

    def _samples_to_learn(
        self, X: Any, y: Any, sample_weight: Any, known: Any = None, *, going_on: bool
    ) -> Data:
        if not going_on:
            self._parts_ = parts_of(X) if has_names(X) else None
            self._sample_shape_ = sample_shape(X)
            self._sample_dtype_ = dtype_name(X)
        return super()._samples_to_learn(X, y, sample_weight, known, going_on=going_on)

    def _given(self, X: Any) -> Any:
        largest = largest_integer(X)
        if largest > _EXACT_IN_FLOAT32 and "64" not in self._find_dtype():
            raise ValueError(
                f"X holds whole numbers up to {largest}, and float32 is exact only up "
                f"to {_EXACT_IN_FLOAT32}. Set dtype='float64', or turn them into smaller ones, for "
                "example by an OrdinalEncoder."
            )
        if not has_names(X):
            return X
        if self._parts_ is None:
            raise ValueError("X is a dict of inputs; expected an array, as in fit.")
        return joined(X, self._parts_)

    def _learned_encoding(self, rows: NDArray[Any], seen: ImageShape | None) -> ImageEncoding:
        shape = find_image_shape(rows.shape[1], self.image_shape, seen)
        return ImageEncoding.learned(rows, seen, shape, self.pixel_scaling)


def _is_setting(name: str, own: Collection[str]) -> bool:
    """Return whether a name is that of a setting of a parameter, such as optimizer__momentum."""
    holder, _, setting = name.partition("__")
    return bool(setting) and holder in own and holder != "model"


@contextmanager
def _failures_named(attempt: str) -> Iterator[None]:
    """Replace errors from within a backend, such as that of an index beyond an embedding."""
    try:
        yield
    except Exception as error:
        library = type(error).__module__.partition(".")[0]
        if (
            library not in ("tensorflow", "jax", "jaxlib", "torch")
            and type(error) is not IndexError
        ):
            raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        nodes = [i for i, line in enumerate(lines) if line.startswith("[[{{node")]
        reason = lines[nodes[0] - 1] if nodes and nodes[0] else (lines or [""])[0]
        raise ValueError(
            f"the network can't be {attempt} X: {reason}. Compare the values of X, such as indices "
            "of words, with the sizes of the network's layers."
        ) from error


def _no_model() -> None:
    """Stand for a template while the rest of an estimator is cloned."""


def _values(network: Any) -> list[NDArray[Any]]:
    """Copy the values of all variables."""
    values = [variable.value for variable in network.variables]
    if backend_name() == "torch":
        values = [value.detach().cpu() for value in values]
    return [np.asarray(value).copy() for value in values]
