"""Prints a plan of provision-order as a table.

Called by deploy/plan, with the function's answer on stdin, or with an order and a function to ask. Status 1 means that
the order cannot be provisioned, 2 that the function gave no plan.
"""

import argparse
import json
import sys

from printing import printable, table, text

# Title, member of a line, whether it is a number
COLUMNS = [
    ("line", "number", True),
    ("order item", "orderItemId", False),
    ("name", "name", False),
    ("product", "product", False),
    ("cycle", "cycle", False),
    ("quantity", "quantity", True),
    ("WHMCS", "whmcsPrice", True),
    ("Salesforce", "salesforcePrice", True),
    ("details", "details", False),
]


def details(line):
    parts = [f"{name} {line[name]}" for name in ("domain", "hostname") if line[name]]
    for title, member in (("option", "configOptions"), ("field", "customFields")):
        parts += [f"{title} {key} = {value}" for key, value in sorted(line[member].items(), key=by_number)]
    return "; ".join(parts)


def by_number(item):
    return int(item[0])


def product(line):
    named = f" {line['product']}" if line["product"] else ""
    return None if line["productId"] is None else f"{line['productId']}{named}"


def lines_table(lines):
    rows = [
        {**line, "number": index, "product": product(line), "details": details(line)}
        for index, line in enumerate(lines, start=1)
    ]
    columns = [column for column in COLUMNS if column[1] != "details" or any(row["details"] for row in rows)]
    yield from table(columns, rows)


def report(plan):
    client = plan["client"]
    yield f"order      {plan['orderId']}"
    yield f"client     {client['id']}, pays in {client['currency']}" if client else "client     –"
    yield f"gateway    {text(plan['paymentMethod'])}"
    prices = f" ({plan['currency']})" if plan["currency"] else ""
    yield f"prices     {plan['pricesFrom']}'s count{prices}"
    known = plan["ledger"]
    if known:
        parts = [known["status"]]
        parts += [f"WHMCS order {known['whmcsOrderId']}"] if known["whmcsOrderId"] else []
        parts += [known["errorCode"]] if known["errorCode"] else []
        yield f"ledger     {', '.join(parts)}"
        if known["hasPlan"]:
            yield "           A run of this request follows the plan in the ledger, which may differ."
    else:
        yield "ledger     no such order"
    if plan["lines"]:
        yield ""
        yield from lines_table(plan["lines"])
    yield ""
    if not plan["faults"]:
        yield "No faults."
    for fault in plan["faults"]:
        yield f"{fault['code']}  {printable(fault['message'])}"


def ask(function, order):
    """The function's answer. boto3 is in the operators' venv only, and nobody asks the testbed with it."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    # A plan may take as long as the function's timeout, and is not worth a second one.
    config = Config(read_timeout=150, retries={"total_max_attempts": 1})
    try:
        event = json.dumps({"plan": order}).encode()
        reply = boto3.client("lambda", config=config).invoke(FunctionName=function, Payload=event)
    except (BotoCoreError, ClientError) as error:
        print(f"{function}: {error}", file=sys.stderr)
        sys.exit(2)
    answer = reply["Payload"].read().decode()
    if "FunctionError" in reply:
        print(answer, file=sys.stderr)
        sys.exit(2)
    return answer


def show(answer):
    """Prints the plan of a function's answer. Returns the exit status."""
    try:
        plan = json.loads(answer)
        lines = list(report(plan))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(f"The answer is no plan ({type(error).__name__}: {error})")
    print("\n".join(lines))
    return 1 if plan["faults"] else 0


def main():
    options = argparse.ArgumentParser(prog="deploy/plan", description=__doc__.splitlines()[0])
    options.add_argument("order", nargs="?")
    options.add_argument("--function", metavar="NAME")
    options = options.parse_args()
    sys.exit(show(ask(options.function, options.order) if options.function else sys.stdin.read()))


if __name__ == "__main__":
    main()
