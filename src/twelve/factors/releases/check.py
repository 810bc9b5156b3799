"""What reading can judge of factor V: build, release and run are apart."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import is_command
from twelve.picture.commands import Step, manage_command, migrates, module_of
from twelve.picture.paths import is_development
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find, grouped
from twelve.picture.sinks import sinks
from twelve.picture.value import plain

FRONT = re.compile(r"^(VITE|NEXT_PUBLIC|REACT_APP|VUE_APP|NUXT_PUBLIC|PUBLIC|GATSBY|EXPO_PUBLIC|NG_APP)_\w*(URL|URI|HOST|DOMAIN|API|ENDPOINT|KEY|DSN|ORIGIN|ENV)\w*$")
DEPLOY_ARG = re.compile(r"^(\w+_)?(ENV|ENVIRONMENT|STAGE|API_URL|BASE_URL|SITE_URL|DATABASE_URL|BACKEND_URL|HOST_URL|PUBLIC_URL|APP_URL)$")
MODULE = re.compile(r"DJANGO_SETTINGS_MODULE[= ][\w.]*\.(production|prod|staging|live|heroku)\b")
INSTALLERS = {
    "pip": ("install",), "pip3": ("install",), "npm": ("install", "i", "ci"), "yarn": ("install",), "pnpm": ("install", "i"), "bun": ("install",), "poetry": ("install",), "pipenv": ("install", "sync"),
    "uv": ("sync", "pip"), "bundle": ("install",), "composer": ("install",), "git": ("pull", "clone", "fetch", "checkout"), "apt-get": ("install", "update", "upgrade"), "apt": ("install",), "apk": ("add",),
    "gem": ("install",), "cargo": ("build", "install"), "go": ("build", "install"), "playwright": ("install",), "prisma": ("generate",), "next": ("build",), "vite": ("build",), "webpack": (), "tsc": (),
    "react-scripts": ("build",), "ng": ("build",), "nest": ("build",), "rollup": (), "gulp": (), "grunt": (), "parcel": ("build",), "flask": ("assets",), "spacy": ("download",), "esbuild": (), "turbo": ("build",), "nuxt": ("build",), "yarnpkg": ("install",),
}  # fmt: skip
ADMIN = ("collectstatic", "compress", "compilemessages", "compilescss", "makemessages", "webpack_loader", "tailwind")
DOWNLOADS = ("nltk.download", "snapshot_download", "hf_hub_download", "spacy.cli.download", "gdown.download", "torch.hub.load")
SOURCES = re.compile(r"^(\.{1,2}/?|\$\{?PWD\}?/?|\./(src|app|backend|server|api|web|frontend|code|lib))/?$")
LATEST = re.compile(r"^[^${}@]+:latest$")


def own_stage(picture: Picture) -> Iterator[Judgement]:
    """V-1."""
    found: list[Finding] = []
    for process in picture.processes:
        if process.stage == "build" and not process.development:
            for step in process.steps:
                if what := migrates(step):
                    found.append(find("V-1", "high", f"the build runs {what}: it needs, or bakes, a database", step.place, fix="move it to the release phase"))
    yield from found
    if picture.dockerfiles and not found:
        yield Hold("the build touches no resource", Place(picture.dockerfiles[0].path))


def one_build(picture: Picture) -> Iterator[Judgement]:
    """V-2."""
    found = []
    for docker in picture.dockerfiles:
        if docker.development:
            continue
        args = {one.text.partition("=")[0].strip(): one for one in docker.instructions if one.word == "ARG"}
        for name, one in args.items():
            fed = any(other.word == "ENV" and re.search(rf"\$\{{?{name}\b", other.text) for other in docker.instructions)
            if FRONT.match(name) or (DEPLOY_ARG.match(name) and fed):
                found.append(find("V-2", "low", f"{name} of one deploy is compiled into the build", Place(docker.path, one.line), fix="read it at run time, or use the same origin"))
        for one in docker.instructions:
            if one.word == "ENV" and MODULE.search(one.text):
                found.append(find("V-2", "low", "the image carries the settings of one deploy", Place(docker.path, one.line), fix="set DJANGO_SETTINGS_MODULE in the deploy, or have one module"))
    yield from found
    if picture.dockerfiles and not found:
        yield Hold("no deploy's value is an argument of the build", Place(picture.dockerfiles[0].path))


def few_moving_parts(picture: Picture) -> Iterator[Judgement]:
    """V-3."""
    found: dict[Place, Finding] = {}
    runs = False
    for process in picture.processes:
        if process.stage not in ("run", "hook", "dev"):
            continue
        runs = runs or process.stage != "dev"
        for step in process.steps:
            if process.stage == "dev" and (is_development(step.path) or step.path == process.path):
                continue
            what = _makes(step)
            if what and (step.place not in found or found[step.place].severity == "low"):
                severity = "low" if process.stage == "dev" else "high"
                found[step.place] = find("V-3", severity, f"{what} at each start", step.place, fix="do it in the build")
    for module, call in picture.calls(*DOWNLOADS):
        if module.role == "app" and call.function is None:
            found[call.place] = find("V-3", "medium", f"{call.last} fetches at import, so at each start", call.place, fix="fetch it in the build")
    yield from found.values()
    if runs and not found:
        yield Hold("no run command installs, compiles or fetches", next(p.place for p in picture.processes if p.stage in ("run", "hook")))


def _makes(step: Step) -> str:
    words = module_of(step)
    program = words[0].rpartition("/")[2] if words else ""
    if program in INSTALLERS and (not INSTALLERS[program] or set(words[1:3]) & set(INSTALLERS[program])) and not {"--version", "-v"} & set(words):
        if program == "git" and not set(words[1:2]) & set(INSTALLERS["git"]):
            return ""
        return " ".join([program, *words[1:2]])
    if manage_command(step) in ADMIN:
        return f"manage.py {manage_command(step)}"
    if program in ("curl", "wget") and (step.has("-o", "-O", "--output", "-LO", "-fsSLO") or any("install" in word for word in words)):
        return f"{program} fetches"
    if program in ("npm", "yarn", "pnpm", "bun") and any(re.match(r"^build(:|$)", word) for word in words[1:3]):
        return f"{program} run build"
    return ""


def code_is_fixed(picture: Picture) -> Iterator[Judgement]:
    """V-4."""
    found: list[Finding] = []
    for module in picture.modules:
        if module.role != "app":
            continue
        for sink in sinks(module):
            if sink.kind == "source" and sink.caller not in ("command", "main"):
                found.append(find("V-4", "high", f"the running app writes its own source, {sink.text.replace('{}', '…')[-40:]}", sink.place, fix="keep data in a resource, never in code"))
    for module, call in picture.calls("system", "run", "Popen", "exec", "execSync", "spawn", "check_call", "check_output", "call"):
        first = call.value.parts[0] if call.value.parts else None
        words = " ".join(plain(part) or "" for part in first.parts) if first is not None and first.kind == "list" else plain(first) or ""
        if module.role == "app" and re.match(r"^(git (pull|fetch|checkout|reset)|npm (install|update)|pip install)\b", words) and not is_command(call.path, call.function):
            found.append(find("V-4", "high", f"the running app changes its own code: {words[:40]}", call.place, fix="deploy a new release instead"))
    for service in picture.services:
        if service.development:
            continue
        for volume, line in service.volumes:
            source, _, rest = volume.partition(":")
            if SOURCES.match(source) and rest and (service.build or any(p.origin == "compose" and p.name == service.name and p.path == service.path for p in picture.processes)):
                found.append(find("V-4", "low", "the source is mounted over the build, so it can change under the running app", Place(service.path, line), fix="leave the mount to a file for development"))
    yield from grouped(found)
    if not found:
        yield Hold("no write to source files was found", Place("."))


def unique_release(picture: Picture) -> Iterator[Judgement]:
    """V-5."""
    places = [Place(s.path, s.image_line) for s in picture.services if LATEST.match(s.image) and not s.development]
    places += [Place(w.path, w.line) for w in picture.workloads if LATEST.match(w.image)]
    if places:
        yield find("V-5", "low", "the tag latest names another release tomorrow", *places, fix="use a version or a digest")


def named_base(picture: Picture) -> Iterator[Judgement]:
    """V-7."""
    found = []
    for docker in picture.dockerfiles:
        stages = {one.stage for one in docker.instructions}
        for one in docker.instructions:
            image = one.text.split()[0] if one.word == "FROM" and one.text else ""
            if not image or docker.development or image in stages or image == "scratch" or "$" in image:
                continue
            if "@" not in image and (":" not in image.rpartition("/")[2] or image.endswith(":latest")):
                found.append(find("V-7", "low", f"the base {image} has no version", Place(docker.path, one.line), fix="name a tag, better a digest"))
    yield from grouped(found)
    if picture.dockerfiles and not found:
        yield Hold("each base is named", Place(picture.dockerfiles[0].path, 1))


def way_back(picture: Picture) -> Iterator[Judgement]:
    """V-6 and OPS-2: only a proof tells."""
    for process in picture.processes:
        if process.stage == "release":
            yield Hold("there is a release phase", process.place)
            return


def rolling(picture: Picture) -> Iterator[Judgement]:
    """OPS-2."""
    for one in picture.workloads:
        if one.kind == "Deployment" and "readinessProbe" not in one.probes:
            yield find("OPS-2", "info", f"{one.name} has no readiness probe: an upgrade sends requests too early", Place(one.path, one.line))


DOCKER = "FROM python:3.12\n"
RULES = (
    Rule(
        "V-1", "M", "Build is a stage of its own that needs no deploy config", "build-release-run", "high", own_stage,
        found=(Example({"Dockerfile": DOCKER + "RUN python manage.py migrate\n"}, "Dockerfile:2"),),
        spared=(Example({"Dockerfile": DOCKER + "RUN SECRET_KEY=dummy DATABASE_URL=sqlite:// ./manage.py collectstatic --noinput\n"}),),
        why="A build that needs a database belongs to one deploy.", way_out="Run it in the release phase.", never="a dummy handle for collectstatic",
    ),
    Rule(
        "V-2", "M", "One build serves all deploys: config is added at release, not compiled in", "build-release-run", "low", one_build,
        found=(Example({"Dockerfile": "FROM node:22\nARG VITE_API_URL=\nRUN npm run build\n"}, "Dockerfile:2"),),
        spared=(Example({"Dockerfile": "FROM node:22\nARG NODE_VERSION=22\nARG GIT_SHA\n"}),),
        why="What was tested in staging is then not what runs in production.", way_out="Read it at run time.", never="versions, commit ids",
    ),
    Rule(
        "V-3", "M", "Run stage has few moving parts: nothing is installed, compiled, fetched or generated at start", "build-release-run", "high", few_moving_parts,
        found=(
            Example({"Dockerfile": DOCKER + 'CMD ["sh", "start.sh"]\n', "start.sh": "pip install -r requirements.txt\nexec gunicorn a\n"}, "start.sh:1"),
            Example({"Procfile": "web: npm run build && node server.js\n", "package.json": '{"scripts": {"build": "webpack"}}'}, "package.json:1"),
        ),
        spared=(Example({"Procfile": "web: gunicorn a\nrelease: ./manage.py collectstatic\n"}), Example({"Procfile.dev": "web: npm install && node server.js\n"})),
        why="What runs at start can fail at three in the night, when nobody watches.", way_out="Do it in the build.", never="overrides for development",
        tokens=DOWNLOADS,
    ),
    Rule(
        "V-4", "M", "Code cannot be changed at run time", "build-release-run", "high", code_is_fixed,
        found=(
            Example({"a/v.py": "import os\ndef view(request):\n    f = os.path.join(os.path.dirname(__file__), 'play/main.py')\n    open(f, 'w')\n"}, "a/v.py:4"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: gunicorn a\n    volumes:\n      - .:/app\n"}, "docker-compose.yml:6"),
        ),
        spared=(
            Example({"a/management/commands/gen.py": "def handle(self):\n    open('a/snippets.py', 'w')\n"}),
            Example({"docker-compose.yml": "services:\n  web:\n    build:\n      context: .\n      dockerfile: Dockerfile-dev\n    volumes:\n      - .:/app\n"}),
        ),
        why="A change at run time is in no release, so it cannot be rolled back, and the next start loses it.", way_out="Keep data in a resource.",
        tokens=("write_text", "write_bytes", "writeFile", "createWriteStream", "appendFile", "git pull", "shutil", "npm install", "pip install"),
        near=((('open(',), 'open\\([^\\n]*\\n?[^\\n]*[\\"\'](w|a|x|r\\+|rb\\+|wb|ab|xb)[bt]?\\+?[\\"\']'), (('git',), '[\\"\']git[\\"\'],|git (fetch|checkout|reset)')),
        never="commands by which developers generate files",
        
    ),
    Rule(
        "V-5", "M", "Each release has a unique id and is never mutated", "build-release-run", "low", unique_release,
        found=(Example({"compose.yml": "services:\n  web:\n    image: shop:latest\n"}, "compose.yml:3"),),
        spared=(Example({"compose.yml": "services:\n  web:\n    image: shop:${TAG}\n  db:\n    image: postgres:18\n"}), Example({"compose.dev.yml": "services:\n  web:\n    image: shop:latest\n"})),
        why="A tag that moves is no release.", way_out="A version or a digest. `twelve` numbers each release.", never="images for development",
    ),
    Rule(
        "V-6", "S", "One can roll back to an earlier release", "build-release-run", "info", way_back,
        found=(), spared=(Example({"Procfile": "release: ./manage.py migrate\n"}),),
        why="The fastest repair is the release before.", way_out="`twelve rollback`.", never="schema changes", prover=True,
    ),
    Rule(
        "V-7", "S", "Build starts from a named commit and named base", "build-release-run", "low", named_base,
        found=(Example({"Dockerfile": "FROM python\n"}, "Dockerfile:1"),),
        spared=(Example({"Dockerfile": "FROM python:3.12 AS a\nFROM a\nFROM scratch\n"}),),
        why="Without a tag the base is another one each month.", way_out="Name a tag or a digest.", never="stages of the same file, images for development",
    ),
    Rule(
        "OPS-2", "X", "Upgrades without downtime", "later texts: operations", "info", rolling,
        found=(Example({"k.yml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n        - image: a:1\n"}, "k.yml:8"),),
        spared=(Example({"k.yml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"}),),
        why="A new instance needs time until it answers.", way_out="A readiness probe.", never="-",
    ),
)  # fmt: skip
