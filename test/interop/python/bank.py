"""The bank as an HTTP service: branches behind the SDK's barrier, and the question of a prepared message."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from dtmcli import barrier, utils

import ledger

lost_lock = threading.Lock()
lost = set()


class Branch(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        path, branch = self.read_url()
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        work = ledger.post(ledger.STATEMENTS[path], order)
        outcome = outcome_of(lambda cursor: branch.call(cursor, work))
        if order["lose_answer"] and is_first((branch.gid, branch.branch_id, branch.op)):
            # What was done is committed, and nobody is told: the answer ends in its middle. (If nothing of it came, the
            # connection could have been closing already, and the call would be sent again at once.)
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.close_connection = True
            return
        self.send(*outcome)

    def do_GET(self):
        _, branch = self.read_url()
        self.send(*outcome_of(branch.query_prepared))

    def read_url(self):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        return url.path, barrier.BranchBarrier(query["trans_type"], query["gid"], query["branch_id"], query["op"])

    def send(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def outcome_of(work):
    """Status and body. The barrier ends the transaction of its cursor itself."""
    with contextlib.closing(ledger.connect()) as connection:
        try:
            work(connection.cursor())
            return 200, {"dtm_result": "SUCCESS"}
        except utils.DTMFailureError as error:
            return 409, {"dtm_result": "FAILURE", "message": str(error)}
        except Exception as error:
            return 500, {"message": str(error)}


def is_first(call):
    with lost_lock:
        if call in lost:
            return False
        lost.add(call)
        return True


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Branch)
    print("bank http://127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()
