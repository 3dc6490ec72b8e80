"""Breaks what decides who may do what; a part of `sitecustomize.py`."""

from typing import Any

import holdfast.access.conditional.decide
import holdfast.access.directory
import holdfast.access.elevation.requests
import holdfast.access.issuer.tokens
import holdfast.access.local_usage
import holdfast.access.oidc.metadata
import holdfast.access.support.requests
from holdfast.access import timeboxed
from holdfast.access.conditional.evaluate import Verdict
from holdfast.access.oidc.tokens import unverified
from holdfast.kernel.json import JsonObject


def believe_every_web_token() -> None:
    def verify(token: str, *_rest: object) -> JsonObject:
        return unverified(token, 1)

    vars(holdfast.access.oidc.metadata)["verify"] = verify


def ask_no_condition() -> None:
    vars(holdfast.access.conditional.decide)["evaluate"] = lambda _policies, _asked: Verdict()


def give_what_is_asked_for() -> None:
    def begun(asked: Any, now: float, *, needs_approval: bool) -> Any:  # as the real one
        return timeboxed.begun(asked, now, needs_approval=False)

    for module in (holdfast.access.elevation.requests, holdfast.access.support.requests):
        vars(module)["begun"] = begun


def make_tokens_for_a_year() -> None:
    vars(holdfast.access.issuer.tokens)["LIFETIME"] = 31_536_000.0


def switch_nothing_off() -> None:
    vars(holdfast.access.directory)["is_allowed"] = lambda *_arguments: True


def count_no_local_account() -> None:
    vars(holdfast.access.local_usage)["_accounts"] = lambda *_arguments: iter(())


SABOTAGE = (
    believe_every_web_token,
    ask_no_condition,
    give_what_is_asked_for,
    make_tokens_for_a_year,
    switch_nothing_off,
    count_no_local_account,
)
