"""Settings that belong together, as one parameter of an estimator, open to searches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.reprs import ShortRepr


def is_a(kind: type, value: Any) -> bool:
    """Return whether a value is a number of a kind; True and False are none.

    Examples
    --------
    >>> from numbers import Integral
    >>> from skmnist._utils.values import is_a
    >>> is_a(Integral, 3), is_a(Integral, True), is_a(Integral, 3.0)
    (True, False, False)
    """
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True, repr=False)
class Value(ShortRepr):
    """An immutable object with scikit-learn's ``get_params`` and ``set_params`` (abstract).

    Values are compared by their settings and are hashable: equal ones share compiled code.  One may
    be the default of a parameter of many estimators, so none ever changes: `set_params` returns
    another one, and the `set_params` of an estimator that inherits from `HoldsValues` puts it in
    the place of the first.  For the same reason scikit-learn's ``clone`` need not copy them.

    Examples
    --------
    >>> from skmnist import Augmentation
    >>> turned = Augmentation(rotation=10)
    >>> turned.set_params(rotation=5, zoom=0.1)
    Augmentation(rotation=5, zoom=0.1)
    >>> turned
    Augmentation(rotation=10)
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all settings by name.

        Parameters
        ----------
        deep : bool, default=True
            Not used: settings have no settings of their own.

        Returns
        -------
        params : dict of str to object
            The arguments that make an equal object.
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **params: Any) -> Self:
        """Return an object with some settings changed; this one stays as it is.

        Parameters
        ----------
        **params : object
            The new settings.

        Returns
        -------
        changed : object of the same class
            A new object.

        Raises
        ------
        ValueError
            If there is no such setting, or its value is not usable.
        """
        known = self.get_params()
        for name in params:
            if not known:
                raise ValueError(f"{type(self).__name__} has no parameters; {name} can't be set.")
            if name not in known:
                raise unknown_name(f"{type(self).__name__}: parameter", name, known)
        return type(self)(**{**known, **params})

    def __sklearn_clone__(self) -> Self:
        return self


class HoldsValues:
    """An estimator some of whose parameters are values, or names that stand for values.

    scikit-learn's own ``set_params`` changes what it finds in place, which would change the
    default of all estimators.  This one replaces it.
    """

    # Which value an argument of another type stands for, by the parameter's name; or an error.
    _values_by_name: Mapping[str, Callable[[Any], Value]] = {}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also those of the objects that this estimator holds.

        Parameters
        ----------
        **params : object
            Parameters by name. ``optimizer__weight_decay=0.02`` changes one setting of an object:
            this estimator gets a changed copy of it, others that share it are not affected. Where
            the parameter is a name, such as ``augmentation="affine"``, it is replaced by the object
            that it stands for first.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or it has no settings of its own.
        """
        whole: dict[str, Any] = {}
        of_values: dict[str, dict[str, Any]] = {}
        own = self._get_param_names()  # type: ignore[attr-defined]
        for key, given in params.items():
            name, _, setting = key.partition("__")
            if setting and name in own:
                of_values.setdefault(name, {})[setting] = given
            else:
                whole[key] = given
        super().set_params(**whole)  # type: ignore[misc]
        for name, settings in of_values.items():
            setattr(self, name, self._value(name, settings).set_params(**settings))
        return self

    def _value(self, name: str, settings: Mapping[str, Any]) -> Value:
        given = getattr(self, name)
        if isinstance(given, Value):
            return given
        if name in self._values_by_name:
            return self._values_by_name[name](given)
        raise ValueError(
            f"{name}={shown(given)} has no settings, so {name}__{next(iter(settings))} can't be "
            f"set. Set {name} itself."
        )
