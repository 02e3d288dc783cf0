"""What Apex sends and the credential's formula signs, evaluated from the sources, is what verify-signature accepts."""

import datetime
import hashlib
import hmac
import json
import re
import secrets
import unittest

from salesforce_metadata import NAMESPACE, of_type, one
from salesforce_source import classes, nodes, parse, parse_formula, value
from salesforce_testbed import invoke
from support import EVENTS, ROOT, WEBHOOK_SECRET

ORDER = "801Dn0000014UPaIAM"
ORGANIZATION = "00DDn0000004XYZMA2"


def evaluate_apex(node, variables):
    """An Apex expression of texts, variables and `+`."""
    if node.type == "string_literal":
        return re.sub(r"\\(.)", r"\1", value(node)[1:-1])
    if node.type == "binary_expression":
        return evaluate_apex(node.child_by_field_name("left"), variables) + evaluate_apex(
            node.child_by_field_name("right"), variables
        )
    if node.type == "method_invocation" and value(node.child_by_field_name("name")) == "formatGmt":
        (pattern,) = node.child_by_field_name("arguments").named_children
        moment = variables[value(node.child_by_field_name("object"))]
        return format_gmt(moment, evaluate_apex(pattern, variables))
    return variables[value(node)]


def format_gmt(moment, pattern):
    """java.text.SimpleDateFormat in UTC, as Datetime.formatGmt has it."""
    directives = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
    parts = re.findall(r"'([^']*)'|([a-zA-Z]+)|([^'a-zA-Z]+)", pattern)
    return "".join(
        literal or other or moment.astimezone(datetime.UTC).strftime(directives[letters])
        for literal, letters, other in parts
    )


def evaluate_formula(node, variables):
    """A formula of the functions on the page "Named Credential Formula Functions"."""
    if node.type == "string":
        return value(node)[1:-1]
    if node.type == "member_expression":
        return variables[value(node)]
    if node.type in {"program", "expression_statement", "parenthesized_expression"}:
        return evaluate_formula(node.named_children[0], variables)
    arguments = [evaluate_formula(each, variables) for each in node.child_by_field_name("arguments").named_children]
    match value(node.child_by_field_name("function")), arguments:
        case "HEX", [bytes() as content]:
            return content.hex()
        case "BLOB", [str() as content]:
            return content.encode()
        case "HMAC", ["SHA-256", bytes() as signed, bytes() as key]:
            return hmac.new(key, signed, hashlib.sha256).digest()
        case function, _:
            raise AssertionError(f"{function} does not take {[type(each) for each in arguments]}")


class Sender:
    """SignedRequest.build and the external credential's headers."""

    def __init__(self):
        (source,) = [source for path, source in classes().items() if path.stem == "SignedRequest"]
        methods = nodes(parse("apex", source), "method_declaration")
        (self.build,) = [method for method in methods if value(method.child_by_field_name("name")) == "build"]
        (credential,) = of_type("ExternalCredential").values()
        self.formulas = {
            one(parameter, "parameterName"): one(parameter, "parameterValue")
            for parameter in credential.findall(NAMESPACE + "externalCredentialParameters")
            if one(parameter, "parameterType") == "AuthHeader"
        }

    def request(self, secret, **parameters):
        """Path, headers and body of a request."""
        variables = dict(parameters)
        headers, path, body = {}, None, None
        for node in nodes(self.build, "variable_declarator", "method_invocation"):
            if node.type == "variable_declarator":
                expression = node.child_by_field_name("value")
                if expression.type != "object_creation_expression":
                    variables[value(node.child_by_field_name("name"))] = evaluate_apex(expression, variables)
                continue
            arguments = node.child_by_field_name("arguments").named_children
            match value(node.child_by_field_name("name")):
                case "setHeader":
                    name, content = [evaluate_apex(each, variables) for each in arguments]
                    headers[name.lower()] = content
                case "setEndpoint":
                    path = re.sub(r"^callout:\w+", "", evaluate_apex(arguments[0], variables))
                case "setBody":
                    body = evaluate_apex(arguments[0], variables)
        known = {"$Credential.WHMCS_Orders.Body": body.encode(), "$Credential.WHMCS_Orders.Secret": secret.decode()}
        for name, formula in self.formulas.items():
            formula = formula.removeprefix("{!").removesuffix("}")
            headers[name.lower()] = evaluate_formula(parse_formula(formula), known)
        return path, headers, body


def event(path, headers, body):
    """As API Gateway passes the request on."""
    sample = json.loads((EVENTS / "fulfill.json").read_text())
    sample["rawPath"] = sample["requestContext"]["http"]["path"] = path
    sample["pathParameters"]["sfOrderId"] = path.split("/")[2]
    sample["headers"] = {**headers, "content-length": str(len(body.encode()))}
    sample["body"], sample["isBase64Encoded"] = body, False
    return sample


class SignatureTest(unittest.TestCase):
    def request(self, secret=WEBHOOK_SECRET, sent_at=None, **parameters):
        sent_at = sent_at or datetime.datetime.now(datetime.UTC)
        values = {
            "orderId": ORDER,
            "key": f"{ORDER}-1",
            "organizationId": ORGANIZATION,
            "requestedAt": sent_at - datetime.timedelta(seconds=90),
            "sentAt": sent_at,
            "nonce": secrets.token_hex(16),
        }
        return Sender().request(secret, **{**values, **parameters})

    def test_the_request_is_what_the_readme_says(self):
        moment = datetime.datetime(2026, 11, 20, 2, 15, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=-8)))
        path, headers, body = self.request(sent_at=moment, nonce="00112233445566778899aabbccddeeff")
        self.assertEqual(path, f"/orders/{ORDER}/fulfill")
        self.assertEqual(
            json.loads(body),
            {
                "orderId": ORDER,
                "timestamp": "2026-11-20T10:15:30Z",
                "requestedAt": "2026-11-20T10:14:00Z",
                "nonce": "00112233445566778899aabbccddeeff",
                "idempotencyKey": f"{ORDER}-1",
                "organizationId": ORGANIZATION,
            },
        )
        self.assertEqual(
            headers,
            {
                "content-type": "application/json",
                "idempotency-key": f"{ORDER}-1",
                "x-sf-nonce": "00112233445566778899aabbccddeeff",
                "x-sf-timestamp": "2026-11-20T10:15:30Z",
                "x-sf-signature": hmac.new(WEBHOOK_SECRET, body.encode(), hashlib.sha256).hexdigest(),
            },
        )
        readme = (ROOT / "README.md").read_text()
        table = readme[readme.index("### What a sender sends") :]
        documented = {
            name.lower() for name in re.findall(r"(?m)^\| `([\w-]+)` \|", table[: table.index("| response |")])
        }
        self.assertEqual(set(headers) - {"content-type"}, documented)

    def test_verify_signature_accepts_it(self):
        status, answer = self.verify(*self.request())
        self.assertEqual((status, answer["status"], answer["orderId"]), (202, "Accepted", ORDER))

    def test_verify_signature_refuses_another_secret(self):
        status, answer = self.verify(*self.request(secret=b"another secret, of thirty-two bytes or more"))
        self.assertEqual((status, answer["code"]), (401, "INVALID_SIGNATURE"))

    def verify(self, path, headers, body):
        """Status and body of the answer of verify-signature."""
        reply, _ = invoke("verify-signature", event(path, headers, body))
        return reply["statusCode"], json.loads(reply["body"])


if __name__ == "__main__":
    unittest.main()
