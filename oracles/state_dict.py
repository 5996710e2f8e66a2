"""State dictionaries as PyTorch writes them, and what is in them.

    pip install torch
    python oracles/state_dict.py

Writes state_dict.pt (every type of element, views, tied weights, a scalar, an empty tensor),
checkpoint.pt (weights among other things, with an object of a class) and state_dict.json (names,
shapes, numbers) beside itself.
"""

import argparse
import json
from collections import OrderedDict
from pathlib import Path

import torch

FOLDER = Path(__file__).parent


def tensors():
    torch.manual_seed(0)
    tied = torch.randn(3, 2)
    return OrderedDict(
        [
            ("conv.weight", torch.randn(2, 1, 3, 3)),
            ("double", torch.randn(4, dtype=torch.float64)),
            ("half", torch.tensor([1.0, -2.5, 6e-8, 65504.0], dtype=torch.float16)),
            ("bfloat", torch.randn(3).bfloat16()),
            ("bn.num_batches_tracked", torch.tensor(12345678901)),
            ("int", torch.tensor([[-1, 2], [3, -4]], dtype=torch.int32)),
            ("short", torch.tensor([-300, 7], dtype=torch.int16)),
            ("bytes", torch.tensor([0, 255], dtype=torch.uint8)),
            ("chars", torch.tensor([-128, 127], dtype=torch.int8)),
            ("mask", torch.tensor([True, False, True])),
            ("encoder.weight", tied),
            ("decoder.weight", tied),
            ("transposed", torch.arange(6.0).reshape(2, 3).t()),
            ("part", torch.arange(20.0)[3:17:4]),
            ("empty", torch.zeros(0, 5)),
            ("parameter", torch.nn.Parameter(torch.tensor([0.25, -0.5]))),
        ]
    )


def main():
    weights = tensors()
    torch.save(weights, FOLDER / "state_dict.pt")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(torch.arange(float(p.numel())).reshape(p.shape) + i)
    checkpoint = {
        "epoch": 7,
        "args": argparse.Namespace(lr=0.1),
        "loss": 0.5,
        "best": None,
        "model_state_dict": model.state_dict(),
        "optimizer": torch.optim.Adam(model.parameters()).state_dict(),
    }
    torch.save(checkpoint, FOLDER / "checkpoint.pt")

    def listed(entries):
        return [
            {"name": k, "shape": list(v.shape), "numbers": v.detach().double().reshape(-1).tolist()}
            for k, v in entries.items()
        ]

    both = {"state_dict": listed(weights), "checkpoint": listed(model.state_dict())}
    (FOLDER / "state_dict.json").write_text(json.dumps(both, indent=0) + "\n")


if __name__ == "__main__":
    main()
