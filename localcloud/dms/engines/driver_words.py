"""What a driver's or the network's error says, in words for the task's log and a connection's last failure."""

from __future__ import annotations


def words_of(error: BaseException) -> str:
    """The text of *error*, or of the nearest error it came from that has one; else its class.

    The MySQL driver puts the server's number before the text. The SQL Server driver raises bare errors over others.

    >>> words_of(ConnectionRefusedError(111, "Connection refused")), words_of(TimeoutError())
    ('[Errno 111] Connection refused', 'TimeoutError')
    """
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, UnicodeDecodeError):
            return f"the byte 0x{one.object[one.start]:02x} is no text in {one.encoding}"
        if isinstance(one, UnicodeEncodeError):
            return f"the character U+{ord(one.object[one.start]):04X} cannot be written in {one.encoding}"
        is_numbered = len(one.args) == 2 and isinstance(one.args[0], int) and not isinstance(one, OSError)
        if text := str(one.args[1] if is_numbered else one).strip():
            return text
        one = one.__cause__ or one.__context__
    return type(error).__name__
