"""The ledgers: what is written stays, and is found again."""

import apsw
import pytest

from twelve.errors import Conflict, Invalid, NotFound, Refused
from twelve.factors.releases.build import Build
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release
from twelve.store import (
    apps,
    builds,
    domains,
    journal,
    leases,
    releases,
    resources,
    runs,
    versions,
)
from twelve.store.runs import Run

PORTS = range(20000, 20004)


def put(store, deploy, values, drop=(), kind="config"):
    return versions.commit(
        store, deploy, kind, put=values, drop=drop, who="ann", note="n", now_ns=1
    )


def release(number: int, digest: str = "d") -> Release:
    return Release(
        "shop", "production", number, "b1", 0, 0, {"web": 1}, {"web": number}, digest, "r", "ann", 1
    )


def build(digest: str) -> Build:
    return Build(digest, "shop", "t", "git", "c" * 40, "s", 1, False, {}, {"digest": digest})


def test_apps_and_deploys_are_found_by_their_exact_names(store, shop):
    apps.create(store, "shopping", "", 1)

    assert apps.get_deploy(store, "shop", "production") == shop
    assert apps.find(store, "sho") is None
    with pytest.raises(NotFound, match="no app 'sho'") as error:
        apps.get(store, "sho")
    assert error.value.hint == "apps: shop, shopping"
    with pytest.raises(NotFound, match="shop has no deploy 'prod'"):
        apps.get_deploy(store, "shop", "prod")
    with pytest.raises(Conflict):
        apps.create(store, "shop", "", 1)


def test_what_runs_is_set_all_at_once(store, shop):
    changed = shop._replace(formation={"web": 2}, stopped=frozenset({"worker"}))
    apps.set_running(store, changed, 3)

    assert apps.get_deploy(store, "shop", "production") == changed._replace(current=3)


def test_a_release_is_never_edited(store, shop):
    releases.append(store, shop, release(1))
    for change in ("who = 'eve'", "formation = '{}'", "number = 7"):
        with pytest.raises(apsw.ConstraintError, match="never edited"):
            store.do(f"UPDATE releases SET {change}")
    with pytest.raises(apsw.ConstraintError):
        releases.append(store, shop, release(1))

    assert releases.get(store, shop, 1) == release(1)


def test_what_befell_a_release_is_only_appended(store, shop):
    releases.append(store, shop, release(1))
    releases.record(store, shop, 1, "released", 5, seconds={"build": 1.5})
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        store.do("UPDATE release_events SET kind = 'failed'")

    [event] = releases.events(store, shop, 1)
    assert (event.kind, event.detail, event.at_ns) == ("released", {"seconds": {"build": 1.5}}, 5)


def test_releases_count_up_for_each_deploy(store, shop, staging):
    for number in (1, 2):
        assert releases.next_number(store, shop) == number
        releases.append(store, shop, release(number))

    assert releases.next_number(store, staging) == 1
    with pytest.raises(NotFound, match="has no release v9") as error:
        releases.get(store, shop, 9)
    assert error.value.hint == "its newest is v2: twelve releases"


def test_a_rollback_goes_to_what_served_ran_something_else_and_is_kept(store, shop):
    app = apps.get(store, "shop")
    for number, digest, build_digest in (
        (1, "a", "b0"),
        (2, "b", "b1"),
        (3, "c", "b1"),
        (4, "d", "b1"),
    ):
        builds.add(store, app, build(build_digest), 1)
        releases.append(store, shop, release(number, digest)._replace(build=build_digest))
        if number != 3:
            releases.record(store, shop, number, "released", 1)
    apps.set_running(store, shop, 4)
    shop = apps.get_deploy(store, "shop", "production")

    assert releases.rollback_target(store, shop).number == 2
    builds.mark_pruned(store, app.id, "b1", 2)
    assert releases.rollback_target(store, shop).number == 1


def test_a_build_whose_layers_went_keeps_its_row_until_it_is_made_again(store, shop):
    app = apps.get(store, "shop")
    builds.add(store, app, build("b1"), 1)
    builds.mark_pruned(store, app.id, "b1", 2)
    assert builds.kept(store) == []
    assert builds.get(store, app, "b1") == build("b1")
    builds.add(store, app, build("b1"), 3)

    assert builds.is_kept(store, app.id, "b1")


def test_the_journal_knows_what_was_cut_off_and_how_to_undo_it(store, shop):
    first = journal.begin(store, shop, "deploy", "ann", 1, {"heads": {"config": 3}})
    second = journal.begin(store, shop, "config", "ann", 2, {})
    journal.step(store, first, Step.START)
    journal.note(store, first, made={"config": 4})
    journal.note(store, first, made={"attachments": 1})
    journal.name_release(store, first, 7)
    journal.end(store, second, "done", 3)

    [entry] = journal.unfinished(store)
    assert (entry.step, entry.number, entry.verb) == (Step.START, 7, "deploy")
    made = {"config": 4, "attachments": 1}
    assert entry.detail == {"heads": {"config": 3}, "made": made}
    assert journal.detail(store, first) == entry.detail
    assert journal.detail(store, 99) == {}


def test_a_version_holds_what_its_parent_held_and_was_not_dropped(store, shop):
    put(store, shop, {"A": "1", "B": "2"})
    put(store, shop, {"B": "3"}, drop=("A",))

    assert versions.values(store, shop, "config", 1) == {"A": "1", "B": "2"}
    assert versions.values(store, shop, "config", 2) == {"B": "3"}
    assert versions.values(store, shop, "config", 0) == {}
    with pytest.raises(NotFound, match="has no config version 9"):
        versions.values(store, shop, "config", 9)


def test_after_going_back_the_next_version_grows_from_there(store, shop):
    put(store, shop, {"A": "1"})
    put(store, shop, {"A": "2"})
    versions.make_head(store, shop, "config", 1)
    versions.mark_failed(store, shop, "config", 2)
    put(store, shop, {"B": "1"})

    assert versions.values(store, shop, "config", 3) == {"A": "1", "B": "1"}
    rows = versions.history(store, shop, "config")
    assert [(row.version, row.parent, row.state) for row in rows] == [
        (3, 1, "head"),
        (2, 1, "failed"),
        (1, 0, "past"),
    ]


def test_config_attachments_and_deploys_do_not_mix(store, shop, staging):
    put(store, shop, {"A": "1"})
    put(store, shop, {"A": "2"}, kind="attachments")
    put(store, staging, {"A": "3"})

    heads = {
        (deploy.name, kind): versions.values(
            store, deploy, kind, versions.head(store, deploy, kind)
        )
        for deploy in (shop, staging)
        for kind in ("config", "attachments")
    }
    assert list(heads.values()) == [{"A": "1"}, {"A": "2"}, {"A": "3"}, {}]


def test_no_value_is_in_the_file_in_clear(store, shop, tmp_path):
    put(store, shop, {"SECRET": "canary-in-config"})
    resources.add(store, name="r", kind="postgres", owner=shop, url="pg://canary-in-url", now_ns=1)

    data = b"".join(path.read_bytes() for path in tmp_path.glob("twelve.db*"))
    assert b"SECRET" in data
    assert b"canary" not in data


def test_a_sealed_value_that_somebody_moved_is_found_out(store, shop):
    put(store, shop, {"A": "1", "B": "2"})
    store.do("UPDATE sealed_values SET name = 'C' WHERE name = 'A'")
    store.do("UPDATE sealed_values SET name = 'A' WHERE name = 'B'")
    with pytest.raises(Invalid, match="shop/production/config/A/1 cannot be decrypted"):
        versions.values(store, shop, "config", 1)


def test_equal_values_have_equal_digests_whatever_their_version(store, shop):
    put(store, shop, {"A": "1"})
    put(store, shop, {"A": "2"})
    put(store, shop, {"A": "1"})
    digests = [versions.digest(store, shop, "config", number) for number in (1, 2, 3)]

    assert digests[0] == digests[2] != digests[1]


def test_a_port_stays_its_process_s_and_one_given_back_rests_longest(store):
    def lease(name):
        return leases.lease_port(store, name, PORTS, lambda _: True)

    assert [lease("a"), lease("b"), lease("a")] == [20000, 20001, 20000]
    leases.release_port(store, "b")
    leases.release_port(store, "a")
    assert [lease("c"), lease("d"), lease("e")] == [20002, 20003, 20000]
    assert leases.ports(store) == {"c": 20002, "d": 20003, "e": 20000}


def test_ports_that_strangers_hold_are_passed_over(store):
    assert leases.lease_port(store, "a", PORTS, lambda port: port > 20001) == 20002
    assert leases.move_port(store, "a", PORTS, lambda _: True) == 20003
    assert leases.ports(store) == {"a": 20003}


def test_when_no_port_is_free_that_is_said_with_the_range(store):
    for number in PORTS:
        leases.lease_port(store, f"p{number}", PORTS, lambda _: True)
    with pytest.raises(Refused, match="no port is free between 20000 and 20003") as error:
        leases.lease_port(store, "one more", PORTS, lambda _: True)

    assert "TWELVE_PORTS" in error.value.hint


def test_a_range_that_shrank_is_gone_round_all_the_same(store):
    leases.lease_port(store, "a", range(29990, 29999), lambda _: True)

    assert leases.lease_port(store, "b", PORTS, lambda _: True) in PORTS


def test_a_purpose_has_the_same_uid_for_ever_and_no_other_has_it(store):
    uids = range(66000, 66002)
    first = leases.lease_uid(store, "deploy shop/production", uids)
    second = leases.lease_uid(store, "build", uids)

    assert (first, second) == (66000, 66001)
    assert leases.lease_uid(store, "build", uids) == second
    with pytest.raises(Refused, match="every uid"):
        leases.lease_uid(store, "router", uids)
    leases.release_uid(store, "build")
    assert leases.lease_uid(store, "router", uids) == second


def test_a_host_belongs_to_one_deploy(store, shop, staging):
    domains.add(store, shop, "shop.example")
    domains.add(store, shop, "shop.example")
    with pytest.raises(Conflict, match=r"shop.example belongs to shop/production"):
        domains.add(store, staging, "shop.example")
    with pytest.raises(NotFound):
        domains.remove(store, staging, "shop.example")
    domains.remove(store, shop, "shop.example")

    assert domains.ls(store, shop) == []


def test_a_resource_s_name_is_taken_once_and_outlives_its_owner(store, shop):
    made = resources.add(store, name="db", kind="postgres", owner=shop, url="pg://x", now_ns=1)
    with pytest.raises(Conflict, match="there is a resource 'db' already"):
        resources.add(store, name="db", kind="redis", owner=None, url="r://x", now_ns=1)
    apps.destroy(store, apps.get(store, "shop"))

    assert resources.get(store, "db") == made._replace(owner_id=None)
    resources.remove(store, made)
    with pytest.raises(NotFound):
        resources.get(store, "db")


def test_a_run_ends_once(store, shop):
    runs.begin(store, shop, Run("r1", 1, "run", ("a", "b"), "ann", False, 5, None, None, None))
    assert [run.id for _, run in runs.open_runs(store)] == ["r1"]
    runs.end(store, "r1", 3, None, 6)
    runs.end(store, "r1", 0, None, 7)

    run = runs.get(store, shop, "r1")
    assert (run.command, run.code, run.ended_ns) == (("a", "b"), 3, 6)
    assert runs.open_runs(store) == []


def test_the_newest_runs_are_kept_and_those_that_run(store, shop):
    for number in range(6):
        run = runs.Run(f"r{number}", 1, "run", ("true",), "ann", False, number, None, None, None)
        runs.begin(store, shop, run)
        if number:
            runs.end(store, run.id, 0, None, 9)
    runs.trim(store, shop, 3)

    assert [run.id for run in runs.ls(store, shop)] == ["r5", "r4", "r3", "r0"]
