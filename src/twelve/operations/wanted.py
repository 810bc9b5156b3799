"""What is wanted: the processes of a release, and the way of requests to them."""

from twelve.engines.contract import Process
from twelve.factors.config.contract import with_defaults
from twelve.factors.ports.hosts import default_hosts
from twelve.factors.ports.routes import NEVER, Backend, Route, Table, cluster_name
from twelve.factors.processes.instance import Instance
from twelve.factors.releases.build import Build
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest, from_plain
from twelve.operations.addresses import hosts_of_others
from twelve.operations.house import House
from twelve.store import apps, builds, domains, leases, releases, versions
from twelve.store.apps import Deploy

WEB = "web"


def manifest_of(build: Build) -> Manifest:
    """The manifest that a build carries."""
    return from_plain(build.manifest)


def variables_of(house: House, deploy: Deploy, release: Release) -> dict[str, str]:
    """Config and attachments of a release, as one environment; attachments win."""
    store = house.store
    config = versions.values(store, deploy, "config", release.config)
    attached = versions.values(store, deploy, "attachments", release.attachments)
    contract = manifest_of(build_of(house, deploy, release)).contract
    return with_defaults(config, contract) | attached


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
        and (
            instance := Instance(deploy.app, deploy.name, kind, str(number), release.runtimes[kind])
        )
    ]


def processes_of(house: House, deploy: Deploy, release: Release) -> dict[str, Process]:
    """The processes of a release with all that the engine needs, by name; ports are leased."""
    build = build_of(house, deploy, release)
    types = manifest_of(build).processes
    variables = variables_of(house, deploy, release)
    uid = house.uid_of(f"deploy {deploy.label}")
    host = default_hosts(deploy.app, deploy.name)[0]
    others = hosts_of_others(house, deploy, release.attachments)
    wanted = {}
    for instance in instances_of(deploy, release):
        kind = types[instance.type]
        port = lease(house, instance) if kind.port else None
        wanted[instance.name] = Process(
            instance, kind, variables, build.artifact, port, uid, host, others
        )
    return wanted


def lease(house: House, instance: Instance) -> int:
    """The port of a process."""
    first, last = house.settings.ports
    return leases.lease_port(house.store, instance.name, range(first, last + 1), house.port_is_free)


def another_port(house: House, process: Process) -> Process:
    """The process with another port than the one that a stranger holds."""
    first, last = house.settings.ports
    ports = range(first, last + 1)
    return process._replace(
        port=leases.move_port(house.store, process.name, ports, house.port_is_free)
    )


def route_table(house: House) -> Table:
    """The way of requests to every deploy, and the clusters that some are still under way in."""
    routes: list[Route] = []
    backends = house.leaving.backends()
    claimed = {host for deploy in apps.deploys(house.store) for host in hosts_of(house, deploy)}
    for recorded in apps.deploys(house.store):
        rests = recorded.id in house.under_way.resting
        now = None if rests else releases.current(house.store, recorded)
        deploy, release = house.instead.get(recorded.id) or (recorded, now)
        if release is None:
            routes.append(Route(deploy.app, deploy.name, hosts_of(house, deploy), None, NEVER))
            continue
        types = manifest_of(build_of(house, deploy, release)).processes
        for name, own in backends_of(house, deploy, release).items():
            hosts = hosts_of(house, deploy) if name == WEB else hosts_of_type(deploy, name)
            if name != WEB:
                # A deploy of that name goes first: one host must not cost all apps their routes.
                hosts = tuple(host for host in hosts if host not in claimed)
                claimed.update(hosts)
            if not hosts:
                continue
            to = own.cluster if own.ports else None
            routes.append(Route(deploy.app, deploy.name, hosts, to, types[name].idle))
            if own.ports:
                backends[own.cluster] = own
    return Table(tuple(routes), tuple(backends.values()))


def hosts_of_type(deploy: Deploy, name: str) -> tuple[str, ...]:
    """A routed type other than web answers in front of the deploy's own name."""
    label = name.lower().replace("_", "-")
    return tuple(f"{label}.{host}" for host in default_hosts(deploy.app, deploy.name))


def hosts_by_type(house: House, deploy: Deploy, release: Release) -> dict[str, str]:
    """For each type that requests are sent to, the first name that it answers to."""
    types = manifest_of(build_of(house, deploy, release)).processes
    return {
        name: (hosts_of(house, deploy) if name == WEB else hosts_of_type(deploy, name))[0]
        for name, kind in types.items()
        if kind.route
    }


def backends_of(house: House, deploy: Deploy, release: Release) -> dict[str, Backend]:
    """For each routed type, where its processes listen, under a name that no other set has.

    Those that do not answer are left out, unless none does: a probe alone never takes the last.
    """
    types = manifest_of(build_of(house, deploy, release)).processes
    leased = leases.ports(house.store)
    instances = instances_of(deploy, release)
    found = {}
    for name in (name for name, kind in types.items() if kind.route):
        own = [i.name for i in instances if i.type == name and i.name in leased]
        fit = [each for each in own if not house.health.is_out(each)]
        ports = tuple(sorted(leased[each] for each in fit or own))
        tag = f"v{release.runtimes.get(name, release.number)}"
        found[name] = Backend(cluster_name(deploy.app, deploy.name, name, tag, ports), ports)
    return found
