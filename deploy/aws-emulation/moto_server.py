"""moto's server, with serialised DynamoDB calls, and fast with a hundred thousand items.

moto undoes a refused TransactWriteItems by restoring a copy of the table from before the transaction, and so loses
what other threads wrote in between. DynamoDB loses nothing, and the ledger relies on that.

moto copies all items for each write of a transaction, and sorts all items of a Query by comparing objects. With many
orders in the ledger either takes longer than the programs wait. Here a transaction copies only the items that it
writes, and a Query sorts by plain values.

moto deletes a message by replacing the queue's list, and may lose what is sent meanwhile. And it reads the clock
several times for each message in the queue, so that a call takes 0.2 s with thousands. Here a queue is changed under
its lock, and a call reads the clock a few times.

moto drops the trace header of an event. EventBridge hands it on to a queue as the message's AWSTraceHeader.

    python moto_server.py -H 127.0.0.1 -p PORT
"""

import copy
import functools
import threading
import time

import moto.sqs.models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.events.models import EventsBackend
from moto.server import main
from moto.sqs.models import Queue, SQSBackend

_one_at_a_time = threading.Lock()
_call_action = DynamoHandler.call_action
_transact_write_items = DynamoDBBackend.transact_write_items


@functools.wraps(_call_action)
def _serialised(self):
    with _one_at_a_time:
        return _call_action(self)


@functools.wraps(_transact_write_items)
def _transact(self, transact_items):
    before = []
    for operation in (next(iter(item.values())) for item in transact_items):
        table = self.tables.get(operation.get("TableName"))
        key = operation.get("Key", operation.get("Item", {})).get(table.hash_key_attr) if table else None
        if key:
            # In a table with a range key these are all items of the hash key.
            before.append((table, DynamoType(key), copy.deepcopy(table.items.get(DynamoType(key)))))
    try:
        _transact_write_items(self, transact_items)
    except Exception:
        for table, key, items in before:
            if items is None:
                table.items.pop(key, None)
            else:
                table.items[key] = items
        raise


def _all_items(self):
    if self.has_range_key:
        return _moto_all_items(self)
    return sorted(self.items.values(), key=lambda item: item.hash_key.cast_value)


def _sorted_items(self, hash_key_attrs, range_key_attrs, items):
    names = self._generate_attr_to_sort_by(hash_key_attrs, range_key_attrs)
    return sorted(items, key=lambda item: tuple(item.attrs[name].cast_value for name in names))


def _delete(self, receipt_handle):
    with self._messages_lock:
        _delete_message(self, receipt_handle)


@functools.wraps(SQSBackend.receive_message)
def _receive(self, queue_name, *arguments, **options):
    # The lock is free while the call waits for messages.
    with self.get_queue(queue_name)._messages_lock:
        return _receive_message(self, queue_name, *arguments, **options)


def _visible_messages(self):
    now = _milliseconds()
    return [message for message in self._messages if message.visible_at < now and message.delayed_until <= now]


def _invisible_messages(self):
    now = _milliseconds()
    return sum(message.visible_at >= now for message in self._messages)


def _delayed_messages(self):
    now = _milliseconds()
    return sum(message.delayed_until > now for message in self._messages)


def _milliseconds():
    return time.time() * 1000


_event = threading.local()


@functools.wraps(EventsBackend.put_events)
def _put(self, events):
    if len(events) > 10:  # moto refuses them all
        return _put_events(self, events)
    entries = []
    for event in events:
        _event.trace_header = event.get("TraceHeader")
        try:
            entries += _put_events(self, [event])
        finally:
            _event.trace_header = None
    return entries


@functools.wraps(SQSBackend.send_message)
def _send(self, *arguments, **options):
    if trace_header := getattr(_event, "trace_header", None):
        options["system_attributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace_header}}
    return _send_message(self, *arguments, **options)


DynamoHandler.call_action = _serialised
DynamoDBBackend.transact_write_items = _transact
# moto restores this "copy" after a refused transaction. Only backups need a real copy, and nothing here makes one.
Table.__deepcopy__ = lambda self, memo: self
_moto_all_items, Table.all_items = Table.all_items, _all_items
Table.sorted_items = _sorted_items
_delete_message, Queue.delete_message = Queue.delete_message, _delete
_receive_message, SQSBackend.receive_message = SQSBackend.receive_message, _receive
Queue.messages = property(_visible_messages)
Queue.approximate_number_of_messages_not_visible = property(_invisible_messages)
Queue.approximate_number_of_messages_delayed = property(_delayed_messages)
moto.sqs.models.unix_time_millis = _milliseconds
_put_events, EventsBackend.put_events = EventsBackend.put_events, _put
_send_message, SQSBackend.send_message = SQSBackend.send_message, _send

if __name__ == "__main__":
    main()
