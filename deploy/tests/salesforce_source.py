"""The sources of deploy/salesforce as syntax trees: Apex, the JavaScript and HTML of the components, formulas."""

import re

from tree_sitter_language_pack import get_parser

from salesforce_metadata import PROJECT, files, of_type, one, read, tag, text


def words(listed):
    return set(listed.split())


def parse(language, source):
    """The root node."""
    return get_parser(language).parse(source.encode()).root_node


def syntax_errors(node):
    """`line: text` of what the grammar does not take."""
    if node.type == "ERROR" or node.is_missing:
        yield f"{node.start_point.row + 1}: {node.text.decode()[:60]}"
    for child in node.children:
        yield from syntax_errors(child)


def nodes(root, *types):
    """Every node below of one of the types, in the source's order."""
    if root.type in types:
        yield root
    for child in root.children:
        yield from nodes(child, *types)


def value(node):
    return node.text.decode()


def classes():
    """Path → source of each Apex class."""
    return {path: path.read_text() for path in sorted(PROJECT.rglob("*.cls"))}


def scripts():
    return {path: path.read_text() for path in sorted(PROJECT.glob("*/lwc/*/*.js"))}


def templates():
    return {path: path.read_text() for path in sorted(PROJECT.glob("*/lwc/*/*.html"))}


def formulas():
    """Where → formula: of fields, of the flow's entry, of the credential's headers."""
    found = {}
    for path in files():
        root = read(path)
        if tag(root) == "CustomField" and one(root, "formula"):
            found[path.name] = one(root, "formula")
        if tag(root) == "Flow":
            found[path.name] = one(root, "start/filterFormula")
        if tag(root) == "ExternalCredential":
            for index, formula in enumerate(text(root, "externalCredentialParameters/parameterValue")):
                found[f"{path.name} {index}"] = formula.removeprefix("{!").removesuffix("}")
    return found


def parse_formula(formula):
    """A formula's calls, names and texts are JavaScript's, once `{!…}` is removed inside it."""
    return parse("javascript", "(" + re.sub(r"\{!([^}]*)\}", r"\1", formula) + ")")


def labels():
    """Package → label → text."""
    return {
        path.relative_to(PROJECT).parts[0]: dict(
            zip(text(root, "labels/fullName"), text(root, "labels/value"), strict=True)
        )
        for path, root in of_type("CustomLabels").items()
    }
