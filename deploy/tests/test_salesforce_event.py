"""The event that EventDoor publishes, read from its source, is what provision-order provisions."""

import datetime
import re
import unittest

from salesforce_metadata import files, name, object_of
from salesforce_source import classes, nodes, parse, value
from salesforce_testbed import invoke
from support import sample_event

EVENT = "OrderProvisionRequested__e"
ORDER = "801Dn0000014UPfIAM"
# What the expressions of EventDoor are worth.
VALUES = {
    "request.Order__c": ORDER,
    "request.Idempotency_Key__c": f"{ORDER}-1",
    "request.Correlation_Id__c": "6f1c9a52-3d0e-4b8f-9a77-2f54c1f0a9d3",
    "UserInfo.getUserId()": "005Dn000001AbCdIAK",
    "VERSION": "1",
}


def payload():
    """Field → value of the event."""
    (source,) = [source for path, source in classes().items() if path.stem == "EventDoor"]
    created = [
        node
        for node in nodes(parse("apex", source), "object_creation_expression")
        if value(node.child_by_field_name("type")) == EVENT
    ]
    pairs = re.findall(r"(\w+__c) = ([\w.()]+?)(?:,|\s*\)$)", value(created[0].child_by_field_name("arguments")))
    return {field: VALUES[expression] for field, expression in pairs}


class EventTest(unittest.TestCase):
    def test_every_field_of_the_event_is_filled(self):
        fields = {name(path) for path in files("*.field-meta.xml") if object_of(path) == EVENT}
        self.assertEqual(set(payload()), fields)

    def test_provision_order_provisions_it(self):
        event = sample_event("platform-event.json")
        now = datetime.datetime.now(datetime.UTC)
        event["detail"]["payload"] = {"CreatedDate": int(now.timestamp() * 1000), **payload()}
        event["time"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        answer, log = invoke("provision-order", event)
        self.assertEqual(answer, {"orderId": ORDER, "status": "Provisioned"})
        of_the_order = [line for line in log if line["message"] != "metrics"]
        self.assertEqual({line["correlationId"] for line in of_the_order}, {VALUES["request.Correlation_Id__c"]})


if __name__ == "__main__":
    unittest.main()
