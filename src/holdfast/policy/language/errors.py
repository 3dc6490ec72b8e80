"""What can be wrong with a definition and what can go wrong while one is evaluated."""

from holdfast.kernel.errors import InvalidError


class PolicyLanguageError(InvalidError):
    """The base of this package's errors; `field` is the JSON pointer of the part at fault."""

    code = "InvalidPolicy"


class DefinitionError(PolicyLanguageError):
    """A definition, initiative, assignment or exemption cannot be accepted as it stands."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"{message} (at {pointer or '/'})", pointer or "/")
        self.reason = message


class TemplateError(PolicyLanguageError):
    """A template function got arguments that it cannot work with; Azure fails the request then."""

    code = "PolicyTemplateError"


class EvaluationLimitError(TemplateError):
    """An evaluation needed more steps, items or time than it may use."""

    code = "PolicyEvaluationLimit"
