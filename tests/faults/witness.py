"""A witness outside: processes tell it by datagram what they have printed and done."""

import socket
import threading
from collections import Counter
from typing import Self


class Witness:
    """What was told, whatever became of who told it."""

    def __init__(self) -> None:
        self.link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.link.bind(("127.0.0.1", 0))
        self.port = int(self.link.getsockname()[1])
        self.printed: dict[str, int] = {}
        """The highest number that each life of a process has printed."""
        self.done: Counter[str] = Counter()
        """How often each order was executed."""
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self) -> None:
        """Until somebody says that it is over."""
        while (words := self.link.recv(200).decode().split()) != ["over"]:
            if words[0] == "printed":
                life, number = words[1], int(words[2])
                self.printed[life] = max(number, self.printed.get(life, 0))
            else:
                self.done[words[1]] += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.link.sendto(b"over", ("127.0.0.1", self.port))
        self.thread.join(10)
        self.link.close()
