"""Prints an objective that depends on the values that a tuning job chose."""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--rate", type=float)
parser.add_argument("--layers", type=int)
parser.add_argument("--kind", choices=["plain", "wide"])
given = parser.parse_args()  # fails if there are others
for epoch in range(given.epochs, 0, -1):
    print(f"epoch={epoch} loss={given.rate * given.layers * epoch:.6f}", flush=True)
