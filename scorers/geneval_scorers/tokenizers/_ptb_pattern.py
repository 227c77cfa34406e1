"""The regular expression of `ptb`: one alternative for each kind of token, the longer before the shorter.

Whatever no alternative matches is punctuation or unknown, and is dropped. Every alternative takes time linear in what
it reads: no two neighbouring repetitions share a character, and what may fail late is bounded.
"""

SPLIT = ("cannot", "gonna", "gotta", "wanna", "lemme", "gimme")
"""Words that the Treebank writes as two, the first of three letters."""

_MONTHS_DAYS = "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thurs fri"
_STATES = (
    "ala ariz calif colo conn ct dak fla ga ind kan kans ky md mich minn mo mont neb nev okla penn tenn va vt wis wisc "
    "wyo"
)
_FIRMS = "assn bhd bros co corp cos inc intl ltd plc univ"
_AT_END = "al bldg blvd esq est etc ext jr rd rt seq sq sr sys tel"
_TITLES = (
    "adj adm alex asst atty attys brig capt cie cmdr col comdr cpl det dr drs ens gen gov govs hon insp jos lieut lt "
    "maj messrs mlle mme mr mrs ms msgr pfc ph pres prof pvt rep reps rev sen sens sfc sgt spc supt treas wm"
)
_BEFORE_NAMES = "adv assoc ave cf dept elec ft invt mt natl st ste vs"
_ENDING = f"{_MONTHS_DAYS} {_STATES} {_FIRMS} {_AT_END}"
_ANY_CASE = f"{_ENDING} {_TITLES} {_BEFORE_NAMES}"
_CAPITALISED = "ark az del ill la mass miss ore pa tex wash"
"""Small, they are other words."""
_SMALL = "mfg mtg pte ptes ppte pty ptys ppty"
"""Their first letter may be capital, the rest not."""

ABBREVIATIONS = tuple(f"{_ANY_CASE} {_CAPITALISED} {_SMALL}".split())
"""Words that may keep their period. Which do was asked of the judge: every word of one to four letters, and known longer ones."""

_BEFORE_NUMBER = "ca nos? op pp art figs? prop"
"""Words that keep their period before a number."""

_SENTENCE_STARTS = (
    "a about according after an as at but earlier he her here however if in it last many more now once one other our "
    "she since so some such that the their then there these they this we what when while yet you"
)
"""Words which, capitalised, tell that the single letter before them ended a sentence."""


def _any(words: str) -> str:
    return "(?i:" + "|".join(words.split()) + ")"


def _capitalised(words: str) -> str:
    return "|".join(f"{word[0].upper()}(?i:{word[1:]})" for word in words.split())


def _small(words: str) -> str:
    return "|".join(f"[{word[0].upper()}{word[0]}]{word[1:]}" for word in words.split())


def token_pattern(letters: str, symbols: str = "") -> str:
    """Return the pattern, in verbose syntax, of a token.

    Args:
        letters: what a set holds to match a letter, or a mark on one.
        symbols: what a set holds to match further characters that are tokens by themselves.
    """
    letter, word = f"[{letters}]", rf"[{letters}\d]"
    clitic = r"(?:'(?i:s|m|d|ll|re|ve)(?![A-Za-z])|’(?i:s|m|d|ll|re|ve))"
    inside = "['’`‘]"
    prefix = rf"(?:[dolDOL](?!{clitic}){inside}(?=[^\W_]{{2}}))"
    inner = r"(?:\.(?=[,;:]))?"  # a period before one of these ends no sentence
    part = r"[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}"
    attribute = r"""[A-Za-z][A-Za-z0-9_.:-]*(?:\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))?"""
    site = rf"(?:(?i:www)(?:\.[A-Za-z0-9-]{{1,63}}){{1,8}}|{word}{{1,63}}(?:\.{word}{{1,63}}){{0,8}}\.(?i:com|net|org|edu))"
    path = r"""[^\s<>|"(){}]+[^\s<>|"(){}.,!?-]"""
    splits = _any(" ".join(SPLIT))
    return rf"""
    (?=\S)(?:

    # Most words; the rest of the pattern need not be tried on them.
      (?!{splits}){letter}++(?:-{letter}++)*+(?=[ ]|[,;:!?)"](?:[ ]|\Z)|'s[ ])

    | (?={word}) (?:
        (?i:https?)://{path}
      | {site}/{path}
      | (?i:www(?:\.[a-z0-9]{{1,63}}(?:-[a-z0-9]{{1,63}}){{0,8}}){{1,8}}\.[a-z]{{2,4}})(?!{word})
      | [A-Za-z0-9][^\s<>|"()@]{{0,63}}@[^\s<>|"().]+(?:\.[^\s<>|"().]+)*

      | \d{{1,4}}[ \xa0-]\d{{1,4}}\\?/\d{{1,4}}

      | {part}(?:\\?/{part}){{1,2}}
      # Hyphens and underscores inside.
      | (?: {prefix}?{word}[{letters}\d.,]{{0,63}}(?=[-֊‐‑]) | {prefix}?{word}+ )
        (?: [-_֊‐‑] {prefix}? (?: (?:[A-Za-z]\.){{2,}} | {word}+ ) )+ {inner}
      | [A-Z]+(?:(?:&(?:amp;)?[A-Z]+)+|\+[A-Z]+) {inner}
      | [cC](?:\+\+|\#)|[fF]\#
      | [A-Z]+\$

      # Periods inside and at the end.
      | [A-Za-z](?:\.[A-Za-z])+\.(?!{letter})
      | (?i:ph|ed)\.[dD]\.
      | (?:{_any(_ENDING)}|{_capitalised(_CAPITALISED)})\.(?={letter}(?!{word}|[.!?]{letter}))
      | {letter}{word}*(?:[.!?]{letter}{word}*)+ {inner}
      | (?:{_any(_ANY_CASE)}|{_capitalised(_CAPITALISED)}|{_small(_SMALL)})\.
      | {_any(_BEFORE_NUMBER)}\.(?=[ \xa0]?\d)
      | [A-Za-z]\.(?!\s*\Z|\s+(?:{_capitalised(_SENTENCE_STARTS)}|M(?i:[rs])\.)(?:\s|\Z))

      # Apostrophes inside and at the end.
      | [A-Za-z]*[A-MO-Za-mo-z](?=[nN]{inside}[tT])
      | {prefix}{word}+
      | [nA-HJ-XZ](?!{clitic}){inside}{letter}{{2,}}
      | (?!{letter}+{clitic})[A-Za-z]+[aeiouyAEIOUY]{inside}(?:[aeiou]|[A-Z]){word}*
      | (?i:e'er|ol['’])(?!{letter})
      | [dlDL](?!{clitic})['’]
      | (?:[jJ]|[yY](?=.{letter}))(?!['’](?i:s|m|d|ll|re|ve))['’]
      | [nN]{inside}[tT]

      | (?={splits}(?!{word}|\.[,;:]|['’](?i:ll|re|ve|s|m|d)(?![A-Za-z])))[A-Za-z]{{3}}
      | \d+(?:\.\d+)*\.[xX](?!{word})
      | \d+(?:[.,:]\d+)+
      | {word}+ {inner}
      )

    | (?=['’]) (?:
        ''
      | {clitic}
      | ['’](?i:em|til|cause|n['’]|t(?=is|was))
      | '[nN](?=\s|\Z)|’[nN]
      | ['’][2-9]0[sS]
      | ['’]\d\d(?=\s|\Z)
      )

    # Tags, entities, brackets and stars that are escaped already.
    | <[!?]?[A-Za-z][A-Za-z0-9_.:@+-]*(?:\s+{attribute})*+\s*[/?]?>
    | </[A-Za-z][A-Za-z0-9_.-]*\s*>|<!--[^<>]*-->
    | &(?i:amp|lt|gt|quot|nbsp|[mn]dash);|&\#\d+;
    | -(?i:[lr][rcs]b)-|\\\*(?:\\\*)*

    | [-+]?(?:\d+(?:[.,:]\d+)*|(?:[.,:]\d+)+)
    | [<>]?[:;=](?:['*o-])?[()DdPpO@|\\{{\[\]](?!{word})
    | \^_\^|-_-
    | \#{letter}+
    | @[A-Za-z_][A-Za-z0-9_]*
    | [!?]+|\*+|\#\#+|@@+|_+|--+|\.\.\.+|<<|>>
    | [$%&*<=>\\^|~+/\#@()\[\]{{}}{symbols}]
    )"""
