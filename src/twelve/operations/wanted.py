"""What is wanted: the processes of a release, and the way of requests to them."""

import hashlib
from collections.abc import Mapping

from twelve.engines.contract import Process
from twelve.factors.ports.hosts import default_hosts
from twelve.factors.ports.routes import Backend, Route, Table
from twelve.factors.processes.instance import Instance
from twelve.factors.processes.types import ProcessType
from twelve.factors.releases.build import Build
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest, from_plain
from twelve.operations.house import House
from twelve.store import apps, builds, domains, leases, releases, versions
from twelve.store.apps import Deploy


def manifest_of(build: Build) -> Manifest:
    """The manifest that a build carries."""
    return from_plain(build.manifest)


def variables_of(house: House, deploy: Deploy, release: Release) -> dict[str, str]:
    """Config and attachments of a release, as one environment; attachments win."""
    store = house.store
    defaults = {
        key: declared.default
        for key, declared in manifest_of(build_of(house, deploy, release)).contract.items()
        if declared.default is not None
    }
    config = versions.values(store, deploy, "config", release.config)
    return defaults | config | versions.values(store, deploy, "attachments", release.attachments)


def build_of(house: House, deploy: Deploy, release: Release) -> Build:
    """The build that a release runs."""
    return builds.get(house.store, deploy.app_id, release.build)


def hosts_of(house: House, deploy: Deploy) -> tuple[str, ...]:
    """Every name that the deploy answers to, the first of its own first."""
    return (*default_hosts(deploy.app, deploy.name), *domains.ls(house.store, deploy))


def instances_of(deploy: Deploy, release: Release) -> list[Instance]:
    """The processes of a release by name, those that are held back left out."""
    return [
        instance
        for kind, quantity in release.formation.items()
        for number in range(1, quantity + 1)
        if kind not in deploy.stopped
        and f"{kind}.{number}" not in deploy.stopped
        and (instance := Instance(deploy.app, deploy.name, kind, number, release.runtimes[kind]))
    ]


def processes_of(house: House, deploy: Deploy, release: Release) -> dict[str, Process]:
    """The processes of a release with all that the engine needs, by name; ports are leased."""
    build = build_of(house, deploy, release)
    types = manifest_of(build).processes
    variables = variables_of(house, deploy, release)
    uid = house.uid_of(f"deploy {deploy.label}")
    host = default_hosts(deploy.app, deploy.name)[0]
    wanted = {}
    for instance in instances_of(deploy, release):
        kind = types[instance.type]
        port = lease(house, instance) if kind.port else None
        wanted[str(instance)] = Process(instance, kind, variables, build.artifact, port, uid, host)
    return wanted


def lease(house: House, instance: Instance) -> int:
    """The port of a process."""
    first, last = house.settings.ports
    return leases.lease_port(house.store, str(instance), range(first, last + 1), house.port_is_free)


def route_table(house: House, instead: Mapping[int, Release] | None = None) -> Table:
    """The way of requests to every deploy, with some releases in place of the current ones."""
    routes: list[Route] = []
    backends = dict(house.draining)
    for deploy in apps.deploys(house.store):
        release = (instead or {}).get(deploy.id) or releases.current(house.store, deploy)
        if release is None:
            routes.append(Route(deploy.app, deploy.name, hosts_of(house, deploy), None, 0))
            continue
        for kind, own in backends_of(house, deploy, release).items():
            hosts = hosts_of(house, deploy) if kind.name == "web" else kind_hosts(deploy, kind)
            routes.append(
                Route(deploy.app, deploy.name, hosts, own.cluster if own.ports else None, kind.idle)
            )
            if own.ports:
                backends[own.cluster] = own
    return Table(tuple(routes), tuple(backends.values()))


def kind_hosts(deploy: Deploy, kind: ProcessType) -> tuple[str, ...]:
    """A routed type other than web answers in front of the deploy's own name."""
    return tuple(f"{kind.name}.{host}" for host in default_hosts(deploy.app, deploy.name))


def backends_of(house: House, deploy: Deploy, release: Release) -> dict[ProcessType, Backend]:
    """For each routed type, where its processes listen, under a name that no other set has."""
    types = manifest_of(build_of(house, deploy, release)).processes
    ports = leases.ports(house.store)
    found = {}
    for name, kind in types.items():
        if not kind.route or name not in release.formation:
            continue
        own = tuple(
            sorted(
                ports[str(instance)]
                for instance in instances_of(deploy, release)
                if instance.type == name and str(instance) in ports
            )
        )
        mark = hashlib.sha256(repr(own).encode()).hexdigest()[:6]
        cluster = f"{deploy.label}/{name}@v{release.runtimes[name]}+{mark}"
        found[kind] = Backend(cluster, own)
    return found
