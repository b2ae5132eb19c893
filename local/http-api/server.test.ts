import { Agent, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { HttpAnswer, HttpLayer, HttpRequest } from "./http-message.ts";
import { type HttpApiServer, serveHttpApi } from "./server.ts";

const servers: HttpApiServer[] = [];
const warnings: string[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(0);
  warnings.length = 0;
});

function text(statusCode: number, body: string): HttpAnswer {
  return { statusCode, headers: [["x-layer", "test"]], body };
}

/** A layer that takes bodies of 10 bytes and answers what it is told. */
async function serverOf(answer: (request: HttpRequest) => Promise<HttpAnswer>): Promise<HttpApiServer> {
  const layer: HttpLayer = {
    bodyBytesMax: 10,
    refuseHead: () => undefined,
    headersTooLarge: () => text(431, "too many headers"),
    bodyTooLarge: () => text(413, "too much body"),
    answer,
  };
  const server = await serveHttpApi({ layer, port: 0, warn: (line) => warnings.push(line) });
  servers.push(server);
  return server;
}

const greet = () => Promise.resolve(text(200, "hello"));

/** All that the server sends back for these bytes, until it ends the connection. */
function exchange(server: HttpApiServer, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.on("close", () => resolve(received));
  });
}

test("the layer sees a request as it stood on the wire", async () => {
  const seen: HttpRequest[] = [];
  const server = await serverOf(async (arrived) => {
    seen.push(arrived);
    return text(200, "seen");
  });
  await exchange(
    server,
    "POST /a%20b?c=1 HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
  );
  expect(seen).toEqual([
    {
      method: "POST",
      target: "/a%20b?c=1",
      httpVersion: "1.1",
      headers: [
        ["Host", "x"],
        ["X-One", "1"],
        ["x-one", "2"],
        ["Content-Length", "4"],
        ["Connection", "close"],
      ],
      sourceIp: "127.0.0.1",
      body: Buffer.from("body"),
    },
  ]);
});

test("one connection serves one request after the other, also behind a refused body", async () => {
  const server = await serverOf(greet);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<unknown>();
  const statuses: unknown[] = [];
  for (const body of ["", "eleven bytes", "", "x"]) {
    await new Promise<void>((resolve, reject) => {
      const sent = request(`${server.url}/`, { agent, method: "POST" }, (response) => {
        ports.add(response.socket.localPort);
        statuses.push(response.statusCode);
        response.resume().on("end", resolve);
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
  agent.destroy();
  expect(statuses).toEqual([200, 413, 200, 200]);
  expect(ports.size).toBe(1);
});

test("a body that is announced too large is refused before it is sent", async () => {
  const server = await serverOf(greet);
  const answer = await exchange(
    server,
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nConnection: close\r\n\r\n",
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\nx-layer: test\r\n/);
});

test("a head too long to read is refused by the layer", async () => {
  const server = await serverOf(greet);
  const answer = await exchange(server, `GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(40_000)}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\nx-layer: test\r\n/);
  expect(answer).toMatch(/too many headers$/);
});

test("bytes that are no HTTP are answered 400 and end their connection", async () => {
  const server = await serverOf(greet);
  expect(await exchange(server, "not http\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
});

test("an answer that the layer fails to give ends its connection and is told", async () => {
  const server = await serverOf(() => Promise.reject(new Error("a bug")));
  expect(await exchange(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toBe("");
  expect(warnings).toEqual(["the HTTP API failed: Error: a bug"]);
});

test("a client that leaves in the middle of its body is no failure", async () => {
  const server = await serverOf(greet);
  await new Promise<void>((resolve) => {
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", () =>
        setTimeout(() => socket.destroy(), 20),
      );
    });
    socket.on("close", () => resolve());
  });
  await sleep(20);
  expect(warnings).toEqual([]);
});

test("a taken port is said with its number and the way out", async () => {
  const server = await serverOf(greet);
  const layer: HttpLayer = {
    bodyBytesMax: 1,
    refuseHead: () => undefined,
    headersTooLarge: () => text(431, ""),
    bodyTooLarge: () => text(413, ""),
    answer: greet,
  };
  await expect(serveHttpApi({ layer, port: server.port, warn: () => undefined })).rejects.toThrow(
    new RegExp(`port ${server.port} is taken.*set PORT`),
  );
});

test("a server that stops lets the request under way finish, and takes no other", async () => {
  const server = await serverOf(async () => {
    await sleep(100);
    return text(200, "finished");
  });
  const underWay = fetch(server.url).then((response) => response.text());
  await sleep(30);
  const stopped = server.stop();
  await expect(fetch(server.url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  expect(await underWay).toBe("finished");
  await stopped;
});

test("a server that stops cuts a request that outlasts its grace", async () => {
  const server = await serverOf(() => new Promise(() => undefined));
  const cut = expect(fetch(server.url)).rejects.toThrow();
  await sleep(30);
  const startedMs = performance.now();
  await server.stop(50);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  await cut;
});
