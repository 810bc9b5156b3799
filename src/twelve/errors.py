"""What can go wrong, named for the situation: a sentence for people, a next step, an exit code."""

import errno

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 69
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class TwelveError(Exception):
    """Something that a person can mend.

    ``message`` names the place and the problem, ``hint`` the next step; ``code`` is the word that
    scripts and the API match on, ``status`` the HTTP status of the same fault.
    """

    code = "failed"
    status = 400
    exit_code = EXIT_FAILED

    def __init__(self, message: str, hint: str = "", *, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = problems
        """Further faults of the same kind, when all of them can be named at once."""


class Usage(TwelveError):
    """The call's words are off."""

    code = "usage"
    exit_code = EXIT_USAGE


class Invalid(TwelveError):
    """A file, a value or a request does not say what it must."""

    code = "invalid"
    status = 422


class NotFound(TwelveError):
    """There is no app, deploy, release, process or resource of that name."""

    code = "not-found"
    status = 404


class Conflict(TwelveError):
    """It exists already, or something else is under way."""

    code = "conflict"
    status = 409


class Refused(TwelveError):
    """The request is well formed, but the app's own contract or a limit forbids it."""

    code = "refused"
    status = 409


class Unauthorized(TwelveError):
    """No token, or one that is not known."""

    code = "unauthorized"
    status = 401


class Unreachable(TwelveError):
    """The control plane, or a part of it, does not answer."""

    code = "unreachable"
    status = 503
    exit_code = EXIT_UNREACHABLE


class BuildFailed(TwelveError):
    """A build step ended with an error; the message carries its last lines."""

    code = "build-failed"
    status = 422


class Full(TwelveError):
    """There is no room on the disk; what could not be written can be tried again."""

    code = "disk-full"
    status = 507


class ReleaseFailed(TwelveError):
    """The release phase, or the start of the new processes, failed; the old release serves on."""

    code = "release-failed"
    status = 422


class Missing(TwelveError):
    """A program, an interpreter or an extra that the job needs is not on this machine."""

    code = "missing"
    status = 424


class Cancelled(TwelveError):
    """The user took it back before the switch."""

    code = "cancelled"
    status = 409
    exit_code = EXIT_INTERRUPTED


class Bug(TwelveError):
    """Our fault: the message names a report file."""

    code = "bug"
    status = 500
    exit_code = EXIT_BUG


def as_full(error: BaseException) -> Full | None:
    """What to say of an error of the system that tells of a full disk; None for any other."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        where = f"{error.filename}: " if error.filename else ""
        return Full(
            f"{where}the disk is full",
            hint="make room: twelve doctor says what takes it; then try again",
        )
    return None
