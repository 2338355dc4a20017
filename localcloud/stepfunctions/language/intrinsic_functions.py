"""What each intrinsic function makes of its arguments; one that does not fit raises TypeError or ValueError. Pure.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

_ARRAY_AT_MOST = 1000
_TEXT_AT_MOST = 10_000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _format(template: Any, *arguments: Any) -> str:
    pieces = re.split(r"(?<!\\)\{\}", _text(template))
    if len(pieces) != len(arguments) + 1:
        raise ValueError(f"{len(pieces) - 1} places for {len(arguments)} values")
    shown = [argument if isinstance(argument, str) else _json(argument) for argument in arguments]
    text = re.sub(r"\\([{}])", r"\1", pieces[0])
    for value, piece in zip(shown, pieces[1:], strict=True):
        text += value + re.sub(r"\\([{}])", r"\1", piece)
    return text


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _array_partition(array: Any, size: Any) -> list[list[Any]]:
    if _integer(size) < 1:
        raise ValueError("a size of at least 1 is wanted")
    return [_array(array)[at : at + size] for at in range(0, len(array), size)]


def _array_range(first: Any, last: Any, step: Any) -> list[int]:
    if _integer(step) == 0:
        raise ValueError("the step is 0")
    found = list(range(_integer(first), _integer(last) + (1 if step > 0 else -1), step))
    if len(found) > _ARRAY_AT_MOST:
        raise ValueError(f"more than {_ARRAY_AT_MOST} elements")
    return found


def _array_get_item(array: Any, index: Any) -> Any:
    if not 0 <= _integer(index) < len(_array(array)):
        raise ValueError(f"no element {index}")
    return array[index]


def _array_unique(array: Any) -> list[Any]:
    return list({_json(element): element for element in reversed(_array(array))}.values())[::-1]


def _base64_decode(text: Any) -> str:
    return base64.b64decode(_bounded(text), validate=True).decode()


def _hash(data: Any, algorithm: Any) -> str:
    if algorithm not in _HASHES:
        raise ValueError(f"the algorithm is one of {', '.join(_HASHES)}")
    text = data if isinstance(data, str) else _json(data)
    return hashlib.new(_HASHES[algorithm], _bounded(text).encode(), usedforsecurity=False).hexdigest()


def _json_merge(left: Any, right: Any, is_deep: Any) -> dict[str, Any]:
    if is_deep is not False:
        raise ValueError("the third argument must be false: only the shallow merge exists")
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise TypeError("not two objects")
    return {**left, **right}


def _math_add(left: Any, right: Any) -> int:
    return _integer(left) + _integer(right)


def _string_split(text: Any, characters: Any) -> list[str]:
    # Each character of the second argument divides: documented. That nothing empty is given back is assumed.
    return [part for part in re.split(f"[{re.escape(_text(characters))}]", _text(text)) if part]


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not an array")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"not an integer: {_json(value)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _bounded(value: Any) -> str:
    if len(_text(value)) > _TEXT_AT_MOST:
        raise ValueError(f"more than {_TEXT_AT_MOST:,} characters")
    return value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.StringToJson": lambda text: json.loads(_text(text)),
    "States.JsonToString": _json,
    "States.Array": lambda *elements: list(elements),
    "States.ArrayPartition": _array_partition,
    "States.ArrayContains": lambda array, value: _json(value) in [_json(element) for element in _array(array)],
    "States.ArrayRange": _array_range,
    "States.ArrayGetItem": _array_get_item,
    "States.ArrayLength": lambda array: len(_array(array)),
    "States.ArrayUnique": _array_unique,
    "States.Base64Encode": lambda text: base64.b64encode(_bounded(text).encode()).decode(),
    "States.Base64Decode": _base64_decode,
    "States.Hash": _hash,
    "States.JsonMerge": _json_merge,
    "States.MathAdd": _math_add,
    "States.StringSplit": _string_split,
}
# Both need randomness, which a run of the local cloud could not repeat.
NOT_EMULATED = frozenset({"States.MathRandom", "States.UUID"})
