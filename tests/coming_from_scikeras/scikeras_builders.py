"""Functions as SciKeras's users have written them: they ask for `meta` and `compile_kwargs`."""

from skmnist._utils.backend import load_keras

keras = load_keras()
layers = keras.layers


def mlp_classifier(meta, compile_kwargs, hidden_layer_sizes=(16,)):
    network = keras.Sequential([keras.Input((meta["n_features_in_"],))])
    for size in hidden_layer_sizes:
        network.add(layers.Dense(size, activation="relu"))
    multiclass = meta["target_type_"] == "multiclass"
    units = meta["n_classes_"] if multiclass else meta["n_outputs_"]
    network.add(layers.Dense(units, activation="softmax" if multiclass else "sigmoid"))
    loss = "sparse_categorical_crossentropy" if multiclass else "binary_crossentropy"
    network.compile(**{**compile_kwargs, "loss": compile_kwargs["loss"] or loss})
    return network


def mlp_regressor(meta, compile_kwargs, hidden_layer_sizes=(16,)):
    network = keras.Sequential([keras.Input((meta["n_features_in_"],))])
    for size in hidden_layer_sizes:
        network.add(layers.Dense(size, activation="relu"))
    network.add(layers.Dense(meta["n_outputs_"]))
    network.compile(**{**compile_kwargs, "loss": compile_kwargs["loss"] or "mse"})
    return network


def image_classifier(meta, hidden_layer_sizes=()):
    """Return a Sequential model that the function compiles by itself."""
    network = keras.Sequential(
        [keras.Input(meta["X_shape_"][1:]), layers.Conv2D(3, (3, 3)), layers.Flatten()]
    )
    for size in hidden_layer_sizes:
        network.add(layers.Dense(size, activation="relu"))
    network.add(layers.Dense(meta["n_classes_"], activation="softmax"))
    network.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def functional_image_classifier(meta, hidden_layer_sizes=()):
    """Return the same network by Keras's functional interface."""
    pixels = keras.Input(meta["X_shape_"][1:])
    inside = layers.Flatten()(layers.Conv2D(3, (3, 3))(pixels))
    for size in hidden_layer_sizes:
        inside = layers.Dense(size, activation="relu")(inside)
    network = keras.Model(pixels, layers.Dense(meta["n_classes_"], activation="softmax")(inside))
    network.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def plain(n_features_in, n_outputs, hidden=16, activation="softmax"):
    """Return a network that is not compiled, by the names of this package."""
    return keras.Sequential(
        [
            keras.Input((n_features_in,)),
            layers.Dense(hidden, activation="relu"),
            layers.Dense(n_outputs, activation=activation),
        ]
    )


def linear(n_features_in, n_outputs):
    return keras.Sequential([keras.Input((n_features_in,)), layers.Dense(n_outputs)])
