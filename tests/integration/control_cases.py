"""The daemon and its command line: configuration, keys and roles, the kill switch, the audit log."""

import json
import os
import socket

from bench import Bench


def test_idle_connections_do_not_lock_the_kill_switch_out():
    with Bench(component=False) as b:
        b.start()
        idle = [socket.create_connection(("127.0.0.1", b.api)) for _ in range(200)]
        try:
            assert b.run("stop").returncode == 0
        finally:
            for connection in idle:
                connection.close()


def test_requests_that_name_another_host_are_not_answered():
    with Bench(component=False) as b:
        b.start()
        for host, status in (("rebound.example", 421), ("localhost:1", 200), ("127.0.0.1", 200), ("[::1]:80", 200)):
            with socket.create_connection(("127.0.0.1", b.api)) as s:
                s.sendall(("GET /health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host).encode())
                assert (" %d " % status).encode() in s.recv(200), host


def test_a_misspelt_key_in_a_request_is_refused():
    with Bench(component=False) as b:
        b.start()
        key = b.key("op", "operator")
        for body in ('{"tenant": "a"}', '{"max_improvements": 1.5}', '{"max_improvements": true}', '{"tenant_id": 5}',
                     '{"analysis_window_hours": 1e-7}', '{"max_improvements": 4294967297}'):
            status, answer = b.http("POST", "/api/v1/cycles", body.encode(), key)
            assert status == 400 and "allowed" in str(answer), (body, status, answer)


def test_wrong_configurations_name_file_line_key_value_and_what_is_allowed():
    for text, words in (('[monitoring]\ninterval = "soon"\n', ["ratchet.toml:", "monitoring.interval", "soon", "allowed:"]),
                        ('[monitring]\n', ["monitring", "no such key"]),
                        ("x = [", ["no TOML"])):
        with Bench(component=False) as b:
            b.config.write_text(text)
            done = b.run("config", "check")
            assert done.returncode == 3 and all(w in done.stderr for w in words), done.stderr


def test_a_missing_root_stops_nothing_and_is_told():
    with Bench() as b:
        os.rename(b.root, b.folder / "elsewhere")
        checked = b.run("config", "check")
        assert checked.returncode == 0 and "does not exist" in checked.stdout, checked
        b.start()
        key = b.key()
        b.wait(lambda: "component unavailable" in b.http("GET", "/api/v1/alerts", key=key)[1])


def test_a_root_that_is_a_link_is_refused():
    with Bench() as b:
        os.rename(b.root, b.folder / "elsewhere")
        os.symlink(b.folder / "elsewhere", b.root)
        assert "symbolic link" in b.run("config", "check").stderr
        assert b.run("run").returncode == 3


def test_every_route_but_health_needs_a_key_and_roles_hold():
    with Bench() as b:
        b.start()
        viewer, operator = b.key("v", "viewer"), b.key("o", "operator")
        tenant = b.key("t", "operator", "acme")
        for path in ("/metrics", "/api/v1/status", "/api/v1/insights", "/api/v1/report", "/nothing"):
            assert b.http("GET", path)[0] == 401, path
            assert b.http("GET", path, key="guess")[0] == 401, path
        assert b.http("GET", "/metrics", key=viewer)[1].find("ratchet_improvements_deployed 0") >= 0
        assert b.http("POST", "/api/v1/cycles", b"{}", key=viewer)[0] == 403
        assert b.http("POST", "/api/v1/cycles", b"{}", key=tenant)[0] == 403
        assert b.http("POST", "/api/v1/cycles", b'{"tenant_id": "acme"}', key=tenant)[0] == 202
        assert b.http("POST", "/api/v1/cycles", b'{"priority": "wild"}', key=operator)[0] == 400
        assert b.http("POST", "/api/v1/stop", b"", key=tenant)[0] == 403
        assert b.http("GET", "/metrics", key=tenant)[0] == 403
        assert json.loads(b.http("GET", "/api/v1/status", key=tenant)[1])["components"] == []
        assert b.http("POST", "/api/v1/stop", b"", key=operator)[0] == 200
        assert b.http("POST", "/api/v1/cycles", b"{}", key=operator)[0] == 409
        assert b.http("GET", "/api/v1/status", key=operator, headers={"Origin": "http://evil.example"})[0] == 403


def test_stop_is_durable_and_one_daemon_has_the_folder():
    with Bench() as b:
        b.start()
        assert b.run("stop").returncode == 0
        second = b.run("run", timeout=20)
        assert second.returncode != 0 and "another daemon" in second.stderr, second.stderr
        b.daemon.kill()
        b.daemon.wait()
        b.start()
        assert json.loads(b.run("status", "--json").stdout)["stopped"] is True
        assert b.run("cycle").returncode == 1
        assert b.run("resume").returncode == 0
        assert b.run("cycle").returncode == 0


def test_audit_verify_finds_an_edit_and_an_emptied_log():
    with Bench() as b:
        b.start()
        b.run("stop")
        b.run("resume")
        b.run("cycle")
        published = b.wait(lambda: list((b.folder / "state/reports").glob("cycle-*.json")))
        head = json.loads(published[0].read_text())["audit_head"]
        assert head["sequence"] >= 4 and len(head["hmac"]) == 64, head
        assert b.run("audit", "verify").returncode == 0
        b.daemon.terminate()
        b.daemon.wait()
        import sqlite3
        with sqlite3.connect(b.folder / "state/state.db") as db:
            db.execute("UPDATE audit SET actor = 'somebody' WHERE action = 'system.stopped'")
        done = b.run("audit", "verify")
        assert done.returncode == 5 and "edited" in done.stdout, done.stdout
        with sqlite3.connect(b.folder / "state/state.db") as db:
            db.execute("DELETE FROM audit")
        done = b.run("audit", "verify")
        assert done.returncode == 5 and "empty" in done.stdout, done.stdout
        b.start()  # the daemon tells it, too, and goes on
        while "NOT INTACT" not in (line := b.daemon.stderr.readline()):
            assert line, "the daemon ended without a word"


def test_without_a_daemon_the_command_line_says_so():
    with Bench() as b:
        done = b.run("status")
        assert done.returncode == 4 and "ratchet run" in done.stderr, (done.returncode, done.stderr)
