"""The page in a real browser: its arithmetic against Keras's, its drawing, its corrections."""

import io
import shutil
import zipfile
from base64 import b64encode
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image
from sklearn.pipeline import Pipeline
from strokes_of_digits import DIGITS

import skmnist
from skmnist import (
    CNNClassifier,
    DigitNormalizer,
    DNNClassifier,
    ImageLoader,
    KerasClassifier,
    load_image_folder,
)
from skmnist._utils.backend import load_keras
from skmnist.exporting._page import page_of
from skmnist.exporting._steps import steps_of
from skmnist.networks import (
    VGGBlocks,
    convolutional_network,
    dense_network,
    lenet5,
    residual_network,
)

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

_BROWSERS = "chromium", "chromium-browser", "google-chrome", "chrome", "msedge"
_FRAME = 16  # milliseconds


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, of the system or of Playwright, or a skip that says how to get it."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with playwright.sync_playwright() as started:
        try:
            opened = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium: install it, or run `playwright install chromium` ({error})")
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def reader(mnist):
    """The default network, trained for seconds on a part of MNIST."""
    (X, y), _ = mnist
    return CNNClassifier(epochs=3, dtype="float32", random_state=0).fit(X[:4000], y[:4000])


@pytest.fixture
def opened(browser, tmp_path):
    """Open the page of a classifier; afterwards, nothing may have gone wrong in it."""
    problems, contexts = [], []

    def open_page(classifier, **context):
        path = tmp_path / "page.html"
        path.write_text(page_of(classifier), encoding="utf-8")
        contexts.append(browser.new_context(accept_downloads=True, **context))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text))
        page.on("request", lambda request: noted(request.url, path.as_uri()))
        page.goto(path.as_uri())
        return page

    def noted(url, own):
        if url != own and not url.startswith("blob:"):
            problems.append(f"asked for {url}")

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page_of_digits(opened, reader):
    """The page of the trained network."""
    return opened(reader)


def draw(page, strokes, *, after_each=lambda page: None):
    """Draw by real pointer events."""
    page.evaluate("scrollTo(0, 0)")
    box = page.locator("#paper").bounding_box()
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if i == 0:
                page.mouse.down()
            after_each(page)
        page.mouse.up()
    after_a_frame(page)


def draw_by_finger(page, stroke):
    """Draw by events of a touch screen, which would scroll elsewhere."""
    box, touch = page.locator("#paper").bounding_box(), page.context.new_cdp_session(page)
    for i, (x, y) in enumerate(stroke):
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        kind = "touchMove" if i else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def after_a_frame(page):
    page.evaluate("new Promise((end) => requestAnimationFrame(() => setTimeout(end)))")


def wait_until(page, condition):
    """Wait for a condition; Playwright's own way needs `eval`, which the page forbids."""
    for _ in range(500):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(condition)


def rounded(network):
    """Round the kernels of a network as the page does; return the network."""
    for variable in network.variables:
        if variable.name == "kernel":
            variable.assign(np.asarray(variable.value).astype(np.float16).astype(np.float32))
    return network


def network_script():
    return (files("skmnist.exporting") / "_assets" / "network.js").read_text(encoding="utf-8")


def shown_pixels(page):
    return np.array(page.evaluate("Array.from(skmnist.shown.pixels)"))


# -- the arithmetic ---------------------------------------------------------------------------


def test_a_thousand_images_have_keras_probabilities(page_of_digits, reader, mnist):
    images = mnist[1][0][:1000]
    found = page_of_digits.evaluate(
        """data => {
            const pixels = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            return Array.from({ length: 1000 }, (_, i) =>
                skmnist.predict(pixels.subarray(784 * i, 784 * (i + 1))));
        }""",
        b64encode(images.tobytes()).decode(),
    )
    network = rounded(reader.network_)
    expected = network.predict_on_batch(images[..., None] / np.float32(255))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    # What half precision changes.
    np.testing.assert_allclose(found, reader.predict_proba(images), atol=0.005)


def every_layer(keras):
    """A network of the layers that our own don't have."""
    layers = keras.layers
    images = keras.Input((9, 7, 3))
    maps = layers.Rescaling(2.0, offset=-0.5)(images)
    maps = layers.Conv2D(6, (3, 2), 2, "same", groups=3, activation="gelu")(maps)
    side = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="silu")(images)
    side = layers.MaxPooling2D(3, 2, "same")(side)
    maps = layers.Concatenate()([maps, side])
    maps = layers.Conv2D(8, 2, dilation_rate=2, padding="same", use_bias=False)(maps)
    maps = layers.LeakyReLU(negative_slope=0.1)(layers.BatchNormalization()(maps))
    maps = layers.AveragePooling2D(2, 2, "same")(layers.RandomFlip()(maps))
    maps = layers.Activation("selu")(layers.ReLU(max_value=2.0, negative_slope=0.5)(maps))
    rows = layers.Concatenate()(
        [layers.GlobalMaxPooling2D()(maps), layers.Flatten()(maps), layers.Reshape((-1,))(maps)]
    )
    rows = layers.Dropout(0.5)(layers.Softmax()(layers.ELU()(rows)))
    inner = keras.Sequential(
        [keras.Input(rows.shape[1:]), layers.Dense(5, "softplus"), layers.Dense(5, "hard_sigmoid")]
    )
    return keras.Model(images, layers.Dense(4)(inner(rows)))


NETWORKS = {
    "dense": lambda keras: dense_network((8, 8, 1), 3, activation="tanh", dropout=0.2),
    "bias with its own rate": lambda keras: dense_network(
        (8, 8, 1), 1, output_activation="sigmoid", bias_learning_rate_factor=2
    ),
    "lenet, enlarged": lambda keras: lenet5((8, 8, 1), 3),
    "residual": lambda keras: residual_network((9, 9, 1), 3, filters=(2, 4), n_blocks=2),
    "stages": lambda keras: convolutional_network((13, 12, 3), 3, conv_blocks=VGGBlocks(4)()),
    "every layer": every_layer,
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_every_layer_computes_what_keras_computes(browser, make):
    network = make(load_keras())
    rng = np.random.default_rng(0)
    for variable in network.trainable_variables:
        variable.assign(rng.normal(0, 0.3, variable.shape))
    for variable in network.non_trainable_variables:
        if variable.name.startswith("moving"):
            variable.assign(rng.uniform(0.5, 2, variable.shape))
    images = rng.normal(size=(20, *network.input_shape[1:])).astype(np.float32)
    steps = steps_of(network)
    page = browser.new_page()
    found = page.evaluate(
        f"""([model, weights, images]) => {{
            {network_script()}
            const bytes = Uint8Array.from(atob(weights), (c) => c.charCodeAt(0));
            const outputs = networkOf(model, bytes.buffer);
            return images.map((image) => Array.from(outputs(image)));
        }}""",
        [
            {"steps": steps.steps, "output": steps.output, "imageShape": images.shape[1:]},
            b64encode(steps.weights).decode(),
            images.reshape(20, -1).tolist(),
        ],
    )
    page.close()
    expected = rounded(network).predict_on_batch(images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_outputs_become_probabilities_as_in_predict_proba(browser):
    page = browser.new_page()
    cases = [[[2.0], True], [[0.3], False], [[0.1, 0.3], False], [[1000.0, 998.0], True]]
    cases.append([[0.0, 0.0], False])
    found = page.evaluate(
        f"""(cases) => {{
            {network_script()}
            return cases.map((one) => Array.from(probabilitiesOf(...one)));
        }}""",
        cases,
    )
    page.close()
    expected = [[0.1192, 0.8808], [0.7, 0.3], [0.25, 0.75], [0.8808, 0.1192], [0.5, 0.5]]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def logits(n_classes):
    layers = load_keras().layers
    return load_keras().Sequential([layers.Flatten(), layers.Dense(n_classes)])


def test_a_network_of_ones_own_has_its_probabilities(opened, images):
    X, y = images
    classifier = KerasClassifier(logits, epochs=20, random_state=0).fit(X, y)
    page = opened(classifier)
    found = [page.evaluate("(x) => skmnist.predict(x)", x.ravel().tolist()) for x in X[:20]]
    np.testing.assert_allclose(found, classifier.predict_proba(X[:20]), atol=1e-3)


# -- drawing ----------------------------------------------------------------------------------


def test_at_least_nine_of_ten_drawn_digits_are_read(page_of_digits):
    page, answers = page_of_digits, {}
    for digit, strokes in DIGITS.items():
        draw(page, strokes)
        answers[digit] = page.inner_text("#label")
        page.click("#clear")
    assert sum(digit == answer for digit, answer in answers.items()) >= 9, answers


def test_the_bars_follow_a_stroke_within_a_frame(page_of_digits):
    took = []

    def note(page):
        after_a_frame(page)
        took.append(page.evaluate("skmnist.milliseconds"))

    draw(page_of_digits, DIGITS["2"], after_each=note)
    # Not the median, as other processes may have the processor for a while.
    assert np.quantile(took, 0.1) <= _FRAME


def test_the_prepared_image_is_like_one_of_mnists(page_of_digits):
    draw(page_of_digits, [[(0.1 + x / 6, 0.2 + y / 6) for x, y in DIGITS["3"][0]]])  # small
    image = shown_pixels(page_of_digits).reshape(28, 28)
    rows, columns = (np.flatnonzero(image.max(axis=axis) > 25) for axis in (1, 0))
    assert 18 <= np.ptp(rows) + 1 <= 21
    assert np.ptp(columns) < np.ptp(rows)
    at = np.arange(28)
    centre = [(image.sum(axis=1) @ at) / image.sum(), (image.sum(axis=0) @ at) / image.sum()]
    np.testing.assert_allclose(centre, 14, atol=0.5)
    assert image.max() == 255


def test_undo_and_clear_take_back_and_can_be_taken_back(page_of_digits):
    page = page_of_digits
    draw(page, DIGITS["4"])
    whole = shown_pixels(page)
    page.keyboard.press("Control+z")
    after_a_frame(page)
    assert page.evaluate("skmnist.shown !== null")
    assert not np.array_equal(shown_pixels(page), whole)
    draw(page, DIGITS["4"][1:])
    page.click("#clear")
    after_a_frame(page)
    assert page.evaluate("skmnist.shown") is None
    assert page.inner_text("#confidence") == ""
    assert page.is_disabled("#clear")
    page.click("#undo")
    after_a_frame(page)
    np.testing.assert_array_equal(shown_pixels(page), whole)


def test_keys_draw_and_keep(page_of_digits):
    page = page_of_digits
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "paper"
    for key in ["ArrowUp"] * 8 + [" "] + ["ArrowDown"] * 16 + [" ", "ArrowLeft"]:
        page.keyboard.press(key)
    wait_until(page, "document.getElementById('label').textContent === '1'")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "clear"
    page.focus("#paper")
    page.keyboard.press("7")
    assert page.inner_text("#message") == "Kept as 7."
    assert page.inner_text("#download") == "Download 1 as .zip"


def test_what_decided_is_shown_and_read_aloud_when_the_drawing_rests(page_of_digits):
    page = page_of_digits
    draw(page, DIGITS["7"])
    wait_until(page, "document.getElementById('decisive').textContent !== ''")
    assert page.inner_text("#decisive").startswith("Most decisive: the ")
    assert page.get_attribute("#decided", "aria-label") == page.inner_text("#decisive")
    spoken = page.text_content("#spoken")
    assert spoken.startswith("7, ")
    assert " Next: " in spoken


# -- photographs ------------------------------------------------------------------------------


def photograph(strokes, *, inverted=False):
    """Dark ink on paper that is lit from the right, as PNG, and as an array."""
    size = 300
    y, x = np.mgrid[:size, :size] + 0.5
    far = np.full((size, size), np.inf)
    for stroke in strokes:
        for px, py in stroke:
            far = np.minimum(far, np.hypot(x - px * size, y - py * size))
    ink = np.clip(9 - far, 0, 1)[..., None]
    paper = (150 + 60 * x / size)[..., None] * [1, 1, 0.92]
    picture = (paper * (1 - ink) + ink * [40, 45, 90]).astype(np.uint8)
    picture = 255 - picture if inverted else picture
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue(), picture


@pytest.mark.parametrize("inverted", [False, True], ids=["dark ink", "bright ink"])
def test_the_ink_of_a_photograph_is_found_as_in_python(page_of_digits, inverted):
    content, picture = photograph(DIGITS["5"], inverted=inverted)
    file = {"name": "five.png", "mimeType": "image/png", "buffer": content}
    page_of_digits.set_input_files("#file", file)
    wait_until(page_of_digits, "skmnist.shown !== null")
    assert page_of_digits.inner_text("#label") == "5"
    found = shown_pixels(page_of_digits).reshape(28, 28)
    expected = DigitNormalizer().transform([picture])[0]
    assert np.abs(found - expected).mean() < 6  # of 255
    page_of_digits.uncheck("#finds-ink")
    wait_until(page_of_digits, "skmnist.shown.pixels.every((p) => p > 20)")


def test_a_picture_may_be_dropped_or_pasted_and_what_is_none_is_named(page_of_digits):
    page = page_of_digits
    send = """([kind, name, type, data]) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], name, { type }));
        const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: transfer })
            : new ClipboardEvent("paste", { clipboardData: transfer });
        document.dispatchEvent(event);
    }"""
    data = b64encode(photograph(DIGITS["7"])[0]).decode()
    for kind in ("drop", "paste"):
        page.evaluate(send, [kind, "7.png", "image/png", data])
        wait_until(page, "skmnist.shown !== null")
        assert page.inner_text("#label") == "7"
        page.click("#clear")
        after_a_frame(page)
    page.evaluate(send, ["drop", "7.png", "image/png", "AAAA"])
    wait_until(page, "document.getElementById('message').textContent !== ''")
    assert "no picture that the browser can read" in page.inner_text("#message")
    blank = b64encode(photograph([])[0]).decode()
    page.evaluate(send, ["drop", "blank.png", "image/png", blank])
    wait_until(page, "document.getElementById('message').textContent.startsWith('No char')")


def test_a_colour_picture_is_scaled_as_by_the_image_loader(opened):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (40, 6, 8, 3), dtype=np.uint8)
    y = np.array(["dull", "vivid"])[(X[..., 0].mean(axis=(1, 2)) > 127).astype(int)]
    network = DNNClassifier(hidden_units=(4,), epochs=30, random_state=0).fit(X, y)
    loader = ImageLoader((6, 8), mode="RGB")
    page = opened(Pipeline([("loader", loader), ("classifier", network)]))
    picture = np.kron(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8), np.ones((9, 9, 1), np.uint8))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    page.set_input_files(
        "#file", {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    wait_until(page, "skmnist.shown !== null")
    expected = loader.transform([Image.fromarray(picture)])[0]
    found = shown_pixels(page).reshape(6, 8, 3)
    assert np.abs(found - expected).max() <= 2
    assert page.is_hidden("#finding")
    assert page.inner_text("h1") == "Show a picture"


# -- corrections ------------------------------------------------------------------------------


def downloaded(page, folder):
    """Unpack the corrections, and return the folder that has them."""
    with page.expect_download() as download:
        page.click("#download")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder / "corrections"


def test_corrections_are_a_folder_of_pictures_to_train_on(
    page_of_digits, reader, tmp_path, monkeypatch
):
    page, drawings = page_of_digits, []
    for digit, label in (("1", "7"), ("4", "4"), ("0", "7")):
        draw(page, DIGITS[digit])
        drawings.append(np.rint(shown_pixels(page)).reshape(28, 28))
        page.click(f"#classes button >> text='{label}'")
    page.locator("#kept button").nth(2).click()  # the last one was a mistake
    corrections = load_image_folder(downloaded(page, tmp_path), shuffle=False)
    assert corrections.target_names.tolist() == ["4", "7"]
    np.testing.assert_array_equal(corrections.images, [drawings[1], drawings[0]])
    # The instructions beside them run as they are.
    skmnist.save(reader, tmp_path / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    _, _, code = (tmp_path / "corrections" / "README.txt").read_text().partition("run:\n")
    names = {}
    exec(code, names)
    assert sorted(names["y"]) == [4, 7]
    assert names["classifier"].n_epochs_ == reader.n_epochs_ + 1


LABELS = [
    '<img src=x onerror="document.title=1">', "</script><script>document.title = 2</script>",
    "a/b", "..", '"quoted"', "&amp;", "ü", "long" * 30, "", "9",
]  # fmt: skip


def test_labels_are_shown_as_they_are_written_and_survive_in_corrections(opened, digits, tmp_path):
    X, _, y, _ = digits
    labels = np.array(LABELS)[y[:300]]
    classifier = DNNClassifier(hidden_units=(16,), epochs=5, random_state=0).fit(X[:300], labels)
    page = opened(classifier)
    classes = classifier.classes_.tolist()
    assert page.locator("#bars .name").all_text_contents() == classes
    assert page.locator("#classes button").all_text_contents() == classes
    assert page.locator("img").count() == 0
    for label in (LABELS[0], "a/b"):
        draw(page, DIGITS["0"])
        assert page.text_content("#label") in classes
        page.locator("#classes button").nth(classes.index(label)).click()
    assert page.text_content("#message") == "Kept as a/b."
    assert page.title() == "Draw something"
    folder = downloaded(page, tmp_path)
    corrections = load_image_folder(folder, labels="labels.csv")
    assert corrections.images.shape == (2, 8, 8)
    assert {*corrections.target_names} == {LABELS[0], "a/b"}


def test_of_many_classes_the_most_probable_are_shown_and_all_can_be_chosen(opened, digits):
    X, _, y, _ = digits
    labels = np.array([f"{label}{'ab'[i % 2]}" for i, label in enumerate(y[:400])])
    page = opened(DNNClassifier(hidden_units=(), epochs=10, random_state=0).fit(X[:400], labels))
    draw(page, DIGITS["0"])
    shown = page.locator("#bars .percent").all_text_contents()
    assert len(shown) == 10
    percents = [float(text.strip("< %")) for text in shown]
    assert percents == sorted(percents, reverse=True)
    page.select_option("#classes select", label="9b")
    page.click("#classes button")
    assert page.inner_text("#message") == "Kept as 9b."


# -- every screen -----------------------------------------------------------------------------


def test_the_page_is_usable_at_360_pixels_in_the_dark_by_a_finger(opened, reader):
    phone = {"width": 360, "height": 640}
    page = opened(reader, viewport=phone, has_touch=True, is_mobile=True, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, background[4:-1].split(","))) < 40
    draw_by_finger(page, DIGITS["7"][0])
    wait_until(page, "skmnist.shown !== null")
    after_a_frame(page)
    assert page.inner_text("#label") == "7"
    assert page.evaluate("scrollY") == 0
    sides = page.evaluate(
        "[...document.querySelectorAll('button, .button')].map((b) => b.offsetHeight)"
    )
    assert min(sides) >= 40


def test_everything_to_operate_has_a_name(page_of_digits):
    unnamed = page_of_digits.evaluate(
        """() => [...document.querySelectorAll('button, input, canvas, select, ul, section')]
            .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length))
            .map((node) => node.id)"""
    )
    assert unnamed == []
