"""The pages: all is there, everything is escaped, nothing comes from elsewhere."""

import csv
import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from skmnist.recipes import RECIPES
from skmnist.reports import Reproductions, reproduce
from skmnist.reports._html import document, element, link, section, table
from skmnist.reports._overview import overview

VOID = {"meta", "img", "br"}
# Of each kind of recipe one, with the headings of the page that it lacks.
KINDS = {
    "small-cnn": (),
    "small-pipeline": (),
    "small-reader": (),
    "small-svm": ("Training", "Network"),
    "small-knn": ("Training", "Network"),
    "small-committee": ("Training", "Network"),
    "small-stack": ("Training", "Network"),
    "small-pretrained": (),
    "bueno-circles": (),
    "bueno-perceptron": (),
    "hostile": (),
}
HEADINGS = (
    "Figures",
    "Training",
    "Data",
    "Predictions",
    "Network",
    "Parameters",
    "Machine and versions",
    "Files",
)


class Page(HTMLParser):
    """A page, parsed: its elements, its text by element, and the tags left open."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else None, data))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text_of(self, tag):
        return [text for name, text in self.texts if name == tag]


def page_of(folder):
    return Page((folder / "index.html").read_text())


def assert_it_needs_nothing_else(page):
    assert page.open == []
    assert {"script", "link", "iframe", "object", "form"}.isdisjoint(
        tag for tag, _ in page.elements
    )
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert all(image["alt"] for image in page.all("img"))
    assert not re.search(r"url\(|@import", "".join(page.text_of("style")))
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


@pytest.mark.parametrize("name", KINDS)
def test_a_page_shows_all_and_needs_nothing_else(name, saved):
    folder = saved(name)
    page = page_of(folder)
    assert_it_needs_nothing_else(page)
    expected = [heading for heading in HEADINGS if heading not in KINDS[name]]
    assert page.text_of("h2") == expected
    assert page.text_of("h1") == [name]
    linked = {unquote(attributes["href"]) for attributes in page.all("a")}
    assert linked == {path.name for path in folder.iterdir()} - {"index.html"}
    assert len(page.all("img")) == len(list(folder.glob("*.png")))


def test_a_page_has_every_reported_figure_beside_ours(saved):
    cells = page_of(saved("small-cnn")).text_of("td")
    for reported in "97.50", "0.1250", "98.25", "0.0625", "0.96875", "7", "1,234,567", "5":
        assert reported in cells
    results = json.loads((saved("small-cnn") / "results.json").read_text())
    ours = results["figures"]
    assert f"{ours['test_loss']:.4f}" in cells
    assert f"{ours['training_accuracy']:.2f}" in cells
    assert ours["last_side"] == 3  # 8 pixels, less 2 by the kernel, halved
    assert results["figures_reported"]["n_parameters"] == 1_234_567
    assert {"machine", "versions", "date", "estimator"} <= set(results)


def test_a_page_says_note_source_protocol_and_verdict(saved):
    page = page_of(saved("small-cnn"))
    assert {"A convolution.", "Source: A report, page 3."} <= set(page.text_of("p"))
    assert "Trained on 300 images and judged on the test set, of 100. Seed 0." in page.text_of("p")
    assert set(page.text_of("strong")) == {"missed"}
    assert any("CNNClassifier(" in text for text in page.text_of("pre"))
    assert any("Total params" in text for text in page.text_of("pre"))


def test_a_hostile_label_note_and_source_are_text(saved):
    text = (saved("hostile") / "index.html").read_text()
    page = Page(text)
    assert {"script", "b", "i"}.isdisjoint(tag for tag, _ in page.elements)
    for hostile in ("<script", "<b>", "<i>"):
        assert hostile not in text
    assert '<b>&"x"' in page.text_of("th")
    assert 'It holds <script>alert("1")</script> & more.' in page.text_of("p")
    with (saved("hostile") / "class_counts.csv").open() as file:
        assert '<b>&"x"' in [row["class"] for row in csv.DictReader(file)]


def test_reviews_are_quoted_as_text(saved):
    page = page_of(saved("small-reader"))
    assert "a <i>great</i> film" in page.text_of("blockquote")
    assert page.all("i") == []


def test_a_page_of_held_out_samples_says_so_and_gives_no_verdict(small_recipes, tmp_path):
    result = reproduce("small-knn", validation_size=100, verbose=0)
    result.save(tmp_path)
    page = page_of(tmp_path)
    protocol = (
        "Trained on 200 samples and judged on 100 training samples held out; the test set was not "
        "used. Seed 0."
    )
    assert protocol in page.text_of("p")
    assert "Accuracy on held-out training samples, %" in page.text_of("th")
    assert "Test accuracy, %" not in page.text_of("th")
    assert "Held-out" in page.text_of("th")
    assert page.all("strong") == []


# -- the page of several recipes --------------------------------------------------------


def test_the_overview_links_to_each_fit(reproduced):
    rows = [reproduced(name).row for name in ("small-cnn", "small-knn")]
    page = Page(overview(Reproductions([*rows, {**rows[0], "random_state": 1}])))
    assert_it_needs_nothing_else(page)
    links = [attributes["href"] for attributes in page.all("a")]
    assert links[:3] == [
        "small-cnn-seed-0/index.html",
        "small-cnn-seed-1/index.html",
        "small-knn-seed-0/index.html",
    ]
    assert {"97.50", "98.25"} & set(page.text_of("td")) == {"97.50"}
    assert page.text_of("strong") == ["missed"]


def test_the_overview_escapes_names_and_messages(reproduced, monkeypatch):
    monkeypatch.setitem(RECIPES, "<u>", RECIPES["hostile"])
    row = {**reproduced("hostile").row, "recipe": "<u>"}
    page = Page(overview(Reproductions([row], failed={"<s>": "<em>&"}, interrupted=True)))
    assert_it_needs_nothing_else(page)
    assert {"u", "s", "em", "i"}.isdisjoint(tag for tag, _ in page.elements)
    assert page.text_of("li")[0] == "<s>: <em>&"
    assert page.all("a")[0]["href"] == "%3Cu%3E-seed-0/index.html"


# -- the elements ------------------------------------------------------------------------


def test_only_markup_is_not_escaped():
    inner = element("b", "<i>", title='"&"')
    assert inner == '<b title="&quot;&amp;&quot;">&lt;i&gt;</b>'
    assert element("p", inner, 3 < 4) == f"<p>{inner}True</p>"
    assert link("a b/<c>", "<c>") == '<a href="a%20b/%3Cc%3E">&lt;c&gt;</a>'
    assert "<td>&lt;x&gt;</td>" in table(["row", "<y>"], [(1, "<x>")])
    assert section("Empty", None) is None
    assert "<title>&lt;t&gt;</title>" in document("<t>")
