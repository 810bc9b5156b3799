import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest
from tests.engines.local.collector.worlds import numbers, until

from twelve.factors.logs import index

pytestmark = pytest.mark.live


def test_what_was_printed_before_the_collector_came_is_there(world):
    web = world.fifos()
    web.write(b"early\n")
    world.start()
    until(lambda: web.bytes_of() == b"early\n")


def test_every_byte_is_kept_as_it_came(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"a\0b\rc\xff\xfe\n\n\nno newline")
    web.write(b"an error\n", "stderr")
    web.drain()
    assert web.bytes_of() == b"a\0b\rc\xff\xfe\n\n\nno newline"
    assert web.bytes_of("stderr") == b"an error\n"


def test_a_quiet_stream_makes_no_files(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"x\n")
    web.drain()
    assert not (collecting.home / web.dir / "stderr").exists()


def test_drained_is_said_only_when_nothing_is_left_in_the_pipe(collecting):
    web = collecting.fifos()
    web.open()
    for turn in range(20):
        web.write(b"x" * 60_000 + b"\n")
        web.drain()
        assert len(web.bytes_of()) == 60_001 * (turn + 1)


def test_a_folder_that_was_never_opened_is_drained_too(collecting):
    web = collecting.fifos()
    web.write(b"never opened\n")
    web.drain()
    assert web.bytes_of() == b"never opened\n"


def test_a_folder_that_is_not_there_is_drained(collecting):
    folder = f"{collecting.run}/p/nobody"
    assert collecting.ask(op="drain", folder=folder) == {"drained": folder}


def test_descriptors_go_when_the_folder_goes(collecting):
    def open_now():
        return len(os.listdir(f"/proc/{collecting.process.pid}/fd"))

    before = open_now()
    for n in range(5):
        web = collecting.fifos(f"shop/production/run.{n}@v7")
        web.open()
        web.write(b"x\n")
        web.drain()
        web.remove()
    until(lambda: open_now() == before)


def test_an_end_that_comes_with_the_last_bytes_is_noticed(collecting):
    before = len(os.listdir(f"/proc/{collecting.process.pid}/fd"))
    webs = [collecting.fifos(f"shop/production/run.{n}@v7") for n in range(20)]
    for web in webs:
        web.open()
        web.write(b"first\n")
    for web in webs:
        until(lambda web=web: web.bytes_of() == b"first\n")
        web.write(b"last, and gone\n")
        web.remove()
    until(lambda: len(os.listdir(f"/proc/{collecting.process.pid}/fd")) == before)
    assert {web.bytes_of() for web in webs} == {b"first\nlast, and gone\n"}


def test_lines_that_follow_each_other_are_taken_together(collecting):
    webs = [collecting.fifos(f"shop/production/web.{n}@v7") for n in range(4)]
    for web in webs:
        web.open()
    for n in range(300):
        for web in webs:
            web.write(b"%010d\n" % n)
        time.sleep(0.001)
    for web in webs:
        web.drain()
        assert numbers(web.bytes_of()) == list(range(300))
        # One record a write would be 300 of them.
        written = (collecting.home / web.dir / "stdout" / index.index_name(0)).stat().st_size
        assert written < 150 * index.SIZE


def test_a_fifo_made_anew_under_the_same_name_goes_on_with_the_stream(collecting):
    first = collecting.fifos()
    first.open()
    first.write(b"one\n")
    first.remove()
    second = collecting.fifos()
    second.open()
    second.write(b"two\n")
    second.drain()
    assert second.bytes_of() == b"one\ntwo\n"


def test_a_stream_without_writers_costs_nothing_while_its_folder_stays(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"x\n")
    web.let_go()
    until(lambda: web.bytes_of() == b"x\n")
    before = collecting.cpu()
    time.sleep(1.5)
    assert collecting.cpu() - before <= 0.02
    again = os.open(web.path / "stdout", os.O_WRONLY | os.O_NONBLOCK)
    os.write(again, b"back\n")
    until(lambda: web.bytes_of() == b"x\nback\n")
    os.close(again)


def test_five_hundred_quiet_streams_cost_no_cpu(world):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        webs = [world.fifos(f"shop/production/web.{n}@v7") for n in range(250)]
        world.start()
        for web in webs:
            web.write(b"hello\n")
        until(lambda: all(web.bytes_of() == b"hello\n" for web in webs))
        time.sleep(0.5)
        before = world.cpu()
        time.sleep(2)
        assert world.cpu() - before <= 0.02
        for web in webs:
            web.let_go()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_term_takes_what_is_in_the_pipes_and_exits_with_0(collecting):
    webs = [collecting.fifos(f"shop/production/web.{n}@v7") for n in range(8)]
    for web in webs:
        web.open()
    os.kill(collecting.process.pid, signal.SIGSTOP)
    for web in webs:
        web.write(b"last words\n")
    collecting.process.send_signal(signal.SIGTERM)
    assert collecting.kill(signal.SIGCONT) == 0
    assert {web.bytes_of() for web in webs} == {b"last words\n"}
    assert not (collecting.run / "collector.sock").exists()


def test_a_burst_at_the_exit_of_a_process_is_whole(collecting):
    web = collecting.fifos()
    web.open()
    assert collecting.write_lines(web, 0, 20_000, chunk=1 << 16).wait(30) == 0
    web.drain()
    assert numbers(web.bytes_of()) == list(range(20_000))


def test_a_flood_does_not_keep_a_quiet_stream_waiting(collecting):
    flood, quiet = collecting.fifos("shop/production/worker.1@v7"), collecting.fifos()
    flood.open()
    quiet.open()
    writer = subprocess.Popen(["cat", "/dev/zero"], stdout=flood.hold["stdout"])
    collecting.writers.append(writer)
    until(lambda: len([*(collecting.home / flood.dir).glob("stdout/*.log")]) > 2)
    worst = 0.0
    for n in range(20):
        begun = time.monotonic()
        quiet.write(b"%d\n" % n)
        until(lambda n=n: quiet.bytes_of().endswith(b"%d\n" % n))
        worst = max(worst, time.monotonic() - begun)
    writer.kill()
    writer.wait()
    assert worst < 1.0


@pytest.mark.parametrize("chunk", [100, 4097])
def test_ten_kills_lose_tear_and_double_nothing(world, chunk):
    web = world.fifos()
    world.start()
    writer = world.write_lines(web, 0, 300_000, chunk=chunk)
    chance = random.Random(chunk)
    for _ in range(10):
        time.sleep(chance.uniform(0.0, 0.06))
        world.kill()
        world.start()
    assert writer.wait(60) == 0
    web.drain()
    data = web.bytes_of()
    assert numbers(data) == list(range(300_000))
    assert {len(line) for line in data.splitlines()} == {99}
    check_index(world.home / web.dir / "stdout")


def check_index(folder):
    at = last = 0
    for path in sorted(folder.glob("*.idx")):
        for offset, length, _flags, ns, sequence in index.records(path.read_bytes()):
            assert offset == at
            assert sequence > last
            assert ns > 1_700_000_000 * 10**9
            at, last = at + length, sequence
    assert at == sum(path.stat().st_size for path in folder.glob("*.log"))


def test_the_sequence_goes_on_when_its_mark_is_lost(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"one\n")
    web.drain()
    collecting.kill()
    (collecting.home / "logs/sequence").unlink()
    collecting.start()
    web.write(b"two\n")
    web.drain()
    check_index(collecting.home / web.dir / "stdout")


def test_an_unfinished_line_is_ended_when_its_process_is(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"Segmentation fau")
    web.drain()
    web.drain()
    web.write(b"started\n")
    web.drain()
    path = collecting.home / web.dir / "stdout" / index.index_name(0)
    assert [record[1:3] for record in index.records(path.read_bytes())] == [
        (16, 0),
        (0, index.END),
        (8, 0),
    ]


def test_lines_left_unfinished_by_a_crash_of_everything_are_ended_at_the_next_start(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"half a li")
    until(web.bytes_of)
    collecting.kill()
    web.remove()
    collecting.start()
    path = collecting.home / web.dir / "stdout" / index.index_name(0)
    until(lambda: index.records(path.read_bytes())[-1][2] == index.END)


def test_a_second_collector_on_one_home_is_refused(collecting):
    other = collecting.run / "other"
    other.mkdir()
    words = [sys.executable, "-I", "-m", "twelve.engines.local.collector"]
    done = subprocess.run(
        [*words, "--run", str(other), "--home", str(collecting.home)],
        stderr=subprocess.PIPE,
        timeout=30,
        check=False,
    )
    assert done.returncode == 75
    assert b"another collector" in done.stderr


def test_a_folder_that_says_nonsense_stops_nobody_else(world):
    for number, text in enumerate((b"", b"{}", b'{"logs":{"dir":"/etc"},"streams":["stdout"]}')):
        folder = world.run / "p" / f"bad{number}"
        folder.mkdir(parents=True)
        (folder / "stream.json").write_bytes(text)
    link = world.fifos("shop/production/web.2@v7")
    (link.path / "stdout").unlink()
    (link.path / "stdout").symlink_to("/etc/passwd")
    web = world.fifos()
    world.start(stderr=subprocess.DEVNULL)
    web.write(b"fine\n")
    until(lambda: web.bytes_of() == b"fine\n")


def test_its_own_stderr_may_be_one_of_its_streams(world):
    own = world.fifos("twelve/platform/collector@-")
    for number in range(3000):
        folder = world.run / "p" / f"bad{number}"
        folder.mkdir()
        (folder / "stream.json").write_bytes(b"x" * 100)
    os.set_blocking(own.hold["stderr"], True)
    world.start(stderr=own.hold["stderr"])
    web = world.fifos()
    web.open()
    web.write(b"fine\n")
    web.drain()
    assert web.bytes_of() == b"fine\n"
    until(lambda: own.bytes_of("stderr").count(b"bad") > 100)


def test_a_folder_is_one_folder_by_whatever_path(collecting):
    web = collecting.fifos()
    web.open()
    link = collecting.home / "link"
    link.symlink_to(collecting.run)
    other = f"{link}/p/{web.path.name}"
    before = len(os.listdir(f"/proc/{collecting.process.pid}/fd"))
    assert collecting.ask(op="open", folder=other) == {"opened": other}
    # The connection that asked may be closed there a moment later than here.
    deadline = time.monotonic() + 10
    while len(os.listdir(f"/proc/{collecting.process.pid}/fd")) > before:
        assert time.monotonic() < deadline
    web.write(b"x\n")
    assert collecting.ask(op="drain", folder=other) == {"drained": other}
    assert web.bytes_of() == b"x\n"


def test_the_collector_is_small(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"x\n")
    web.drain()
    assert collecting.pss() < 12_000
    code = (
        "import sys, json, twelve.engines.local.collector.loop; print(json.dumps([*sys.modules]))"
    )
    modules = json.loads(subprocess.check_output([sys.executable, "-I", "-c", code]))
    assert not {"typing", "asyncio", "logging", "subprocess", "msgspec"} & set(modules)
