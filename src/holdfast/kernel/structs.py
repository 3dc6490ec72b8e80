"""Bases of the structs that are made for every packet or message.

A compiled module (docs/compiled.md) loses the options that stand in a class statement, and keeps those that
the class inherits from a module that is not compiled.
"""

import msgspec


class UntrackedStruct(msgspec.Struct, gc=False):
    """A struct that the collector of cycles does not visit; nothing in it may lead back to it."""


class FrozenStruct(msgspec.Struct, frozen=True, gc=False):
    """Such a struct that does not change, so that it has a hash. Type checkers want `frozen=True` again from
    who inherits."""
