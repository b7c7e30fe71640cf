"""The metrics of one process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters, gauges and histograms in a registry of their own; passed to who counts, never global."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.http_requests = self.counter(
            "netra_http_requests", "HTTP requests by route, method and status.", ("route", "method", "status")
        )
        self.http_seconds = self.histogram(
            "netra_http_request_seconds", "Seconds until the response was sent, by route.", ("route",)
        )
        self.auth_decisions = self.counter(
            "netra_auth_decisions", "Authentication and authorisation decisions.", ("action", "outcome")
        )

    def counter(self, name: str, description: str, labels: tuple[str, ...] = ()) -> Counter:
        """A count that only grows."""
        return Counter(name, description, labels, registry=self.registry)

    def gauge(self, name: str, description: str, labels: tuple[str, ...] = ()) -> Gauge:
        """A value that goes up and down."""
        return Gauge(name, description, labels, registry=self.registry)

    def histogram(
        self, name: str, description: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = _SECONDS
    ) -> Histogram:
        """A distribution, in seconds unless `buckets` say otherwise."""
        return Histogram(name, description, labels, registry=self.registry, buckets=buckets)

    def render(self) -> bytes:
        """All values in the Prometheus text format."""
        return generate_latest(self.registry)
