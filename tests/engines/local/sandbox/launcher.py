"""Starts one program in a box as the supervisor's init does, in a process of its own.

argv[1] is JSON: {"box", "argv", "env", "cwd", "uid", "plain", "open_init"}; ``plain`` leaves the
box out: the same program with the same uid and nothing to stop it.
"""

import contextlib
import json
import os
import signal
import sys

from twelve.engines.local import sandbox


def exec_app(job, argv):
    os.chdir(job["cwd"])
    os.execvpe(argv[0], argv, job["env"])


def run_plain(job):
    if os.geteuid() == 0 and job["uid"]:
        os.setgroups([job["uid"]])
        os.setresgid(*[job["uid"]] * 3)
        os.setresuid(*[job["uid"]] * 3)
    exec_app(job, job["argv"])


def run_init(job):
    box = job["box"]
    sandbox.enter(box)
    app = os.fork()
    if app == 0:
        os.setsid()
        try:
            sandbox.confine(box)
            exec_app(job, sandbox.wrap(box, job["argv"]))
        except OSError as error:
            os.write(2, f"launcher: {error.strerror}\n".encode())
        os._exit(126)
    signal.signal(signal.SIGTERM, lambda number, _: os.killpg(app, number))
    if not job.get("open_init"):
        sandbox.confine_init(box)
    while True:
        pid, status = os.wait()
        if pid == app:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def main():
    job = json.loads(sys.argv[1])
    if job["plain"]:
        run_plain(job)
    told, tell = os.pipe()
    pid = sandbox.clone(sandbox.clone_flags(job["box"]))
    if pid == 0:
        os.read(told, 1)
        with contextlib.suppress(SystemExit):
            try:
                run_init(job)
            except OSError as error:
                os.write(2, f"launcher: {error.strerror}\n".encode())
        os._exit(125)
    if job["box"].get("via") == "userns" and os.geteuid() == 0 and job["box"].get("uid"):
        sandbox.map_ids(job["box"], pid)
    os.write(tell, b"x")
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(pid, number))
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
