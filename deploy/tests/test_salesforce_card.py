"""The card's template, rendered: what an operator sees in each state."""

import re
import unittest

from salesforce_card import STATES, Tree, evaluate, render_states


def visible(markup):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup)).strip()


class CardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cards = dict(zip(STATES, render_states(list(STATES.values())), strict=True))

    def shown(self, state):
        return visible(self.cards[state])

    def test_what_each_state_shows(self):
        for state, texts, absent in [
            ("loading", ["Loading"], ["Status", "Provision "]),
            ("unreadable", ["cannot be shown"], ["Status", "Loading"]),
            ("not requested", ["Status Not requested"], ["Error", "WHMCS order", "Last update"]),
            ("not allowed", ["status Draft cannot be provisioned"], ["<button"]),
            ("requested", ["Status Requested"], ["Error"]),
            ("accepted", ["Status Activating"], ["Error"]),
            ("refused", ["Status Request refused", "Error The clocks differ."], ["Fixed by", "null"]),
            ("ordered", ["Status Activating", "WHMCS order 1002"], ["Error"]),
            ("provisioned", ["Status Provisioned", "WHMCS order 1002 Last update"], ["Error"]),
            (
                "failed",
                ["Status Failed", "PAYMENT_METHOD_MISSING: WHMCS client", "Fixed by Customer", "What to do Ask"],
                [],
            ),
        ]:
            with self.subTest(state):
                for text in texts:
                    self.assertIn(text, self.shown(state))
                for text in absent:
                    self.assertNotIn(text, self.shown(state))
                self.assertNotIn("{", self.cards[state])

    def test_the_button(self):
        buttons = {state: re.findall("<button>(.*?)</button>", card) for state, card in self.cards.items()}
        self.assertEqual(
            {state: found for state, found in buttons.items() if found},
            {"not requested": ["Provision"], "refused": ["Request again"], "failed": ["Request again"]},
        )

    def test_the_current_step(self):
        current = {state: re.findall('<li aria-current="step">(.*?)</li>', card) for state, card in self.cards.items()}
        self.assertEqual(
            {state: found[0] for state, found in current.items() if found},
            {
                "requested": "Requested",
                "accepted": "Activating",
                "refused": "Requested",
                "ordered": "Ordered in WHMCS",
                "provisioned": "Provisioned",
                "failed": "Activating",
            },
        )

    def test_only_an_error_is_shown_as_one(self):
        failed = {state for state, card in self.cards.items() if '<ol class="failed"' in card}
        self.assertEqual(failed, {"refused", "failed"})

    def test_the_order_is_a_link_where_its_address_is_known(self):
        link = '<a href="https://billing.example.com/admin/orders.php?action=view&amp;id=1002" target="_blank"'
        self.assertIn(link, self.cards["provisioned"])
        self.assertNotIn("<a ", self.cards["ordered"])

    def test_messages_are_text(self):
        self.assertIn("has no &lt;pay&gt; method", self.cards["failed"])

    def test_the_status_is_read_aloud(self):
        self.assertRegex(self.cards["failed"], '<div role="status">(?s:.*)Failed(?s:.*)</div>')
        self.assertIn('role="alert"', self.cards["unreadable"])

    def test_the_renderer_finds_faults(self):
        for source in ["<div><p></div>", "<div>"]:
            with self.assertRaises(AssertionError):
                Tree(source)
        with self.assertRaises(AssertionError):
            evaluate("{error.code}", {"error": None})


if __name__ == "__main__":
    unittest.main()
