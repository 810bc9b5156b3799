"""Compose files: services with command, image, volumes, environment; and Kubernetes workloads and CI jobs."""

from twelve.checker.shell_reader import split_words
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.tree import Job, Service, Workload
from twelve.picture.yaml_reader import Node

COMPOSE = pattern(
    r"(^|/)(docker-)?compose([._-][\w.-]+)?\.ya?ml$|(^|/)[\w.-]*docker-compose[\w.-]*\.ya?ml$"
)
WORKLOADS = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet"}
)


def is_compose(path: str) -> bool:
    """Is it a compose file, by its name?"""
    return "compose" in path and bool(COMPOSE.search(path))


def _pairs(node: Node) -> tuple[tuple[str, str, int], ...]:
    if node.items:
        return tuple((*_split(item.text), item.line) for item in node.items)
    return tuple((key, value.text, value.line) for key, value in node.pairs)


def _split(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _words(node: Node) -> tuple[str, ...]:
    return tuple(item.text for item in node.items) if node.items else split_words(node.text)


def _volumes(node: Node) -> tuple[tuple[str, int], ...]:
    made = []
    for item in node.items:
        if item.text:
            made.append((item.text, item.line))
        elif item.get("target").text:
            made.append((f"{item.get('source').text}:{item.get('target').text}", item.line))
    return tuple(made)


def read_services(path: str, documents: list[Node]) -> list[Service]:
    """The services of a compose file, in their order."""
    made = []
    development = is_development(path)
    for document in documents[:1]:
        for name, node in document.get("services").pairs:
            if not isinstance(node.value, dict):
                continue
            build = node.get("build")
            dockerfile = build.get("dockerfile").text
            command = node.get("command")
            image = node.get("image")
            env_file = node.get("env_file")
            profiles = node.get("profiles").items
            made.append(
                Service(
                    name,
                    path,
                    node.line - 1 if node.line > 1 else node.line,
                    image.text,
                    image.line,
                    build.text
                    or build.get("context").text
                    or ("." if build.value is not None else ""),
                    dockerfile,
                    _words(command),
                    command.text or " ".join(item.text for item in command.items),
                    command.items[0].line if command.items else command.line,
                    _words(node.get("entrypoint")),
                    _volumes(node.get("volumes")),
                    _pairs(node.get("environment")),
                    tuple(
                        (item.text, item.line)
                        for item in (env_file.items or [env_file])
                        if item.text
                    ),
                    tuple((item.text, item.line) for item in node.get("ports").items),
                    development
                    or bool(dockerfile and is_development(dockerfile))
                    or is_development(build.get("target").text)
                    or bool(profiles and all(is_development(one.text) for one in profiles))
                    or any(_for_trials(item.text) for item in (env_file.items or [env_file])),
                    build.get("target").text,
                )
            )
    return made


def _for_trials(env_file: str) -> bool:
    """``.env.dev``: what the service is given is for development, by its name."""
    name = env_file.rpartition("/")[2]
    return bool(name) and is_development(name)


def read_workloads(path: str, documents: list[Node]) -> list[Workload]:
    """The containers of Kubernetes manifests, ConfigMaps and Secrets included."""
    made = []
    for document in documents:
        kind = document.get("kind").text
        name = document.get("metadata", "name").text
        if kind in ("ConfigMap", "Secret"):
            data = (*_pairs(document.get("data")), *_pairs(document.get("stringData")))
            made.append(Workload(kind, name, path, document.line, data=data))
        if kind in ("Service", "Ingress"):
            affinity = document.get("spec", "sessionAffinity").text
            sticky = document.get("metadata", "annotations", "nginx.ingress.kubernetes.io/affinity")
            if affinity == "ClientIP" or sticky.text:
                line = (
                    document.get("spec", "sessionAffinity").line
                    if affinity == "ClientIP"
                    else sticky.line
                )
                made.append(Workload(kind, name, path, line, affinity=affinity or sticky.text))
        if kind in WORKLOADS:
            made += _containers(path, kind, name, document)
    return made


def _containers(path: str, kind: str, name: str, document: Node) -> list[Workload]:
    spec = document.get("spec")
    if kind == "CronJob":
        spec = spec.get("jobTemplate", "spec")
    pod = spec if kind == "Pod" else spec.get("template", "spec")
    non_root = pod.get("securityContext", "runAsNonRoot").text == "true"
    volumes = tuple(
        (key, item.line)
        for item in pod.get("volumes").items
        for key, _ in item.pairs
        if key != "name"
    )
    made = []
    for container in pod.get("containers").items:
        image = container.get("image")
        env = tuple(
            (e.get("name").text, e.get("value").text, e.get("value").line)
            for e in container.get("env").items
        )
        made.append(
            Workload(
                kind,
                name,
                path,
                image.line or container.line,
                image.text,
                (*_words(container.get("command")), *_words(container.get("args"))),
                env,
                (),
                volumes,
                tuple(
                    p
                    for p in ("livenessProbe", "readinessProbe", "startupProbe")
                    if container.get(p).value is not None
                ),
                container.get("resources", "limits").value is not None,
                non_root or container.get("securityContext", "runAsNonRoot").text == "true",
            )
        )
    return made


def read_jobs(path: str, documents: list[Node]) -> list[Job]:
    """The jobs of a GitHub workflow or a GitLab pipeline."""
    made = []
    for document in documents[:1]:
        if document.get("jobs").pairs:
            for name, node in document.get("jobs").pairs:
                services = tuple(
                    (s.get("image").text or s.text, s.line) for _, s in node.get("services").pairs
                )
                runs = tuple(
                    (step.get("run").text, step.get("run").line)
                    for step in node.get("steps").items
                    if step.get("run").text
                )
                made.append(Job(name, path, node.line, services, runs))
        elif path.rpartition("/")[2].startswith(".gitlab-ci"):
            for name, node in document.pairs:
                script = node.get("script")
                lines = tuple(
                    (item.text, item.line) for item in (script.items or [script]) if item.text
                )
                if lines:
                    held = node.get("services").items or document.get("services").items
                    services = tuple(
                        (item.text or item.get("name").text, item.line) for item in held
                    )
                    made.append(Job(name, path, node.line, services, lines))
    return made
