"""One order's story: what happened to it, what it waits for, and who helps."""

import json

from printing import age, printable, text, time
from waiting import advice, has_failed, section, since, waits_for

# Milliseconds before a request and after its end: clocks differ by less, and a run logs after its last write.
BEFORE, AFTER = 1_000, 5_000
# Characters of a log line.
LONGEST = 300
# Members of a log line that a story does not repeat: they are the same, or above.
COMMON = {"timestamp", "level", "message", "program", "orderId", "requestId", "correlationId"}


def again(order, installation):
    """How a person requests a failed order again, once its cause is fixed."""
    return f"request it again {installation.request_again.replace('<order id>', order['orderId'])}"


def tell(order, breakers, installation, now):
    """The story as a dictionary: times in milliseconds since 1970, absent values None."""
    kind, sentence = "nothing", "nothing: the order is provisioned"
    if order.get("open"):
        kind, sentence = waits_for(order, breakers, now)
    elif has_failed(order):
        kind, sentence = "person", f"a person: {advice(order.get('errorCode'))[1]}"
    end = now if order.get("open") else order.get("updatedAt") or now
    lines, faults = installation.log(order["orderId"], (order.get("requestedAt") or 0) - BEFORE, end + AFTER)
    code = order.get("errorCode")
    whmcs = order.get("whmcsOrderId")
    return {
        "orderId": order["orderId"],
        "status": order["status"],
        "since": since(order),
        "request": order.get("attempt"),
        "runs": order.get("tries"),
        "step": order.get("step"),
        "error": {"code": code, "message": order.get("errorMessage"), "fixedBy": advice(code)[0]} if code else None,
        "waitsFor": {"kind": kind, "text": sentence, "dueAt": order.get("dueAt")},
        "then": again(order, installation) if has_failed(order) else None,
        "runbook": section(code) if code else None,
        "salesforce": installation.salesforce(order["orderId"]),
        "whmcs": {
            "orderId": whmcs,
            "serviceIds": order.get("whmcsServiceIds") or [],
            "link": installation.whmcs(whmcs),
            "clientId": (order.get("plan") or {}).get("clientId") or order.get("addOrderClientId"),
            "addOrder": order.get("addOrder") or "none",
            "addOrderAt": order.get("addOrderAt"),
            "cancelledOrderId": order.get("cancelledWhmcsOrderId"),
        },
        "history": order.get("history") or [],
        "log": sorted(map(parsed, lines), key=lambda line: line["timestamp"]),
        "logFaults": faults,
    }


def parsed(line):
    """A log line of a program, with the program's name."""
    program, content = line
    try:
        members = json.loads(content)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        members = {"message": content}
    return {"timestamp": "", "level": "", "message": "", **members, "program": program}


def report(story, now):
    """The story as lines of text."""
    since = f"{time(story['since'])}, {age(now - story['since'])} ago"
    count = f"request {text(story['request'])}, runs {text(story['runs'])}"
    yield f"order       {story['orderId']}"
    yield f"status      {printable(story['status'])} since {since}; {count}"
    if story["step"]:
        yield f"last step   {printable(story['step'])}"
    if story["error"]:
        yield f"error       {printable(story['error']['code'])}: {text(story['error']['message'])}"
        yield f"fixed by    {story['error']['fixedBy']}"
    yield f"waits for   {story['waitsFor']['text']}"
    if story["then"]:
        yield f"then        {story['then']}"
    if story["runbook"]:
        yield f"runbook     {story['runbook']}"
    yield f"Salesforce  {text(story['salesforce'])}"
    yield from whmcs(story["whmcs"])
    yield "history"
    for entry in story["history"]:
        parts = [time(entry["at"]), entry["status"].ljust(11), f"request {entry['attempt']}", entry.get("code") or ""]
        yield "  " + "  ".join(map(printable, parts)).rstrip()
    yield "log of the last request"
    for line in story["log"]:
        yield "  " + logged(line, story["error"])
    for fault in story["logFaults"] or ([] if story["log"] else ["no lines"]):
        yield f"  {printable(fault)}"


def whmcs(found):
    if found["orderId"]:
        services = ", ".join(map(str, found["serviceIds"])) or "none known"
        yield f"WHMCS       order {found['orderId']}, services {services}"
    else:
        yield "WHMCS       no order"
    if found["link"]:
        yield f"            {printable(found['link'])}"
    if found["addOrder"] == "sent":
        yield f"            AddOrder was sent, by {time(found['addOrderAt'])}, and its outcome is unknown"
    if found["clientId"]:
        yield f"            client {found['clientId']}"
    if found["cancelledOrderId"]:
        yield f"            order {found['cancelledOrderId']} before it, which a person cancelled"


def logged(line, error):
    """`22:13:05.123  provision-order   mapping done, 3 ms`. The error's message is above."""
    clock = printable(line["timestamp"])[11:23]
    level = f"{line['level']} " if line["level"] in ("WARN", "ERROR", "FATAL") else ""
    if line["message"] == "step":
        code = f", {line['errorCode']}" if line.get("errorCode") else ""
        what = f"{line.get('step')} {line.get('outcome')}{code}, {line.get('milliseconds')} ms"
    else:
        fields = {name: value for name, value in line.items() if name not in COMMON}
        if error and fields.get("errorMessage") == error["message"]:
            del fields["errorMessage"]
        what = "  ".join([str(line["message"]), *(f"{name}={value}" for name, value in sorted(fields.items()))])
    return f"{clock}  {line['program']:<16}  {printable(level + what)[:LONGEST]}"
