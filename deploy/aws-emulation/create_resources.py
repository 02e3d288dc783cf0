"""Creates in moto what AWS would create from template.yaml, and prints what the testbed must know about it.

    python create_resources.py --template template.yaml --endpoint http://127.0.0.1:5000 --region eu-west-1 \\
        --parameter SfClientId=local --parameter WhmcsApiUrl=http://127.0.0.1:4244/includes/api.php …

Prints one JSON document on stdout. An error is one sentence on stderr, and exit status 1.
"""

import argparse
import json
import sys

from function_descriptions import describe
from moto_client import MotoClient, MotoError
from moto_resources import create_resources
from sam_template import TemplateError, read_stack


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--template", required=True)
    options.add_argument("--endpoint", required=True, help="moto's URL")
    options.add_argument("--region", required=True)
    options.add_argument("--stack-name", default="local", help="prefix of every name (default: local)")
    options.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    options = options.parse_args()
    try:
        malformed = [pair for pair in options.parameter if "=" not in pair]
        if malformed:
            raise TemplateError(f"--parameter takes Name=Value, not {malformed[0]!r}")
        parameters = dict(pair.split("=", 1) for pair in options.parameter)
        stack, programs = read_stack(options.template, parameters, options.region, options.stack_name)
        queues, rule_queues = create_resources(stack, MotoClient(options.endpoint, options.region))
        answer = describe(stack, programs, queues, rule_queues)
    except (TemplateError, MotoError) as error:
        sys.exit(f"{options.template}: {error}")
    except ModuleNotFoundError as error:
        sys.exit(f"{options.template}: the Python package {error.name} is missing: install requirements.txt")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # An unexpected shape. Where it is helps the reader; a Python traceback does not.
        sys.exit(f"{options.template}: a part of it has an unexpected shape ({type(error).__name__}: {error})")
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
