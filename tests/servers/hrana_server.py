"""A server for `libsql://` URLs: the public Hrana 3 protocol over HTTP, by the standard library's SQLite.

libSQL's own server, sqld, is to be had as a container image or from source only. This one is written from
the protocol's published specification (HTTP, JSON) and nothing else: streams tied together by batons,
pipelines, batches with conditions, cursors, describe, sequences, stored texts. `/dev/NAME` in front of a
path is the database NAME, as sqld has it. What the `libsql` package asks of it, it answers.
"""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STREAM_SECONDS = 5.0
"""How long a stream is kept that nobody uses, and with it the lock of its transaction."""

MAX_RESPONSE = 10_000_000
"""The largest answer of a pipeline in bytes, as sqld has it; a cursor has no limit."""

TOKEN = "t0ken-of-the-tests"


class Refusal(Exception):
    """An error of the protocol: what is told in the place of a result."""

    def __init__(self, message, code="SQLITE_ERROR"):
        super().__init__(message)
        self.told = {"message": message, "code": code}


class Stream:
    """One SQLite connection with the texts stored for it."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.texts = {}
        self.used = time.monotonic()

    def close(self):
        self.connection.close()

    def answer(self, request):
        kind = request["type"]
        result = getattr(self, f"do_{kind}", self.unknown)(request)
        return {"type": kind, **result}

    def unknown(self, request):
        raise Refusal(f"no request {request['type']}", "PROTOCOL")

    def do_close(self, request):
        return {}

    def do_execute(self, request):
        return {"result": self.run(request["stmt"])}

    def do_batch(self, request):
        results, faults = [], []
        for step in request["batch"]["steps"]:
            result = fault = None
            condition = step.get("condition")
            if condition is None or self.holds(condition, results, faults):
                try:
                    result = self.run(step["stmt"])
                except Refusal as refusal:
                    fault = refusal.told
            results.append(result)
            faults.append(fault)
        return {"result": {"step_results": results, "step_errors": faults}}

    def do_sequence(self, request):
        try:
            for statement in statements(self.text(request)):
                self.connection.execute(statement).fetchall()
        except sqlite3.Error as error:
            raise refusal_of(error) from error
        return {}

    def do_describe(self, request):
        sql = self.text(request)
        try:
            cursor = self.connection.execute(f"EXPLAIN {sql}", [None] * sql.count("?"))
            cursor.fetchall()
        except sqlite3.ProgrammingError:
            pass
        except sqlite3.Error as error:
            raise refusal_of(error) from error
        reads = sql.lstrip().upper().startswith(("SELECT", "WITH", "VALUES", "PRAGMA", "EXPLAIN"))
        cols = [{"name": "?", "decltype": None}] if reads else []
        return {
            "result": {
                "params": [{"name": None}] * sql.count("?"),
                "cols": cols,
                "is_explain": False,
                "is_readonly": reads,
            }
        }

    def do_store_sql(self, request):
        self.texts[request["sql_id"]] = request["sql"]
        return {}

    def do_close_sql(self, request):
        self.texts.pop(request["sql_id"], None)
        return {}

    def do_get_autocommit(self, request):
        return {"is_autocommit": not self.connection.in_transaction}

    def text(self, holder):
        if holder.get("sql") is not None:
            return holder["sql"]
        try:
            return self.texts[holder["sql_id"]]
        except KeyError:
            raise Refusal("no such text is stored", "SQL_STORE_UNKNOWN") from None

    def run(self, stmt):
        named = {arg["name"].lstrip(":@$"): decoded(arg["value"]) for arg in stmt.get("named_args") or ()}
        arguments = named or [decoded(value) for value in stmt.get("args") or ()]
        before = self.connection.total_changes
        try:
            cursor = self.connection.execute(self.text(stmt), arguments)
            rows = cursor.fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise refusal_of(error) from error
        return {
            "cols": [{"name": column[0], "decltype": None} for column in cursor.description or ()],
            "rows": [[encoded(value) for value in row] for row in rows]
            if stmt.get("want_rows", True)
            else [],
            "affected_row_count": self.connection.total_changes - before,
            "last_insert_rowid": str(cursor.lastrowid or 0),
            "rows_read": 0,
            "rows_written": 0,
            "query_duration_ms": 0.0,
        }

    def holds(self, condition, results, faults):
        kind = condition["type"]
        if kind in {"ok", "error"}:
            return (results if kind == "ok" else faults)[condition["step"]] is not None
        if kind == "not":
            return not self.holds(condition["cond"], results, faults)
        if kind in {"and", "or"}:
            fold = all if kind == "and" else any
            return fold(self.holds(one, results, faults) for one in condition["conds"])
        if kind == "is_autocommit":
            return not self.connection.in_transaction
        raise Refusal(f"no condition {kind}", "PROTOCOL")


def small_enough(response):
    if len(json.dumps(response)) > MAX_RESPONSE:
        raise Refusal("Response is too large", "RESPONSE_TOO_LARGE")
    return response


def statements(text):
    """The statements of a text, one at a time."""
    piece = ""
    for part in text.split(";"):
        piece += part + ";"
        if sqlite3.complete_statement(piece):
            if piece.strip(" \t\r\n;"):
                yield piece
            piece = ""


def refusal_of(error):
    return Refusal(str(error), getattr(error, "sqlite_errorname", "SQLITE_ERROR"))


def encoded(value):
    if value is None:
        return {"type": "null"}
    if isinstance(value, bytes):
        return {"type": "blob", "base64": base64.b64encode(value).decode().rstrip("=")}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    return (
        {"type": "float", "value": value}
        if isinstance(value, float)
        else {"type": "integer", "value": str(value)}
    )


def decoded(value):
    kind = value["type"]
    if kind == "null":
        return None
    if kind == "integer":
        return int(value["value"])
    if kind == "blob":
        return base64.b64decode(value["base64"] + "=" * (-len(value["base64"]) % 4))
    return float(value["value"]) if kind == "float" else value["value"]


class Streams:
    """The streams between their requests, by baton. Nobody has one that is in use."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.lock = threading.Lock()
        self.idle = {}
        threading.Thread(target=self.sweep, daemon=True).start()

    def take(self, baton, database):
        if baton is None:
            return Stream(self.directory / f"{database}.db")
        with self.lock:
            stream = self.idle.pop(baton, None)
        if stream is None:
            raise Refusal("the stream is gone", "STREAM_EXPIRED")
        return stream

    def give(self, stream):
        baton = secrets.token_hex(8)
        stream.used = time.monotonic()
        with self.lock:
            self.idle[baton] = stream
        return baton

    def sweep(self):
        while True:
            time.sleep(0.2)
            with self.lock:
                late = [b for b, s in self.idle.items() if time.monotonic() - s.used > STREAM_SECONDS]
                gone = [self.idle.pop(baton) for baton in late]
            for stream in gone:
                stream.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        self.reply(200 if self.path.rpartition("/")[2] in {"v2", "v3", "health"} else 404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            self.reply(401, b'{"error":"Unauthorized: the token does not fit"}')
            return
        prefix, _, route = self.path.rpartition("/v3/")
        parts = prefix.strip("/").split("/")
        database = parts[1] if len(parts) == 2 and parts[0] == "dev" else "default"
        work = {"pipeline": self.pipeline, "cursor": self.cursor}.get(route)
        if work is None or not database.isalnum():
            self.reply(404, b'{"error":"no such route"}')
            return
        try:
            asked = json.loads(body)
            stream = self.server.streams.take(asked.get("baton"), database)
        except (ValueError, Refusal) as error:
            self.reply(400, json.dumps({"message": str(error)}).encode())
            return
        self.reply(200, work(stream, asked))

    def pipeline(self, stream, asked):
        results, closed = [], False
        for request in asked["requests"]:
            try:
                results.append({"type": "ok", "response": small_enough(stream.answer(request))})
            except Refusal as refusal:
                results.append({"type": "error", "error": refusal.told})
            closed = closed or request["type"] == "close"
        return json.dumps(
            {"baton": self.leave(stream, closed=closed), "base_url": None, "results": results}
        ).encode()

    def cursor(self, stream, asked):
        steps = asked["batch"]["steps"]
        result = stream.do_batch(asked)["result"]
        lines = []
        for number in range(len(steps)):
            found, fault = result["step_results"][number], result["step_errors"][number]
            if fault:
                lines.append({"type": "step_error", "step": number, "error": fault})
            if found:
                lines.append({"type": "step_begin", "step": number, "cols": found["cols"]})
                lines += [{"type": "row", "row": row} for row in found["rows"]]
                end = {name: found[name] for name in ("affected_row_count", "last_insert_rowid")}
                lines.append({"type": "step_end", **end})
        first = {"baton": self.leave(stream, closed=False), "base_url": None}
        return b"".join(json.dumps(line).encode() + b"\n" for line in (first, *lines))

    def leave(self, stream, *, closed):
        if closed:
            stream.close()
            return None
        return self.server.streams.give(stream)

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Threads(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(port, directory):
    server = Threads(("127.0.0.1", port), Handler)
    server.streams = Streams(directory)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
