"""Orders of the ledger: which wait and for what, one order's story, publishing again.

Called by deploy/orders. Status 0: done. 1: the order has failed or cannot be provisioned, or --wait saw no final
status. 2: the suite could not be asked. 64: wrong arguments.
"""

import argparse
import json
import re
import signal
import sys

from botocore.exceptions import BotoCoreError, ClientError

import orders_again
import orders_list
import plan
from installation import CannotAsk, Stack, Testbed
from ledger import Ledger, order_id
from printing import milliseconds, print_json, printable
from story import report, tell

UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def show(options, installation):
    ledger, now = Ledger(installation.dynamodb, installation.table), milliseconds()
    story = tell(ledger.known(options.order), ledger.breakers(), installation, now)
    if options.json:
        return print_json(story)
    print("\n".join(report(story, now)))
    return 0


def show_plan(options, installation):
    answer = installation.invoke("provision-order", {"plan": options.order})
    if options.json:
        print(answer)
        return 1 if json.loads(answer)["faults"] else 0
    return plan.show(answer)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def id_argument(text):
    id = order_id(text)
    if id is None:
        raise argparse.ArgumentTypeError(f"{printable(text)} is no Salesforce id of 15 or 18 characters")
    return id


def duration(text):
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found:
        raise argparse.ArgumentTypeError("takes a number and s, m, h or d, such as 30m")
    return int(found[1]) * UNITS[found[2]]


def whole(most):
    def read(text):
        if not re.fullmatch(r"\d{1,6}", text) or not 0 < int(text) <= most:
            raise argparse.ArgumentTypeError(f"takes a number from 1 to {most}")
        return int(text)

    return read


def matching(pattern, what):
    def read(text):
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"takes {what}")
        return text

    return read


def arguments(argv):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--stack", metavar="NAME", help="a deployed stack; without it, the testbed")
    common.add_argument("--region", help="of the stack (default: AWS's usual settings)")
    common.add_argument("--profile", help="of the AWS CLI's configuration")
    common.add_argument("--json", action="store_true", help="for programs")

    parser = Parser(prog="deploy/orders", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | show | again | plan")

    command = commands.add_parser("list", parents=[common], help="orders by what they wait for")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--open", action="store_true", help="those on which the suite still works")
    which.add_argument("--failed", action="store_true", help="those that failed, the newest first")
    which.add_argument("--person", action="store_true", help="all that need a person, open or failed")
    command.add_argument("--code", type=matching(r"[A-Z][A-Z_]{1,63}", "an error code"), help="only with this error")
    command.add_argument("--older", type=duration, metavar="30m", help="only those that have waited for longer")
    command.add_argument("--limit", type=whole(1000), default=50, metavar="N", help="of each list (default: 50)")
    command.add_argument(
        "--after",
        type=matching(r"\d{1,16}-[A-Za-z0-9]{18}", "what the list before printed"),
        help="continues a list of --open or --failed",
    )
    command.set_defaults(run=orders_list.list_orders)

    command = commands.add_parser("show", parents=[common], help="one order's story")
    command.add_argument("order", type=id_argument)
    command.set_defaults(run=show)

    command = commands.add_parser("again", parents=[common], help="publishes an open order now")
    command.add_argument("order", type=id_argument, nargs="?")
    command.add_argument("--all", action="store_true", help="every open order; ends the wait for a silent system")
    command.add_argument("--wait", action="store_true", help="until the order has a final status")
    command.add_argument("--timeout", type=whole(3600), default=300, metavar="S", help="of --wait (default: 300)")
    command.set_defaults(run=orders_again.publish)

    command = commands.add_parser("plan", parents=[common], help="what a run would order, and every fault")
    command.add_argument("order", type=id_argument)
    command.set_defaults(run=show_plan)

    options = parser.parse_args(argv)
    if options.command == "list" and options.after and not (options.open or options.failed):
        parser.error("--after goes with --open or --failed")
    if options.command == "again" and options.all == bool(options.order):
        parser.error("again takes an order or --all")
    if (options.region or options.profile) and not options.stack:
        parser.error("--region and --profile go with --stack")
    return options


def main(argv=None):
    options = arguments(argv)
    try:
        installation = Stack(options.stack, options.region, options.profile) if options.stack else Testbed()
        return options.run(options, installation)
    except CannotAsk as reason:
        print(printable(reason), file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused: {printable(error)}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    # The output may go to `head`.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
