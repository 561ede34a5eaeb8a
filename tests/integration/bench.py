"""What the cases share: a folder with a configuration, a copy of the example, and a daemon on ports of its own."""

import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/meeting_service"
BUILD = pathlib.Path(os.environ["RATCHET_TEST_BUILD"])
RESERVED = []


def free_port():
    """A port for this case alone, though others run at once: nobody listens on it, and a name of the kernel's own
    says that it is taken until this process ends. It is below those that the kernel gives to clients."""
    while True:
        port = random.randrange(10_000, 32_000)
        taken = socket.socket(socket.AF_UNIX)
        try:
            taken.bind("\0ratchet-test-port-%d" % port)
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", port))
        except OSError:
            taken.close()
            continue
        RESERVED.append(taken)
        return port


class Bench:
    """A folder with a configuration, a copy of the example, and a daemon on free ports."""

    def __init__(self, extra="", component=True, tests_timeout="20s"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ratchet-it-"))
        self.root = self.folder / "service"
        shutil.copytree(EXAMPLE, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        self.api, self.otlp = free_port(), free_port()
        self.config = self.folder / "ratchet.toml"
        text = 'state_dir = "state"\n%s\n[http]\nport = %d\n[otlp]\nport = %d\n[cycle]\nscheduled = false\n' % (extra, self.api, self.otlp)
        if component:
            text += ('[[component]]\nname = "svc"\nroot = "service"\nsources = ["meeting/**/*.py"]\n[component.tests]\n'
                     'command = ["python3", "-m", "unittest", "discover", "-s", "tests"]\ntimeout = "%s"\n' % tests_timeout)
        self.config.write_text(text)
        self.daemon = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *arguments, timeout=120, **environment):
        return subprocess.run([BUILD / "ratchet", "-c", self.config, *arguments], capture_output=True, text=True, timeout=timeout,
                              env={**os.environ, **environment})

    def start(self):
        self.daemon = subprocess.Popen([BUILD / "ratchet", "-c", self.config, "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(200):
            try:
                if self.http("GET", "/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the daemon does not start")

    def wait(self, found, seconds=20):
        """The first true answer of `found`."""
        end = time.time() + seconds
        while time.time() < end:
            if answer := found():
                return answer
            time.sleep(0.1)
        raise AssertionError("nothing in %d s" % seconds)

    def http(self, method, path, body=None, key=None, port=None, headers=None):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port or self.api, path), body, headers or {}, method=method)
        if key:
            request.add_header("Authorization", "Bearer " + key)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def key(self, name="test", role="operator", *tenants):
        done = self.run("key", "add", name, "--role", role, *(["--tenants", *tenants] if tenants else []))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def validate(self, files):
        """Runs the gates on the change; gives gate → outcome and the whole report."""
        change = self.folder / "change"
        shutil.rmtree(change, ignore_errors=True)
        for path, text in files.items():
            (change / path).parent.mkdir(parents=True, exist_ok=True)
            (change / path).write_text(text)
        done = self.run("validate", "--component", "svc", "--change", str(change), "--json")
        assert done.stdout, done.stderr
        report = json.loads(done.stdout)
        return {g["gate"]: g["outcome"] for g in report["gates"]}, report

    def source(self, path):
        return (self.root / path).read_text()
