#!/usr/bin/env python3
"""Runs the meeting service: HTTP, reload without a dropped request, and health.

    server.py --port 8080 --database meetings.db [--otlp http://127.0.0.1:4318] [--seed-data]

POST /admin/reload loads the code anew beside the running one and then switches; when loading fails
the running code stays. GET /admin/version tells the SHA-256 of every source file that is loaded.
"""

import argparse
import hashlib
import importlib.abc
import importlib.util
import json
import pathlib
import socketserver
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parent
PACKAGE = "meeting"
KEEP = PACKAGE + ".telemetry"  # one exporter for all versions of the code


class Loader(importlib.abc.Loader):
    """Compiles a module from the very bytes whose digest it notes."""

    def __init__(self, path, digests):
        self.path, self.digests = path, digests

    def exec_module(self, module):
        source = self.path.read_bytes()
        self.digests[str(self.path.relative_to(ROOT))] = hashlib.sha256(source).hexdigest()
        module.__file__ = str(self.path)
        exec(compile(source, str(self.path), "exec"), module.__dict__)


class Finder(importlib.abc.MetaPathFinder):
    def __init__(self, digests):
        self.digests = digests

    def find_spec(self, name, path=None, target=None):
        if name != PACKAGE and not name.startswith(PACKAGE + "."):
            return None
        file = ROOT.joinpath(*name.split("."))
        package = file.is_dir()
        source = file / "__init__.py" if package else file.with_suffix(".py")
        if not source.exists():
            return None
        return importlib.util.spec_from_file_location(
            name, source, loader=Loader(source, self.digests), submodule_search_locations=[str(file)] if package else None)


class Version:
    """One loaded version of the code."""

    def __init__(self, database, telemetry_of):
        self.digests = {}
        finder = Finder(self.digests)
        old = {name: module for name, module in sys.modules.items() if name.split(".")[0] == PACKAGE}
        for name in old:
            if name != KEEP:
                del sys.modules[name]
        sys.meta_path.insert(0, finder)
        try:
            api = importlib.import_module(PACKAGE + ".api")
            self.telemetry = telemetry_of(importlib.import_module(KEEP))
            self.api = api.Api(database, self.telemetry)
            self.not_found = api.NotFound
        except BaseException:
            for name in [n for n in sys.modules if n.split(".")[0] == PACKAGE]:
                del sys.modules[name]
            sys.modules.update(old)
            raise
        finally:
            sys.meta_path.remove(finder)


class Service:
    def __init__(self, database, otlp, component):
        self.database, self.otlp, self.component = database, otlp, component
        self.lock, self.telemetry, self.generation = threading.Lock(), None, 0
        self.reload()

    def telemetry_of(self, module):
        if self.telemetry is None:
            self.telemetry = module.Telemetry(self.otlp, self.component)
        return self.telemetry

    def reload(self):
        with self.lock:
            self.version = Version(self.database, self.telemetry_of)
            self.generation += 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/admin/reload":
            return self.reload()
        try:
            arguments = json.loads(body)
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            return self.answer(400, {"error": "the body is no JSON object"})
        self.serve(self.path, arguments)

    def do_GET(self):
        service = self.server.service
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/health":
            return self.answer(200, {"status": "ok"})
        if url.path == "/admin/version":
            return self.answer(200, {"generation": service.generation, "files": service.version.digests})
        self.serve(url.path, dict(urllib.parse.parse_qsl(url.query)))

    def reload(self):
        try:
            self.server.service.reload()
        except BaseException as error:
            return self.answer(500, {"error": "%s: %s" % (type(error).__name__, error)})
        self.answer(200, {"generation": self.server.service.generation})

    def serve(self, path, arguments):
        """Answers a request of a tenant; it ends with the code it began with."""
        version = self.server.service.version
        tenant = self.headers.get("X-Tenant", "")
        try:
            operation, handler = version.api.route(self.command, path)
        except version.not_found:
            return self.answer(404, {"error": "not found"})
        status, body = 200, None
        with version.telemetry.request(tenant, operation) as span:
            try:
                body = handler(tenant, arguments)
            except version.not_found as error:
                status, body = 404, {"error": str(error)}
            except TypeError as error:
                status, body = 400, {"error": str(error)}
            except Exception as error:
                version.telemetry.exception(error)
                status, body, span.failed = 500, {"error": type(error).__name__}, True
            span.values["http.response.status_code"] = status
        version.telemetry.count("requests", tenant)
        self.answer(status, body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--database", default="meetings.db")
    parser.add_argument("--otlp", default="")
    parser.add_argument("--component", default="meeting-service")
    parser.add_argument("--seed-data", action="store_true", help="fill an empty database with meetings")
    options = parser.parse_args()
    sys.setswitchinterval(0.001)
    service = Service(options.database, options.otlp, options.component)
    if options.seed_data:
        import seed
        seed.fill(service.version.api.store)
    server = Server(("127.0.0.1", options.port), Handler)
    server.service = service
    print("serving on port %d" % server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
