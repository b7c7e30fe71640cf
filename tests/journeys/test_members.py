"""People of a workspace by the command line: invited, let in, given a role, refused, taken out."""

from pathlib import Path

import pytest

from testkit.live_server import CommandLine, LiveServer

pytestmark = pytest.mark.protects("W16")

PASSWORD = "a quiet analytical engine"
TEAM = ("-w", "the team")
BEN, CID = "ben@example.org", "cid@example.org"
CALL = '{"call_id": "a", "ts": 1764547200000, "model": "gpt-5", "input_tokens": 9, "output_tokens": 1}'


def roles(owner: CommandLine) -> dict[str, str]:
    """Members of the workspace by address, and what they may do."""
    listed = owner.json("users", "members", *TEAM)["members"]
    return {member["user"]["email"]: member["role"] for member in listed}


def invited(owner: CommandLine) -> dict[str, str]:
    """Open invitations by address, and the role they give."""
    listed = owner.json("users", "invitations", *TEAM)["invitations"]
    return {one["email"]: one["role"] for one in listed}


@pytest.mark.timeout(120)
def test_a_person_has_the_rights_of_a_role_from_the_invitation_to_the_removal(
    command_line: CommandLine, live_server: LiveServer, tmp_path: Path
) -> None:
    owner, visitor = command_line, CommandLine(tmp_path / "ben", tmp_path)
    (tmp_path / "calls.jsonl").write_text(CALL)

    def by_ben(*arguments: str, text: str = "") -> tuple[int, str]:
        ended = visitor(*arguments, "--url", live_server.url, text=text)
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout + ended.stderr

    alone = roles(owner)
    for email in (BEN, CID):
        owner.json("users", "create", "--email", email, "--password", PASSWORD)
    code = owner.json("users", "invite", "--email", BEN, *TEAM)["token"]
    told = owner("users", "invite", "--email", CID, "--role", "analyst", *TEAM)
    assert f"netra users accept CODE --email {CID}" in told.stderr
    assert owner("users", "invite", "--email", CID, "--role", "king", *TEAM).returncode == 2
    assert (invited(owner), roles(owner)) == ({BEN: "viewer", CID: "analyst"}, alone)

    # A code counts for its address only, and once.
    assert by_ben("users", "accept", told.stdout, "--email", BEN, text=PASSWORD + "\n")[0] == 1
    ended, said = by_ben("users", "accept", code, "--email", BEN, text=PASSWORD + "\n")
    assert (ended, said) == (0, "you are in the workspace the team as viewer\n")
    assert by_ben("users", "accept", code, "--email", BEN, text=PASSWORD + "\n")[0] == 1
    assert (invited(owner), roles(owner)) == ({CID: "analyst"}, {**alone, BEN: "viewer"})

    # A viewer asks and reads; importing and letting people in are refused until the role allows them.
    assert by_ben("usage", "-m", "calls")[0] == 0
    for refused in (
        ("import", "calls.jsonl"),
        ("users", "invite", "--email", "dan@example.org"),
        ("users", "role", "--email", BEN, "--role", "owner"),
        ("users", "withdraw", CID),
    ):
        assert by_ben(*refused)[0] == 1, refused
    assert owner("users", "role", "--email", BEN, "--role", "analyst", *TEAM).returncode == 0
    assert roles(owner)[BEN] == "analyst"
    ended, said = by_ben("import", "calls.jsonl")
    assert ended == 0, said
    assert by_ben("users", "invite", "--email", "dan@example.org")[0] == 1

    assert owner("users", "withdraw", CID, *TEAM).returncode == 0
    assert invited(owner) == {}
    again = owner("users", "withdraw", CID, *TEAM)
    assert (again.returncode, again.stderr.startswith("netra: no invitation")) == (1, True)
    late = CommandLine(tmp_path / "cid", tmp_path)
    arguments = ("users", "accept", told.stdout, "--email", CID, "--url", live_server.url)
    assert late(*arguments, text=PASSWORD + "\n").returncode == 1

    assert owner("users", "remove", "--email", BEN, *TEAM).returncode == 0
    assert roles(owner) == alone
    assert by_ben("usage", "-m", "calls")[0] == 1
    assert owner("users", "remove", "--email", BEN, *TEAM).returncode == 1
