"""What people send by mistake: a message that says what to do, an exit code, and nothing half-written."""

import json
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from typer import BadParameter
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from netra.cli.importing import import_file
from netra.usage.reading.lines import MAX_LINE_BYTES
from testkit.live_server import CommandLine, Ended, LiveServer

pytestmark = pytest.mark.protects("W10")

GOOD = {
    "call_id": "good",
    "ts": "2026-03-01T10:00:00Z",
    "model": "gpt-5",
    "input_tokens": 9,
    "output_tokens": 1,
}


FRAMES: tuple[tuple[str | bytes, int], ...] = (
    ("not json", 4400),
    (b"\x00\xff binary", 4400),
    ('{"type": "send", "client_message_id": "a", "text": 5}', 4400),
    ('{"type": "nothing of the kind"}', 4400),
    ('{"type": "send", "client_message_id": "a", "text": "' + "x" * 100_000 + '"}', 1009),
)


def lines(*changes: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps({**GOOD, **change}) + b"\n" for change in changes)


# What is wrong with the file, its content, the exit code, what is said, and how many rows are stored.
FILES: dict[str, tuple[bytes, int, tuple[str, ...], int]] = {
    "binary": (bytes(range(256)) * 40, 2, ("binary", "UTF-8"), 0),
    "utf-16": (lines({}).decode().encode("utf-16"), 2, ("UTF-16", "iconv -f UTF-16 -t UTF-8"), 0),
    "latin-1": (
        lines({"call_id": "caf_"}).replace(b"caf_", b"caf\xe9"), 1,
        ("every row was rejected", "first in line 1", "rejects/"), 0,
    ),
    "broken parquet": (b"PAR1" + bytes(400), 2, ("Parquet", "truncated"), 0),
    "other columns": (b'{"when": 1, "who": "x"}\n', 2, ("needs ts, model", "--map ts=THEIRS"), 0),
    "empty": (b"", 2, ("empty", "Check the path"), 0),
    "blank lines": (b"\n\n   \n", 2, ("no rows", "Check the path"), 0),
    "negative tokens": (
        lines({"input_tokens": -5}), 1, ("every row was rejected", "input_tokens", "rejects/"), 0,
    ),
    "future": (
        lines({"ts": "2999-01-01T00:00:00Z"}, {"call_id": "b", "ts": "2999-01-02T00:00:00Z"}), 1,
        ("every row was rejected", "2 ", "future", "rejects/"), 0,
    ),
    "one good row of four": (
        lines({"input_tokens": -5}, {}, {"ts": "soon"}) + b'{"call_id": "cut off in the mid', 0,
        ("the rejected rows", "rejects/"), 1,
    ),
    "same id, other content": (
        lines({"call_id": "twice"}, {"call_id": "twice", "output_tokens": 2}), 0, ("rejects/",), 1,
    ),
    "unknown model": (lines({"model": "no-such-model-77"}), 0, ("unpriced", "no-such-model-77"), 1),
}  # fmt: skip


def plain(ended: Ended) -> Ended:
    """Not a stack of calls, whatever went wrong."""
    assert "Traceback" not in ended.stderr
    assert "inside the server" not in ended.stderr
    return ended


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_told_plainly_and_stores_what_was_good(command_line: CommandLine, name: str) -> None:
    content, code, said, stored = FILES[name]
    (command_line.cwd / "calls").write_bytes(content)
    workspace = f"bad {name}"
    ended = plain(command_line("import", "calls", "-w", workspace))
    assert ended.returncode == code, ended.stderr
    for words in said:
        assert words in ended.stderr.replace("\n       ", " "), ended.stderr
    attempts = [stored]
    if stored:  # what was good is not stored again
        assert command_line("import", "calls", "-w", workspace).returncode == code
        attempts = [0, stored]
    assert command_line.json("usage", "-m", "calls", "-w", workspace)["rows"] == [{"calls": stored}]
    # Each attempt ended and left nothing lying about.
    imports = command_line.json("imports", "list", "-w", workspace)["imports"]
    assert {one["status"] for one in imports} == {"failed" if code == 2 else "completed"}
    assert [one["stored"] for one in imports] == attempts
    # Other tests import into this server at the same time: their files go when their imports end.
    lying = list((command_line.data_dir / "uploads").iterdir())
    while any(path.exists() for path in lying):
        command_line("imports", "list", "-w", workspace)


def test_every_reason_stands_with_its_line(command_line: CommandLine) -> None:
    content = lines({"input_tokens": -5}, {"ts": "2999-01-01T00:00:00Z"}, {}, {"output_tokens": 7})
    too_long = b'{"model": "' + b"x" * MAX_LINE_BYTES + b'"}\n'
    (command_line.cwd / "calls").write_bytes(too_long + content)
    told = command_line.json("import", "calls", "-w", "reasons")
    assert (told["read"], told["stored"], told["rejected"]) == (5, 1, 4)
    rejects = [json.loads(line) for line in Path(told["reject_file"]).read_text().splitlines()]
    assert {one["line"]: one["code"] for one in rejects} == {
        1: "line_too_long",
        2: "negative",
        3: "future",
        5: "conflict",
    }
    assert {one["line"]: one["column"] for one in rejects if "column" in one} == {2: "input_tokens", 3: "ts"}
    assert all(one["reason"] for one in rejects)


def test_what_is_no_longer_there_or_of_another_format_is_said(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read to its end is no success; rows that are all ignored are told."""
    (command_line.cwd / "calls").write_bytes(lines({}, {"call_id": "b"}))
    ended = plain(command_line("import", "/proc/self/mem", "-w", "doors"))
    assert (ended.returncode, "mem cannot be read to its end" in ended.stderr) == (1, True), ended.stderr
    ended = plain(command_line("import", "calls", "-f", "claude-code", "-w", "doors"))
    assert "no row was used, all 2 ignored: is --format right?" in ended.stderr
    monkeypatch.setattr("netra.cli.importing.sys.stdin", None)
    with pytest.raises(BadParameter, match="standard input is closed"):
        import_file(["-"])


def test_an_unknown_model_is_unpriced_and_never_free(command_line: CommandLine) -> None:
    (command_line.cwd / "calls").write_bytes(lines({"model": "no-such-model-78"}))
    assert command_line("import", "calls", "-w", "unpriced").returncode == 0
    found = command_line.json("usage", "-m", "calls,cost_usd", "-w", "unpriced")
    assert found["rows"] == [{"calls": 1, "cost_usd": None}]
    assert found["unpriced_calls"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["import", "calls", "--format", "nonsense"], "'nonsense' is not a format; one of calls, evals"),
        (["import", "no-such-file"], "there is no file no-such-file"),
        (["import", "."], "no file under . looks like data"),
        (["import", "calls", "--set", "provider"], "--set"),
        (["import", "calls", "--map", "nonsense=x"], "nonsense"),
        (["ask", "x" * 100_000], "100,000 characters, 32,000 at most"),
        (["ask", "   "], "the question is empty"),
    ],
)
def test_bad_arguments_end_with_2_and_the_way_out(
    command_line: CommandLine, arguments: list[str], says: str
) -> None:
    (command_line.cwd / "calls").write_bytes(lines({}))
    ended = plain(command_line(*arguments, "-w", "arguments"))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert says in " ".join(ended.stderr.split())
    assert command_line.json("imports", "list", "-w", "arguments")["imports"] == []
    assert command_line.json("threads", "list", "-w", "arguments")["threads"] == []


def test_an_unreadable_file_and_an_output_that_cannot_be_written(command_line: CommandLine) -> None:
    (command_line.cwd / "taken").write_text("a file where a folder is wanted")
    ended = plain(command_line("reports", "export", "rep_0", "--out", "taken/folder"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "taken" in ended.stderr or "no such report" in ended.stderr
    ended = plain(command_line("demo", "--out", "taken/folder", over_data_dir=False))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "the report cannot be written to" in ended.stderr
    assert "--out" in ended.stderr


def closing_code(socket: Any) -> int | None:
    """What the server closes with, whatever it says before."""
    try:
        while True:
            socket.recv(timeout=15)
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code


def test_a_malformed_frame_closes_its_socket_and_nothing_else(
    command_line: CommandLine, live_server: LiveServer
) -> None:
    owner = json.loads((live_server.data_dir / "owner.json").read_text(encoding="utf-8"))
    headers = {"Authorization": f"Bearer {owner['api_key']}"}
    address = live_server.url.replace("http", "ws") + "/ws"

    @contextmanager
    def opened() -> Generator[Any]:
        answer = httpx.post(f"{live_server.url}/v1/ws-tickets", headers=headers, trust_env=False)
        with connect(address, subprotocols=["netra.v1"], proxy=None) as socket:
            socket.send(json.dumps({"type": "authenticate", "ticket": answer.json()["ticket"]}))
            assert json.loads(socket.recv())["type"] == "ready"
            yield socket

    with opened() as bystander:
        for frame, code in FRAMES:
            with opened() as socket:
                socket.send(frame)
                assert closing_code(socket) == code, frame[:60]
        bystander.send('{"type": "ping"}')
        assert json.loads(bystander.recv())["type"] == "pong"
    asked = command_line.json("threads", "list", "-w", "default")["threads"]
    assert [thread for thread in asked if "xxxx" in thread["title"]] == []


def test_a_taken_port_says_who_has_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = CommandLine(tmp_path / "home", tmp_path)
        ended = plain(up("up", "--port", str(port)))
    assert ended.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken by process {os.getpid()}" in ended.stderr
    assert "--port" in ended.stderr
    assert not (tmp_path / "home" / "postgres" / "PG_VERSION").exists()


def test_a_data_directory_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = plain(CommandLine(tmp_path / "file" / "home", tmp_path)("up", "--port", "0"))
    assert ended.returncode == 1
    assert "--data-dir" in ended.stderr
