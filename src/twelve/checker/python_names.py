"""The names by which Python reads the environment and joins paths."""

DEPTH = 12
ENV_CALLS = frozenset(
    {
        "os.getenv",
        "os.environ.get",
        "os.environ.pop",
        "os.environ.setdefault",
        "os.getenvb",
        "getenv",
        "environ.get",
    }
)
ENV_OBJECTS = frozenset({"os.environ", "environ", "os.environb"})
ENV_CASTS = frozenset(
    [
        "str",
        "bool",
        "int",
        "float",
        "json",
        "list",
        "tuple",
        "dict",
        "url",
        "db_url",
        "db",
        "cache_url",
        "cache",
        "email_url",
        "email",
        "search_url",
        "path",
        "bytes",
        "unicode",
        "log_level",
        "date",
        "datetime",
        "timedelta",
        "uuid",
        "enum",
        "decimal",
        "as_bool",
        "as_int",
        "as_str",
        "dj_db_url",
        "dj_cache_url",
        "dj_email_url",
        "subst_vars",
    ]
)
READERS = {
    "environ.Env",
    "environ.FileAwareEnv",
    "environs.Env",
    "environs.FileAwareEnv",
    "decouple.Config",
    "decouple.AutoConfig",
    "starlette.config.Config",
    "prettyconf.Configuration",
    "envparse.Env",
    "env.Env",
}
"""Classes whose instances are called with a variable's name."""
READER_CALLS = {"decouple.config", "envparse.env", "prettyconf.config", "environs.env"}
URL_CALLS = {
    "dj_database_url.config": "DATABASE_URL",
    "dj_email_url.config": "EMAIL_URL",
    "django_cache_url.config": "CACHE_URL",
    "dj_cache_url.config": "CACHE_URL",
    "django_redis_url.config": "REDIS_URL",
}
JOINS = frozenset(
    {
        "os.path.join",
        "posixpath.join",
        "pathlib.Path",
        "urllib.parse.urljoin",
        "Path",
        "str",
        "os.fspath",
        "os.path.abspath",
        "pathlib.PurePath",
        "pathlib.PosixPath",
        "os.path.expanduser",
        "os.path.normpath",
        "os.path.realpath",
    }
)
METHOD_JOINS = frozenset(
    {
        "joinpath",
        "format",
        "strip",
        "rstrip",
        "lower",
        "upper",
        "encode",
        "decode",
        "resolve",
        "absolute",
        "as_posix",
        "removesuffix",
        "removeprefix",
        "with_suffix",
        "with_name",
        "expanduser",
        "replace",
        "split",
        "lstrip",
    }
)


def package_of(path: str, level: int) -> str:
    """The package that so many dots mean in a file."""
    folders = path.rpartition("/")[0].split("/")
    kept = folders[: len(folders) - level + 1]
    return "." + ".".join(part for part in kept if part)
