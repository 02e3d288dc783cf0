"""Renders the template of the card as Lightning does, for tests and for a look at it.

usage: python salesforce_card.py <file.html>     writes the card in each of its states

Knows of the template language what the card uses: `{expression}`, `lwc:if`, `lwc:else`, `for:each`. Lightning's own
components become plain elements of the same meaning.
"""

import html
import json
import pathlib
import sys
import tempfile
from html.parser import HTMLParser

import salesforce_components
from salesforce_metadata import PROJECT
from support import run

TEMPLATE = PROJECT / "fields/lwc/whmcsProvisioning/whmcsProvisioning.html"
VOID = {"br", "img", "input"}

# Prints the members that templates read, for each state on stdin.
MEMBERS = """
import { readFileSync } from 'node:fs';
import { apex } from './apex.mjs';
import Card from './whmcsProvisioning.mjs';

const names = ['labels', 'order', 'view', 'isUnreadable', 'isRequesting', 'isReady', 'isLoading'];
const ofReady = ['progress', 'statusText', 'steps', 'error', 'buttonText'];
globalThis.setTimeout = () => 0;
const shown = [];
for (const { fields, view, error } of JSON.parse(readFileSync(0, 'utf8'))) {
    apex['ProvisioningController.getView'] = async () => view;
    const card = new Card();
    if (error) card.receiveOrder({ error });
    if (fields) card.receiveOrder({ data: { fields } });
    await new Promise((resolve) => setImmediate(resolve));
    const all = card.isReady ? [...names, ...ofReady] : names;
    shown.push(Object.fromEntries(all.map((name) => [name, card[name] ?? null])));
}
console.log(JSON.stringify(shown));
"""


def members(states):
    """What the component's members are in each state: {fields, view} as they arrive, or {error}."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        salesforce_components.build(directory)
        (directory / "members.mjs").write_text(MEMBERS)
        result = run("node", directory / "members.mjs", input=json.dumps(states), timeout=60)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return json.loads(result.stdout)


class Tree(HTMLParser):
    """The template as [tag, attributes, children]."""

    def __init__(self, source):
        super().__init__()
        self.root = ["root", {}, []]
        self.open = [self.root]
        self.feed(source)
        if len(self.open) != 1:
            raise AssertionError(f"{self.open[-1][0]} is not closed")

    def handle_starttag(self, tag, attributes):
        element = [tag, dict(attributes), []]
        self.open[-1][2].append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if self.open.pop()[0] != tag:
            raise AssertionError(f"</{tag}> closes another element")

    def handle_data(self, text):
        if text.strip():
            self.open[-1][2].append(text)


def evaluate(text, scope):
    """The value of `{a.b}`; other text as it is. Like Lightning, nothing of nothing is an error."""
    if not (text and text.startswith("{") and text.endswith("}")):
        return text
    value = scope
    for part in text[1:-1].split("."):
        if value is None:
            raise AssertionError(f"{text}: nothing has a {part}")
        value = value.get(part)
    return value


def render(children, scope):
    output, was_shown = [], True
    for child in children:
        if isinstance(child, str):
            parts = child.replace("{", "\0{").replace("}", "}\0").split("\0")
            values = [evaluate(part.strip(), scope) if part.strip().startswith("{") else part for part in parts]
            output.append(html.escape("".join("" if value is None else str(value) for value in values)))
            continue
        tag, attributes, inside = child
        if "lwc:if" in attributes:
            was_shown = bool(evaluate(attributes["lwc:if"], scope))
            if not was_shown:
                continue
        if "lwc:else" in attributes and was_shown:
            continue
        if "for:each" in attributes:
            for item in evaluate(attributes["for:each"], scope):
                output.append(render(inside, {**scope, attributes["for:item"]: item}))
            continue
        values = {
            key: evaluate(value, scope)
            for key, value in attributes.items()
            if not key.startswith(("lwc:", "on")) and key != "key"
        }
        output.append(element(tag, values, render(inside, scope)))
    return "".join(output)


def element(tag, values, inside):
    match tag:
        case "template":
            return inside
        case "lightning-card":
            return f"<article><h2>{html.escape(values['title'])}</h2>{inside}</article>"
        case "lightning-button":
            disabled = " disabled" if values["disabled"] else ""
            return f"<button{disabled}>{html.escape(values['label'])}</button>"
        case "lightning-progress-indicator":
            state = "failed" if values["has-error"] else "moving"
            return (
                f'<ol class="{state}" aria-label="{html.escape(values["aria-label"])}">'
                + inside.replace(f'value="{values["current-step"]}"', 'aria-current="step"')
                + "</ol>"
            )
        case "lightning-progress-step":
            return f'<li value="{values["value"]}">{html.escape(values["label"])}</li>'
        case "lightning-formatted-date-time":
            return f"<time>{html.escape(values['value'])}</time>"
        case "lightning-spinner":
            return f"<p>{html.escape(values['alternative-text'])} …</p>"
    known = "".join(f' {key}="{html.escape(str(value))}"' for key, value in values.items() if value is not None)
    return f"<{tag}{known}>{inside}</{tag}>"


def render_states(states):
    tree = Tree(TEMPLATE.read_text()).root[2]
    return [render(tree, shown) for shown in members(states)]


def field_values(status=None, code=None, message=None, order=None, at=None):
    values = {
        "Provisioning_Status__c": status,
        "Provisioning_Error_Code__c": code,
        "Provisioning_Error_Message__c": message,
        "WHMCS_Order_ID__c": order,
        "Last_Provisioning_At__c": at,
    }
    return {field: {"value": value} for field, value in values.items()}


AT, LATER = "2026-11-20T10:15:30Z", "2026-11-20T10:20:00Z"
URL = "https://billing.example.com/admin/orders.php?action=view&id=1002"
STATES = {
    "loading": {},
    "unreadable": {"error": {}},
    "not requested": {"fields": field_values(), "view": {}},
    "not allowed": {
        "fields": field_values(),
        "view": {"obstacle": "An order in the status Draft cannot be provisioned."},
    },
    "requested": {"fields": field_values(), "view": {"requestState": "Sending", "requestedAt": AT}},
    "accepted": {"fields": field_values(), "view": {"requestState": "Accepted", "requestedAt": AT}},
    "refused": {
        "fields": field_values(),
        "view": {"requestState": "Refused", "requestedAt": AT, "requestMessage": "The clocks differ."},
    },
    "ordered": {"fields": field_values("Activating", order="1002", at=AT), "view": {}},
    "provisioned": {"fields": field_values("Provisioned", order="1002", at=AT), "view": {"whmcsUrl": URL}},
    "failed": {
        "fields": field_values("Failed", "PAYMENT_METHOD_MISSING", "WHMCS client 1234 has no <pay> method", None, AT),
        "view": {"requestState": "Accepted", "requestedAt": "2026-11-20T10:00:00Z"},
    },
}
STYLE = """
body { font: 13px/1.5 sans-serif; background: #f3f3f3; padding: 16px }
body { display: grid; grid-template-columns: 1fr 1fr; gap: 16px }
article { background: #fff; border: 1px solid #c9c9c9; border-radius: 4px; padding: 0 16px 16px }
dl { display: grid; grid-template-columns: 110px 1fr; margin: 8px 0 }
dt, .slds-text-color_weak { color: #5c5c5c }
dd { margin: 0 }
.slds-text-color_error { color: #b60554 }
ol { display: flex; gap: 4px; padding: 0; list-style: none }
li { flex: 1; border-top: 4px solid #c9c9c9; padding-top: 4px }
li[aria-current] { border-color: #0176d3; font-weight: bold }
.failed li[aria-current] { border-color: #ba0517 }
button { background: #0176d3; color: #fff; border: 0; border-radius: 4px; padding: 6px 16px }
"""

if __name__ == "__main__":
    cards = [f"<section>{card}</section>" for card in render_states(list(STATES.values()))]
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>Card</title><style>{STYLE}</style>{''.join(cards)}"
    pathlib.Path(sys.argv[1]).write_text(page)
