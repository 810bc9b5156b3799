"""Counters go on over the lives of the one who counts."""

from twelve.engines.local.router import accounts
from twelve.engines.local.router.accounts import Accounts


def said(**clusters):
    return {name: {"total": total, "5xx": total // 10} for name, total in clusters.items()}


def test_what_a_life_has_counted_stays_when_it_dies():
    mine = Accounts()
    mine.take("1", said(web=100))
    mine.take("1", said(web=120))
    assert mine.totals("web") == {"total": 120, "5xx": 12}
    mine.take("2", said(web=3))
    assert mine.totals("web") == {"total": 123, "5xx": 12}
    mine.take("2", said(web=200))
    mine.take("3", {})
    assert mine.totals("web") == {"total": 320, "5xx": 32}


def test_a_new_life_that_has_counted_more_than_the_old_one_is_not_taken_for_it():
    mine = Accounts()
    mine.take("1", said(web=5))
    mine.take("2", said(web=50))
    assert mine.totals("web")["total"] == 55


def test_a_counter_that_was_made_anew_in_the_same_life_goes_on():
    mine = Accounts()
    mine.take("1", said(web=50))
    mine.take("1", said(web=0))
    mine.take("1", said(web=7))
    assert mine.totals("web")["total"] == 57


def test_who_is_not_named_has_not_changed():
    mine = Accounts()
    mine.take("1", said(a=10, b=20))
    mine.take("1", said(a=11))
    mine.take("2", said(a=1))
    assert (mine.totals("a")["total"], mine.totals("b")["total"]) == (12, 20)
    mine.take("2", said(a=1, b=2))
    assert mine.totals("b")["total"] == 22


def test_clusters_of_a_family_add_up_also_those_that_are_gone():
    mine = Accounts()
    mine.take("1", said(**{"shop/production/web@v1+aa": 10, "shop/production/web@v11+aa": 1000}))
    mine.take("1", said(**{"shop/production/web@v1+bb": 5}))
    assert mine.totals("shop/production/web@v1+")["total"] == 15


def test_the_next_control_goes_on_where_the_former_has_written_it_down():
    mine = Accounts()
    mine.take("1", said(web=100))
    mine.take("2", said(web=10))
    heir = Accounts(mine.to_plain())
    heir.take("2", said(web=15))
    assert heir.totals("web")["total"] == 115
    heir = Accounts(mine.to_plain())
    heir.take("3", said(web=15))
    assert heir.totals("web")["total"] == 125


def test_the_oldest_that_nothing_is_added_to_are_forgotten(monkeypatch):
    monkeypatch.setattr(accounts, "KEPT", 2)
    mine = Accounts()
    for number in range(4):
        mine.take("1", {f"old{number}": {"total": 1}, "web": {"total": number}})
    assert [key for key in mine.counts if mine.totals(key)] == ["old3", "web"]
    assert mine.totals("web")["total"] == 3


def test_changes_tell_whether_anything_was_added() -> None:
    accounts = Accounts()
    accounts.take("a", {"shop": {"total": 1}})
    known = accounts.changes
    accounts.take("a", {"shop": {"total": 1}})
    assert accounts.changes == known

    accounts.take("a", {"shop": {"total": 2}})
    once = accounts.changes
    accounts.take("b", {"shop": {"total": 0}})
    assert known < once < accounts.changes
