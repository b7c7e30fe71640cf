"""Text as numbers of a vocabulary: lower case, without accents, words cut into the longest known pieces.

Source: Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, 2018, and its WordPiece scheme.
"""

import unicodedata
from collections.abc import Iterator, Sequence

_LONGEST_WORD = 100
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """A vocabulary, one piece a line; pieces inside a word begin with ##."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = self._numbers["[UNK]"]
        self._first, self._last = self._numbers["[CLS]"], self._numbers["[SEP]"]

    def numbers(self, text: str, most: int) -> list[int]:
        """The pieces of a text between the marks of its beginning and end, at most `most` with them."""
        found: list[int] = []
        for word in _words(text):
            found += self._pieces(word)
            if len(found) >= most - 2:
                break
        return [self._first, *found[: most - 2], self._last]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self._unknown]
        pieces: list[int] = []
        begin = 0
        while begin < len(word):
            end = len(word)
            while end > begin:
                number = self._numbers.get(("##" if begin else "") + word[begin:end])
                if number is not None:
                    break
                end -= 1
            else:
                return [self._unknown]
            pieces.append(number)
            begin = end
        return pieces


def _words(text: str) -> Iterator[str]:
    """Words and single punctuation marks, lower case, without accents and control characters."""
    word: list[str] = []
    for character in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(character)
        space = character in "\t\n\r" or category == "Zs"
        if category == "Mn" or (category.startswith("C") and not space) or character == "\ufffd":
            continue
        alone = _is_punctuation(character, category) or _is_cjk(character)
        if (space or alone) and word:
            yield "".join(word)
            word = []
        if alone:
            yield character
        elif not space:
            word.append(character)
    if word:
        yield "".join(word)


def _is_punctuation(character: str, category: str) -> bool:
    return category.startswith("P") or (
        character.isascii() and character.isprintable() and not character.isalnum() and character != " "
    )


def _is_cjk(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in _CJK)
