"""`deploy/orders again`: publishes an open order now, and says what else is needed where that is not enough."""

import json
import sys
import time as clock

from ledger import Ledger
from printing import milliseconds, print_json, printable, time
from story import again
from waiting import advice, has_ended, has_failed, since


def publish(options, installation):
    """Status 1 when the order has failed, or has no final status after --wait."""
    if options.all:
        return publish_all(options, installation)
    ledger = Ledger(installation.dynamodb, installation.table)
    order = ledger.known(options.order)
    # A run of the published event would find the lease, and nothing to do.
    is_running = (order.get("leaseUntil") or 0) > milliseconds()
    recovered = 0
    if order.get("open") and not is_running:
        recovered = json.loads(installation.invoke("recover-orders", {"orderId": options.order}))["recovered"]
    # Of --json only the document goes to stdout.
    tell = (lambda line: print(line, file=sys.stderr, flush=True)) if options.json else print
    tell(what_happened(order, recovered, is_running, installation))
    is_late = False
    if options.wait and order.get("open"):
        order = follow(ledger, order, options.timeout, tell)
        is_late = not has_ended(order)
        if is_late:
            tell(f"No final status after {options.timeout} s: deploy/orders show {options.order}{installation.option}")
        elif has_failed(order):
            tell(next_step(order, installation))
    if options.json:
        members = ("orderId", "status", "errorCode", "errorMessage", "dueAt", "whmcsOrderId")
        print_json({"recovered": recovered, **{name: order.get(name) for name in members}})
    return 1 if is_late or has_failed(order) else 0


def publish_all(options, installation):
    answer = json.loads(installation.invoke("recover-orders", {"all": True}))
    if options.json:
        return print_json(answer)
    left = f", {answer['left']} are left: repeat the command" if "left" in answer else ""
    print(f"{answer['recovered']} open orders published again{left}")
    return 0


def what_happened(order, recovered, is_running, installation):
    id, code = order["orderId"], printable(order.get("errorCode") or "")
    if not order.get("open") and order["status"] == "Provisioned":
        return f"{id} is Provisioned since {time(since(order))}: there is nothing to do."
    if not order.get("open"):
        return (
            f"{id} is Failed since {time(since(order))} ({code}): it cannot be published, only requested again.\n"
            f"{next_step(order, installation)}"
        )
    if is_running:
        return f"A run works on {id} until {time(order['leaseUntil'])}: it is not published."
    if not recovered:
        return f"{id} changed meanwhile: a run or recover-orders has taken it."
    if has_failed(order):
        return (
            f"{id} is published, but only to report its failure ({code}) to Salesforce.\n"
            f"{next_step(order, installation)}"
        )
    return f"{id} is published."


def next_step(order, installation):
    return f"Next: {advice(order.get('errorCode'))[1]}. Then {again(order, installation)}"


def follow(ledger, order, timeout, tell):
    """Reads the order each second until it has a final status, and tells each change. Returns it."""
    deadline, shown = clock.monotonic() + timeout, None
    while True:
        order = ledger.known(order["orderId"])
        line = " · ".join(printable(order[name]) for name in ("status", "step", "errorCode") if order.get(name))
        if line != shown:
            tell(line)
        shown = line
        if has_ended(order) or clock.monotonic() >= deadline:
            return order
        clock.sleep(1)
