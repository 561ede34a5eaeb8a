"""What needs the kernel: the sandbox, a full disk."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from bench import BUILD, Bench


def run_as_this_user_and_another(name):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(BUILD / "tests" / name, folder)
        runs = [[program]]
        if os.getuid() == 0:
            runs.append(["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", program])
        for command in runs:
            done = subprocess.run([*command, "--gtest_brief=1"], capture_output=True, text=True, timeout=300, cwd="/")
            assert done.returncode == 0, " ".join(command) + "\n" + done.stdout[-3000:] + done.stderr[-1000:]


def test_sandbox_denies_as_this_user_and_as_another():
    run_as_this_user_and_another("ratchet-sandbox-tests")


def test_a_full_disk_loses_nothing_while_deploying_rolling_back_and_writing_state():
    run_as_this_user_and_another("ratchet-full-disk-tests")


def test_what_a_killed_daemon_left_of_its_sandboxes_is_removed():
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = pathlib.Path(tempfile.gettempdir()) / ("ratchet-sandbox-%d-test" % gone.pid)
    (left / "copy").mkdir(parents=True)
    os.utime(left, (1, 1))
    with Bench() as b:
        b.start()
        b.wait(lambda: not left.exists())
