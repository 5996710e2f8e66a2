#!/usr/bin/env python3
"""Makes the data sets embedded in `crates/data/embedded` and the fingerprints that test them.

Needs scikit-learn (1.9.1 was used); run it from anywhere:

    python3 -m venv venv && venv/bin/pip install scikit-learn && venv/bin/python oracles/datasets.py

The values are those of `sklearn.datasets.load_*` bit for bit (diabetes with `scaled=False`). The
output is the same for every run: gzip headers carry no time and no name.

`crates/data/tests/oracle/embedded.csv` gets, for every array, its number of elements and the
64-bit FNV-1a hash of its elements as little-endian f64, so that Rust can be held to every bit.
`crates/data/tests/oracle/diabetes_scaled.csv` gets the first rows of `load_diabetes(scaled=True)`.
"""

import gzip
import struct
from pathlib import Path

import numpy as np
from sklearn import datasets

CRATE = Path(__file__).resolve().parent.parent / "crates" / "data"
EMBEDDED = CRATE / "embedded"
ORACLE = CRATE / "tests" / "oracle"


def write_gzip(name: str, content: bytes) -> None:
    packed = gzip.compress(content, compresslevel=9, mtime=0)
    (EMBEDDED / name).write_bytes(packed)
    print(f"{name}: {len(content)} bytes, {len(packed)} compressed")


def write_idx(name: str, array: np.ndarray) -> None:
    """IDX of unsigned bytes, as MNIST ships (type code 0x08, big-endian dimensions)."""
    exact = array.astype(np.uint8)
    assert (exact == array).all(), f"{name} does not fit unsigned bytes"
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)
    write_gzip(name, header + exact.tobytes())


def number(value: float) -> str:
    """The shortest text that reads back as the same f64."""
    return str(int(value)) if value == int(value) else repr(float(value))


def write_csv(name: str, feature_names: list[str], target_name: str, bunch) -> None:
    lines = [",".join([*feature_names, target_name])]
    for row, target in zip(bunch.data, bunch.target):
        lines.append(",".join(map(number, [*row, target])))
    write_gzip(name, ("\n".join(lines) + "\n").encode())


def fnv1a(values: np.ndarray) -> int:
    state = 0xCBF29CE484222325
    for byte in np.ascontiguousarray(values, dtype="<f8").tobytes():
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state


def main() -> None:
    EMBEDDED.mkdir(parents=True, exist_ok=True)
    ORACLE.mkdir(parents=True, exist_ok=True)

    digits = datasets.load_digits()
    write_idx("digits-images-idx3-ubyte.gz", digits.images)
    write_idx("digits-labels-idx1-ubyte.gz", digits.target)
    iris = datasets.load_iris()
    write_csv("iris.csv.gz", list(iris.feature_names), "species", iris)
    cancer = datasets.load_breast_cancer()
    write_csv("breast_cancer.csv.gz", list(cancer.feature_names), "diagnosis", cancer)
    diabetes = datasets.load_diabetes(scaled=False)
    write_csv("diabetes.csv.gz", list(diabetes.feature_names), "progression", diabetes)

    lines = ["set,array,elements,fnv1a"]
    sets = {"digits": digits, "iris": iris, "breast_cancer": cancer, "diabetes": diabetes}
    for name, bunch in sets.items():
        for array in ("data", "target"):
            values = getattr(bunch, array)
            lines.append(f"{name},{array},{values.size},{fnv1a(values):016x}")
    (ORACLE / "embedded.csv").write_text("\n".join(lines) + "\n")

    scaled = datasets.load_diabetes(scaled=True)
    rows = [",".join(repr(float(v)) for v in row) for row in scaled.data[:20]]
    lines = [",".join(scaled.feature_names), *rows]
    (ORACLE / "diabetes_scaled.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
