# SPDX-License-Identifier: Apache-2.0
"""A small update server with hawkBit's answers (as captured from hawkBit 1.1.0), and none of ours."""
import http.server
import json
import re
import threading

BASE = "/DEFAULT/controller/v1/"


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a device that hangs up


class Server:
    def __init__(self, authority=None):
        self.actions, self.feedback, self.cancelled = [], [], []
        self.attributes, self.polls, self.asked, self.headers = {}, 0, [], []
        self.down = False  # answer 503
        self.spoil = None  # (name, how): what to do instead of sending this file
        self.cut_after = None  # bytes of a file after which the connection is cut, once
        self.ranges = True
        self.authority, self.token, self.enrolled, self.taken = authority, "right", [], False
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.get(self)

            def do_POST(self):
                server.post(self)

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http{'s' if authority else ''}://127.0.0.1:{self.http.server_port}"
        if authority:
            self.http.socket = authority.context().wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    # ---- what a test says ----
    def offer(self, action, version, files, **deployment):
        self.actions.append({"id": action, "version": version, "files": files, "more": deployment})

    def cancel(self, action):
        self.cancelled.append(action)

    def closed(self, action):
        """(finished, details) of the feedback that closed an action; None: it is open."""
        for a, status in self.feedback:
            if a == action and status["execution"] == "closed":
                return status["result"]["finished"], " ".join(status.get("details", []))
        return None

    def details(self, action):
        return [d for a, s in self.feedback if a == action for d in s.get("details", [])]

    # ---- HTTP ----
    @staticmethod
    def answer(h, status, body=b"", **headers):
        h.send_response(status)
        for name, value in headers.items():
            h.send_header(name.replace("_", "-"), value)
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        h.wfile.write(body)

    def shows_certificate(self, h):
        """mTLS: the certificate's name is the one in the path."""
        if not self.authority:
            return True
        subject = dict(x[0] for x in (h.connection.getpeercert() or {}).get("subject", ()))
        return f"/{subject.get('commonName')}" in h.path or h.path.startswith("/files/") and subject

    def enroll(self, h):
        csr = h.rfile.read(int(h.headers["Content-Length"]))
        if h.headers["Authorization"] != f"EnrollToken {self.token}":
            return self.answer(h, 401, b'{"error":"this enrollment token is not known"}')
        if self.taken:
            return self.answer(h, 409, b'{"error":"the name is taken"}')
        cert, name = self.authority.enroll(csr)
        self.enrolled.append(name)
        self.answer(h, 200, cert, Content_Type="application/x-pem-file")

    def current(self):
        return self.actions[0] if self.actions else None

    def get(self, h):
        self.asked.append(h.path)
        self.headers.append(dict(h.headers))
        if self.down:
            return self.answer(h, 503)
        if not self.shows_certificate(h):
            return self.answer(h, 401)
        m = re.fullmatch(re.escape(BASE) + r"([^/?]+)(?:/(\w+)/([^/?]+))?(?:\?.*)?", h.path)
        if h.path.startswith("/files/"):
            return self.send_file(h, h.path.split("/")[2], h.path.split("/")[3])
        if not m:
            return self.answer(h, 404)
        body = self.poll(m[1]) if not m[2] else self.cancel_body(m[3]) if m[2] == "cancelAction" else \
            self.deployment(m[3])
        self.answer(h, 200, json.dumps(body).encode(), Content_Type="application/hal+json")

    def poll(self, device):
        self.device = device
        self.polls += 1
        links, action = {}, self.current()
        base = f"{self.url}{BASE}{device}"
        if action and action["id"] in self.cancelled:
            links["cancelAction"] = {"href": f"{base}/cancelAction/{action['id']}"}
        elif action:
            links["deploymentBase"] = {"href": f"{base}/deploymentBase/{action['id']}?c=-411599879"}
        if not self.attributes:
            links["configData"] = {"href": f"{base}/configData"}
        return {"config": {"polling": {"sleep": "00:00:01"}}, "_links": links}

    @staticmethod
    def cancel_body(action):
        return {"id": action, "cancelAction": {"stopId": action}}

    def deployment(self, action_id):
        action = self.current()
        artifacts = [{"filename": name, "size": len(data), "hashes": {"sha1": "", "md5": "", "sha256": ""},
                      "_links": {"download-http": {"href": f"{self.url}/files/{action_id}/{name}"},
                                 "md5sum-http": {"href": f"{self.url}/files/{action_id}/{name}.MD5SUM"}}}
                     for name, data in action["files"].items()]
        return {"id": action_id, "deployment": {"download": "forced", "update": "forced", "chunks": [
            {"part": "os", "version": action["version"], "name": "demo", "artifacts": artifacts}]}
            | action["more"]}

    def send_file(self, h, action, name):
        data = next((a["files"][name] for a in self.actions if a["id"] == action and name in a["files"]), None)
        if data is None:
            return self.answer(h, 404)
        if self.spoil and name.endswith(self.spoil[0]):
            data = self.spoil[1](data)
        first, last = 0, len(data) - 1
        m = re.fullmatch(r"bytes=(\d+)-(\d*)", h.headers.get("Range", "")) if self.ranges else None
        if m:
            first, last = int(m[1]), min(int(m[2] or last), last)
            h.send_response(206)
            h.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        else:
            h.send_response(200)
        h.send_header("Content-Length", str(last + 1 - first))
        h.end_headers()
        body = data[first:last + 1]
        if self.cut_after is not None and name.endswith(".payload") and len(body) > self.cut_after:
            body, self.cut_after, h.close_connection = body[:self.cut_after], None, True
        h.wfile.write(body)

    def post(self, h):
        if h.path == "/enroll":
            return self.enroll(h)
        body = json.loads(h.rfile.read(int(h.headers["Content-Length"])))
        if self.down:
            return self.answer(h, 503)
        if h.path.endswith("/configData"):
            self.attributes |= body["data"]
            return self.answer(h, 200)
        kind, action = h.path.split("/")[-3:-1]
        if not self.actions or self.current()["id"] != action:
            return self.answer(h, 410)
        self.feedback.append((action if kind == "deploymentBase" else "cancel " + action, body["status"]))
        if body["status"]["execution"] == "closed":
            self.actions.pop(0)
        elif body["status"]["execution"] == "rejected":
            self.cancelled.remove(action)
        self.answer(h, 200)
