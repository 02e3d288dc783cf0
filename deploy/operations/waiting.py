"""What an order waits for, and who helps."""

import pathlib
import re

from printing import time

RUNBOOK = pathlib.Path(__file__).parents[1] / "RUNBOOK.md"

# Error code → who fixes its cause, and what to do (README.md, "Errors, and who fixes them").
CODES = {
    "ORDER_NOT_FOUND": ("admin", "give the integration user access to the order in Salesforce"),
    "ORDER_NOT_PROVISIONABLE": ("operator", "correct the order's status, price book or lines in Salesforce"),
    "CLIENT_NOT_LINKED": ("operator", "name the WHMCS client in the order's account in Salesforce"),
    "CLIENT_MISMATCH": (
        "operator",
        "compare the customer numbers of account and WHMCS client; correct one",
    ),
    "CLIENT_CLOSED": ("operator", "open the client in WHMCS, or link the account to another one"),
    "PAYMENT_METHOD_MISSING": ("customer", "the customer adds a pay method in WHMCS"),
    "MAPPING_FAILED": ("admin", "correct the products, cycles or options that the error names"),
    "WHMCS_REJECTED": ("operator", "correct what WHMCS's message names"),
    "WHMCS_SETUP_FAILED": ("operator", "repeat the failed action in WHMCS: Utilities, Module Queue"),
    "WHMCS_UNAVAILABLE": ("time", "wait until WHMCS answers again"),
    "WHMCS_OUTCOME_UNKNOWN": ("operator", "look for the order in WHMCS first, with the runbook's steps"),
    "SALESFORCE_UNAVAILABLE": ("time", "wait until Salesforce answers again"),
    "SALESFORCE_REJECTED": ("admin", "correct the field, permission or validation rule that the error names"),
    "PROVISIONING_ERROR": ("developer", "give the error to a developer"),
}
UNKNOWN_CODE = ("developer", "this version of the tool does not know the code: see README.md")

# Breakers of the ledger by the error code of the orders that wait for them.
SIDES = {
    "SALESFORCE_UNAVAILABLE": [("salesforce", "Salesforce")],
    "WHMCS_UNAVAILABLE": [("whmcs", "WHMCS"), ("whmcsAddOrder", "WHMCS's AddOrder")],
}


def has_ended(order):
    return order["status"] in ("Provisioned", "Failed")


def has_failed(order):
    """The request has failed, whether or not Salesforce has confirmed that."""
    return order["status"] == "Failed" or order.get("step") == "sf_failure_update" and order["status"] == "Activating"


def since(order):
    """Since when somebody waits: for the order, or for its final status in Salesforce. Milliseconds since 1970."""
    ended = order.get("endedAt") if has_ended(order) else None
    return ended or order.get("requestedAt") or order.get("updatedAt") or 0


def waits_for(order, breakers, now):
    """What an open order waits for: a word for programs, and a sentence.

    - order, breakers: of `ledger.Ledger`
    - now: milliseconds since 1970
    """
    due = order.get("dueAt") or 0
    if (order.get("leaseUntil") or 0) > now:
        return "run", f"the run that works on it, until {time(order['leaseUntil'])}"
    is_report = has_ended(order) or has_failed(order)
    for key, side in SIDES.get("SALESFORCE_UNAVAILABLE" if is_report else order.get("errorCode"), []):
        breaker = breakers.get(key) or {}
        if breaker.get("openedAt"):
            does = "refuses the suite" if breaker.get("isRefusal") else "does not answer"
            return "outage", f"{side}, which {does} since {time(breaker['openedAt'])}; due {time(due)}"
    if is_report:
        status = "Failed" if has_failed(order) else order["status"]
        return "report", f"Salesforce to confirm the status {status}; next report {time(due)}"
    if order.get("errorCode") == "WHMCS_SETUP_FAILED":
        return "repair", f"a repair in WHMCS's module queue; next look {time(due)}"
    if due > now:
        return "retry", f"its {'next' if order.get('errorCode') else 'first'} run, due {time(due)}"
    return "due", f"recover-orders, due since {time(due)}"


def advice(code):
    return CODES.get(code, UNKNOWN_CODE)


def section(code):
    """The section of the runbook that helps with an error code."""
    heading = "Find out why an order failed"
    for line in RUNBOOK.read_text(encoding="utf-8").splitlines() if code else []:
        if re.match(rf"#+ .*\b{re.escape(code)}\b", line):
            heading = line.lstrip("# ")
            break
    anchor = re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
    return f"deploy/RUNBOOK.md#{anchor}"
