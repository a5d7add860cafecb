"""The picture of the page in README: on a screen, in light, and on a phone, in the dark.

    python benchmarks/picture_of_page.py       # needs MNIST, Playwright and a Chromium

It trains the network of ``skmnist demo``, draws on the page and writes docs/page.png.
"""

import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

from skmnist._commands.demonstration import trained
from skmnist.exporting._page import page_of

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "exporting"))
from strokes_of_digits import DIGITS, line  # noqa: E402

GROUND, MARGIN, RADIUS = (216, 221, 228), 56, 28
SCREEN = {"viewport": {"width": 1120, "height": 1130}, "color_scheme": "light"}
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
# A four that is nearly closed at its top, as a nine is.
FOUR = [line((0.42, 0.2), (0.3, 0.52), (0.68, 0.5)), line((0.64, 0.22), (0.6, 0.84))]


def draw(page, strokes):
    """Draw on the page by the mouse."""
    page.evaluate("scrollTo(0, 0)")
    box = page.locator("#paper").bounding_box()
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if i == 0:
                page.mouse.down()
        page.mouse.up()
    page.wait_for_timeout(200)


def photograph(browser, path, strokes, kept=(), **context):
    """Return the page as an image, with corrections and with what decided."""
    page = browser.new_context(device_scale_factor=1.5, **context).new_page()
    page.goto(path.as_uri())
    for digit in kept:
        draw(page, DIGITS[digit])
        page.locator("#classes button").nth(int(digit)).click()
    draw(page, strokes)
    while not page.inner_text("#decisive"):
        page.wait_for_timeout(100)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    return Image.open(io.BytesIO(page.screenshot()))


def beside(*pictures):
    """Put pictures beside each other, in the middle, with round corners."""
    width = sum(picture.width for picture in pictures) + MARGIN * (len(pictures) + 1)
    height = max(picture.height for picture in pictures) + 2 * MARGIN
    whole, left = Image.new("RGB", (width, height), GROUND), MARGIN
    for picture in pictures:
        mask = Image.new("L", picture.size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, *picture.size), RADIUS, fill=255)
        whole.paste(picture, (left, (height - picture.height) // 2), mask)
        left += picture.width + MARGIN
    return whole


def main():
    """Write the picture."""
    classifier, _ = trained(0, quiet=False)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "digits.html"
        path.write_text(page_of(classifier), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        screen = photograph(browser, path, FOUR, kept="37", **SCREEN)
        phone = photograph(browser, path, DIGITS["8"], **PHONE)
    beside(screen, phone).save(ROOT / "docs" / "page.png", optimize=True)


if __name__ == "__main__":
    main()
