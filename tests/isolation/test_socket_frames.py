"""Nothing of one user reaches another through the socket, and nobody stops another's run."""

import pytest

from testkit.socket_attack import SocketAttack

pytestmark = pytest.mark.protects("W2")


def test_every_frame_with_foreign_ids_epochs_and_cursors(two_users) -> None:
    attack = SocketAttack(two_users.victim, two_users.attacker)
    assert attack.run() == []
    assert attack.frames >= 10


def test_a_run_in_progress_is_not_cancelled_by_another(two_users) -> None:
    victim, attacker = two_users.victim, two_users.attacker
    # Runs of one thread follow one another: while the first works, the last one waits.
    runs = [victim.ask("What do we spend by model?", thread_id=victim.ids["thr"])["run_id"] for _ in range(3)]
    for run in reversed(runs):
        answer = attacker.http.post(f"/v1/runs/{run}/cancel", headers=attacker.headers())
        assert answer.status_code == 404
    assert {victim.ended(run)["status"] for run in runs} == {"completed"}
