"""moto's server, with DynamoDB's writes one after the other.

moto undoes a refused TransactWriteItems by putting back a copy of the table that it took beforehand, and so loses
what other threads wrote in between. DynamoDB loses nothing, and the ledger relies on that.

    python moto_server.py -H 127.0.0.1 -p PORT
"""
import functools
import threading

from moto.dynamodb.responses import DynamoHandler
from moto.server import main

_one_at_a_time = threading.Lock()
_call_action = DynamoHandler.call_action


@functools.wraps(_call_action)
def _serialised(self):
    with _one_at_a_time:
        return _call_action(self)


DynamoHandler.call_action = _serialised

if __name__ == "__main__":
    main()
