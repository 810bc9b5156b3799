"""Customers who keep their connection: each asks on it again and again, as browsers do."""

import http.client
import threading
from typing import Self

PAUSE = 0.02


class Keeping:
    """So many connections at once; what failed on them is kept. A closed one is opened anew."""

    def __init__(self, port: int, host: str, connections: int) -> None:
        self.port, self.host = port, host
        self.enough = threading.Event()
        self.asked = 0
        self.opened = 0
        self.failures: list[str] = []
        self.threads = [threading.Thread(target=self.ask) for _ in range(connections)]

    def ask(self) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.enough.wait(PAUSE):
            self.opened += link.sock is None
            try:
                link.request("GET", "/kept", headers={"Host": self.host})
                answer = link.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(f"{answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                link.close()
            self.asked += 1
        link.close()

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        for thread in self.threads:
            thread.join()
