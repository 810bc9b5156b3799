"""The routing table, and the names of clusters."""

import pytest

from twelve.errors import Conflict, Invalid
from twelve.factors.ports.routes import (
    Backend,
    Route,
    Table,
    checked,
    cluster_name,
    release_of,
    used_clusters,
)


def route(app="shop", deploy="production", hosts=("shop.localhost",), cluster="c"):
    return Route(app, deploy, hosts, cluster, 60.0)


def test_a_cluster_is_named_by_its_release_and_its_endpoints():
    name = cluster_name("shop", "production", "web", "v7", (20003, 20001))
    assert name.startswith("shop/production/web@v7+")
    assert name == cluster_name("shop", "production", "web", "v7", (20001, 20003))
    assert name != cluster_name("shop", "production", "web", "v7", (20001,))
    assert name != cluster_name("shop", "production", "web", "v8", (20003, 20001))
    assert release_of(name) == "v7"


def test_a_route_without_a_cluster_is_whole():
    table = Table((route(cluster=None),), ())
    assert checked(table) is table
    assert used_clusters(table) == frozenset()


def test_a_backend_that_no_route_uses_may_stay():
    table = Table((route(),), (Backend("c", (1,)), Backend("draining", (2,))))
    assert checked(table) is table
    assert used_clusters(table) == {"c"}


def test_every_fault_of_a_table_is_named():
    with pytest.raises(Invalid) as caught:
        checked(
            Table(
                (route(cluster="x"), route(app="tin", hosts=(), cluster=None)),
                (Backend("c", ()), Backend("d", (1,)), Backend("d", (2,))),
            )
        )
    assert [caught.value.message, *caught.value.problems] == [
        "shop/production: leads to x, which is not among the backends",
        "tin/production: has no host name",
        "c: has no port",
        "d: is there 2 times",
    ]


def test_a_host_belongs_to_one_deploy():
    one, two = route(cluster=None), route(app="tiny", hosts=("Shop.localhost",), cluster=None)
    with pytest.raises(Conflict) as caught:
        checked(Table((one, two), ()))
    assert caught.value.message == (
        "shop.localhost is claimed by shop/production and tiny/production"
    )
    assert caught.value.hint == "twelve domains rm shop.localhost -a tiny/production"
