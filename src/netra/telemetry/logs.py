"""Structured logging: one JSON object a line."""

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog

from netra.telemetry.masking import mask_event

_QUIET = ("asyncio", "httpx", "httpcore", "uvicorn.access", "websockets", "clickhouse_connect", "urllib3")


def configure_logging(level: str = "info", *, stream: TextIO | None = None, service: str = "netra") -> None:
    """Log to `stream` (standard error by default), as JSON lines with time (UTC), level, service and trace
    id.

    Lines of other libraries' loggers take the same way, through the same masking.
    """
    target = stream or sys.stderr

    def add_service(_logger: Any, _method: str, event: Any) -> Any:
        event.setdefault("service", service)
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_service,
        structlog.processors.format_exc_info,
        mask_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dump),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _dump(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
