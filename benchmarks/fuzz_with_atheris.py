"""The targets of the fuzzer for Atheris, which changes bytes so that more of the code is reached.

Atheris isn't among the dependencies, and not on every platform: ``pip install atheris``. It begins
with the intact files, keeps what reaches new code in build/fuzz/corpus, and ends at the first file
that raises anything but ValueError or OSError, which it writes to the present folder. Its options
are those of libFuzzer.

    python benchmarks/fuzz_with_atheris.py read_idx -max_total_time=3600
    python benchmarks/fuzz_with_atheris.py load -max_total_time=3600
    python benchmarks/fuzz_with_atheris.py load crash-...     # one file again
"""

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["skmnist.datasets", "skmnist.persistence"]):
    import skmnist.datasets
    import skmnist.persistence  # noqa: F401

from _fuzz_targets import TARGETS, seeds_of
from fuzz import FOLDER


def main() -> None:
    name, *options = sys.argv[1:]
    corpus = FOLDER / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed, content in seeds_of(name, FOLDER).items():
        (corpus / seed).write_bytes(content)
    given = any(not option.startswith("-") for option in options)
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")

        def read(content: bytes) -> None:
            path.write_bytes(content)
            with suppress(ValueError, OSError):
                TARGETS[name].load(str(path))

        atheris.Setup([sys.argv[0], *options, *([] if given else [str(corpus)])], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
