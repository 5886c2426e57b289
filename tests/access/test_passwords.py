"""How passwords are kept; which ones may be chosen is tested with the admins who choose them."""

from __future__ import annotations

import subprocess
import sys


def test_outside_of_tests_a_hash_costs_what_rfc_9106_recommends() -> None:
    program = "from app.access import passwords; print(passwords.hashed('several words are good'))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
