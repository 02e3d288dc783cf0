"""`deploy/orders list`: open orders by what they wait for, and failed ones, from the ledger's indexes.

A list reads at most 1,000 open orders, and of the failed ones a page of each error code; each page costs DynamoDB one
Query, and one BatchGetItem where the orders are open.
"""

import collections

from ledger import MOST_OPEN, Ledger
from printing import age, milliseconds, print_json, table
from waiting import CODES, advice, since, waits_for

TITLES = {
    "open": ("Open", "the suite continues by itself"),
    "repair": ("Open", "each waits for a repair in WHMCS's module queue"),
    "failed": ("Failed", "each waits for a person, and for a new request"),
}
COLUMNS = [
    ("order", "orderId", False),
    ("age", "age", True),
    ("code", "errorCode", False),
    ("request", "request", True),
    ("WHMCS", "whmcsOrderId", True),
]
LAST_COLUMN = {"open": ("waits for", "text", False), "failed": ("fixed by", "fixedBy", False)}


def list_orders(options, installation):
    """Both lists, each with a limit, or the one that an option names."""
    ledger, now = Ledger(installation.dynamodb, installation.table), milliseconds()
    oldest = now - options.older if options.older else None
    found = {}
    if not options.failed:
        found["open"] = take_open(ledger, options, now, oldest)
    if not options.open:
        found["failed"] = take_failed(ledger, options, now, oldest)
    if options.json:
        return print_json({name: {"orders": rows, "next": place} for name, (rows, place) in found.items()})
    print("\n\n".join("\n".join(lines(name, *found[name], options, installation)) for name in found))
    return 0


def take_open(ledger, options, now, oldest):
    """Rows of open orders, the longest due first, and where the next list begins; None at the end."""
    breakers, rows, last = ledger.breakers(), [], None
    for count, order in enumerate(ledger.open_orders(options.after if options.open else None)):
        if count == MOST_OPEN or len(rows) == options.limit:
            return rows, last["place"]
        last = order
        kind, sentence = waits_for(order, breakers, now)
        is_wanted = options.code in (None, order.get("errorCode")) and (oldest is None or since(order) <= oldest)
        if is_wanted and (not options.person or kind == "repair"):
            more = {"runs": order.get("tries"), "dueAt": order.get("dueAt"), "waitsFor": kind, "text": sentence}
            rows.append({**row(order, order.get("errorCode"), since(order), now), **more})
    return rows, None


def take_failed(ledger, options, now, oldest):
    """Rows of failed orders, the newest failure first, and where the next list begins; None at the end."""
    rows, last = [], None
    codes = [options.code] if options.code else list(CODES)
    for order in ledger.failed_orders(codes, oldest, options.after if options.failed else None):
        if len(rows) == options.limit:
            return rows, last["place"]
        last, code = order, order["errorCode"]
        rows.append({**row(order, code, order["endedAt"], now), "fixedBy": advice(code)[0]})
    return rows, None


def row(order, code, since, now):
    return {
        "orderId": order["orderId"],
        "status": order["status"],
        "since": since,
        "age": age(now - since),
        "errorCode": code,
        "request": order.get("attempt"),
        "whmcsOrderId": order.get("whmcsOrderId"),
    }


def count(rows):
    """`3`, and with several errors `3: MAPPING_FAILED 2, CLIENT_CLOSED 1`."""
    codes = collections.Counter(row["errorCode"] or "no error" for row in rows).most_common()
    return f"{len(rows)}" + (": " + ", ".join(f"{code} {n}" for code, n in codes) if len(codes) > 1 else "")


def lines(name, rows, place, options, installation):
    title, meaning = TITLES["repair" if options.person and name == "open" else name]
    yield f"{title} ({count(rows)}{' and more' if place else ''}): {meaning}"
    if rows:
        yield from table([*COLUMNS, LAST_COLUMN[name]], rows)
    if place and not options.person:
        kept = f" --code {options.code}" if options.code else ""
        yield f"More: deploy/orders list --{name}{kept} --after {place}{installation.option}"
