"""The standing sentences of a published page, as templates.

A page consists of what it says about a service (the model) and of sentences that every page shares. The
latter are learned from a page that the user has, or are our own. `{service}`, `{key}`, `{domain}`, `{slug}`,
`{control}` and `{namespace}` stand for the names that change.
"""

from pydantic import BaseModel, ConfigDict, Field


class FeatureText(BaseModel):
    """What a page says about a feature, whatever the service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    learn_more: str | None = None


class Labels(BaseModel):
    """The words before each part of a feature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = "Description"
    learn_more: str = "Learn more"
    notes: str = "Feature notes"
    configuration: str = "Configuration Guidance"
    custom: str = "Custom Guidance"
    reference: str = "Reference"
    guidance_notes: str = "Guidance notes"
    answers: tuple[str, str, str] = ("Supported", "Enabled By Default", "Configuration Responsibility")
    profile: tuple[str, str] = ("Service Behavior Attribute", "Value")
    features: str = "Features"
    monitoring: str = "Microsoft Defender for Cloud monitoring"
    other_guidance: str = "Other guidance for {control}"
    policies: str = "Azure Policy built-in definitions - {namespace}"
    policy_columns: str = (
        "|Name<br /><sub>(Azure portal)</sub> |Description |Effect(s) |Version<br /><sub>(GitHub)</sub> |"
    )


class Wording(BaseModel):
    """All standing sentences of a page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    front_matter: str = ""
    """The lines between the `---`; empty for a page without."""
    title: str
    introduction: str
    """From below the title to the security profile."""
    profile_heading: str = "Security profile"
    profile_sentence: str
    domain_line: str
    next_steps: str
    """From the heading "Next steps" to the end."""
    notes_before_reference: bool = False
    """Whether guidance notes stand before the reference (the later benchmark) or after it."""
    site: str = ""
    """Put before links that begin at the root of the publisher's site; pages of that site need none."""
    labels: Labels = Labels()
    domains: dict[str, str] = Field(default_factory=dict)
    titles: dict[str, str] = Field(default_factory=dict)
    features: dict[str, FeatureText] = Field(default_factory=dict)
    not_supported: str
    """The guidance of a feature that the service lacks."""
    enabled_by_default: str
    """The guidance of a feature that needs nothing done."""
    not_applicable: str


def fill(template: str, **names: str) -> str:
    """`template` with `{name}` replaced for each name; other braces stay."""
    for name, text in names.items():
        template = template.replace(f"{{{name}}}", text)
    return template
