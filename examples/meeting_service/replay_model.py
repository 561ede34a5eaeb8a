#!/usr/bin/env python3
"""A local server that speaks /v1/chat/completions and only replays stored replies.

    replay_model.py --port 8085 --replies DIR

`PUT /reply` with the name of a stored reply, `NAME-SOMETHING`, chooses it; from then on it answers each prompt
that shows the file `.../NAME.py`. Every other prompt gets a 404.
"""

import argparse
import json
import pathlib
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_PUT(self):
        name = self.rfile.read(int(self.headers["Content-Length"])).decode()
        path = self.server.replies / (name + ".md")
        if self.path != "/reply" or path.parent != self.server.replies or not path.exists():
            return self.answer(404, {"error": {"message": "no reply %r is stored" % name}})
        self.server.chosen = path
        self.answer(200, {"reply": name})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = request["messages"][-1]["content"]
        shown = re.search(r"^## (\S+)$", prompt, re.MULTILINE)
        name = pathlib.PurePosixPath(shown.group(1)).stem if shown else ""
        chosen = self.server.chosen
        if chosen is None or not name or not chosen.name.startswith(name + "-"):
            return self.answer(404, {"error": {"message": "no reply is chosen for %s" % (name or "this prompt")}})
        text = chosen.read_text()
        self.answer(200, {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                          "usage": {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4}})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument("--replies", type=pathlib.Path, required=True)
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.replies, server.chosen = options.replies, None
    print("replaying on port %d" % server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
