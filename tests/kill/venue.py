"""The venue of the account that half of the signals go to, and its own word on what arrived there."""

import requests

from driver import venue

API_KEY, TOKEN, ACCOUNT = "killkey", "killtoken", "v1"


class Venue(venue.Venue):
    """One that comes back on its port after a kill."""

    def __init__(self, data, *flags):
        super().__init__(data, "--accounts", ACCOUNT, "--api-key", API_KEY, "--access-token", TOKEN, *flags)

    def start(self):
        super().start()
        self.listen = self.address.removeprefix("http://")
        return self

    def request(self, method, path, **options):
        headers = {"X-Kite-Version": "3", "Authorization": f"token {API_KEY}:{TOKEN}"}
        answer = requests.request(method, self.address + path, headers=headers, timeout=20, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def set_faults(self, *faults, seed=0):
        self.request("POST", "/venue/faults", json={"seed": seed, "faults": list(faults)})

    def faults(self):
        """How often each kind has struck since they were set; nothing after a restart, which forgets them."""
        return {fault["kind"]: fault["hits"] for fault in self.request("GET", "/venue/faults")["faults"]}

    def ledger(self):
        return self.request("GET", "/venue/ledger")

    def orders(self):
        """Every order in the book by its tag."""
        return {order["tag"]: order for order in self.request("GET", "/orders")}

    def positions(self):
        """Net units by token and product, flat ones left out."""
        net = self.request("GET", "/portfolio/positions")["net"]
        return {(row["instrument_token"], row["product"].lower()): row["quantity"] for row in net if row["quantity"]}
