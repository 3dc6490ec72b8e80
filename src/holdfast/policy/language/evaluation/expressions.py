"""Compiling template expressions into closures over a scope; what is constant is computed once."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from holdfast.policy.language.aliases.paths import PathSyntaxError, split_path
from holdfast.policy.language.errors import DefinitionError, TemplateError
from holdfast.policy.language.evaluation.fields import Read, Setting, access, primary, walk
from holdfast.policy.language.evaluation.scope import Scope
from holdfast.policy.language.expressions.syntax import Call, Expression, Index, Literal, Member, Name
from holdfast.policy.language.expressions.templates import (
    ArrayTemplate,
    Computed,
    Constant,
    ObjectTemplate,
    Template,
)
from holdfast.policy.language.functions.base import Function, whole
from holdfast.policy.language.functions.dates import reformatted
from holdfast.policy.language.functions.table import CONTEXTUAL, FUNCTIONS, NAMING, REFUSED
from holdfast.policy.language.values import UNDEFINED, fold

_DYNAMIC: Final = object()
_CONTEXT_KEYS: Final = {
    "claims": "claims",
    "policy": "policy",
    "requestcontext": "requestContext",
    "resourcegroup": "resourceGroup",
    "subscription": "subscription",
}
_REMEMBERED_NAMES: Final = 256


class Value(NamedTuple):
    """A compiled expression: the closure, and its value when that never changes."""

    read: Read
    constant: object = _DYNAMIC

    @property
    def is_constant(self) -> bool:
        """Whether the value is known now."""
        return self.constant is not _DYNAMIC


def constant(value: object) -> Value:
    """A value that never changes."""
    return Value(lambda scope: value, value)


def compile_template(template: Template, setting: Setting) -> Value:
    """Compile a value with expressions in it.

    Raises DefinitionError when an expression calls what policies cannot.
    """
    match template:
        case Constant(value=value):
            return constant(value)
        case Computed(expression=expression, pointer=pointer):
            return _Compiler(setting, pointer).expression(expression)
        case ArrayTemplate(items=items):
            reads = [compile_template(item, setting).read for item in items]
            return Value(lambda scope: [_in_container(read(scope)) for read in reads])
        case ObjectTemplate(members=members):
            pairs = [(key, compile_template(member, setting).read) for key, member in members]
            return Value(lambda scope: {key: _in_container(read(scope)) for key, read in pairs})


def _in_container(value: object) -> object:
    return None if value is UNDEFINED else value


class _Compiler:
    """Compiles one expression; keeps where it stands for the messages."""

    def __init__(self, setting: Setting, pointer: str) -> None:
        self._setting = setting
        self._pointer = pointer

    def expression(self, expression: Expression) -> Value:
        match expression:
            case Literal(value=value):
                return constant(value)
            case Name(text=text):
                reason = f"'{text}' is neither a value nor a call; write {text}(…) or '{text}'"
                raise DefinitionError(reason, self._pointer)
            case Call():
                return self._call(expression)
            case Member(container=container, name=name):
                return _lookup(self.expression(container), constant(name))
            case Index(container=container, key=key):
                return _lookup(self.expression(container), self.expression(key))

    def _call(self, call: Call) -> Value:
        name = call.name.lower()
        if name in CONTEXTUAL:
            published, minimum, maximum = CONTEXTUAL[name]
            self._check_arguments(published, minimum, maximum, call)
            return self._contextual(name, call)
        function = FUNCTIONS.get(name) or (NAMING.get(name) if self._setting.in_details else None)
        if function is None:
            known = (
                f"it is not for policies: {REFUSED[name]}"
                if name in REFUSED
                else "there is none of this name"
            )
            raise DefinitionError(f"The function {call.name}() cannot be called, {known}", self._pointer)
        self._check_arguments(function.name, function.minimum, function.maximum, call)
        if name == "if":
            return self._choice(call)
        return _applied(function, [self._argument(function, each) for each in call.arguments])

    def _check_arguments(self, name: str, minimum: int, maximum: int, call: Call) -> None:
        count = len(call.arguments)
        if not minimum <= count <= maximum:
            wanted = str(minimum) if minimum == maximum else f"{minimum} or more"
            raise DefinitionError(f"{name}() takes {wanted} arguments, not {count}", self._pointer)

    def _argument(self, function: Function, argument: Expression) -> Value:
        """An argument; a field that is missing is the empty text to functions of text."""
        value = self.expression(argument)
        if function.of_text and isinstance(argument, Call) and argument.name.lower() == "field":
            read = value.read
            return Value(lambda scope: "" if (found := read(scope)) is None else found)
        return value

    def _choice(self, call: Call) -> Value:
        """`if()`: only the branch that is chosen is computed."""
        condition, when_true, when_false = (self.expression(each) for each in call.arguments)
        if condition.is_constant:
            return when_true if condition.constant is True else when_false
        test, first, second = condition.read, when_true.read, when_false.read
        return Value(lambda scope: first(scope) if test(scope) is True else second(scope))

    def _contextual(self, name: str, call: Call) -> Value:
        if name in _CONTEXT_KEYS:
            key = _CONTEXT_KEYS[name]
            return Value(lambda scope: scope.context.get(key, UNDEFINED))
        if name == "utcnow":
            return self._now(call)
        if name == "current":
            return self._current(call)
        argument = self.expression(call.arguments[0])
        if name == "parameters":
            return _parameter(argument)
        return self._field(argument)

    def _now(self, call: Call) -> Value:
        pattern = self.expression(call.arguments[0]) if call.arguments else constant(None)

        def now(scope: Scope) -> object:
            moment = scope.context.get("utcNow", UNDEFINED)
            wanted = pattern.read(scope)
            return moment if wanted is None else reformatted(moment, wanted)

        return Value(now)

    def _field(self, name: Value) -> Value:
        if name.is_constant:
            return Value(self._field_reader(name.constant))
        readers: dict[object, Read] = {}

        def read(scope: Scope) -> object:
            wanted = name.read(scope)
            if not isinstance(wanted, str):
                return None
            reader = readers.get(wanted)
            if reader is None:
                try:
                    reader = self._field_reader(wanted)
                except DefinitionError as error:
                    raise TemplateError(f"field() cannot read '{wanted[:80]}': {error.reason}") from None
                if len(readers) < _REMEMBERED_NAMES:
                    readers[wanted] = reader
            return reader(scope)

        return Value(read)

    def _field_reader(self, name: object) -> Read:
        """Reads a field; null when it is missing, an array where the name has `[*]`."""
        if not isinstance(name, str):
            raise DefinitionError("field() takes the name of a field", self._pointer)
        try:
            reached = access(name, self._setting, primary)
        except PathSyntaxError as error:
            raise DefinitionError(str(error), self._pointer) from None
        if reached.is_plural:
            return lambda scope: [each for each in reached.values(scope) if each is not UNDEFINED]
        read = reached.reader()
        if reached.bound and "[*]" in reached.path:
            return lambda scope: [] if (found := read(scope)) is UNDEFINED else [found]
        return lambda scope: None if (found := read(scope)) is UNDEFINED else found

    def _current(self, call: Call) -> Value:
        """The member of the innermost count, or of the one that a name or an array alias means."""
        if not call.arguments:
            if not self._setting.bindings:
                raise DefinitionError("current() has a value only inside 'count'", self._pointer)
            slot = self._setting.slot
            return Value(lambda scope: scope.members[slot])
        name = self.expression(call.arguments[0]).constant
        if not isinstance(name, str):
            raise DefinitionError("current() takes the name of a count or an array alias", self._pointer)
        folded = name.lower()
        for binding in reversed(self._setting.bindings):
            if binding.name and (folded == binding.name or folded.startswith(f"{binding.name}.")):
                return _member_of_count(binding.slot, folded[len(binding.name) :].removeprefix("."))
        reached = access(name, self._setting)
        if not reached.bound:
            raise DefinitionError(f"current('{name}') stands outside a count of that name", self._pointer)
        if reached.is_plural:
            return Value(lambda scope: [each for each in reached.values(scope) if each is not UNDEFINED])
        return Value(reached.reader())


def _member_of_count(slot: int, rest: str) -> Value:
    if not rest:
        return Value(lambda scope: scope.members[slot])
    segments = split_path(rest)
    return Value(lambda scope: walk(scope.members[slot], segments))


def _parameter(name: Value) -> Value:
    if isinstance(name.constant, str):
        key = name.constant.lower()
        return Value(lambda scope: scope.parameters.get(key, UNDEFINED))

    def read(scope: Scope) -> object:
        wanted = name.read(scope)
        return scope.parameters.get(wanted.lower(), UNDEFINED) if isinstance(wanted, str) else UNDEFINED

    return Value(read)


def _applied(function: Function, arguments: list[Value]) -> Value:
    """A call; computed now when all arguments are known and the function accepts them."""
    reads = [argument.read for argument in arguments]
    if all(argument.is_constant for argument in arguments):
        try:
            result = function.call(*(argument.constant for argument in arguments))
        except TemplateError:
            result = UNDEFINED
        if result is not UNDEFINED:
            return constant(result)
    return Value(_caller(function.name, function.call, reads))


def _caller(name: str, function: Callable[..., object], reads: list[Read]) -> Read:
    def call(scope: Scope) -> object:
        values = [read(scope) for read in reads]
        result = function(*values)
        if result is UNDEFINED:
            scope.fault(name, values)
        return result

    return call


def _lookup(container: Value, key: Value) -> Value:
    if container.is_constant and key.is_constant:
        return constant(member(container.constant, key.constant))
    read, read_key = container.read, key.read
    return Value(lambda scope: member(read(scope), read_key(scope)))


def member(container: object, key: object) -> object:
    """`container.key` or `container[key]`: keys in any letter case, indexes from zero; else UNDEFINED."""
    if isinstance(container, Mapping) and isinstance(key, str):
        if key in container:
            found: object = container[key]
            return found
        folded = fold(key)
        return next((value for name, value in container.items() if fold(str(name)) == folded), UNDEFINED)
    if isinstance(container, list):
        index = whole(key)
        return container[index] if index is not None and 0 <= index < len(container) else UNDEFINED
    return UNDEFINED
