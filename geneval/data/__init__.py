"""Reading, checking and writing: outputs, references, preferences, ratings and judgements."""

from geneval.data._demo import demo_inputs
from geneval.data._described import read_descriptions, read_parents, read_predictions, read_valid_labels
from geneval.data._graded import choices_of
from geneval.data._inputs import read_inputs
from geneval.data._item_columns import read_item_columns
from geneval.data._lists import inputs_from_lists
from geneval.data._model import (
    InputFile,
    Inputs,
    Judgement,
    Output,
    Preference,
    Rating,
    Reading,
    Side,
    Verdict,
    Winner,
)
from geneval.data._pairs import MinimalPair, pairs_hash, probe_pairs, read_pairs
from geneval.data._peek import holds_choices, holds_outputs
from geneval.data._people import preferences_of, ratings_of, read_judgements, read_preferences, read_ratings
from geneval.data._positives import Positives, read_positives
from geneval.data._problems import Problem
from geneval.data._ranked import Matrix, RankedFiles, read_ranked
from geneval.data._reading import read_again, reading_from
from geneval.data._reference_files import read_references
from geneval.data._reference_stream import ReferenceStream
from geneval.data._streams import StreamedInputs, stream_inputs
from geneval.data._validate import FILE_KINDS, Checked, FileKind, validate
from geneval.data._write import write_references

__all__ = [
    "FILE_KINDS",
    "Checked",
    "FileKind",
    "InputFile",
    "Inputs",
    "Judgement",
    "Matrix",
    "MinimalPair",
    "Output",
    "Positives",
    "Preference",
    "Problem",
    "RankedFiles",
    "Rating",
    "Reading",
    "ReferenceStream",
    "Side",
    "StreamedInputs",
    "Verdict",
    "Winner",
    "choices_of",
    "demo_inputs",
    "holds_choices",
    "holds_outputs",
    "inputs_from_lists",
    "pairs_hash",
    "preferences_of",
    "probe_pairs",
    "ratings_of",
    "read_again",
    "read_descriptions",
    "read_inputs",
    "read_item_columns",
    "read_judgements",
    "read_pairs",
    "read_parents",
    "read_positives",
    "read_predictions",
    "read_preferences",
    "read_ranked",
    "read_ratings",
    "read_references",
    "read_valid_labels",
    "reading_from",
    "stream_inputs",
    "validate",
    "write_references",
]
