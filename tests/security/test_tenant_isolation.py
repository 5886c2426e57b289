"""No statement of the product reaches beyond one tenant: a tour through all of it, watched statement by statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from huey.storage import MemoryStorage
from sqlalchemy import select

from app import clock
from app.access import admins, clients, oauth, tokens
from app.access.tenants import Tenant
from app.cli import main
from app.config import Settings
from app.database import reading, writing
from app.directory.tables import EmployeeRow
from app.jobs import tasks
from app.jobs.queue import Queue
from app.jobs.scheduler import Scheduler
from app.prepared import Prepared
from app.simulation import serve as simulate
from app.vendors.jazzhr.simulator import JazzHRSimulator
from app.vendors.scim.simulator import ScimSimulator
from scim.resources import ENTERPRISE, GROUP, HR, USER
from tests.device_schemas import DEVICE, everything
from tests.harness.isolation import ALLOWED, Watch, owned, reach, watched
from tests.web.console.browser import Browser

MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
KEY = "far-key"
EMAIL, CHOSEN = "hr@acme.example", "a long enough password 1"
HEADER = "ID,First Name,Last Name,Work Email,Status"


# --- the reading of statements

CONFINED = [
    "SELECT employee.id FROM employee WHERE employee.tenant_id = ? AND (employee.id > ? OR employee.id = ?)",
    "SELECT e.id FROM employee AS e JOIN link ON link.tenant_id = e.tenant_id WHERE link.tenant_id = %(a)s",
    "SELECT employee.id FROM employee WHERE employee.tenant_id = ? AND EXISTS "
    "(SELECT 1 FROM membership WHERE membership.tenant_id = employee.tenant_id)",
    "SELECT employee.id FROM employee LEFT OUTER JOIN external_id ON "
    "external_id.tenant_id = employee.tenant_id WHERE employee.tenant_id = ?",
    "SELECT token.id FROM tenant JOIN token ON token.tenant_id = tenant.id WHERE tenant.token_key = ?",
    "SELECT a.id FROM (SELECT link.tenant_id FROM link WHERE link.tenant_id = ?) AS a",
    "WITH RECURSIVE up(id) AS (SELECT group_id FROM membership WHERE membership.tenant_id = ? UNION "
    "SELECT membership.group_id FROM membership, up WHERE membership.tenant_id = ?) SELECT id FROM up",
    "SELECT employee.id FROM employee WHERE 0 = 1",
    "SELECT x.value FROM employee, json_each(employee.compared, ?) AS x WHERE employee.tenant_id = ?",
    "INSERT INTO link (tenant_id, id) VALUES (?, ?) ON CONFLICT (tenant_id, id) DO UPDATE SET id = excluded.id",
    "INSERT INTO link (tenant_id, id) SELECT ?, employee.id FROM employee WHERE employee.tenant_id = ?",
    "UPDATE link SET state = ? WHERE link.tenant_id = ? RETURNING link.id",
    "DELETE FROM link WHERE link.tenant_id = ?",
    "SELECT link.id FROM link WHERE link.tenant_id = %(t)s::INTEGER FOR UPDATE SKIP LOCKED",
    "SELECT tenant.id FROM tenant",
]
UNCONFINED = {
    "SELECT employee.id FROM employee WHERE employee.id = ?": ("employee",),
    "SELECT employee.tenant_id = ? FROM employee": ("employee",),
    "SELECT employee.id FROM employee WHERE employee.tenant_id = ? OR employee.id = ?": ("employee",),
    "SELECT employee.id FROM employee WHERE (employee.tenant_id = ? OR 1 = 1) AND employee.id = ?": (
        "employee",
    ),
    "SELECT employee.id FROM employee WHERE NOT (employee.tenant_id = ?)": ("employee",),
    "SELECT employee.id FROM employee WHERE employee.tenant_id != ?": ("employee",),
    "SELECT employee.id FROM employee WHERE employee.tenant_id >= ?": ("employee",),
    "SELECT employee.id FROM employee WHERE employee.tenant_id IN (?, ?)": ("employee",),
    "SELECT a.id FROM employee AS a, employee AS b WHERE a.tenant_id = ?": ("employee",),
    "SELECT e.id FROM employee AS e JOIN link ON link.employee_id = e.id WHERE e.tenant_id = ?": ("link",),
    "SELECT e.id FROM employee AS e JOIN link ON link.tenant_id = e.tenant_id": ("employee", "link"),
    "SELECT e.id FROM employee AS e LEFT JOIN link ON link.tenant_id = e.tenant_id AND e.tenant_id = ?": (
        "employee",
        "link",
    ),
    "SELECT employee.id FROM employee WHERE employee.tenant_id = ? AND employee.id IN "
    "(SELECT membership.member_id FROM membership WHERE membership.group_id = ?)": ("membership",),
    "SELECT employee.id FROM employee WHERE employee.tenant_id = ? UNION SELECT link.id FROM link": ("link",),
    "SELECT token.id FROM tenant JOIN token ON token.tenant_id = tenant.id": ("token",),
    "WITH gone AS (DELETE FROM link WHERE link.id = ? RETURNING link.id) SELECT id FROM gone": ("link",),
    "INSERT INTO link (id) VALUES (?)": ("link",),
    "INSERT INTO link (tenant_id, id) SELECT e.tenant_id, e.id FROM employee AS e": ("employee",),
    "UPDATE link SET tenant_id = ? WHERE link.id = ?": ("link",),
    "DELETE FROM link": ("link",),
}


@pytest.mark.parametrize("text", CONFINED)
def test_a_statement_with_a_tenant_condition_is_confined(text: str) -> None:
    assert reach(text).unconfined == ()


@pytest.mark.parametrize(("text", "tables"), UNCONFINED.items())
def test_a_statement_without_one_names_the_tables_that_lack_it(text: str, tables: tuple[str, ...]) -> None:
    assert reach(text).unconfined == tables


@pytest.mark.parametrize("way", ["connection.execute(query).all()", "Prepared(query).rows(connection, {})"])
def test_a_statement_of_the_product_is_seen_whichever_way_it_is_sent(app: Flask, way: str) -> None:
    """The function stands in a file of the product, as the watch sees it."""
    place = Path(clock.__file__).with_name("stray.py")
    known: dict[str, Any] = {"Prepared": Prepared}
    exec(compile(f"def stray(connection, query): {way}", str(place), "exec"), known)
    with watched() as watch, reading() as connection:
        known["stray"](connection, select(EmployeeRow.__table__.c.id))
        offences = watch.taken()
    assert [(each.sender, each.tables) for each in offences] == [("app.stray:stray", ("employee",))]


# --- the tour


@dataclass
class World:
    """An installation with one tenant, and the ways into it."""

    app: Flask
    tenant: Tenant
    token: str
    base: str
    folder: Path
    command: Callable[..., str]

    def scim(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Return what the SCIM API answers, which has to be with this status."""
        with self.app.test_client() as client:
            headers = {"Authorization": f"Bearer {self.token}"}
            answer = client.open(f"/scim/v2{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        return answer.json

    def patch(self, path: str, /, **operation: Any) -> Any:
        """Send one PATCH operation."""
        return self.scim("PATCH", path, {"schemas": [f"{MESSAGES}PatchOp"], "Operations": [operation]})


def _users(world: World) -> None:
    boss = world.scim("POST", "/Users", {"schemas": [USER], "userName": "boss"}, 201)["id"]
    ada: dict[str, Any] = {
        "schemas": [USER, ENTERPRISE, HR],
        "userName": "ada",
        "externalId": "a-1",
        "emails": [{"type": "work", "value": "ada@example.com"}],
        ENTERPRISE: {"employeeNumber": "700", "manager": {"value": boss}},
        HR: {"nationalId": {"value": "078-05-1120"}},
    }
    place = "/Users/" + world.scim("POST", "/Users", ada, 201)["id"]
    world.scim("POST", "/Users", ada, 409)
    world.scim("GET", place)
    world.scim("PUT", place, ada | {"title": "Engineer"})
    world.patch(place, op="add", path="nickName", value="Countess")
    world.scim("PUT", place, ada | {"emails": "none"}, 400)
    leaver = world.scim("POST", "/Users", {"schemas": [USER], "userName": "leaver"}, 201)["id"]
    world.scim("DELETE", f"/Users/{leaver}", status=204)
    world.scim("GET", f"/Users/{leaver}", status=404)


def _groups(world: World) -> None:
    people = [each["id"] for each in world.scim("GET", "/Users")["Resources"]]
    inner = {"schemas": [GROUP], "displayName": "inner", "members": [{"value": each} for each in people]}
    first = world.scim("POST", "/Groups", inner, 201)["id"]
    outer = {"schemas": [GROUP], "displayName": "outer", "externalId": "g", "members": [{"value": first}]}
    place = "/Groups/" + world.scim("POST", "/Groups", outer, 201)["id"]
    world.patch(place, op="add", path="members", value=[{"value": people[0]}])
    world.patch(place, op="remove", path=f'members[value eq "{people[0]}"]')
    world.scim("GET", f"{place}?excludedAttributes=members")
    world.scim("PUT", place, outer | {"members": []})
    world.scim("DELETE", place, status=204)


def _schemas(world: World) -> None:
    files = []
    for name, content in everything().items():
        (world.folder / name).write_text(json.dumps(content), encoding="utf-8")
        files.append(str(world.folder / name))
    world.command("schema", "load", *files)
    world.command("schema", "list")
    device = {"schemas": [DEVICE], "serialNumber": "1", "assetTag": "t", "unlockCode": "0", "notes": "n"}
    place = "/Devices/" + world.scim("POST", "/Devices", device, 201)["id"]
    world.scim("POST", "/Devices", device, 409)
    world.scim("PUT", place, device | {"assetTag": "u"})
    world.scim("GET", '/Devices?filter=assetTag eq "u"&attributes=notes')
    world.scim("DELETE", place, status=204)
    for path in ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig"):
        world.scim("GET", path)


def _bulk(world: World) -> None:
    circle = [
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": _group("bulk", "bulkId:u")},
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "bulk"}},
        {"method": "PATCH", "path": "/Groups/bulkId:g", "data": _rename("renamed")},
        {"method": "DELETE", "path": "/Users/bulkId:u"},
        {"method": "DELETE", "path": "/Users/unknown"},
    ]
    world.scim("POST", "/Bulk", {"schemas": [f"{MESSAGES}BulkRequest"], "Operations": circle})


def _group(name: str, member: str) -> dict[str, Any]:
    return {"schemas": [GROUP], "displayName": name, "members": [{"value": member}]}


def _rename(name: str) -> dict[str, Any]:
    operation = {"op": "replace", "path": "displayName", "value": name}
    return {"schemas": [f"{MESSAGES}PatchOp"], "Operations": [operation]}


SEARCHES = (
    'Users?filter=userName eq "ada"',
    'Users?filter=externalId eq "a-1"',
    'Users?filter=emails[type eq "work" and value co "example"] or not (title pr)',
    'Users?filter=emails.value eq "ada@example.com" and active eq true',
    'Users?filter=groups.display eq "inner" or groups.type eq "indirect"',
    f'Users?filter={ENTERPRISE}:manager.displayName pr or {ENTERPRISE}:employeeNumber eq "700"',
    'Users?filter=meta.lastModified gt "2020-01-01T00:00:00Z"&sortBy=name.familyName&sortOrder=descending',
    "Users?sortBy=emails.value&startIndex=2&count=2",
    'Groups?filter=members.value eq "x" or members.display co "a"',
    'Groups?filter=externalId pr and displayName sw "i"&sortBy=displayName',
    "Groups?attributes=displayName",
    '?filter=displayName co "a" or meta.resourceType eq "User"&sortBy=id',
    "?count=1",
)


def _searches(world: World) -> None:
    for each in SEARCHES:
        world.scim("GET", "/" + each)
    for path in ("/Users", "/Groups"):
        for order in ("", "&sortBy=displayName"):
            page = world.scim("GET", f"{path}?cursor&count=1{order}")
            if cursor := page.get("nextCursor"):
                page = world.scim("GET", f"{path}?cursor={cursor}&count=1{order}")
            if cursor := page.get("previousCursor"):
                world.scim("GET", f"{path}?cursor={cursor}&count=1{order}")
    body = {"schemas": [f"{MESSAGES}SearchRequest"], "filter": "userName pr"}
    for path in ("/Users/.search", "/.search"):
        world.scim("POST", path, body)


def _me(world: World) -> None:
    person = world.scim("GET", "/Users?count=1")["Resources"][0]["id"]
    with writing() as connection:
        bound = tokens.create(connection, world.tenant, "self", employee_id=person).text
    mine = World(**{**vars(world), "token": bound})
    mine.scim("GET", "/Me")
    mine.patch("/Me", op="add", path="nickName", value="me")


def _oauth(world: World) -> None:
    with writing() as connection:
        client = clients.named_or_made(connection, world.tenant.id, "by-oauth")
        secret = oauth.make_secret(connection, world.tenant, client)
    shown = {"client_id": secret.client_id, "client_secret": secret.text}
    with world.app.test_client() as caller:
        bought = caller.post("/oauth/token", data={**shown, "grant_type": "client_credentials"}).json
        assert bought is not None
        for path in ("introspect", "revoke", "introspect"):
            given = {**shown, "token": bought["access_token"]}
            assert caller.post(f"/oauth/{path}", data=given).status_code == 200
    with writing() as connection:
        oauth.make_secret(connection, world.tenant, client, overlap_hours=0)


def _import(world: World) -> None:
    file = world.folder / "people.csv"
    command = world.command
    rows = [f"{n},Given{n},Family{n},person{n}@example.com,Active" for n in range(1, 9)]
    file.write_text("\n".join([HEADER, *rows, "9,Nine,Nine,nine@example.com,Who knows"]) + "\n")
    command("source", "add", "csv", "--name", "hr", "--set", f"path={file}", "--set", "mapping=guess")
    for words in ("check hr", "preview hr", "import hr --dry-run", "import hr", "show hr", "list"):
        command("source", *words.split())
    file.write_text("\n".join([HEADER, *rows[1:], "2,Twice,Two,two@example.com,Active"]) + "\n")
    for words in (
        "source import hr",
        "run-log list",
        "run-log show 2",
        "run-log errors 2",
        "source pause hr",
    ):
        command(*words.split())
    for words in ("source resume hr", "source set hr --set schedule=1h"):
        command(*words.split())


def _connect(world: World) -> None:
    command = world.command
    with simulate(JazzHRSimulator(people=3, key=KEY, calls_per_minute=None)) as vendor:
        command("vendor", "enable", "jazzhr")
        place = ("--set", f"base_url={vendor.url}/v1", "--set", "welcome=yes", "--secret", f"api_key={KEY}")
        command("source", "add", "jazzhr", "--name", "jazz", *place)
        command("welcome", "set", "--link", "https://acme.example/begin")
        for words in ("consent", "check", "preview", "publish", "import", "webhook", "webhook --generate"):
            command("source", *words.split()[:1], "jazz", *words.split()[1:])
        for words in (
            "source suggestions jazz",
            "source export jazz",
            "precedence set title source:jazz source:hr",
            "precedence list",
            "employee pin person2@example.com title=Chief",
            "source import jazz --full",
            "employee unpin person2@example.com title",
            "precedence remove title",
            "welcome show",
            "welcome off",
            "vendor list",
            "source disconnect jazz",
            "source remove jazz",
            "vendor disable jazzhr",
        ):
            command(*words.split())


def _sync(world: World) -> None:
    command = world.command
    with simulate(ScimSimulator(people=3, key=KEY)) as far:
        place = ("--url", f"{far.url}/scim/v2", "--secret", f"token={KEY}", "--set", "rate=0")
        command("target", "add", "scim", "--name", "far", *place)
        for words in (
            "probe far",
            "sync far --dry-run",
            "sync far --wait",
            "fields far",
            "status far",
            "list",
        ):
            command("target", *words.split())
        person = world.scim("GET", '/Users?filter=userName eq "ada"')["Resources"][0]["id"]
        world.patch(f"/Users/{person}", op="replace", path="active", value=False)
        world.patch(f"/Users/{person}", op="replace", path="name.familyName", value="Byron")
        command("target", "sync", "far", "--wait")
        command("target", "sync", "far", "--full", "--wait")
        command("plan", "list")
        command("link", "show", "--target", "far", "--email", "ada@example.com")
        command("employee", "show", "ada", "--history", "--explain")
        command("target", "pause", "far")
        command("target", "resume", "far")
        _plans_and_groups(command)


def _plans_and_groups(command: Callable[..., str]) -> None:
    command("target", "set", "far", "--set", "groups=departments")
    command("target", "sync", "far", "--wait")
    for words in (
        "groups far",
        "orphans far",
        "fields far --map title=title|upper --preview",
        "settings far",
    ):
        command("target", *words.split())
    shown = [json.loads(line) for line in command("plan", "list", "--json").splitlines()]
    done = [plan["id"] for plan in shown if plan["updated"] or plan["suspended"]]
    undo = json.loads(command("plan", "undo", str(done[0]), "--json"))["plan"]
    command("plan", "approve", str(undo))
    command("target", "sync", "far", "--wait")


def _console(world: World) -> None:
    with writing() as connection:
        one_time = admins.create(connection, world.tenant, EMAIL)
    browser = Browser(world.base)
    browser.sign_in("acme", EMAIL, "wrong")
    browser.sign_in("nobody", EMAIL, "wrong")
    assert browser.sign_in("acme", EMAIL, one_time).status_code == 303
    assert browser.choose_password(CHOSEN).status_code == 303
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and "GET" in (rule.methods or ()) and not rule.arguments:
            assert browser.get(rule.rule).status_code in (200, 404)
    for path in (
        "/people?q=ada",
        "/people?target=1&at=linked",
        "/search?q=ada",
        "/deliveries?target=1",
        "/audit?text=a",
    ):
        assert browser.get(path).status_code == 200
    saved = browser.submit(browser.page("/people?q=ada"), "/people/views", name="All the Adas")
    assert saved.status_code == 303
    browser.submit(browser.page("/"), "/sign-out")


def _scheduler(world: World) -> None:
    queue = Queue(MemoryStorage, ())
    Scheduler(queue, tasks.join(world.app, queue)).beat()
    while (task := queue.dequeue()) is not None:
        queue.execute(task)


def _house_keeping(world: World) -> None:
    command = world.command
    for words in ("token list", "token rotate 2", "token revoke 2", "client list", "client log idp"):
        command(*words.split())
    for words in ("client create other", "client set other strict=true", "client secret other"):
        command(*words.split())
    for words in (
        "notice channel add webhook ops https://hooks.example.com/rollcall",
        "notice channel list",
        "notice list",
        "notice channel remove ops",
    ):
        command(*words.split())
    for words in ("verify", "tenant list", "keys list"):
        command(*words.split(), of_tenant=False)
    for words in ("target remove far --yes", "source remove hr"):
        command(*words.split())
    for person in world.scim("GET", "/Users")["Resources"]:
        world.scim("DELETE", f"/Users/{person['id']}", status=204)


STATIONS = (
    _users, _groups, _schemas, _bulk, _searches, _me, _oauth, _import, _connect, _sync, _console, _scheduler,
    _house_keeping,
)  # fmt: skip


@pytest.fixture
def world(
    app: Flask, settings: Settings, tenant: Tenant, token: str, serve: Callable[[Any], str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:  # fmt: skip
    """Give the installation in which the tour is made."""
    monkeypatch.setattr("app.create_app", lambda _settings: app)

    def command(*words: str, of_tenant: bool = True) -> str:
        given = [*words, "--tenant", tenant.slug] if of_tenant else list(words)
        done = CliRunner().invoke(main, given)
        assert done.exit_code == 0, f"{' '.join(given)}: {done.output}{done.stderr} {done.exception}"
        return done.stdout

    yield World(app, tenant, token, serve(app), tmp_path, command)


@pytest.fixture
def toured(world: World) -> Watch:
    """Give what was seen on a tour through the whole product."""
    with watched() as watch:
        for station in STATIONS:
            station(world)
            world.app.extensions["rollcall.inbound"].flush()
    return watch


def test_no_statement_of_the_product_reaches_beyond_a_tenant(toured: Watch) -> None:
    assert toured.taken() == []
    assert owned() - toured.tables == set(), "the tour does not use these tables: lead it there"
    assert set(ALLOWED) - toured.excused == set(), "ALLOWED of isolation.py has rows that nothing needs"
