"""What reading can judge of factor VI: processes are stateless and share nothing."""

from twelve.factors.processes.check.disk import (
    assets_built,
    brief_disk,
    not_root,
    persists_elsewhere,
)
from twelve.factors.processes.check.memory import no_sticky_sessions, nothing_in_memory
from twelve.picture.code import HANDLES, TASKS
from twelve.picture.rule import Example, Rule
from twelve.picture.sinks import COPIED, OPENED, SAVES, writers

LASTING = rf"[dD]ata|DATA|[uU]pload|UPLOAD|[mM]edia|MEDIA|[sS]tor(?:e|age)|STOR|[fF]iles?/|\.(?:json|db|pkl|pickle|csv|sqlite|dat|html)\b|{HANDLES}|{TASKS}"
"""What a file says in which data may be written that should last: its name, or that requests and jobs are served."""
UPLOADS = "upload|media_?(?:dir|root|path)|attachments"
RANDOM = "|".join(
    rf"{word}\(|{word} as"
    for word in ("token_urlsafe", "token_hex", "token_bytes", "urandom", "uuid4", "uuid1", "get_random_secret_key", "randomBytes", "randomUUID", "generate_key", "getrandbits", "nanoid", "random", "choice", "choices")
)  # fmt: skip

RULES = (
    Rule(
        "VI-1", "M", "Data that must persist goes to a stateful backing service", "processes", "high", persists_elsewhere,
        doubt="a folder that a function looks up, or for files where the app has the client of an object store, or no field and no handler that takes files; a path that the caller or the environment gives; a module that removes files, too",
        found=(
            Example({"a/settings.py": "MEDIA_ROOT = '/srv/media'\n", "a/models.py": "from django.db import models\n\nclass Photo(models.Model):\n    file = models.FileField()\n"}, "a/settings.py:1"),
            Example({"a/v.py": "import os\ndef view(request):\n    p = os.path.join(BASE, 'posts', request.id + '.html')\n    open(p, 'w')\n"}, "a/v.py:4"),
            Example({"a/v.py": "import os\ndef view(request):\n    path = os.path.join('uploads', request.id)\n    request.file.save(path)\n    try:\n        send(path)\n    except OSError:\n        os.remove(path)\n"}, "a/v.py:4"),
            Example({"a.js": "const multer = require('multer')\nconst up = multer({ dest: 'uploads/' })\n"}, "a.js:2"),
            Example({"app.js": "const multer = require('multer')\nconst up = multer({ dest: 'uploads/' })\n"}, "app.js:2", severity="high"),
            Example({"app.js": "const multer = require('multer')\nconst up = multer({ dest: 'uploads/' })\n", "package.json": '{"dependencies": {"cloudinary": "2.0.0"}}'}, "app.js:2", severity="medium"),
        ),
        spared=(
            Example({"a/settings.py": "MEDIA_ROOT = BASE_DIR / 'media'\n"}, note="a line of the template: nothing takes files"), Example({"a/settings.py": "import os\nMEDIA_ROOT = 'm'\nSTORAGES = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}}\nif os.getenv('B'):\n    STORAGES['default'] = {'BACKEND': 'storages.backends.s3boto3.S3Boto3Storage'}\n"}),
            Example({"a/settings.py": "STATIC_ROOT = 'static'\n"}),
            Example({"a/settings.py": "MEDIA_ROOT = '/srv/media'\n", "web/store.ts": "const payload = 1\n"}, note="payload is no upload"),
            Example({"a/settings.py": "MEDIA_ROOT = '/srv/media'\nbackend = config.get('store')\nSTORAGES['default']['BACKEND'] = backend\n", "a/models.py": "file = models.FileField()\n"}),
            Example({"a/settings.py": "MEDIA_ROOT = '/srv/media'\n", "a/models.py": "from django.db import models\nclass Photo(models.Model):\n    file = models.FileField(upload_to=name('a'),\n        storage=Bucket())\n"}),
            Example({"a/config.py": "import os\nUPLOAD_FOLDER = read('UPLOAD_FOLDER') or 'uploads'\nif PROVIDER == 's3':\n    BUCKET = read('BUCKET')\n"}, note="the deploy says which store it has"),
            Example({"a/management/commands/x.py": "def handle(self):\n    open('data/x.json', 'w')\n"}),
            Example({"a/assets.py": "import click\n@click.command()\n@pass_ctx\ndef fetch(ctx):\n    open('data/x.json', 'w')\n"}),
            Example({"a/v.py": "import os\ndef view(request):\n    path = os.path.join('uploads', request.id)\n    request.file.save(path)\n    try:\n        send(path)\n    finally:\n        if os.path.exists(path):\n            os.remove(path)\n"}, note="a file of one transaction"),
            Example({"a/v.py": "from PIL import Image\ndef view(request):\n    Image.open(request.FILES['f'])\n"}),
        ),
        why="The disk of a process is gone with it, and the process beside it never sees it.", way_out="Keep it in a database or an object store.",
        sets=("MEDIA_ROOT", "UPLOAD_FOLDER", "UPLOADED_FILES_DEST", "UPLOADS_DEFAULT_DEST", "STORAGE", "SCHEDULE_FILENAME", "schedule_filename"),
        calls=("torch.save", "cv2.imwrite", "urlretrieve", "PersistentDict", "shelve.open", "dbm.open", "FileSystemStorage"),
        script_tokens=("writeFile", "appendFile", "createWriteStream", "multer", "FileInterceptor", "diskStorage", ".mv(", "toFile", "formidable", "outputFile", "copyFile", "renameSync", "writeJson", "outputJson", "cpSync"),
        near=(((".save(",), '\\.save\\(\\s*(os\\.path|[\\w.]*path|[\\w.]*file_?name|[\\w.]*join|f[\\"\'])'), (("makedirs", "mkdirp"), r"(?#python)(?#code)(?i)\w+(?:\s*\(|\s+as\b)", UPLOADS), (("makedirs", "mkdirSync", "mkdirp", "ensureDir"), f"(?#script)(?i){UPLOADS}"), (("rename",), "(?#script)fs\\w*\\.(promises\\.)?rename"), COPIED, (("numpy", "joblib", "soundfile", "torch", "cv2", "shelve", "dbm"), SAVES), (*OPENED, LASTING), (("write_text", "write_bytes"), r"(?#here)\w+(?:\(|\s+as\b)", LASTING)),
        never="build output, temporary files, commands for developers, a default that a variable replaces",

    ),
    Rule(
        "VI-2", "M", "Disk is only a brief single-transaction cache", "processes", "low", brief_disk,
        found=(Example({"a.py": "def view(request):\n    open('/tmp/export.csv', 'w')\n"}, "a.py:2"),),
        spared=(Example({"a.py": "import tempfile\ndef view(request):\n    with tempfile.NamedTemporaryFile('w') as f:\n        pass\n"}),),
        why="Two requests at once write one file.", way_out="A file of a name of its own.", never="tempfile, sockets, caches of bytecode", near=writers("/tmp", HANDLES),
    ),
    Rule(
        "VI-3", "M", "Nothing cached in memory is expected by a later request", "processes", "medium", nothing_in_memory,
        found=(
            Example({"a/settings.py": "import os, secrets\nSECRET_KEY = os.environ.get('SECRET_KEY', secrets.token_urlsafe(64))\n"}, "a/settings.py:2"),
            Example({"a.py": "carts = {}\n@app.post('/cart')\ndef add(request):\n    carts[request.user] = 1\n"}, "a.py:4"),
            Example({"a.py": "import os\ndef create_app():\n    app.secret_key = os.urandom(24)\n"}, "a.py:3"),
            Example({"a.js": "let visits = 0\napp.get('/', (req, res) => { visits++ })\n"}, "a.js:2"),
        ),
        spared=(
            Example({"a.py": "from pyrate_limiter import Limiter\nfrom a.buckets import RedisBucket\nlimiter = Limiter(RedisBucket.init(rates))\n"}), Example({"cli.py": "import secrets\ndef init():\n    host = Prompt.ask('host')\n    settings.SECRET_KEY = secrets.token_urlsafe(32)\n"}), Example({"a.py": "_client = None\ndef client():\n    global _client\n    _client = make()\n    return _client\n"}),
            Example({"a.py": "import uuid\ndef save(key):\n    key.secret = uuid.uuid4()\n    db.session.add(key)\n"}, note="a row's own secret, and it is stored"),
            Example({"a/config.py": "class TestingConfig(Config):\n    CACHE_TYPE = 'simple'\n"}),
            Example({"a.py": "PAGES = {}\nPAGES['a'] = 1\ndef view(request):\n    rows = []\n    rows.append(1)\n"}),
        ),
        why="The next request may reach another process.", way_out="Keep it in a resource.", sets=("CHANNEL_LAYERS", "CACHE_TYPE", "CACHES", "RATELIMIT_STORAGE"), calls=("SocketIO", "Limiter"), script_tokens=("socket.io", "rate-limit", "rateLimit", "RateLimiter", "ThrottlerModule"),
        mutated=True,
        near=((("secret", "signing", "jwt", "crypt", "fernet", "hmac", "session", "cookie"), r"(?#here)(?i)\w*[\"'\]]*\s*(?::[^=\n]{1,40})?(?:[:=]|:=)(?!=)", RANDOM),),
        never="memoised pure functions, pools of connections, registries filled at import",

    ),
    Rule(
        "VI-4", "M", "No sticky sessions, no session data in process memory or local files", "processes", "high", no_sticky_sessions,
        found=(Example({"s.js": "const session = require('express-session')\napp.use(session({ secret: process.env.S }))\n"}, "s.js:2"), Example({"a/settings.py": "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\n"}, "a/settings.py:1")),
        spared=(Example({"s.js": "const session = require('express-session')\napp.use(session({ store: new RedisStore() }))\n"}), Example({"a/settings.py": "SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'\n"})),
        why="The user is logged out when another process answers.", way_out="A store with expiry, such as Redis.", never="signed cookies, tokens",
        script_tokens=("express-session",), sets=("SESSION_",),
    ),
    Rule(
        "VI-5", "M", "Assets are compiled in the build stage", "processes", "low", assets_built,
        found=(Example({"a/settings.py": "COMPRESS_OFFLINE = False\n"}, "a/settings.py:1"),),
        spared=(Example({"a/settings.py": "COMPRESS_OFFLINE = True\n"}),),
        why="The first request to each process would wait for the compiler.", way_out="Compile in the build.", never="-", sets=("COMPRESS_OFFLINE", "ASSETS_AUTO_BUILD"),
    ),
    Rule(
        "SEC-2", "X", "Least privilege", "later texts: security", "low", not_root,
        found=(Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "a.py"]\n'}, "Dockerfile:2"),),
        spared=(Example({"Dockerfile": 'FROM python:3.12\nUSER app\nCMD ["python", "a.py"]\n'}),),
        why="A process needs no more than its work asks for.", way_out="USER in the image.", never="-",
    ),
)  # fmt: skip
