"""The key of everything at rest."""

from __future__ import annotations

from fleet.checks.account.access.keys import judge_key
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged
from fleet.names import data_key_alias


def _judge(facts: AccountFacts) -> Judged:
    name = data_key_alias(facts.registry.settings.prefix)
    return judge_key(facts, name, facts.data_key, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")


CHECK = Check(
    "AWS-DATA-KEY",
    "Files, ledger and logs are encrypted by it: disabled, nothing of the fleet can be read or written.",
    "Enable it or cancel its deletion in KMS; `fleet deploy` makes it where it never was.",
    "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html",
    _judge,
)
