"""The testbed's page in a headless Chromium, with the keyboard alone: the built programs, real faults, real kills."""

import http.client
import http.server
import re
import threading
import unittest

from support import DEPLOY
from watched_testbed import FAINT_TEXT, WatchedTestbed

# Both can be provisioned; the third as soon as its customer has a pay method.
ORDER, OTHER, UNPAID = "801Dn0000014UPaIAM", "801Dn0000014UPfIAM", "801Dn0000014UPcIAM"
STEPS = [
    "validation",
    "sf_status_update",
    "order_details",
    "mapping",
    "whmcs_create",
    "whmcs_accept",
    "whmcs_setup",
    "sf_success_update",
]


class WatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.testbed = cls.enterClassContext(WatchedTestbed())
        cls.page = cls.testbed.page

    def tearDown(self):
        complaints, self.page.complaints = self.page.complaints, []
        self.assertEqual(complaints, [])

    def steps(self, order):
        return self.page.evaluate(
            f"""[...document.querySelectorAll('[data-key="{order}"] [data-step]')]
                .map((row) => [row.dataset.step, row.dataset.outcome])"""
        )

    def test_a_click_provisions_an_order_step_by_step(self):
        said = self.testbed.send(ORDER)
        self.assertEqual(said, f"Order {ORDER} sent by a click: 202 Accepted")
        order = self.testbed.wait_for(ORDER, "Provisioned")
        self.page.wait(f"document.querySelectorAll('[data-key=\"{ORDER}\"] [data-outcome=done]').length === 8")
        self.assertEqual(self.steps(ORDER), [[step, "done"] for step in STEPS])
        self.assertRegex(
            order["facts"], r"Activating → Provisioned\s+WHMCS\s+order \d+, Active\n\d+ Web Hosting: Active"
        )
        self.page.wait(f"document.getElementById('news').textContent === 'Order {ORDER}: Provisioned'")
        self.testbed.focus(f'[data-key="{ORDER}"] summary')
        self.page.press("Enter")
        records = self.testbed.order(ORDER)["records"]
        self.assertRegex(records, r"WHMCS_Order_ID__c\n+\d+\n")
        self.assertRegex(records, rf"notes of WHMCS order \d+\n+sfOrderId={ORDER} ref=\S+$")
        self.assertRegex(self.testbed.station("WHMCS"), r"\d+ calls")
        self.assertRegex(self.testbed.text("#log"), "gateway POST /orders/801Dn0000014UPaIAM/fulfill 202")
        self.assertEqual(self.testbed.send(ORDER), f"Order {ORDER} sent by a click: 200 Provisioned")

    def test_an_outage_opens_the_breaker_and_ends(self):
        self.testbed.switch("whmcs-down")
        self.testbed.press('[data-action="revoke-tokens"]')
        self.assertEqual(self.testbed.send(OTHER, "event"), f"Order {OTHER} sent by a platform event")
        order = self.testbed.wait_for(OTHER, "Waiting")
        self.assertRegex(order["wait"], r"^WHMCS_UNAVAILABLE: .* due ")
        self.testbed.recover_until(self.testbed.has_open_breaker)
        self.assertRegex(
            self.testbed.text("#breakers"), r"WHMCS\s+open; (next probe in \d+ s|the next run probes)\. \w"
        )
        self.testbed.switch("whmcs-down")
        self.assertRegex(self.testbed.recover(), r"^\d orders? published again$")
        self.testbed.recover_until(lambda: self.testbed.status(OTHER) == "Provisioned")
        self.page.wait("!document.getElementById('breakers').innerText.includes('open')")

    def test_a_killed_run_is_recovered(self):
        self.assertRegex(self.testbed.send(UNPAID), "202 Accepted$")
        order = self.testbed.wait_for(UNPAID, "Failed")
        self.assertRegex(order["facts"], r"^Error\s+PAYMENT_METHOD_MISSING: ")
        self.testbed.simulator("WHMCS", "/pay-methods", {"clientid": 1236})
        self.testbed.switch("whmcs-slow")
        self.testbed.send(UNPAID)
        self.page.wait(f"document.querySelector('[data-key=\"{UNPAID}\"] .wait').innerText.startsWith('A run works')")
        said = self.testbed.press('[data-key="provision-order"] [data-part="kill"]')
        self.assertRegex(said, r"^\d+ process(es)? of provision-order killed$")
        self.page.wait(f"document.querySelector('[data-key=\"{UNPAID}\"] .wait').innerText.includes('signal: killed')")
        self.testbed.switch("whmcs-slow")
        # While the dead run's lease lasts.
        with self.subTest("text has contrast"):
            self.check_contrast()
        with self.subTest("nothing is cut off at 320 pixels"):
            self.check_narrow_page()
        order = self.testbed.wait_for(UNPAID, "Provisioned")
        self.assertRegex(order["facts"], r"^Request\s+2, [2-9] runs")
        self.assertEqual(len(re.findall("order \\d+, Active", order["facts"])), 1)

    def check_contrast(self):
        for scheme in ["dark", "light"]:
            self.page.prefer(prefers_color_scheme=scheme)
            self.assertEqual(self.page.evaluate(FAINT_TEXT), [], scheme)
        # The check itself finds a fault.
        self.page.evaluate("document.querySelector('h1').style.color = '#aaa'")
        self.assertEqual(self.page.evaluate(FAINT_TEXT), ["H1 Testbed 2.13"])
        self.page.evaluate("document.querySelector('h1').removeAttribute('style')")

    def check_narrow_page(self):
        self.page.resize(320, 640)
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 320)
        outside = """[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility()
            && !one.closest('.visually-hidden') && one.getBoundingClientRect().right > 320.5).length"""
        self.assertEqual(self.page.evaluate(outside), 0)
        self.page.resize(1280, 900)

    def test_a_screen_reader_finds_its_way(self):
        nodes = list(self.page.accessible_nodes())
        nameless = [node for node in nodes if node["focusable"] and not node["name"]]
        self.assertEqual(nameless, [])
        names = [node["name"] for node in nodes if node["focusable"] and node["role"] in ("button", "switch")]
        self.assertEqual(len(names), len(set(names)), "two controls have one name")
        self.assertIn(f"Send by event {OTHER}", names)
        roles = [node["role"] for node in nodes]
        for role, count in [("banner", 1), ("main", 1), ("status", 2), ("switch", 9), ("log", 0), ("alert", 0)]:
            self.assertEqual(roles.count(role), count, role)
        levels = [node["level"] for node in nodes if node["role"] == "heading"]
        self.assertEqual(levels.count(1), 1)
        self.assertEqual(self.page.evaluate("document.documentElement.lang"), "en")
        # The tree lists siblings before their children: the order of headings is the document's.
        levels = self.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => +one.tagName[1])")
        self.assertEqual([two for one, two in zip(levels, levels[1:], strict=False) if two > one + 1], [])
        self.assertEqual(
            self.page.evaluate(
                "new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size"
                " === document.querySelectorAll('[id]').length"
            ),
            True,
        )

    def test_tab_comes_to_every_control(self):
        controls = """[...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
            .filter((one) => one.checkVisibility())"""
        count = self.page.evaluate(f"window.controls = {controls}; window.controls.length")
        self.page.evaluate("document.activeElement.blur()")
        self.page.evaluate("window.reached = new Set()")
        for _ in range(count + 2):
            self.page.press("Tab")
            self.page.evaluate("window.reached.add(document.activeElement)")
        missed = "window.controls.filter((one) => !window.reached.has(one)).map((one) => one.outerHTML)"
        self.assertEqual(self.page.evaluate(missed), [])
        self.assertGreater(count, 40)

    def test_the_focus_is_visible_and_stays(self):
        self.testbed.focus(f'[data-key="{ORDER}"] [data-part="event"]')
        style = self.page.evaluate(
            "(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))"
        )
        self.assertEqual(style, ["solid", "3px"])
        # New states do not replace what has the focus.
        before = self.page.evaluate("performance.getEntriesByType('resource').length")
        self.testbed.look_again()
        self.page.wait(f"performance.getEntriesByType('resource').length > {before}")
        self.assertEqual(self.page.evaluate("document.activeElement.dataset.part"), "event")
        self.page.press("Tab", shift=True)
        self.assertEqual(self.page.evaluate("document.activeElement.dataset.part"), "click")
        self.page.evaluate("document.activeElement.blur(); document.querySelector('.skip').focus()")
        self.page.press("Enter")
        self.assertEqual(self.page.evaluate("document.activeElement.id"), "orders-heading")

    def test_nothing_moves_for_those_who_prefer_that(self):
        moves = "parseFloat(getComputedStyle(document.querySelector('.station')).transitionDuration)"
        for preference, duration in [("reduce", 0), ("no-preference", 0.3)]:
            self.page.prefer(prefers_reduced_motion=preference)
            self.assertEqual(self.page.evaluate(moves), duration)

    def test_markup_from_elsewhere_is_text(self):
        gateway = http.client.HTTPConnection(self.testbed.url.split("/")[2], timeout=10)
        gateway.request("GET", "/<img/src=x>")
        self.assertEqual(gateway.getresponse().status, 404)
        gateway.close()
        self.testbed.look_again()
        self.page.wait("document.getElementById('log').textContent.includes('GET /<img/src=x> 404')")
        self.assertEqual(self.page.evaluate("document.querySelectorAll('img').length"), 0)

    def test_the_policy_keeps_other_scripts_out(self):
        self.page.evaluate("""(() => { const script = document.createElement('script');
            script.textContent = 'window.isIn = true'; document.body.append(script); script.remove(); })()""")
        self.assertIsNone(self.page.evaluate("window.isIn ?? null"))
        self.assertRegex(self.page.complaints.pop(), "(?i)content security policy")

    def test_another_site_cannot_press_its_buttons(self):
        switches = "[...document.querySelectorAll('[data-fault]')].map((box) => box.checked)"
        before = self.page.evaluate(switches)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            try:
                self.page.open(f"http://127.0.0.1:{other.server_port}/")
                outcome = ".then(() => 'read', () => 'refused')"
                press = f"""fetch('{self.testbed.url}watch/action', {{method: 'POST', mode: 'no-cors',
                    body: '{{"action":"fault","fault":"whmcs-down","on":true}}'}}){outcome}"""
                self.assertEqual(self.page.evaluate(press), "refused")
                read = f"fetch('{self.testbed.url}watch/state'){outcome}"
                self.assertEqual(self.page.evaluate(read), "refused")
            finally:
                self.page.open(self.testbed.url)
                other.shutdown()
        self.page.wait("document.querySelectorAll('.order').length >= 6")
        self.assertEqual(self.page.evaluate(switches), before)
        self.page.complaints = []

    def test_it_is_three_files_without_markup_of_others(self):
        files = {path.name: path.read_text() for path in (DEPLOY / "watch").iterdir() if path.suffix != ".png"}
        self.assertEqual(sorted(files), ["index.html", "watch.css", "watch.js"])
        for name, text in files.items():
            self.assertNotRegex(
                text, r"https?://|@import|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", name
            )
        self.assertNotRegex(files["index.html"], r"<style|style=|\son\w+=|<script(?![^>]*src=)")


class Empty(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    unittest.main()
