"""What the tests of the commands write and read."""

from PIL import Image


def write_idx(path, array):
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(bytes([0, 0, 0x08, array.ndim]) + sizes + array.astype("u1").tobytes())


def save_picture(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def unwrapped(text):
    """Undo the lines and the frame of an error message."""
    return " ".join(text.replace("│", " ").split())
