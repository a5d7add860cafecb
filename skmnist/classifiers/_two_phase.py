"""Training in two phases: a head on a frozen backbone, then both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skmnist._inputs.images import as_rows
from skmnist._inputs.pixels import PixelScaling
from skmnist.networks._pretrained import head_alone, with_trainable_layers
from skmnist.training._contract import Data, Outcome, Plan, Saver, State, TrainingSpec, Watcher
from skmnist.training._identity import Identity, identity_of_plan
from skmnist.training._interrupts import keep_after_interrupt
from skmnist.training._loop import Training, train
from skmnist.training._predictor import Predictor
from skmnist.training._stream import StreamedData

FINE_TUNE = "fine_tune_"


@dataclass(frozen=True)
class FineTuning:
    """The second phase.

    Parameters
    ----------
    trainable_layers : int or None
        How many of the backbone's last layers are trained; None trains all.
    plan : Plan
        Epochs, batches and rates.
    """

    trainable_layers: int | None
    plan: Plan


@dataclass(frozen=True)
class TwoPhaseTraining(Training):
    """Trains a head on the features of a frozen backbone, then fine-tunes the backbone too.

    The history has the curves of both phases, those of the second with the prefix `FINE_TUNE`.

    Parameters
    ----------
    spec, plan, data
        As in :class:`Training`; the plan is that of the first phase.
    fine_tuning : FineTuning or None, default=None
        The second phase; None leaves the backbone unchanged.
    """

    fine_tuning: FineTuning | None = None

    @property
    def n_epochs(self) -> int:
        """The number of planned epochs, in both phases."""
        second = 0 if self.fine_tuning is None else self.fine_tuning.plan.epochs
        return self.plan.epochs + second

    @property
    def begins_longer_ones(self) -> bool:
        """Whether a training of more epochs begins with these: of two phases, none does."""
        return False

    def identity(self, start: State | None) -> Identity:
        """Describe what the result depends on, the second phase's plan too."""
        described = super().identity(start)
        if self.fine_tuning is None:
            return described
        return {
            **described,
            "trainable_layers": repr(self.fine_tuning.trainable_layers),
            **identity_of_plan(self.fine_tuning.plan, FINE_TUNE),
        }

    def run(
        self,
        start: State | None,
        callbacks: Sequence[Any],
        watcher: Watcher,
        saver: Saver | None = None,
    ) -> Outcome:
        """Train in one phase or in two."""
        assert start is not None, "a backbone has weights before training"
        saver = saver or Saver()
        # Before the head is trained: an error if there are fewer layers than are to be trained.
        fine_spec = None if self.fine_tuning is None else self._with_trainable_layers()
        frozen = self._train_head(start, callbacks, watcher, saver)
        if self.fine_tuning is None or fine_spec is None or frozen.interrupted:
            return frozen
        plan, saver = self.fine_tuning.plan, saver.next_phase()
        return _fine_tune(fine_spec, plan, self.data, frozen, callbacks, watcher, saver)

    def _with_trainable_layers(self) -> TrainingSpec:
        assert self.fine_tuning is not None
        architecture = with_trainable_layers(
            self.spec.architecture, self.fine_tuning.trainable_layers
        )
        return replace(self.spec, architecture=architecture)

    def _train_head(
        self, start: State, callbacks: Sequence[Any], watcher: Watcher, saver: Saver
    ) -> Outcome:
        """Train the dense layers on the frozen backbone."""
        spec = self.spec
        if spec.augmentation or isinstance(self.data, StreamedData):
            spec = replace(spec, architecture=with_trainable_layers(spec.architecture, 0))
            return train(spec, self.plan, self.data, start, callbacks, watcher, saver)
        # A frozen backbone computes the same features of an image in each epoch.
        scaling = PixelScaling(scale=self.data.pixel_scale)
        backbone = Predictor(spec.architecture, start.network, scaling).of_layer("flatten", None)
        features = self.data if saver.has_ended else _features(backbone, self.data)
        of_backbone = list(backbone.variables)

        def whole(state: State) -> State:
            return State([*of_backbone, *state.network], state.optimizer)

        outcome = train(
            replace(spec, architecture=head_alone(spec.architecture, backbone.n_outputs)),
            self.plan,
            features,
            State(start.network[len(of_backbone) :], start.optimizer),
            callbacks,
            _Phase(watcher, whole=whole),
            saver,
        )
        return replace(outcome, state=whole(outcome.state))


def _features(backbone: Predictor, data: Data) -> Data:
    """Replace all images by the backbone's features of them."""
    features = backbone.outputs(as_rows(data.images)[0], data.images.shape[1:])
    own_set = data.validation
    return replace(
        data,
        images=features[:, None, :, None],
        pixel_scale=1.0,
        background=(0.0,),
        validation=None if own_set is None else _features(backbone, own_set),
    )


def _fine_tune(
    spec: TrainingSpec,
    plan: Plan,
    data: Data,
    frozen: Outcome,
    callbacks: Sequence[Any],
    watcher: Watcher,
    saver: Saver,
) -> Outcome:
    """Train the backbone's layers too; return the curves of both phases.

    The returned optimizer state is that of the head's training, which a later fit may continue.
    """
    n_epochs = len(frozen.history["loss"])
    plan = replace(plan, first_epoch=plan.first_epoch + n_epochs)
    start = State(frozen.state.network, None)
    try:
        phase = _Phase(watcher, prefix=FINE_TUNE)
        outcome = train(spec, plan, data, start, callbacks, phase, saver)
    except KeyboardInterrupt:  # in its first epoch
        keep_after_interrupt(n_epochs)
        return frozen
    return replace(
        outcome,
        state=State(outcome.state.network, frozen.state.optimizer),
        history=frozen.history | _prefixed(outcome.history, FINE_TUNE),
    )


class _Phase(Watcher):
    """Reports one phase as part of the whole training.

    Parameters
    ----------
    watcher : Watcher
        Informed of every epoch.
    prefix : str, default=""
        Put before the names of the scores.
    whole : callable or None, default=None
        Returns the whole network's state, given that of the part that is trained.
    """

    def __init__(
        self,
        watcher: Watcher,
        prefix: str = "",
        whole: Callable[[State], State] | None = None,
    ) -> None:
        self._watcher = watcher
        self._prefix = prefix
        self._whole = whole

    def resumes(self, history: dict[str, list[float]]) -> None:
        """Report the curves of an earlier run, by the names of the whole training."""
        self._watcher.resumes(_prefixed(history, self._prefix))

    def epoch_begins(self, epoch: int) -> None:
        """Report the beginning of an epoch."""
        self._watcher.epoch_begins(epoch)

    def epoch_ended(self, epoch: int, logs: dict[str, float], state: Callable[[], State]) -> bool:
        """Report the end of an epoch, with the names and the state of the whole training."""
        whole = self._whole
        return self._watcher.epoch_ended(
            epoch,
            _prefixed(logs, self._prefix),
            state if whole is None else lambda: whole(state()),
        )


def _prefixed(named: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {prefix + name: value for name, value in named.items()}
