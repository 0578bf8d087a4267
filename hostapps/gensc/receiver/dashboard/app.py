"""The dashboard's addresses: page, state, events, pictures, controls, metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from gensc.receiver.dashboard.earlier import earlier
from gensc.receiver.dashboard.feed import MOST_READERS, Feed
from gensc.receiver.dashboard.guard import Guard
from gensc.receiver.dashboard.metrics import CONTENT_TYPE, Metrics
from gensc.receiver.dashboard.pictures import Pictures
from gensc.receiver.dashboard.presented import presented
from gensc.receiver.dashboard.snapshot import snapshot
from gensc.receiver.dashboard.token import Token
from gensc.receiver.dashboard.watched import Watched
from gensc.system.errors import UserError

STATIC = Path(__file__).parent / "static"
#: Longest target latency that makes sense, ms.
_LONGEST_MS = 600_000.0
#: A year: browsers keep none longer.
_COOKIE_S = 365 * 86400


class Wishes(BaseModel):
    """What a person changes; only what is named is changed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pause: bool | None = None
    refiner: str | None = Field(default=None, min_length=1, max_length=200)
    target_latency_ms: float | None = Field(default=None, ge=0, le=_LONGEST_MS, allow_inf_nan=False)


class Login(BaseModel):
    """What opens the dashboard."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(max_length=256)


class Dashboard:
    """A service's page as an ASGI application.

    Args:
        watched: the service.
        token: opens it.
        names: host names it is reached by, besides localhost and IP addresses.
        cookie: name of the browser's cookie; those of one host share them across ports.
    """

    def __init__(
        self,
        watched: Watched,
        token: Token,
        names: frozenset[str] = frozenset(),
        cookie: str = "gensc",
    ) -> None:
        self._watched, self._token, self._cookie = watched, token, cookie
        self.feed = Feed(watched.bus)
        self._before = earlier(watched.archive)
        self.pictures = Pictures(watched.bus, watched.folder, self._before)
        self.metrics = Metrics(watched, self.feed)
        self.guard = Guard(self._routes(), token, names, cookie)

    def close(self) -> None:
        """End all streams and follow the bus no longer."""
        self.feed.close()
        self.pictures.close()
        self.metrics.close()

    def _routes(self) -> FastAPI:
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        app.exception_handler(RequestValidationError)(_refuse)
        app.mount("/static", StaticFiles(directory=STATIC))
        app.get("/")(self._page)
        app.post("/login")(self._login)
        app.get("/state")(self._state)
        app.get("/summary")(self._summary)
        app.get("/events")(self._events)
        app.get("/pictures/{key}/{stage}")(self._picture)
        app.post("/controls")(self._change)
        app.get("/metrics")(self._metrics)
        return app

    def _page(self) -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    def _login(self, login: Login, request: Request) -> Response:
        if not self._token.opens(login.token):
            raise HTTPException(403, "not the token of this dashboard")
        response = Response(status_code=204)
        response.set_cookie(
            self._cookie,
            self._token.cookie,
            max_age=_COOKIE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    def _state(self) -> Response:
        return _json(snapshot(self._watched, self.feed, self._before))

    def _summary(self) -> Response:
        return _json(presented(self._watched.state()))

    async def _events(
        self,
        after: str = Query("", max_length=64),
        last_event_id: str = Header("", max_length=64),
    ) -> StreamingResponse:
        if self.feed.readers >= MOST_READERS:
            raise HTTPException(503, f"{MOST_READERS} browsers follow already")
        stream = self.feed.read(last_event_id or after)
        return StreamingResponse(stream, media_type="text/event-stream")

    def _picture(self, key: str, stage: str) -> FileResponse:
        found = self.pictures.find(key, stage)
        if found is None:
            raise HTTPException(404, "no such picture")
        path, media_type = found
        return FileResponse(path, media_type=media_type, headers={"cache-control": "no-cache"})

    def _change(self, wishes: Wishes) -> Response:
        controls = self._watched.controls
        told: list[tuple[Any, Callable[[Any], None]]] = [
            (wishes.pause, controls.pause),
            (wishes.refiner, controls.set_refiner),
            (wishes.target_latency_ms, controls.set_target_latency_ms),
        ]
        for value, change in told:
            if value is None:
                continue
            try:
                change(value)
            except UserError as error:
                raise HTTPException(409, str(error)) from error
        return _json(presented(self._watched.state()))

    def _metrics(self) -> Response:
        return Response(self.metrics.text(), media_type=CONTENT_TYPE)


def _refuse(_: Request, error: Exception) -> Response:
    """Say what a request lacks, without repeating what was in it."""
    assert isinstance(error, RequestValidationError)
    told = {f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()}
    body = json.dumps({"detail": "; ".join(sorted(told))}, allow_nan=False)
    return Response(body, 422, media_type="application/json")


def _json(content: Any) -> Response:
    """ASCII only: names of files may hold what UTF-8 does not."""
    return Response(json.dumps(content, allow_nan=False), media_type="application/json")
