"""Files that are never half written."""

import os
from pathlib import Path
from uuid import uuid4


def write(path: Path, content: bytes) -> None:
    """Write a file at once: a reader finds the old one or the new one, never a part."""
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
