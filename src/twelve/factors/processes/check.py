"""What reading can judge of factor VI: processes are stateless and share nothing."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import Call, Function, Module, is_handler
from twelve.picture.origin import development_only, replaceable, trace
from twelve.picture.paths import is_development
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find, grouped
from twelve.picture.secrets import is_key_name
from twelve.picture.sinks import Sink, sinks
from twelve.picture.value import from_env, plain, strings, text_of, walk

RANDOM = re.compile(r"(^|\.)(token_urlsafe|token_hex|token_bytes|urandom|uuid4|uuid1|get_random_secret_key|randomBytes|randomUUID|getrandbits|generate_key|nanoid|choices|random)$")
CONTAINERS = ("dict", "list", "set", "collections.defaultdict", "collections.OrderedDict", "collections.deque", "collections.Counter", "new Map", "new Set", "new WeakMap", "defaultdict", "deque", "OrderedDict")
MUTATORS = frozenset("append add update setdefault pop extend insert remove clear push set delete unshift splice appendleft popitem discard shift".split())
CACHE_NAMES = re.compile(r"cache|memo|registry|pool|_client|clients?_by|compiled|patterns?|handlers|routes|loaders?|plugins?|metrics?|lock|schema", re.IGNORECASE)
MULTER = ("multer", "multer.diskStorage", "FileInterceptor", "diskStorage", "formidable", "FileSystemStorage")
WIDE = frozenset({"handler", "task"})


def persists_elsewhere(picture: Picture) -> Iterator[Judgement]:
    """VI-1."""
    found = [*_media(picture), *_written(picture), *_uploads(picture), *_volumes(picture)]
    yield from grouped(found)
    if not found:
        for module, assign in picture.assigns("STORAGES", "DEFAULT_FILE_STORAGE"):
            if module.role == "app" and any("s3" in text.lower() or "cloud" in text.lower() for text in strings(assign.value)):
                yield Hold("files go to an object store", assign.place)
                return


def _media(picture: Picture) -> Iterator[Finding]:
    stored = [text for _, a in picture.assigns("STORAGES", "DEFAULT_FILE_STORAGE", "default", "STORAGES.default") for text in strings(a.value)]
    elsewhere = any(re.search(r"[sS]torage", text) and not re.search(r"FileSystemStorage|staticfiles|StaticFiles|whitenoise", text) for text in stored)
    for module, assign in picture.assigns("MEDIA_ROOT", "UPLOAD_FOLDER", "UPLOADED_FILES_DEST", "UPLOADS_DEFAULT_DEST"):
        text = text_of(trace(module, assign.value, assign.function))
        if module.role == "app" and not is_development(assign.path) and not elsewhere and "tmp" not in text and assign.value.kind != "none" and text and assign.function is None:
            yield find("VI-1", "high", f"uploads are kept on the local disk ({assign.name})", assign.place, fix="attach an object store: twelve resources create s3 --as STORAGE_URL")
    for module, assign in picture.assigns("CELERY_BEAT_SCHEDULE_FILENAME", "CELERYBEAT_SCHEDULE_FILENAME", "beat_schedule_filename"):
        if module.role == "app" and "tmp" not in text_of(trace(module, assign.value)):
            yield find("VI-1", "medium", "the scheduler's state is a local file", assign.place, fix="keep schedules in the database")


def _written(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if module.role != "app" or is_development(module.path):
            continue
        for sink in sinks(module):
            if _lasting(sink):
                severity = "high" if sink.caller in WIDE else "medium"
                yield find("VI-1", severity, f"{_who(sink)} writes data to the local disk, {_shown(sink.text)}", sink.place, fix="keep it in a database or an object store")


def _lasting(sink: Sink) -> bool:
    if sink.kind in ("temp", "log", "lock", "pid", "device", "build", "source", "unknown"):
        return False
    if sink.caller in ("command", "main", "import"):
        return False
    if sink.caller in WIDE:
        return True
    return sink.kind in ("app", "absolute") and (bool(re.search(r"data|upload|media|store|storage|files?/|\.(json|db|pkl|pickle|csv|sqlite|dat|html)$", sink.text, re.IGNORECASE)))


def _who(sink: Sink) -> str:
    return {"handler": "a request", "task": "a job"}.get(sink.caller, sink.call.function.name if sink.call.function and sink.call.function.name else "the app")


def _shown(text: str) -> str:
    return re.sub(r"\{[^}]*\}", "…", text)[-40:] or "…"


def _uploads(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(*MULTER):
        if module.role != "app":
            continue
        for part in walk(call.value):
            given = part.get("dest") or part.get("destination") or part.get("uploadDir") if part.kind in ("dict", "call") else None
            if given is not None and "tmp" not in text_of(trace(module, given)) and not from_env(given):
                yield find("VI-1", "high", "uploads are kept on the local disk", call.place, fix="hand them on to an object store")
                break


def _volumes(picture: Picture) -> Iterator[Finding]:
    for docker in picture.dockerfiles:
        for one in docker.instructions:
            if one.word == "VOLUME" and one.stage == docker.final and not docker.development:
                yield find("VI-1", "medium", f"the image keeps data in a volume, {one.text[:40]}", Place(docker.path, one.line), fix="keep it in a resource")


def brief_disk(picture: Picture) -> Iterator[Judgement]:
    """VI-2."""
    for module in picture.modules:
        for sink in sinks(module) if module.role == "app" else ():
            if sink.kind == "temp" and sink.target.kind == "str" and sink.caller == "handler":
                yield find("VI-2", "low", f"each request writes the same {sink.text}", sink.place, fix="tempfile.NamedTemporaryFile")


def nothing_in_memory(picture: Picture) -> Iterator[Judgement]:
    """VI-3."""
    yield from grouped([*_random_keys(picture), *_containers(picture), *_backends(picture)])


def _random_keys(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns():
        if module.role != "app" or is_development(assign.path) or not is_key_name(assign.name) or development_only(module, assign.guards):
            continue
        if not (assign.name.isupper() or "." in assign.target) or (assign.function is not None and "." not in assign.target):
            continue
        for part in walk(trace(module, assign.value, assign.function)):
            if part.kind == "call" and RANDOM.search(part.text):
                severity = "low" if from_env(assign.value) or replaceable(module, assign) else "high"
                yield find("VI-3", severity, f"{assign.name} is made anew by each process: what one signs, another refuses", Place(assign.path, part.line or assign.line), fix=f"set {assign.name} in the deploy's config")
                break


def _containers(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if module.role != "app":
            continue
        held = {name for name, value in module.constants.items() if value.kind in ("dict", "list") or (value.kind == "call" and value.text in CONTAINERS)}
        counters = {name for name, value in module.constants.items() if value.kind in ("num", "none", "bool")}
        for name, place, function in _mutations(module, held, counters):
            if _serves(function) and not CACHE_NAMES.search(name) and not name.startswith("__"):
                yield find("VI-3", "medium", f"{name} in memory is changed by requests: other processes do not see it", place, fix="keep it in a resource")


def _serves(function: Function | None) -> bool:
    if is_handler(function):
        return True
    return function is not None and bool(re.search(r"(socket|io|client|ws|wss)\.on$|connection$", function.passed_to))


def _mutations(module: Module, held: set[str], counters: set[str]) -> Iterator[tuple[str, Place, Function | None]]:
    for call in module.calls:
        base, _, last = call.name.rpartition(".")
        if last in MUTATORS and base in held and not _shadowed(module, base, call.function):
            yield base, call.place, call.function
    declared = {(name, function.qualified) for name, function, _ in module.globals if function is not None}
    for assign in module.assigns:
        base = re.sub(r"(\[\]|\.).*$", "", assign.target)
        if assign.function is None or _shadowed(module, base, assign.function):
            continue
        if assign.target != base and base in held and (assign.target.startswith(base + "[]") or module.language != "python"):
            yield base, assign.place, assign.function
        elif assign.target == base and base in held | counters:
            if module.language == "python" and (base, assign.function.qualified) not in declared:
                continue
            if assign.augmented or base in held:
                yield base, assign.place, assign.function


def _shadowed(module: Module, name: str, function: Function | None) -> bool:
    if function is None:
        return False
    if name in function.params:
        return True
    declared = any(n == name and f is not None and f.qualified == function.qualified for n, f, _ in module.globals)
    own = [a for a in module.assigned(name) if a.function is not None and a.function.qualified == function.qualified and not a.augmented]
    return bool(own) and not declared and module.language == "python"


def _backends(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns("CHANNEL_LAYERS", "CACHES", "CACHE_TYPE", "RATELIMIT_STORAGE_URL", "RATELIMIT_STORAGE_URI"):
        if module.role != "app" or is_development(assign.path) or development_only(module, assign.guards):
            continue
        for part in walk(assign.value):
            if part.kind == "str" and re.search(r"InMemoryChannelLayer|^(SimpleCache|simple)$|^memory://", part.text) and not from_env(assign.value) and not replaceable(module, assign):
                yield find("VI-3", "medium", f"{assign.name} lives in one process's memory ({part.text.rpartition('.')[2]})", Place(assign.path, part.line or assign.line), fix="attach Redis")
    for module, call in picture.calls("socket.io.Server", "socket.io", "SocketIO", "express-rate-limit", "rateLimit", "express-rate-limit.rateLimit", "Limiter", "RateLimiter", "limiter.RateLimiter", "RateLimiterMemory", "ThrottlerModule.forRoot"):
        if module.role == "app" and not development_only(module, call.guards):
            yield from _in_memory(picture, module, call)


def _in_memory(picture: Picture, module: Module, call: Call) -> Iterator[Finding]:
    keys = set(call.value.keys) | {key for part in call.value.arguments if part.kind == "dict" for key in part.keys}
    last = call.last.removeprefix("new ")
    if last in ("Server", "socket.io", "SocketIO", "io"):
        adapter = any("adapter" in one.module for m in picture.modules for one in m.imports) or "message_queue" in keys or "adapter" in keys
        if not adapter and (last != "Server" or "socket.io" in call.name) and not call.name.startswith("socket.io-client"):
            yield find("VI-3", "medium", "sockets are known to one process alone: there is no adapter between processes", call.place, fix="add the Redis adapter")
    elif not keys & {"store", "storage_uri", "storage_url", "storage", "**"}:
        yield find("VI-3", "medium", "the rate limit is counted in one process's memory", call.place, fix="count in Redis")


def no_sticky_sessions(picture: Picture) -> Iterator[Judgement]:
    """VI-4."""
    found = [*_sessions(picture), *_sticky(picture)]
    yield from found
    if not found:
        for module, assign in picture.assigns("SESSION_ENGINE"):
            if module.role == "app":
                yield Hold("sessions are kept outside the process", assign.place)
                return


def _sessions(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls("express-session", "session"):
        if module.role != "app" or not module.imports_any("express-session") or module.aliases.get("session", "express-session") != "express-session":
            continue
        options = call.value.argument(0)
        if options is not None and options.kind == "dict" and not set(options.keys) & {"store", "**"}:
            yield find("VI-4", "high", "sessions are kept in the memory of one process (express-session without a store)", call.place, fix="give it a store in Redis")
    for module, assign in picture.assigns("SESSION_TYPE", "SESSION_ENGINE"):
        text = plain(assign.value) or ""
        if module.role == "app" and not is_development(assign.path) and (text == "filesystem" or text.endswith("sessions.backends.file")) and not replaceable(module, assign):
            yield find("VI-4", "high", "sessions are kept in local files", assign.place, fix="keep them in Redis or the database")


def _sticky(picture: Picture) -> Iterator[Finding]:
    for one in picture.workloads:
        if one.affinity:
            yield find("VI-4", "high", "the router binds each client to one process", Place(one.path, one.line), fix="keep sessions in a resource, and drop the affinity")
    for path, file in picture.files.items():
        if file.name.endswith(".conf") and file.role == "app" and file.size < 100_000 and "nginx" in path:  # noqa: PLR2004
            for number, line in enumerate(picture.text(path).splitlines(), 1):
                if re.match(r"^\s*(ip_hash|sticky)\b", line):
                    yield find("VI-4", "high", "the router binds each client to one process", Place(path, number), fix="keep sessions in a resource")


def assets_built(picture: Picture) -> Iterator[Judgement]:
    """VI-5."""
    for module, assign in picture.assigns("COMPRESS_OFFLINE", "ASSETS_AUTO_BUILD"):
        if module.role != "app" or is_development(assign.path) or assign.value.kind != "bool":
            continue
        if (assign.name, assign.value.text) in (("COMPRESS_OFFLINE", "False"), ("ASSETS_AUTO_BUILD", "True")):
            yield find("VI-5", "low", f"assets are compiled while serving ({assign.name})", assign.place, fix="compile them in the build")
        else:
            yield Hold("assets are compiled in the build", assign.place)


def not_root(picture: Picture) -> Iterator[Judgement]:
    """SEC-2."""
    for docker in picture.dockerfiles:
        users = [one for one in docker.instructions if one.word == "USER" and one.stage == docker.final]
        last = docker.instructions[-1].line if docker.instructions else 1
        if not docker.development and any(one.word in ("CMD", "ENTRYPOINT") for one in docker.instructions) and (not users or users[-1].text in ("root", "0")):
            yield find("SEC-2", "low", "the process runs as root", Place(docker.path, last), fix="USER app")
    for one in picture.workloads:
        if one.image and not one.non_root:
            yield find("SEC-2", "low", f"{one.name} may run as root", Place(one.path, one.line), fix="runAsNonRoot: true")


RULES = (
    Rule(
        "VI-1", "M", "Data that must persist goes to a stateful backing service", "processes", "high", persists_elsewhere,
        found=(
            Example({"a/settings.py": "MEDIA_ROOT = '/srv/media'\n"}, "a/settings.py:1"),
            Example({"a/v.py": "import os\ndef view(request):\n    p = os.path.join(BASE, 'posts', request.id + '.html')\n    open(p, 'w')\n"}, "a/v.py:4"),
            Example({"a.js": "const multer = require('multer')\nconst up = multer({ dest: 'uploads/' })\n"}, "a.js:2"),
        ),
        spared=(
            Example({"a/settings.py": "import os\nMEDIA_ROOT = 'm'\nSTORAGES = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}}\nif os.getenv('B'):\n    STORAGES['default'] = {'BACKEND': 'storages.backends.s3boto3.S3Boto3Storage'}\n"}),
            Example({"a/settings.py": "STATIC_ROOT = 'static'\n"}),
            Example({"a/management/commands/x.py": "def handle(self):\n    open('data/x.json', 'w')\n"}),
            Example({"a/v.py": "from PIL import Image\ndef view(request):\n    Image.open(request.FILES['f'])\n"}),
        ),
        why="The disk of a process is gone with it, and the process beside it never sees it.", way_out="Keep it in a database or an object store.",
        tokens=("MEDIA_ROOT", "UPLOAD_FOLDER", "UPLOADED_FILES_DEST", "UPLOADS_DEFAULT_DEST", "STORAGE", "SCHEDULE_FILENAME", "schedule_filename", "write_text", "write_bytes", "writeFile", "appendFile", "createWriteStream", "multer", "FileInterceptor", "diskStorage", ".mv(", "toFile", "formidable", "shutil", "shelve", "outputFile", "copyFile", "renameSync", "writeJson", "outputJson", "cpSync", "numpy", "torch.save", "joblib", "cv2.imwrite", "urlretrieve", "soundfile", "PersistentDict", "dbm.open"),
        near=((('.save(',), '\\.save\\(\\s*(os\\.path|[\\w.]*path|[\\w.]*file_?name|[\\w.]*join|f[\\"\'])'), (('rename',), 'fs\\w*\\.(promises\\.)?rename'), (('open(', 'ZipFile('), '(open|ZipFile)\\([^\\n]*\\n?[^\\n]*[\\"\'](w|a|x|r\\+|rb\\+|wb|ab|xb)[bt]?\\+?:?\\w*[\\"\']')),
        never="build output, temporary files, commands for developers, a default that a variable replaces",
        
    ),
    Rule(
        "VI-2", "M", "Disk is only a brief single-transaction cache", "processes", "low", brief_disk,
        found=(Example({"a.py": "def view(request):\n    open('/tmp/export.csv', 'w')\n"}, "a.py:2"),),
        spared=(Example({"a.py": "import tempfile\ndef view(request):\n    with tempfile.NamedTemporaryFile('w') as f:\n        pass\n"}),),
        why="Two requests at once write one file.", way_out="A file of a name of its own.", never="tempfile, sockets, caches of bytecode", tokens=("/tmp",),
    ),
    Rule(
        "VI-3", "M", "Nothing cached in memory is expected by a later request", "processes", "medium", nothing_in_memory,
        found=(
            Example({"a/settings.py": "import os, secrets\nSECRET_KEY = os.environ.get('SECRET_KEY', secrets.token_urlsafe(64))\n"}, "a/settings.py:2"),
            Example({"a.py": "carts = {}\n@app.post('/cart')\ndef add(request):\n    carts[request.user] = 1\n"}, "a.py:4"),
            Example({"a.js": "let visits = 0\napp.get('/', (req, res) => { visits++ })\n"}, "a.js:2"),
        ),
        spared=(
            Example({"a.py": "_client = None\ndef client():\n    global _client\n    _client = make()\n    return _client\n"}),
            Example({"a.py": "PAGES = {}\nPAGES['a'] = 1\ndef view(request):\n    rows = []\n    rows.append(1)\n"}),
        ),
        why="The next request may reach another process.", way_out="Keep it in a resource.", tokens=("CHANNEL_LAYERS", "CACHE_TYPE", "CACHES", "RATELIMIT_STORAGE", "socket.io", "SocketIO", "rate-limit", "rateLimit", "Limiter", "ThrottlerModule"),
        near=((('request', 'req,', 'req)', 'ctx', '.on(', 'View', 'route', 'Resource', 'Controller', '@'), '^(const |let |var |export const )?[A-Za-z_$][\\w$]*\\s*(:[^=\\n]+)?=\\s*(\\{|\\[|dict\\(|list\\(|set\\(|(collections\\.)?(defaultdict|deque|OrderedDict|Counter)\\(|new (Map|Set|WeakMap)|-?\\d|None\\b|null\\b|True\\b|False\\b|true\\b|false\\b)'), (('token_urlsafe', 'token_hex', 'token_bytes', 'urandom', 'uuid4', 'uuid1', 'get_random_secret_key', 'randomBytes', 'randomUUID', 'generate_key', 'getrandbits', 'nanoid', 'random', 'choices'), '(?i)(secret|signing|jwt|crypt|fernet|hmac|session|cookie)\\w*[\\"\'\\]]*\\s*(:[^=\\n]{1,40})?[:=]')),
        never="memoised pure functions, pools of connections, registries filled at import",
        
    ),
    Rule(
        "VI-4", "M", "No sticky sessions, no session data in process memory or local files", "processes", "high", no_sticky_sessions,
        found=(Example({"s.js": "const session = require('express-session')\napp.use(session({ secret: process.env.S }))\n"}, "s.js:2"), Example({"a/settings.py": "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\n"}, "a/settings.py:1")),
        spared=(Example({"s.js": "const session = require('express-session')\napp.use(session({ store: new RedisStore() }))\n"}), Example({"a/settings.py": "SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'\n"})),
        why="The user is logged out when another process answers.", way_out="A store with expiry, such as Redis.", never="signed cookies, tokens",
        tokens=("express-session", "SESSION_"),
    ),
    Rule(
        "VI-5", "M", "Assets are compiled in the build stage", "processes", "low", assets_built,
        found=(Example({"a/settings.py": "COMPRESS_OFFLINE = False\n"}, "a/settings.py:1"),),
        spared=(Example({"a/settings.py": "COMPRESS_OFFLINE = True\n"}),),
        why="The first request to each process would wait for the compiler.", way_out="Compile in the build.", never="-", tokens=("COMPRESS_OFFLINE", "ASSETS_AUTO_BUILD"),
    ),
    Rule(
        "SEC-2", "X", "Least privilege", "later texts: security", "low", not_root,
        found=(Example({"Dockerfile": "FROM python:3.12\nCMD [\"python\", \"a.py\"]\n"}, "Dockerfile:2"),),
        spared=(Example({"Dockerfile": "FROM python:3.12\nUSER app\nCMD [\"python\", \"a.py\"]\n"}),),
        why="A process needs no more than its work asks for.", way_out="USER in the image.", never="-",
    ),
)  # fmt: skip
