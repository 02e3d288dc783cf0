"""A testbed of the built programs, its page in a headless Chromium, and what a person does there.

usage: python watched_testbed.py <file.png>     breaks WHMCS and takes the picture of the README;
                                                deploy/setup/prepare --bench installs what it needs
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import chromium
from support import ROOT

TESTBED = ROOT / ".build/debug/testbed"
# A run may take 4 s, and recovery comes every 1.5 s.
SPEED = "40"

# The elements whose text is too close in colour to what is behind it (WCAG 2.2, 1.4.3), as "tag text ratio".
FAINT_TEXT = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [red, green, blue] = color.map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.body.querySelectorAll('*')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!hasText || !element.checkVisibility() || element.matches('.visually-hidden, script, template')) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(rgba(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${element.tagName} ${element.textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return faint;
})()
"""


class WatchedTestbed:
    """Use it in a `with`."""

    def __init__(self):
        if not TESTBED.exists():
            raise AssertionError("swift build comes first")
        # A project root of its own: another testbed may be running in this one.
        self.root = tempfile.TemporaryDirectory()
        (pathlib.Path(self.root.name) / ".local").mkdir()
        for name in ["template.yaml", "deploy", ".local/venv"]:
            (pathlib.Path(self.root.name) / name).symlink_to(ROOT / name)
        self.page = self.rest = None
        self.process = subprocess.Popen(
            [TESTBED, "up", "--port", "0", "--speed", SPEED], cwd=self.root.name, stdout=subprocess.PIPE, text=True
        )
        try:
            # Both take a second to start.
            self.page = chromium.Page()
            self.addresses = dict(self._announced())
            self.url = self.addresses["Watch"]
            # The pipe must not fill.
            self.rest = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)
            self.page.resize(1280, 900)
            self.page.open(self.url)
            self.page.wait("document.querySelectorAll('.order').length >= 6")
        except BaseException:
            self.stop()
            raise

    def _announced(self):
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            words = line.split()
            if line.startswith("  ") and "http://" in line:
                yield words[0], words[-1]
            if line.startswith("  Send an order"):
                return
        raise AssertionError("The testbed did not start: " + "".join(lines))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.page:
            self.page.__exit__()
        self.process.terminate()
        self.process.wait()
        if self.rest:
            self.rest.wait()
        self.process.stdout.close()
        self.root.cleanup()

    # What a person does, with the keyboard alone

    def focus(self, selector):
        """Presses Tab until the element has the focus."""
        is_there = f"document.activeElement?.matches({json.dumps(selector)}) === true"
        for _ in range(120):
            if self.page.evaluate(is_there):
                return
            self.page.press("Tab")
        raise AssertionError(f"Tab does not come to {selector}")

    def press(self, selector):
        """Presses the button, and waits for what the page says of it."""
        self.page.evaluate("document.getElementById('answer').textContent = ''")
        self.focus(selector)
        self.page.press("Enter")
        return self.page.wait("document.getElementById('answer').textContent")

    def send(self, order, door="click"):
        return self.press(f'[data-key="{order}"] [data-part="{door}"]')

    def switch(self, fault):
        self.focus(f'[data-fault="{fault}"]')
        self.page.press(" ")
        self.page.wait(f"document.getElementById('answer').textContent.startsWith('Fault {fault} is ')")

    def recover(self):
        return self.press('[data-action="recover"]')

    def recover_until(self, is_reached, seconds=30):
        """Recovers all orders, again and again: while a run works on an order, its next event finds nothing to do."""
        end = time.monotonic() + seconds
        while not is_reached():
            if time.monotonic() > end:
                raise AssertionError("the orders were recovered in vain: " + self.text("#orders"))
            self.recover()
            time.sleep(0.4)

    def has_open_breaker(self):
        return "breaker open" in self.station("WHMCS")

    def look_again(self):
        """Comes back to the page's tab, which makes it poll at once."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    # What it shows

    def status(self, order):
        return self.page.evaluate(f"document.querySelector('[data-key=\"{order}\"] .badge').dataset.status")

    def order(self, order):
        """The text of the order's parts by name."""
        return self.page.evaluate(
            f"""Object.fromEntries([...document.querySelectorAll('[data-key="{order}"] [data-part]')]
                .map((node) => [node.dataset.part, node.innerText]))"""
        )

    def wait_for(self, order, status, seconds=20):
        selector = f'[data-key="{order}"] .badge[data-status="{status}"]'
        self.page.wait(f"document.querySelector({json.dumps(selector)}) !== null", seconds)
        return self.order(order)

    def station(self, name):
        return self.page.evaluate(f"document.querySelector('.station[data-key=\"{name}\"]').innerText")

    def text(self, selector):
        return self.page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def simulator(self, side, path, body):
        """Changes the simulated Salesforce or WHMCS."""
        url = self.addresses[side].removesuffix("/state") + path
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        opener.open(request, timeout=10).close()


def picture(path):
    """An order that is provisioned, one that failed, and one that waits for a WHMCS that is down."""
    from PIL import Image

    with WatchedTestbed() as testbed, tempfile.TemporaryDirectory() as directory:
        provisioned, failed, waiting = "801Dn0000014UPaIAM", "801Dn0000014UPbIAM", "801Dn0000014UPcIAM"
        testbed.send(provisioned)
        testbed.wait_for(provisioned, "Provisioned")
        testbed.send(failed)
        testbed.wait_for(failed, "Failed")
        testbed.simulator("WHMCS", "/pay-methods", {"clientid": 1236})
        testbed.switch("whmcs-down")
        testbed.send(waiting, "event")
        testbed.recover_until(testbed.has_open_breaker)
        testbed.page.prefer(prefers_reduced_motion="reduce")
        testbed.page.resize(1280, 1130)
        testbed.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        testbed.page.wait("document.querySelector('.at-work') === null")
        large = os.path.join(directory, "page.png")
        testbed.page.screenshot(large)
        # A palette makes it a third of the size.
        Image.open(large).convert("RGB").quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    picture(sys.argv[1])
