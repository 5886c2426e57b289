"""What ``/metrics`` reads: a table of figures, each a query within one tenant.

The columns of a query are the labels, and last the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client.metrics_core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import Connection, Select, bindparam, case, func, select

from app import clock, directory
from app.access import tenants
from app.access.tenants import Tenant
from app.jobs.tables import lease_table
from app.notices.tables import channel_table, delivery_table
from app.provisioning.tables import attempt_table, link_table, plan_table, target_table
from app.sources.tables import import_run, source

#: What is counted as recent, in seconds and in runs.
RECENT_SECONDS = 300.0
RECENT_RUNS = 1000
BUCKETS_MS = (50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)

_l, _t, _a, _p, _r, _s, _d, _c = (
    table.c
    for table in (
        *(link_table, target_table, attempt_table, plan_table),
        *(import_run, source, delivery_table, channel_table),
    )
)
_TENANT: Any = bindparam("b_tenant")
_SINCE: Any = bindparam("b_since")


@dataclass(frozen=True, slots=True)
class Figure:
    """One family of gauges; `value` makes a number of the last column."""

    name: str
    words: str
    labels: tuple[str, ...]
    query: Select[Any]
    value: Callable[[Any], float] = float


def _age(instant: str) -> float:
    """Return the seconds since a stored instant."""
    return (clock.utcnow() - clock.parse_instant(instant)).total_seconds()


def _with_target(column: Any, tenant: Any) -> Any:
    return (_t.tenant_id == tenant) & (_t.id == column)


def _of_targets(*columns: Any, of: Any) -> Select[Any]:
    """Return the query of rows that belong to targets, with the target's name first."""
    query = select(_t.name, *columns).select_from(
        target_table.join(of, _with_target(of.c.target_id, of.c.tenant_id))
    )
    return query.where(of.c.tenant_id == _TENANT)


_IS_DUE = _l.due_at.is_not(None)
_STATUS = case((_a.status.is_(None), 0), else_=_a.status // 100)
_LAST_RUN = select(func.max(_r.id)).where(_r.tenant_id == _TENANT).scalar_subquery()
_RUNS = (
    select(_s.name)
    .select_from(import_run.join(source, (_s.tenant_id == _r.tenant_id) & (_s.id == _r.source_id)))
    .where(_r.tenant_id == _TENANT, _r.id > _LAST_RUN - RECENT_RUNS)
)

FIGURES = (
    Figure(
        "rollcall_links",
        "Links (one employee at one target) by state",
        ("target", "state"),
        _of_targets(_l.state, func.count(), of=link_table).group_by(_t.name, _l.state),
    ),
    Figure(
        "rollcall_links_held",
        "Links that wait for a person, by the code of the reason",
        ("target", "reason"),
        _of_targets(func.coalesce(_l.reason_code, "none"), func.count(), of=link_table)
        .where(_l.state == "held")
        .group_by(_t.name, _l.reason_code),
    ),
    Figure(
        "rollcall_links_due",
        "Links with a change that is not delivered yet",
        ("target",),
        _of_targets(func.count(), of=link_table).where(_IS_DUE).group_by(_t.name),
    ),
    Figure(
        "rollcall_link_due_oldest_seconds",
        "For how long the longest waiting link has been due",
        ("target",),
        _of_targets(func.min(_l.due_at), of=link_table).where(_IS_DUE).group_by(_t.name),
        _age,
    ),
    Figure(
        "rollcall_target_paused",
        "1 when nothing is sent to the target",
        ("target",),
        select(_t.name, case((_t.state == "paused", 1), else_=0)).where(_t.tenant_id == _TENANT),
    ),
    Figure(
        "rollcall_target_failures",
        "Drains in a row that the target did not answer; above 0 the circuit is open",
        ("target",),
        select(_t.name, _t.failures).where(_t.tenant_id == _TENANT),
    ),
    Figure(
        "rollcall_attempts_recent",
        "Calls of the last 5 minutes by class of status; 0xx had no answer",
        ("target", "status"),
        _of_targets(_STATUS, func.count(), of=attempt_table).where(_a.at > _SINCE).group_by(_t.name, _STATUS),
    ),
    Figure(
        "rollcall_plans_waiting",
        "Plans that wait for an admin",
        ("target", "kind"),
        _of_targets(_p.kind, func.count(), of=plan_table)
        .where(_p.state == "waiting")
        .group_by(_t.name, _p.kind),
    ),
    Figure(
        "rollcall_import_runs_recent",
        "The newest 1,000 import runs of the tenant by state",
        ("source", "state"),
        _RUNS.add_columns(_r.state, func.count()).group_by(_s.name, _r.state),
    ),
    Figure(
        "rollcall_import_last_finished_seconds",
        "Since when the source's last finished import has ended",
        ("source",),
        _RUNS.add_columns(func.max(_r.finished_at)).where(_r.state == "finished").group_by(_s.name),
        _age,
    ),
    Figure(
        "rollcall_notice_deliveries",
        "Deliveries of notices that are pending, or were given up",
        ("channel", "state"),
        select(_c.name, _d.state, func.count())
        .select_from(
            delivery_table.join(channel_table, (_c.tenant_id == _d.tenant_id) & (_c.id == _d.channel_id))
        )
        .where(_d.tenant_id == _TENANT, _d.state != "sent")
        .group_by(_c.name, _d.state),
    ),
)

_DURATIONS = (
    _of_targets(
        *(func.sum(case((_a.duration_ms <= limit, 1), else_=0)) for limit in BUCKETS_MS),
        func.count(),
        func.sum(_a.duration_ms),
        of=attempt_table,
    )
    .where(_a.at > _SINCE)
    .group_by(_t.name)
)
_BEAT = select(lease_table.c.until).where(lease_table.c.name == "scheduler")


def read(connection: Connection, lease_seconds: float) -> Iterator[Metric]:
    """Yield every family of metrics. ``lease_seconds``: for how long the scheduler's lease is taken with each beat."""
    known = tenants.listed(connection)
    for figure in FIGURES:
        yield _family(connection, figure, known)
    yield _durations(connection, known)
    employees = GaugeMetricFamily("rollcall_employees", "Employees in the directory", labels=["tenant"])
    for tenant in known:
        employees.add_metric([tenant.slug], directory.total(connection, tenant.id))
    yield employees
    until = connection.scalar(_BEAT)
    if until is not None:
        words = "Since when the active scheduler last took its lease"
        age = max(_age(until) + lease_seconds, 0.0)
        yield GaugeMetricFamily("rollcall_scheduler_beat_age_seconds", words, value=age)


def _key(tenant: Tenant) -> dict[str, Any]:
    return {"b_tenant": tenant.id, "b_since": clock.after(-RECENT_SECONDS)}


def _family(connection: Connection, figure: Figure, known: Iterable[Tenant]) -> Metric:
    family = GaugeMetricFamily(figure.name, figure.words, labels=["tenant", *figure.labels])
    for tenant in known:
        for *labels, value in connection.execute(figure.query, _key(tenant)):
            words = [f"{label}xx" if isinstance(label, int) else label for label in labels]
            family.add_metric([tenant.slug, *words], figure.value(value))
    return family


def _durations(connection: Connection, known: Iterable[Tenant]) -> Metric:
    words = "How long calls of the last 5 minutes took"
    family = GaugeHistogramMetricFamily(
        "rollcall_attempt_duration_seconds", words, labels=["tenant", "target"]
    )
    limits = [*(f"{limit / 1000:g}" for limit in BUCKETS_MS), "+Inf"]
    for tenant in known:
        for name, *counts, total_ms in connection.execute(_DURATIONS, _key(tenant)):
            buckets = [(limit, float(count)) for limit, count in zip(limits, counts, strict=True)]
            family.add_metric([tenant.slug, name], buckets, total_ms / 1000)
    return family
