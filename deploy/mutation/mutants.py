"""Changes single lines of the sources, and counts the changes that the unit tests find.

Called by deploy/prove mutants. The changes ("mutants") are universalmutator's, over the modules AWS, Orders, Salesforce
and WHMCS; a seed draws the sample. Each is built and tested in a copy under .local, never in the working tree. One that
does not compile, or makes the same optimised code, does not count. A hang counts as found.

Prints every change that no test finds, and at last "killed K of N (P %)"; status 1 under 95 %.
"""

import argparse
import pathlib
import random
import signal
import sys
import time

import candidates
import workshop

ROOT = pathlib.Path(__file__).resolve().parents[2]
REQUIRED = 95  # %
# So many are tried at most for each that counts.
TRIES = 12


def arguments():
    parser = argparse.ArgumentParser(prog="deploy/prove mutants")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randint(1, 10**6))
    parsed = parser.parse_args()
    if parsed.count < 1:
        parser.error("--count must be at least 1")
    return parsed


def sample(shop, found, count):
    """Judges mutants until `count` count.

    Yields each with the suite that found it, None if none did.
    """
    for mutant in found[: TRIES * count]:
        if count == 0:
            return
        with shop.applied(mutant):
            if not shop.build():
                continue
            killer = shop.killer(mutant.module)
        if killer is None:
            shop.note_objects(mutant.module)
            with shop.applied(mutant):
                if shop.is_equivalent(mutant.module):
                    continue
        count -= 1
        yield mutant, killer


def main():
    options = arguments()
    found = candidates.shuffled(candidates.mutants(ROOT), options.seed)
    print(f"Seed {options.seed}, {options.count} of {len(found)} mutants", flush=True)
    shop = workshop.Workshop(ROOT, ROOT / ".local/mutants")
    shop.prepare()
    judged, survivors = 0, []
    start = time.monotonic()
    for mutant, killer in sample(shop, found, options.count):
        judged += 1
        if killer is None:
            survivors.append(mutant)
        seconds = time.monotonic() - start
        print(f"{judged}/{options.count} {killer or 'SURVIVED'} {seconds:.0f} s {mutant}", flush=True)
    print("\n".join(["", "Survivors:" if survivors else "No survivors", *map(str, survivors)]))
    killed = judged - len(survivors)
    percent = 100 * killed / judged if judged else 0
    print(f"killed {killed} of {judged} ({percent:.1f} %)")
    return 0 if judged == options.count and percent >= REQUIRED else 1


if __name__ == "__main__":
    # What it has started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("mutants: ended"))
    try:
        sys.exit(main())
    except workshop.CannotBuild as error:
        sys.exit(f"mutants: {error}")
