"""JSON Schema of policy.yaml, for completion and checks in an editor: made from the facts and the condition language.

It says what can be said of one file by itself; `chartproof policy check` also runs the cases.
"""

from __future__ import annotations

from typing import Any

from criteria.condition import BOUNDS, COUNTS, STATEMENT_KEYS, WORD_SETS
from criteria.facts import Fact, facts
from criteria.policy import ANY, INDICATIONS, PHASES

Json = dict[str, Any]
TEXT: Json = {"type": "string", "minLength": 1}
HELP = {
    "fact": "A fact of extractors/facts.yaml",
    "part": "Name of this part in the rationale",
    "met": "Values that meet the criterion",
    "not_met": "Values that fail it",
    "open": "Values that leave the question open",
    "doubt": "Values that contest a statement of `met` beside them and prove nothing alone",
    "doubt_days": "A statement of `met` later than the doubt by more than these days settles it",
    "near_days": "Statements no more than these days before the newest are of one time with it",
    "failure_days": "A statement of `not_met` stands so many days against later ones of `met`",
    "stale_days": "A statement of `not_met` older than so many days at the request tells nothing of now",
    "prevails": "Statements of `not_met` that outnumber those of `met` at one time so many times settle it",
    "lasting": "`met` values that a later contrary statement does not undo",
    "yields": "`not_met` values that give way to `met` ones",
    "event": "All statements are about one past event, whatever their dates",
    "now": "What is historical does not count as `not_met`",
    "plans": "A plan is evidence",
    "optional": "Silence is no gap",
    "when": "Only what is so dated counts",
    "each": "Attribute that tells subjects apart; each is settled on its own",
    "lists": "Fact whose lists are read against the planned drug",
    "missing": "What a clinic could send that would settle it",
    "unclear": "The same where something vague was found",
}


def policy_schema() -> Json:
    """The schema (draft 2020-12)."""
    statuses = {status: {"type": "number", "minimum": 0, "maximum": 1} for status in ("met", "not_met")}
    codes = {"type": "array", "items": {"type": "string", "pattern": "^[0-9A-Z]{5}$"}}
    properties = {
        "id": TEXT,
        "title": TEXT,
        "revision": TEXT,
        "trust": _mapping(statuses, list(statuses)),
        "codes": _mapping(dict.fromkeys((*PHASES, "none"), codes), []),
        "pathways": {"type": "array", "minItems": 1, "items": _pathway()},
        "exclusions": {"type": "array", "items": _texts("topic", "policy", "reason")},
        "flags": {"type": "array", "items": {"oneOf": [_flag(fact) for fact in facts().values() if fact.values]}},
        "criteria": {"type": "array", "minItems": 1, "items": _criterion()},
    }
    required = [name for name in properties if name not in ("exclusions", "flags")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A payer's policy as data",
        **_mapping(properties, required),
        "$defs": {"condition": _condition(), **{f"fact-{f.kind}": _statement(f) for f in facts().values()}},
    }


def _mapping(properties: Json, required: list[str]) -> Json:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}


def _texts(*names: str) -> Json:
    return _mapping(dict.fromkeys(names, TEXT), list(names))


def _pathway() -> Json:
    properties = {
        "id": TEXT,
        "title": TEXT,
        "phase": {"enum": [*PHASES, ANY]},
        "indication": {"enum": [*INDICATIONS, ANY]},
        "sections": {"type": "array", "minItems": 1, "items": TEXT},
    }
    return _mapping(properties, list(properties))


def _flag(fact: Fact) -> Json:
    properties = {
        "kind": TEXT,
        "fact": {"const": fact.kind},
        "value": {"enum": list(fact.values)},
        "pathways": {"type": "array", "items": TEXT},
        "detail": TEXT,
    }
    return _mapping(properties, list(properties))


def _criterion() -> Json:
    test = {"$ref": "#/$defs/condition"}
    named = _mapping({"id": TEXT, "title": TEXT, "asks": TEXT, "test": test, "same_as": TEXT}, ["id", "title", "asks"])
    return {**named, "oneOf": [{"required": ["test"]}, {"required": ["same_as"]}]}


def _condition() -> Json:
    many = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}
    chosen = [
        {
            "if": {"properties": {"fact": {"const": kind}}, "required": ["fact"]},
            "then": {"$ref": f"#/$defs/fact-{kind}"},
        }
        for kind in facts()
    ]
    keys: Json = {name: {"description": HELP.get(name, "A bound on a number")} for name in sorted(STATEMENT_KEYS)}
    keys["fact"] = {"description": HELP["fact"], "enum": list(facts())}
    keys |= {"all": many, "any": many}
    return {
        "type": "object",
        "properties": keys,
        "additionalProperties": False,
        "oneOf": [{"required": ["fact", "missing"]}, {"required": ["all"]}, {"required": ["any", "missing"]}],
        "allOf": chosen,
    }


def _statement(fact: Fact) -> Json:
    """What may be said of one fact: its own values; a bound only where it has a number."""
    words = {"type": "array", "items": {"enum": list(fact.values)}}
    properties: Json = {
        "fact": {"const": fact.kind, "description": fact.about},
        "missing": TEXT,
        "part": TEXT,
        "unclear": TEXT,
    }
    properties |= {name: words for name in WORD_SETS if fact.values}
    properties |= {name: {"type": "number", "description": fact.unit} for name in BOUNDS if fact.unit}
    properties |= {name: {"type": "integer", "minimum": int(name == "prevails")} for name in COUNTS}
    properties |= {name: {"type": "boolean"} for name in ("event", "now", "plans", "optional")}
    properties |= {
        "when": {"enum": ["before_trial", "after_trial"]},
        "each": TEXT,
        "lists": {"enum": list(facts())},
    }
    decides = [{"required": [name]} for name in ("met", *BOUNDS) if name in properties]
    return {**_mapping(properties, ["fact", "missing"]), "anyOf": decides}
