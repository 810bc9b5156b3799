"""What befalls a process is told in words."""

from twelve.engines.contract import Exit, Happened
from twelve.factors.lifecycle.states import RESTARTED
from twelve.operations.keeping import UNREAD, sentence

HOW = {"code": 7, "signal": None, "uptime": 1.5}


def test_an_end_that_nobody_saw_is_said_to_be_so():
    assert sentence(Happened("exited", "a/b/web.1@v1", HOW | {"code": None})) == (
        "exited: nobody saw how, at most after 1.5 s"
    )


def test_an_end_with_the_machine_is_said_to_be_so():
    detail = HOW | {"code": None, "error": RESTARTED}
    assert sentence(Happened("exited", "a/b/web.1@v1", detail)) == (
        "exited: the machine restarted, at most after 1.5 s"
    )
    assert str(Exit(None, None, error=RESTARTED)) == "ended: the machine restarted"


def test_a_mark_stands_where_last_words_may_be_missing():
    told = sentence(Happened("exited", "a/b/web.1@v1", HOW | {"unread": True}))

    assert told == f"exited: code 7 after 1.5 s; {UNREAD}"
    assert UNREAD not in sentence(Happened("exited", "a/b/web.1@v1", HOW))
