"""Text of ours as Terraform must be given it, which reads `${` and `%{` inside of every text."""

from __future__ import annotations


def literal(text: str) -> str:
    """*text* that a person chose, so that Terraform takes it as it is.

    Source: https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences (documented).

    >>> literal("a${b}%{c}")
    'a$${b}%%{c}'
    """
    return text.replace("${", "$${").replace("%{", "%%{")
