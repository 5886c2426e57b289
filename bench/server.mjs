// The peer of Node: SCIMMY behind its Express routers, its people in maps. `bench.scimmy` installs and starts it.
//
// node server.mjs PORT FIRST-PEOPLE-FILE; the file is a JSON list of stored users, the token is in BENCH_TOKEN.
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [port, file] = process.argv.slice(2);
const authorization = `Bearer ${process.env.BENCH_TOKEN}`;
const users = new Map();
const byUserName = new Map();

function store(user) {
    users.set(user.id, user);
    byUserName.set(user.userName.toLowerCase(), user);
    return user;
}

function missing(id) {
    return new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
}

/** The one user that an equality filter on userName asks for: an index, as a database would have it. */
function named(filter) {
    const [operator, value] = filter[0]?.userName ?? [];
    if (operator !== "eq") throw new SCIMMY.Types.Error(400, "invalidFilter", "Only userName eq is offered");
    const found = byUserName.get(value.toLowerCase());
    return found ? [found] : [];
}

function page(resource) {
    const { startIndex = 1, count = 20 } = resource.constraints ?? {};
    const found = [];
    let index = 0;
    for (const user of users.values()) {
        index += 1;
        if (index >= startIndex) found.push(user);
        if (found.length === count) break;
    }
    if (resource.constraints) resource.constraints.totalResults = users.size;
    return found;
}

function ingress(resource, instance) {
    const before = resource.id ? users.get(resource.id) : undefined;
    if (resource.id && !before) throw missing(resource.id);
    const taken = byUserName.get(instance.userName.toLowerCase());
    if (taken && taken !== before) throw new SCIMMY.Types.Error(409, "uniqueness", "userName is taken");
    if (before) byUserName.delete(before.userName.toLowerCase());
    const now = new Date().toISOString();
    const meta = { created: before?.meta.created ?? now, lastModified: now };
    return store({ ...JSON.parse(JSON.stringify(instance)), id: before?.id ?? randomUUID(), meta });
}

function egress(resource) {
    if (!resource.id) return resource.filter ? named(resource.filter) : page(resource);
    const found = users.get(resource.id);
    if (!found) throw missing(resource.id);
    return found;
}

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false))
    .ingress(ingress)
    .egress(egress);
JSON.parse(readFileSync(file, "utf8")).forEach(store);

const routers = new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== authorization) throw new Error("The bearer token is unknown");
        return "bench";
    },
});
const app = express();
app.disable("x-powered-by");
app.use("/scim/v2", routers);
const server = app.listen(Number(port), "127.0.0.1");
server.keepAliveTimeout = 0; // a connection rests while the other servers have their turns
