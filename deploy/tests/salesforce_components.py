"""The Lightning web components of deploy/salesforce as modules that Node.js runs.

Decorators are no JavaScript yet: `@api` goes, and `@wire(adapter, config)` becomes an entry of the class's `wires`.
Every import from outside the component becomes a stand-in: a label is its text, a schema field its name, an Apex method
whatever the test puts there.
"""

import json
import re

from salesforce_metadata import PROJECT
from salesforce_source import labels, nodes, parse, value

STAND_INS = {
    "lwc": """
        export class LightningElement {
            events = [];
            dispatchEvent(event) { this.events.push(event); }
        }
        export const api = null, wire = null;
    """,
    "lightning/uiRecordApi": """
        export const getRecord = 'getRecord';
        export const getFieldValue = (record, field) => record.fields[field]?.value ?? null;
        export const notified = [];
        export async function notifyRecordUpdateAvailable(records) { notified.push(...records); }
    """,
    "lightning/platformShowToastEvent": """
        export class ShowToastEvent {
            constructor(detail) { this.detail = detail; }
        }
    """,
    # A test puts a function under the method's name.
    "apex": """
        export const apex = {};
    """,
}


def stand_in(target):
    """The source of the module that replaces an import."""
    if target in STAND_INS:
        return STAND_INS[target]
    kind, _, what = target.removeprefix("@salesforce/").partition("/")
    if kind == "label":
        texts = {label: text for found in labels().values() for label, text in found.items()}
        return f"export default {json.dumps(texts[what.removeprefix('c.')])};"
    if kind == "schema":
        return f"export default {json.dumps(what.partition('.')[2])};"
    return f"import {{ apex }} from './apex.mjs';\nexport default (parameters) => apex['{what}'](parameters);"


def file_name(target):
    return re.sub(r"\W", "_", target).strip("_") + ".mjs"


def without_decorators(source):
    """The source, and [adapter, config, member] of each wire."""
    root = parse("javascript", source)
    wires = []
    for decorator in reversed(list(nodes(root, "decorator"))):
        if value(decorator).startswith("@wire"):
            adapter, config = next(nodes(decorator, "arguments")).named_children
            member = value(decorator.parent.child_by_field_name("name"))
            wires.append(f"{{ adapter: {value(adapter)}, config: {value(config)}, member: '{member}' }}")
        start, end = decorator.start_byte, decorator.end_byte
        source = (source.encode()[:start] + b" " * (end - start) + source.encode()[end:]).decode()
    return source.replace(
        "extends LightningElement {", f"extends LightningElement {{ static wires = [{', '.join(wires)}];"
    )


def build(directory):
    """Writes every component and stand-in into the directory, as `<file>.mjs`."""
    targets = set(STAND_INS)
    for path in sorted(PROJECT.glob("*/lwc/*/*.js")):
        source = without_decorators(path.read_text())
        targets.update(found for found in re.findall(r"from '([^']+)'", source) if not found.startswith("./"))
        source = re.sub(
            r"from '([^']+)'",
            lambda found: f"from './{found[1][2:] + '.mjs' if found[1].startswith('./') else file_name(found[1])}'",
            source,
        )
        (directory / f"{path.stem}.mjs").write_text(source)
    for target in targets:
        (directory / file_name(target)).write_text(stand_in(target))
