"""What reading can judge of factor XI: logs are event streams."""

from twelve.factors.logs.check.files import no_log_files
from twelve.factors.logs.check.stream import (
    EXPORTERS,
    no_destination,
    no_secrets,
    to_stdout,
    traced,
    unbuffered,
    visible,
)
from twelve.picture.rule import Example, Rule
from twelve.picture.sinks import writers

HANDLERS = (
    ("handlers",),
    r"(?#here)handlers[\"']?\]?(?:\[[^\]\n]*\]|\.\w+)*\s*(?::[^=\n]{0,40})?[:=]\s*(?:\{|dict\()",
)
SETS = ("LOGGING", "LOG_CONFIG", "logging_config", "log_config", "logconfig")
MAKES = ("mkdir", "makedirs", "ensureDir")
FOLDERS = (
    (MAKES, r"(?#here)\w*\([^\n]*(?:\n[^\n]*)?[\"'`/]logs?/?[\"'`]"),
    (("log'", "logs'", 'log"', 'logs"', "log/", "logs/"), r"(?#here)logs?/?[\"'][\s,)]*\.mkdir\("),
    (MAKES, r"(?#here)\w*(?:\(|\s+as\b)", r"(?:log|Log|LOG)(?:s|S|ging|GING)?_?(?:[dD]ir|DIR|[pP]ath|PATH|[fF]older|FOLDER|[rR]oot|ROOT)"),
)  # fmt: skip
"""What a file says that makes a folder for log files."""
LOGGED = r"\.log[\"'`]|\.log\.\w*[\"'`{]|[\"'`/]logs?[\"'`/]"

RULES = (
    Rule(
        "XI-1", "M", "The app writes and manages no log files", "logs", "high", no_log_files,
        doubt="a folder for logs that is made, and a file of any name in -log that is opened: both may be data",
        found=(
            Example({"ecosystem.config.js": "module.exports = { apps: [{ script: 'a.js',\n out_file: 'logs/out.log' }] }\n"}, "ecosystem.config.js:2"), Example({"config/production.json": '{"appenders": {"a": {\n"type": "dateFile", "filename": "a.log"}}}'}, "config/production.json:2"), Example({"a/configs/default.py": "class Default:\n    LOG_DEFAULT_CONF = {'handlers': {'f': {\n        'class': 'logging.handlers.RotatingFileHandler',\n        'filename': 'a.log'}}}\n"}, "a/configs/default.py:3"), Example({"a/v.py": "import logging\nlogging.basicConfig(level=1, filename='app.log')\n"}, "a/v.py:2"),
            Example({"a/settings.py": "LOGGING = {'handlers': {'f': {\n    'class': 'logging.FileHandler',\n    'filename': 'a.log'}}}\n"}, "a/settings.py:2"),
            Example({"l.js": "const winston = require('winston')\nwinston.createLogger({ transports: [\n new winston.transports.File({ filename: 'e.log' })] })\n"}, "l.js:3"),
            Example({"Procfile": "web: gunicorn a --access-logfile /var/log/a.log\n"}, "Procfile:1"),
            Example({"a/log.py": "import logging\ndef make(name, path=None):\n    if path is not None:\n        logging.getLogger(name).addHandler(logging.FileHandler(path))\n", "a/v.py": "from a.log import make\nmake('v', path='v.log')\n"}, "a/log.py:4"),
            Example({"a/settings.py": "LOGGING = {'handlers': {'f': {\n    'class': 'logging.FileHandler',\n    'filename': 'a.log'}}}\n"}, "a/settings.py:2", severity="high"),
            Example({"a/settings.py": "import os\nLOGS_DIR = 'logs'\nos.makedirs(LOGS_DIR)\n"}, "a/settings.py:3", severity="medium"),
        ),
        spared=(
            Example({"Procfile": "web: gunicorn a --log-file - --access-logfile /dev/stdout\n"}),
            Example({"a/settings.py": "LOGGING = {'handlers': {'c': {'class': 'logging.StreamHandler'}, 'n': {'class': 'logging.NullHandler'}}}\n"}),
            Example({"a/log.py": "import logging\ndef make(name, path=None):\n    if path is not None:\n        logging.getLogger(name).addHandler(logging.FileHandler(path))\n", "a/v.py": "from a.log import make\nmake('v')\n"}, note="no call names a file"),
            Example({"gunicorn.conf.py": "accesslog = '-'\n"}), Example({"supervisord.conf": "[program:a]\ncommand=x\nstdout_logfile=/dev/stdout\n"}),
        ),
        why="A file on the process's disk is lost with it, fills it, and nobody reads it.", way_out="Write each event to stdout.", calls=("FileHandler", "basicConfig", "logger.add", "dictConfig", "fileConfig"), sets=(*SETS, "accesslog", "errorlog"), script_tokens=("transports", "log4js", "pino", "RotateFile", "rotating-file"),
        near=(*writers(LOGGED), *FOLDERS, HANDLERS),
        never="`-`, /dev/stdout, NullHandler",
        fixable=True,
    ),
    Rule(
        "XI-2", "M", "The event stream goes to stdout", "logs", "low", to_stdout,
        found=(Example({"a/settings.py": "LOGGING = {'handlers': {'db': {'class': 'a.logs.Handler'}}}\n"}, "a/settings.py:1"), Example({"a/settings.py": "INSTALLED_APPS = []\n"}, "a/settings.py:1")),
        spared=(Example({"a/settings.py": "INSTALLED_APPS = []\nLOGGING = {'handlers': {'console': {'class': 'logging.StreamHandler'}}}\n"}),),
        why="What is not on the stream nobody can collect.", way_out="A StreamHandler.", never="libraries; print and morgan write to the stream", sets=("LOGGING", "INSTALLED_APPS"), fixable=True, prover=True,
    ),
    Rule(
        "XI-3", "M", "Unbuffered", "logs", "low", unbuffered,
        found=(Example({"Dockerfile": 'FROM python:3.12\nENV PYTHONUNBUFFERED=0\nCMD ["python", "a.py"]\n'}, "Dockerfile:2"), Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "a.py"]\n'}, "Dockerfile:2")),
        spared=(Example({"Dockerfile": 'FROM python:3.12\nENV PYTHONUNBUFFERED=1\nCMD ["python", "a.py"]\n'}), Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "-u", "a.py"]\n'})),
        why="The last events before a crash are the ones that one needs.", way_out="PYTHONUNBUFFERED=1.", never="logging.StreamHandler, which flushes each record", fixable=True, prover=True,
    ),
    Rule(
        "XI-5", "M", "The app does not choose destination or retention", "logs", "medium", no_destination,
        found=(
            Example({"a/prod.py": "LOGGING['handlers']['syslog'] = {\n    'class': 'logging.handlers.SysLogHandler'}\n"}, "a/prod.py:2"), Example({"a/settings.py": "LOGGING = {'handlers': {'db': {\n    'class': 'a.logs.Handler'}}}\n", "a/logs.py": ""}, "a/settings.py:2"),
            Example({"a/settings.py": "import os\nLOGROTATE_MAX_BACKUPS = os.getenv('LOGROTATE_MAX_BACKUPS', 20)\n"}, "a/settings.py:2"),
        ),
        spared=(Example({"a/settings.py": "LOGGING = {'handlers': {'c': {'class': 'logging.StreamHandler'}, 'm': {'class': 'django.utils.log.AdminEmailHandler'}}}\n"}),),
        why="Where the stream ends differs from deploy to deploy.", way_out="Drains of the platform.", calls=("dictConfig",), sets=SETS, script_tokens=("transports", "winston"), tokens=("SysLog", "Logstash", "CloudWatch", "cloudwatch", "Loki", "loki", "Fluent", "GELF", "SocketHandler", "HTTPHandler", "SMTPHandler", "DatagramHandler"),
        near=((("LOG",), r"(?#here)(?<!\w)LOG(?:_?ROTATE|_(?:MAX|BACKUP|RETENTION|KEEP|ROTATION)|_?FILE)"), HANDLERS),
        never="error trackers and OTLP exporters that the environment configures",

    ),
    Rule(
        "XI-6", "X", "No secrets in the stream", "later texts", "low", no_secrets,
        found=(Example({"a.py": "import os\nprint(os.environ)\n"}, "a.py:2"),), spared=(Example({"a.py": "print('started')\n"}),),
        why="Logs are read by many.", way_out="Name the fields.", never="-", tokens=("os.environ", "process.env", "request.body", "req.body", "request.POST", "request.data"),
    ),
    Rule(
        "TEL-1", "X", "Liveness and readiness are visible", "later texts: telemetry", "info", visible,
        found=(Example({"k.yml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n        - image: a:1\n"}, "k.yml:8"),),
        spared=(Example({"Procfile": "web: gunicorn a\n"}),), why="Who cannot see it cannot route around it.", way_out="Probes.", never="apps without resources",
    ),
    Rule(
        "TEL-2", "X", "Metrics and traces by open standards, targets from env", "later texts: telemetry", "low", traced,
        found=(
            Example({"a.py": "from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter\ne = OTLPSpanExporter(endpoint='http://collector:4317')\n"}, "a.py:2"),
            Example({"a.js": "const e = new OTLPTraceExporter({ url: 'http://collector:4318/v1/traces' })\n"}, "a.js:1"),
        ),
        spared=(
            Example({"requirements.txt": "opentelemetry-api==1.0\n"}),
            Example({"a.py": "import os\ne = OTLPSpanExporter(endpoint=os.environ['COLLECTOR_URL'])\n"}),
            Example({"a.py": "e = OTLPSpanExporter()\n"}),
        ),
        why="Numbers belong to a standard, and each deploy has a place of its own for them.", way_out="OTEL_*.",
        never="defaults of a variable", tokens=EXPORTERS, prover=True,
    ),
)  # fmt: skip
