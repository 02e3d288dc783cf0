"""Reads the orders of the ledger (Sources/Orders/README.md, "The ledger"), and changes none."""

import heapq
import itertools
import re
import time

from installation import CannotAsk

PREFIX = "order#"
# DynamoDB's limit of BatchGetItem.
PAGE = 100
# A list reads no more orders than these from the index of open ones.
MOST_OPEN = 1000


def order_id(text):
    """The 18-character form of a Salesforce id of 15 or 18 characters; None for any other text."""
    if not re.fullmatch(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", text):
        return None
    suffix = ""
    for start in (0, 5, 10):
        capitals = sum(1 << place for place in range(5) if text[start + place].isupper())
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[capitals]
    return text[:15] + suffix if text[15:] in ("", suffix) else None


def plain(value):
    """An attribute without its type. Numbers of the ledger are whole, or prices, which stay text."""
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content) if re.fullmatch(r"-?\d+", content) else content
    if kind == "M":
        return {name: plain(member) for name, member in content.items()}
    if kind == "L":
        return [plain(element) for element in content]
    return None if kind == "NULL" else content


def order(item):
    """The item's attributes, with the order's id as `orderId`."""
    plain_item = {name: plain(value) for name, value in item.items()}
    return {**plain_item, "orderId": plain_item["pk"].removeprefix(PREFIX)}


class Ledger:
    def __init__(self, dynamodb, table):
        self.dynamodb, self.table = dynamodb, table

    def order(self, id):
        """Up to date; None when the ledger does not know the order."""
        item = self.get(PREFIX + id)
        return order(item) if item else None

    def known(self, id):
        found = self.order(id)
        if found is None:
            raise CannotAsk(f"The ledger does not know order {id}: no request of it was accepted.")
        return found

    def breakers(self):
        """Whether runs may call Salesforce and WHMCS: the item `breakers`."""
        return {name: plain(value) for name, value in (self.get("breakers") or {}).items()}

    def get(self, key):
        return self.dynamodb.get_item(TableName=self.table, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")

    def open_orders(self, after=None):
        """Whole orders of the index `due`, the longest due first, each with its `place`. The index has keys only, so a
        page costs a second call.
        """
        start = {**position("dueAt", after), "open": {"S": "1"}} if after else None
        for keys in self.pages("due", {"open": "1"}, {}, start, False):
            found = {item["pk"]["S"]: order(item) for item in self.items([key["pk"]["S"] for key in keys])}
            for key in keys:
                # The index lags: an order may have left it, or moved.
                if (open_order := found.get(key["pk"]["S"], {})).get("open"):
                    yield {**open_order, "place": place(key, "dueAt")}

    def failed_orders(self, codes, before=None, after=None):
        """Orders of the index `failed` with these codes, the newest failure first: `orderId`, `errorCode`, `endedAt`,
        `status`, `attempt`, `whmcsOrderId` and `place`.

        - before: milliseconds since 1970
        - after: the `place` of the last order of the page before
        """
        condition = {} if before is None else {"endedAt": before}
        queries = []
        for code in codes:
            start = {**position("endedAt", after), "errorCode": {"S": code}} if after else None
            pages = self.pages("failed", {"errorCode": code}, condition, start, True)
            items = itertools.chain.from_iterable(pages)
            queries.append({**order(item), "place": place(item, "endedAt")} for item in items)
        return heapq.merge(*queries, key=lambda order: (order["endedAt"], order["orderId"]), reverse=True)

    def pages(self, index, partition, maximum, start, is_descending):
        """Pages of items of an index."""
        ((name, value),) = partition.items()
        names, values, condition = {"#p": name}, {":p": {"S": value}}, "#p = :p"
        for name, most in maximum.items():
            names["#r"], values[":r"], condition = name, {"N": str(most)}, condition + " AND #r <= :r"
        request = {
            "TableName": self.table,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not is_descending,
            "Limit": PAGE,
        }
        while True:
            page = self.dynamodb.query(**request, **({"ExclusiveStartKey": start} if start else {}))
            if page["Items"]:
                yield page["Items"]
            start = page.get("LastEvaluatedKey")
            if not start:
                return

    def items(self, keys):
        """The items that exist, in any order."""
        wanted = {self.table: {"Keys": [{"pk": {"S": key}} for key in keys]}}
        for repetition in range(6):
            answer = self.dynamodb.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"][self.table]
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return
            time.sleep(0.1 * 2**repetition)
        raise CannotAsk("DynamoDB throttles the reads: list fewer orders, or later.")


def place(key, time):
    """Where an index has an order, for `--after`."""
    return f"{key[time]['N']}-{key['pk']['S'].removeprefix(PREFIX)}"


def position(time, after):
    """The key of a place in an index, without the index's partition. The order may have left it since."""
    milliseconds, _, id = after.partition("-")
    return {"pk": {"S": PREFIX + id}, time: {"N": milliseconds}}
