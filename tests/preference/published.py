"""Counts that others have fitted, and what they found; `published.py` is data for the tests beside it."""

from __future__ import annotations

from geneval_scorers.preference import Comparisons

JOURNALS = ["Biometrika", "Comm. Statist.", "JASA", "JRSS-B"]
# Stigler 1994; Agresti 2002, p. 448. Rows are cited, columns cite; the winner is the cited journal.
CITATIONS = [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]]

TEAMS = ["Baltimore", "Boston", "Cleveland", "Detroit", "Milwaukee", "New York", "Toronto"]
# American League 1987 (Agresti 1990, section 10.6; data/baseball.csv of BradleyTerry2): won and lost at home, rows home,
# columns away.
BASEBALL = """
-   1-6 3-4 1-5 2-5 2-4 1-6
6-0 -   5-2 2-5 5-1 4-2 3-3
2-4 4-2 -   3-3 2-5 4-3 3-4
4-3 6-0 6-1 -   3-3 4-3 4-2
6-0 6-1 4-2 4-3 -   4-3 4-2
6-1 4-3 4-2 5-1 3-3 -   2-5
6-0 4-3 4-2 4-3 2-5 2-4 -
"""

# Davidson 1970, six brands of chocolate pudding: i, j, n, i preferred, j preferred, ties.
PUDDING = [
    (1, 2, 57, 19, 22, 16),
    (1, 3, 47, 16, 19, 12),
    (2, 3, 48, 19, 19, 10),
    (1, 4, 54, 18, 23, 13),
    (2, 4, 51, 23, 19, 9),
    (3, 4, 54, 19, 20, 15),
    (1, 5, 50, 13, 19, 18),
    (2, 5, 48, 16, 20, 12),
    (3, 5, 48, 16, 15, 17),
    (4, 5, 47, 17, 14, 16),
    (1, 6, 51, 18, 21, 12),
    (2, 6, 54, 22, 20, 12),
    (3, 6, 41, 13, 18, 10),
    (4, 6, 51, 14, 19, 18),
    (5, 6, 44, 11, 21, 12),
]

# Springall 1973, flavour strength, as in BradleyTerry2: for row < column in turn, wins of the column, of the row, ties.
SPRINGALL_WINS = [
    2,
    0,
    5,
    2,
    0,
    12,
    13,
    10,
    6,
    17,
    9,
    8,
    24,
    16,
    15,
    22,
    14,
    11,
    24,
    22,
    17,
    3,
    2,
    12,
    10,
    8,
    5,
    20,
    15,
]
SPRINGALL_WINS += [13, 27, 19, 18, 2, 2, 6]
SPRINGALL_LOSSES = [16, 21, 10, 15, 22, 3, 9, 12, 11, 2, 6, 12, 2, 3, 2, 2, 4, 4, 1, 0, 2, 14, 18, 6, 6, 9, 11, 0, 2]
SPRINGALL_LOSSES += [5, 1, 1, 2, 13, 21, 8]
SPRINGALL_TIES = [7, 1, 10, 7, 2, 9, 5, 3, 5, 7, 8, 6, 0, 5, 7, 4, 5, 7, 3, 3, 6, 9, 4, 5, 6, 11, 9, 2, 5, 9, 0, 5, 2]
SPRINGALL_TIES += [8, 5, 8]


def counted(rows, systems, **columns):
    """Comparisons from rows (a, b, winner, how often)."""
    a, b, winner, times = zip(*rows, strict=True)
    return Comparisons.of(a, b, winner, weight=times, systems=systems, **columns)


def citations():
    return counted(
        [
            (winner, loser, "a", CITATIONS[i][j])
            for i, winner in enumerate(JOURNALS)
            for j, loser in enumerate(JOURNALS)
            if i != j
        ],
        JOURNALS,
    )


def baseball():
    """`a` played at home."""
    rows = []
    for home, line in zip(TEAMS, BASEBALL.split("\n")[1:-1], strict=True):
        for away, cell in zip(TEAMS, line.split(), strict=True):
            if cell != "-":
                won, lost = map(int, cell.split("-"))
                rows += [(home, away, "a", won), (home, away, "b", lost)]
    return counted(rows, TEAMS, shown_left=["a"] * len(rows))


def pudding():
    rows = []
    for i, j, n, won, lost, tied in PUDDING:
        assert won + lost + tied == n
        rows += [(str(i), str(j), "a", won), (str(i), str(j), "b", lost), (str(i), str(j), "tie", tied)]
    return counted(rows, list("123456"))


def springall():
    names = list("123456789")
    pairs = [(row, column) for i, row in enumerate(names) for column in names[i + 1 :]]
    rows = []
    for (row, column), won, lost, tied in zip(pairs, SPRINGALL_WINS, SPRINGALL_LOSSES, SPRINGALL_TIES, strict=True):
        rows += [(column, row, "a", won), (column, row, "b", lost), (column, row, "tie", tied)]
    return counted(rows, names)
