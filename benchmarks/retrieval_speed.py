"""Speed and memory of ranked-list metrics on one matrix of similarities, against ranx in the same run, numbers compared.

Usage: python -P benchmarks/retrieval_speed.py [--queries 5000] [--items 25000] [--write]

geneval takes the whole matrix: memory-mapped, ordered some rows at a time, under all metrics. ranx takes lists: it gets the
first 100 of each query, ordered beforehand and not timed, as arrays; geneval is timed on the same lists as well, from
arrays, for the metrics that both have. numba compiles ranx's metrics when they are first called; that call, on a small
run, comes first and is stated apart. geneval compiles nothing; its first call is stated likewise. Seconds are those of a
clock. Needs ranx, which loads a module `coverage`: -P keeps the script of that name beside this one out of its way. `--write`
writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- begin: retrieval -->\n", "<!-- end: retrieval -->"
METRICS = (
    "recall(k=1)", "recall(k=5)", "recall(k=10)", "ir_recall(k=10)", "r_precision", "map_at_r", "map", "mrr", "ndcg(k=10)",
    "bpref", "judged(k=10)", "inf_ap",
)  # fmt: skip
SHARED = {
    "recall(k=1)": "hit_rate@1",
    "recall(k=5)": "hit_rate@5",
    "recall(k=10)": "hit_rate@10",
    "ir_recall(k=10)": "recall@10",
    "r_precision": "r-precision",
    "map": "map",
    "mrr": "mrr",
    "ndcg(k=10)": "ndcg@10",
}
POSITIVES, WRONG, CUT, CLOSE = 10, 10, 100, 1e-9


def world(queries: int, items: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """A matrix on disk, and the columns judged for each query: the first half right."""
    rng = np.random.default_rng(12345)
    matrix = rng.standard_normal((queries, items), dtype=np.float32)
    judged = np.stack([rng.choice(items, POSITIVES + WRONG, replace=False) for _ in range(queries)])
    matrix[np.arange(queries)[:, None], judged[:, :POSITIVES]] += 3
    np.save(folder / "m.npy", matrix)
    return matrix, judged


def clocked(work: Callable[[], dict[str, float]]) -> tuple[float, dict[str, float]]:
    """Seconds, and what came out."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def judgements_of(judged: np.ndarray):  # noqa: ANN201 - a type that is imported where it is used
    """As geneval takes them."""
    from geneval_scorers.ranking import Judged, Judgements

    given = {
        str(q): [Judged(f"i{item}", float(n < POSITIVES)) for n, item in enumerate(row)] for q, row in enumerate(judged)
    }
    return Judgements.of(given)


def of_matrix(folder: Path, judged: np.ndarray, items: int) -> dict[str, float]:
    """All metrics of the matrix."""
    from geneval_scorers.ranking import Similarities, parse_metric

    known, values = judgements_of(judged), np.load(folder / "m.npy", mmap_mode="r")
    ranked = Similarities.of("A", values, map(str, range(len(judged))), [f"i{n}" for n in range(items)], known.items)
    placed = ranked.placed(known)
    return {name: float(np.nanmean(parse_metric(name).values(placed))) for name in METRICS}


def alone(folder: Path, items: int) -> None:
    """The same as a process of its own: print seconds and peak memory."""
    judged = np.load(folder / "judged.npy")
    seconds, _ = clocked(lambda: of_matrix(folder, judged, items))
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def on_lists(
    order: np.ndarray, judged: np.ndarray
) -> tuple[Callable[[], dict[str, float]], Callable[[], dict[str, float]]]:
    """Both sides from the same arrays of numbers, their own structures built already."""
    from ranx import Qrels, Run, evaluate

    from geneval_scorers._ragged import Ragged
    from geneval_scorers.ranking import Names, RankedLists, parse_metric

    ids = [str(q) for q in range(len(judged))]
    known = judgements_of(judged)
    for item in range(int(order.max()) + 1):
        known.items.add(f"i{item}")
    numbers = known.items.numbers([f"i{n}" for n in range(int(order.max()) + 1)])
    ranked = RankedLists(
        "A", Names(ids), Ragged.from_lengths(np.full(len(ids), order.shape[1]), numbers[order].ravel()), known.items
    )
    qrels = Qrels({q: {f"i{item}": 1 for item in row[:POSITIVES]} for q, row in zip(ids, judged, strict=True)})
    run = Run(
        {
            q: {f"i{item}": float(order.shape[1] - n) for n, item in enumerate(row)}
            for q, row in zip(ids, order, strict=True)
        }
    )

    def ours() -> dict[str, float]:
        placed = ranked.placed(known)
        return {name: float(np.nanmean(parse_metric(name).values(placed))) for name in SHARED}

    def theirs() -> dict[str, float]:
        found = evaluate(qrels, run, list(SHARED.values()), make_comparable=True)
        return {name: float(found[other]) for name, other in SHARED.items()}

    return ours, theirs


def best(work: Callable[[], dict[str, float]], times: int = 3) -> tuple[float, dict[str, float]]:
    """The quickest of some runs."""
    return min((clocked(work) for _ in range(times)), key=lambda run: run[0])


def lines(queries: int, items: int) -> list[str]:
    """The measured part of the page; stops where the numbers differ."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        matrix, judged = world(queries, items, folder)
        np.save(folder / "judged.npy", judged)
        order = np.empty((queries, CUT), np.int64)
        for row in range(queries):
            top = np.argpartition(-matrix[row], CUT)[:CUT]
            order[row] = top[np.argsort(-matrix[row, top], kind="stable")]
        del matrix
        command = [sys.executable, "-P", __file__, "--alone", name, "--items", str(items)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
        seconds, megabytes = map(float, printed.split())
        small = on_lists(order[:50], judged[:50])
        first = [clocked(work)[0] for work in reversed(small)][::-1]
        ours, theirs = map(best, on_lists(order, judged))
    apart = max(abs(ours[1][name] - theirs[1][name]) for name in SHARED)
    if apart > CLOSE:
        raise SystemExit(f"the numbers differ by {apart:g}: {ours[1]} {theirs[1]}")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "ranx", "numba"))
    return [
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {queries} queries x {items} items, {POSITIVES} right and {WRONG} wrong items judged a query; "
            f"2 cores, {platform.system()}; Python {platform.python_version()}, {versions}."
        ),
        "",
        "| what | geneval, s | ranx, s | ratio |",
        "|---|---|---|---|",
        f"| the whole matrix, {len(METRICS)} metrics | {seconds:.1f} (at most 20 asked for) | | |",
        (
            f"| the first {CUT} of each query, the {len(SHARED)} metrics that both have | {ours[0]:.3f} | {theirs[0]:.3f} | "
            f"{theirs[0] / ours[0]:.1f} (at least 1 asked for) |"
        ),
        f"| the first call, on 50 queries, compilation in it | {first[0]:.3f} | {first[1]:.3f} | |",
        "",
        (
            f"Peak memory of the first line, a process of its own: {megabytes:.0f} MB (at most 4096 asked for), the memory-mapped "
            f"matrix in it. Largest difference between the numbers: {apart:.0e}."
        ),
    ]


def main() -> None:
    """Measure; print or write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=int, default=5000)
    parser.add_argument("--items", type=int, default=25_000)
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.alone:
        alone(options.alone, options.items)
        return
    text = "\n".join(lines(options.queries, options.items)) + "\n"
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
