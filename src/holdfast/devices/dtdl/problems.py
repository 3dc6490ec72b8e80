"""What can be wrong with a model: one table of kinds, and the collector that the parser writes to.

Kinds carry the names that the published parsers use (`dtmi:dtdl:parsingError:…`): people can look them up.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from holdfast.kernel.errors import InvalidError

KIND_PREFIX = "dtmi:dtdl:parsingError:"

MAXIMUM_PROBLEMS = 100
"""Reading goes on after a problem; a hostile document must not fill memory with reports about itself."""

MESSAGES = {
    # JSON and JSON-LD
    "invalidJson": "the text is not JSON: {detail}",
    "tooLarge": "the text has {detail}; at most {limit} are read",
    "notJsonObject": "a model is a JSON object or an array of them, not {detail}",
    "graphNotObject": "@graph holds JSON objects, not {detail}",
    "idNotString": "@id is text",
    "topLevelGraphDisallowed": "@graph is not used in a model: write its contents directly",
    "graphDisallowed": "@graph is not used in a model: write its contents directly",
    "topLevelKeywordDisallowed": "the keyword {value} has no meaning here",
    "keywordDisallowed": "the keyword {value} has no meaning here",
    # contexts
    "missingContext": "the model has no @context: name the language, such as dtmi:dtdl:context;3",
    "emptyContext": "@context is empty: name the language, such as dtmi:dtdl:context;3",
    "missingDtdlContext": "@context does not begin with the language, such as dtmi:dtdl:context;3",
    "invalidContext": "@context holds {value}: only text naming a context is understood",
    "disallowedLocalContext": "@context defines terms itself, which DTDL does not allow",
    "dtdlContextFollowsAffiliate": "@context has the language {value} behind an extension: put it first",
    "nonDtmiContextSpecifier": "@context names {value}, which is not a DTMI",
    "invalidContextSpecifier": "@context names {value}, which is not a well-formed DTMI",
    "invalidContextSpecifierForVersion": "@context names {value}, which DTDL v{detail} does not allow",
    "disallowedContextFragment": "@context names {value}, but this version has no limits to lift",
    "invalidContextFragment": "@context names {value}, whose part after # has no meaning",
    "missingContextVersion": "@context names {value} without a version, such as ;1",
    "unrecognizedContextVersion": "@context names {value}; known are DTDL versions 2, 3 and 4",
    "disallowedContextVersion": "@context names {value}, which is newer than allowed here",
    "unresolvableContextSpecifier": "@context names {value}, an extension that is not known",
    "unresolvableContextVersion": "@context names {value}, a version of that extension that is not known",
    # identifiers
    "missingTopLevelId": "the element has no @id, which every top-level element needs",
    "missingRequiredId": "the value of {property} has no @id, which it needs",
    "invalidId": "@id {value} is not a well-formed DTMI, such as dtmi:com:example:Thing;1",
    "idTooLong": "@id {value} is longer than {limit} characters",
    "idTooLongForType": "@id {value} is longer than the {limit} characters that an {detail} may have",
    "reservedId": "@id {value} begins with a prefix that is reserved for the language",
    "duplicateDefinition": "{value} is defined more than once",
    "inconsistentContext": "{value} is defined in different versions of the language",
    # types
    "badType": "the value of {property} is {value}, but must be {detail}",
    "missingTypes": "the element has no @type; it must be {detail}",
    "typeNotRootable": "a {value} cannot stand at the top level: only an Interface can",
    "multipleMaterialTypes": "@type names more than one class: {value}",
    "typeInvalidDtmi": "@type names {value}, which is not a well-formed DTMI",
    "typeNotDtmiNorTerm": "@type names {value}, which is neither a DTMI nor a term",
    "typeUndefinedTerm": "@type names {value}, which no context defines",
    "typeIrrelevantDtmiOrTerm": "@type names {value}, which is not a type",
    "abstractSupplementalType": "@type names {value}, which is abstract: name one of its kinds",
    "invalidCotype": "@type adds {value}, which may only be added to {detail}",
    "invalidCotypeVersion": "@type adds {value}, which exists only in DTDL {detail}",
    "missingCocotype": "@type adds {value}, which needs {detail} beside it",
    "disallowedCocotype": "@type adds {value}, which cannot stand beside {detail}",
    "disallowedVersionDefinition": "the value of {property} is DTDL v{value}, but must be v{detail}",
    "disallowedVersionReference": "{property} refers to {value} of DTDL v{limit}, but must to v{detail}",
    # properties
    "duplicatePropertyName": "{property} stands twice",
    "propertyIrrelevantDtmiOrTerm": "{property} is not a property of {detail}",
    "propertyInvalidDtmi": "the property {property} is not a well-formed DTMI",
    "propertyNotDtmiNorTerm": "the property {property} is neither a DTMI nor a term",
    "propertyUndefinedTerm": "the property {property} is not defined by any context",
    "noTypeThatAllows": "no type of the element allows the property {property}",
    "inferredTypeDoesNotAllow": "a {detail}, as this must be without @type, has no property {property}",
    "missingLiteralProperty": "the property {property} is missing",
    "missingObjectProperty": "the property {property} is missing",
    "missingIdentifierProperty": "the property {property} is missing",
    "missingSupplementalLiteralProperty": "the property {property} is missing, which {detail} needs",
    "missingSupplementalObjectProperty": "the property {property} is missing, which {detail} needs",
    "missingSupplementalIdentifierProperty": "the property {property} is missing, which {detail} needs",
    "badDtmiOrTerm": "{property} refers to {value}, which is neither a DTMI nor a term",
    "refNotStringOrObject": "{property} holds {value}, but must hold a reference or a JSON object",
    "idReference": "{property} refers to {value} as an object: write the identifier as text",
    "idRefBadDtmiOrTerm": "{property} refers to {value}, which is neither a DTMI nor a term",
    "objectMultipleValues": "{property} has more than one value",
    "objectCountBelowMin": "{property} has {value} values, but needs at least {limit}",
    "objectCountAboveMax": "{property} has {value} values, but may have at most {limit}",
    # literals
    "valueObjectId": "the value of {property} has @id, but is no element",
    "valueObjectContext": "the value of {property} has @context, but is no element",
    "valueObjectGraph": "the value of {property} has @graph, but is no element",
    "valueObjectLanguage": "the value of {property} has @language, but is not a text to translate",
    "valueObjectKeyword": "the value of {property} has {value}, which has no meaning there",
    "valueObjectInvalidProp": "the value of {property} has {value}: there may be @value and @type",
    "literalTypeNotSingular": "the value of {property} has more than one @type",
    "stringMultipleValues": "{property} has more than one value",
    "stringCountBelowMin": "{property} has no value",
    "stringNotString": "{property} is {value}, but must be text",
    "stringObjectNoValue": "the value of {property} has no @value",
    "stringTypeNotString": "the value of {property} has a @type other than xsd:string",
    "stringValueNotString": "the @value of {property} must be text",
    "stringTooLong": "{property} is longer than {limit} characters",
    "stringInvalid": "{property} is {value}, which does not match {detail}",
    "booleanMultipleValues": "{property} has more than one value",
    "booleanCountBelowMin": "{property} has no value",
    "booleanNotBoolean": "{property} is {value}, but must be true or false",
    "booleanObjectNoValue": "the value of {property} has no @value",
    "booleanTypeNotBoolean": "the value of {property} has a @type other than xsd:boolean",
    "booleanValueNotBoolean": "the @value of {property} must be true or false",
    "integerMultipleValues": "{property} has more than one value",
    "integerCountBelowMin": "{property} has no value",
    "integerNotInteger": "{property} is {value}, but must be a whole number",
    "integerObjectNoValue": "the value of {property} has no @value",
    "integerTypeNotInteger": "the value of {property} has a @type other than xsd:integer",
    "integerValueNotInteger": "the @value of {property} must be a whole number",
    "numericMultipleValues": "{property} has more than one value",
    "numericCountBelowMin": "{property} has no value",
    "numericNotNumeric": "{property} is {value}, but must be a number",
    "numericObjectNoValue": "the value of {property} has no @value",
    "numericTypeNotNumeric": "the value of {property} has a @type other than xsd:decimal",
    "numericValueNotNumeric": "the @value of {property} must be a number",
    "durationMultipleValues": "{property} has more than one value",
    "durationCountBelowMin": "{property} has no value",
    "durationNotDuration": "{property} is {value}, but must be an ISO 8601 duration, such as PT5M",
    "durationObjectNoValue": "the value of {property} has no @value",
    "durationTypeNotDuration": "the value of {property} has a @type other than xsd:duration",
    "durationValueNotDuration": "the @value of {property} must be an ISO 8601 duration",
    "literalMultipleValues": "{property} has more than one value",
    "literalCountBelowMin": "{property} has no value",
    "literalNotValid": "{property} is {value}, but must be text, a number or true or false",
    "literalObjectNoValue": "the value of {property} has no @value",
    "valueNotExact": "{property} is {value}, but must be {limit}",
    "valueBelowMin": "{property} is {value}, but must be at least {limit}",
    "valueAboveMax": "{property} is {value}, but must be at most {limit}",
    "valueBelowRange": "{property} is {value}, but must be within {limit}",
    "valueAboveRange": "{property} is {value}, but must be within {limit}",
    "identifierMultipleValues": "{property} has more than one value",
    "identifierCountBelowMin": "{property} has no value",
    "identifierNotString": "{property} is {value}, but must be an identifier",
    "identifierNotDtmi": "{property} is {value}, which is not a well-formed DTMI",
    "identifierNotUri": "{property} is {value}, which is neither an identifier nor a term",
    "identifierTooLong": "{property} is longer than {limit} characters",
    # texts in several languages
    "langStringElementNotStringOrObject": "{property} holds {value}, but must hold text, by language or not",
    "langStringElementCodeNotString": "{property} has a @language that is not text",
    "langStringElementInvalidCode": "{property} has the language {value}: write it like en, en-US or zh-Hant",
    "langStringElementCodeNotUnique": "{property} has two texts for the language {value}",
    "langStringElementNoValue": "{property} has an entry without @value",
    "langStringElementValueNotString": "{property} has an entry whose @value is not text",
    "langStringElementContext": "{property} has an entry with @context",
    "langStringElementId": "{property} has an entry with @id",
    "langStringElementGraph": "{property} has an entry with @graph",
    "langStringElementType": "{property} has an entry with @type",
    "langStringElementKeyword": "{property} has an entry with {value}",
    "langStringElementInvalidProp": "{property} has an entry with {value}: write @value and @language",
    "langTagValueInLangMap": "{property} is one @value with @language: put it into an array or write {value}",
    "langMapObjKeyword": "{property} has {value}, but holds texts by language",
    "langStringInvalidCode": "{property} has the language {value}: write it like en, en-US or zh-Hant",
    "langStringValueNotString": "{property} has something else than text for the language {value}",
    "langStringValueTooLong": "{property} is longer than {limit} characters",
    # what can be said once every reference is known
    "crossPartitionReference": "{property} refers to {value}, which is defined inside another Interface",
    "wrongParent": "{property} refers to {value}, which is not one of {detail}",
    "notRequiredType": "{property} refers to {value}, but must to {detail}",
    "notRequiredValue": "{property} is {value}, but must be {detail}",
    "incorrectPropertyValue": "{property} is {value}, but must be {detail}",
    "nonUniquePropertyValue": "two values of {property} have the same {detail}: {value}",
    "nonUniqueImportedPropertyValue": "{property} and what it inherits both have {value}",
    "nonConformantDatatype": "{property} is {value}, which is not of the declared {detail}",
    "nonConformantPropertyValue": "{property} is {value}, which does not fit its schema: {detail}",
    "excessiveCount": "more than {limit} elements are reached through {property}",
    "excessiveDepthNarrow": "{property} leads {limit} levels deep or more, which is too deep",
    "excessiveDepthWide": "{property} leads {limit} levels deep or more, which is too deep",
    "recursiveStructureNarrow": "{property} leads back to the element itself",
    "recursiveStructureWide": "{property} leads back to the element itself",
    "excludedType": "{property} leads to a {value}, which is not allowed there",
    "partitionTooLarge": "the Interface has {value} bytes of JSON; at most {limit} are allowed",
    "inconsistentParent": "the element belongs to a {detail}",
    "noMatchingSupplementalProperty": "{property} is {value}, but {detail} has no such property",
    "matchingPropertyNotSupplemental": "{property} is {value}, which belongs to the class of {detail}",
    "multipleReference": "{property} is {value} of {detail}, which another element overrides already",
    "notSiblingRequiredType": "{property} names {value}, which must be a {detail}",
    "disallowedType": "{property} names {value}, which must not be a {detail}",
    "siblingPropertyMismatch": "{property} must be {detail}, as the overridden value of {value} is",
}
"""Kind → what to tell people. Fields: property, value, limit, detail."""


class Problem(NamedTuple):
    """One thing that is wrong."""

    kind: str
    message: str
    element: str
    """Identifier of the element, as far as it is known."""
    pointer: str
    """JSON pointer into the documents: `/0/contents/2/schema`."""

    @property
    def identifier(self) -> str:
        """The kind as published parsers name it."""
        return KIND_PREFIX + self.kind


class DtdlError(InvalidError):
    """A model that cannot be used, with everything that was found wrong."""

    code = "InvalidModel"

    def __init__(self, problems: tuple[Problem, ...], unresolved: tuple[str, ...] = ()) -> None:
        first = problems[0] if problems else None
        count = len(problems)
        if first is None:
            message = f"the model refers to {', '.join(unresolved)}, which is not defined in it"
        else:
            more = f" (and {count - 1} more)" if count > 1 else ""
            message = f"{first.pointer or '/'}: {first.message}{more}"
        super().__init__(message, first.pointer if first else "")
        self.problems = problems
        self.unresolved = unresolved


class Stop(Exception):  # noqa: N818 - control flow inside the parser, never seen outside
    """Reading cannot go on: without a context no term has a meaning."""


@dataclass
class Problems:
    """Collects problems while a model is read."""

    found: list[Problem] = field(default_factory=list)

    def add(
        self,
        kind: str,
        pointer: str,
        *,
        element: str = "",
        property: str = "",  # noqa: A002 - the domain's word
        value: object = "",
        limit: object = "",
        detail: str = "",
    ) -> None:
        """Note one problem; stop when there are too many."""
        shown = _clip(value)
        message = MESSAGES[kind].format(property=_clip(property), value=shown, limit=limit, detail=detail)
        self.found.append(Problem(kind, message, element, pointer))
        if len(self.found) >= MAXIMUM_PROBLEMS:
            raise Stop

    def stop(
        self, kind: str, pointer: str, *, value: object = "", limit: object = "", detail: str = ""
    ) -> NoReturn:
        """Note a problem after which nothing more can be said."""
        self.add(kind, pointer, value=value, limit=limit, detail=detail)
        raise Stop


def _clip(value: object) -> str:
    """A value for a message: hostile documents must not make endless messages."""
    text = str(value)
    return text if len(text) <= 128 else f"{text[:125]}…"
