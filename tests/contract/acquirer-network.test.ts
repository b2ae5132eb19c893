import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { HttpAcquirer, type HttpAcquirerOptions } from "#adapters/acquirers/http-acquirer.ts";
import type { AuthorizeRequest } from "#core/acquiring/port.ts";
import { freePort } from "#local/process/http-server.ts";
import { selfSignedIdentity } from "#tests/support/certificate.ts";
import {
  httpAnswer,
  type RawHandler,
  type RawServer,
  type RawServerOptions,
  startRawServer,
} from "#tests/support/raw-server.ts";

const cardNumber = "4242424242424242";
const key = "pay_0123456789abcdefghjkmnpqrs:authorize:1";
const approved = { key, reference: "ref_1", result: "approved" };

/** An authorization that waits `waitMs` for its answer. */
const authorization = (waitMs = 2_000): AuthorizeRequest => ({
  key,
  merchant: "mer_demo",
  amount: 1_099n,
  currency: "EUR",
  card: { number: cardNumber, expMonth: 12, expYear: 2_040 },
  deadline: Date.now() + waitMs,
});

function client(url: string, options: Partial<HttpAcquirerOptions> = {}): HttpAcquirer {
  const acquirer = new HttpAcquirer({ name: "alpha", url, apiKey: "k", clock: Date.now, ...options });
  onTestFinished(() => acquirer.close());
  return acquirer;
}

async function server(options: RawServerOptions): Promise<RawServer> {
  const running = await startRawServer(options);
  onTestFinished(() => running[Symbol.asyncDispose]());
  return running;
}

const http = (running: RawServer) => `http://127.0.0.1:${running.port}`;
const silent: RawHandler = () => undefined;

describe("a request that never left", () => {
  it("is not attempted when the port refuses connections", async () => {
    const outcome = await client(`http://127.0.0.1:${await freePort()}`).authorize(authorization());
    expect(outcome).toEqual({ kind: "not_attempted", reason: "no_connection:ECONNREFUSED" });
  });

  it("is not attempted when the host has no address", async () => {
    const outcome = await client("https://acquirer.invalid").authorize(authorization());
    expect(outcome).toMatchObject({ kind: "not_attempted" });
  });

  it("is not attempted when the deadline has passed, and opens no connection", async () => {
    const running = await server({ onRequest: silent });
    const outcome = await client(http(running)).authorize(authorization(-1));
    expect(outcome).toEqual({ kind: "not_attempted", reason: "no_connection:deadline_passed" });
    expect(running.connections()).toBe(0);
  });

  it("is not attempted when the TLS handshake does not end in time", async () => {
    const running = await server({ onRequest: silent });
    const acquirer = client(`https://127.0.0.1:${running.port}`, { connectMsMax: 100 });
    expect(await acquirer.authorize(authorization())).toEqual({
      kind: "not_attempted",
      reason: "no_connection:connect_timeout",
    });
    expect(running.connections()).toBe(1);
  });

  it("is not attempted when the deadline passes during the TLS handshake", async () => {
    const running = await server({ onRequest: silent });
    const acquirer = client(`https://127.0.0.1:${running.port}`);
    expect(await acquirer.authorize(authorization(100))).toEqual({
      kind: "not_attempted",
      reason: "no_connection:deadline",
    });
  });

  it.each<{ what: string; onConnection: NonNullable<RawServerOptions["onConnection"]> }>([
    { what: "closes", onConnection: (socket) => socket.end() },
    { what: "resets", onConnection: (socket) => socket.resetAndDestroy() },
    { what: "speaks no TLS", onConnection: (socket) => socket.write("220 mail.example ready\r\n") },
  ])("is not attempted when the peer $what during the TLS handshake", async ({ onConnection }) => {
    const running = await server({ onConnection });
    const outcome = await client(`https://127.0.0.1:${running.port}`).authorize(authorization());
    expect(outcome).toMatchObject({ kind: "not_attempted" });
  });

  it("is not attempted when every socket is busy for too long", async () => {
    const running = await server({ onRequest: silent });
    const acquirer = client(http(running), { socketsMax: 1, connectMsMax: 100 });
    const first = acquirer.authorize(authorization(400));
    const second = acquirer.authorize(authorization(400));
    expect(await second).toEqual({ kind: "not_attempted", reason: "no_connection:connect_timeout" });
    expect(await first).toEqual({ kind: "unknown", reason: "no_answer:deadline" });
    // The socket is free now: what was given up must not leave after all.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(running.requests).toHaveLength(1);
  });

  it("is not attempted when too many are under way already", async () => {
    const running = await server({ onRequest: silent });
    const acquirer = client(http(running), { socketsMax: 1, connectMsMax: 100 });
    const underWay = Array.from({ length: 256 }, () => acquirer.authorize(authorization(200)));
    expect(await acquirer.authorize(authorization())).toEqual({
      kind: "not_attempted",
      reason: "no_connection:too_many_in_flight",
    });
    await Promise.all(underWay);
    expect(await acquirer.authorize(authorization(100))).toMatchObject({ kind: "unknown" });
  });
});

describe("a request that left and got no whole answer", () => {
  const wholeAnswer = httpAnswer(201, approved);

  it.each<{ what: string; answer: RawHandler; reason: string }>([
    { what: "nothing", answer: silent, reason: "no_answer:deadline" },
    { what: "a close", answer: (socket) => socket.end(), reason: "no_answer:ECONNRESET" },
    { what: "a reset", answer: (socket) => socket.resetAndDestroy(), reason: "no_answer:ECONNRESET" },
    {
      what: "half a head, then a close",
      answer: (socket) => socket.end(wholeAnswer.slice(0, 30)),
      reason: "no_answer:ECONNRESET",
    },
    {
      what: "half a body, then a close",
      answer: (socket) => socket.end(wholeAnswer.slice(0, -10)),
      reason: "no_answer:ECONNRESET",
    },
    {
      what: "half a body, then silence",
      answer: (socket) => socket.write(wholeAnswer.slice(0, -10)),
      reason: "no_answer:deadline",
    },
    {
      what: "no HTTP",
      answer: (socket) => socket.end("SSH-2.0-x\r\n"),
      reason: "no_answer:HPE_INVALID_CONSTANT",
    },
    {
      what: "a switch of protocols",
      answer: (socket) => socket.write("HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
      reason: "no_answer:connection_closed",
    },
    {
      what: "interim answers only",
      answer: (socket) => socket.write("HTTP/1.1 102 Processing\r\n\r\n"),
      reason: "no_answer:deadline",
    },
    {
      what: "an answer without end",
      answer: (socket) => socket.write(httpAnswer(200, " ".repeat(70_000))),
      reason: "no_answer:answer_too_large",
    },
    {
      what: "a body cut short of its chunks",
      answer: (socket) =>
        socket.end(`HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"key\r\n`),
      reason: "no_answer:ECONNRESET",
    },
  ])("is unknown after $what", async ({ answer, reason }) => {
    const running = await server({ onRequest: answer });
    const outcome = await client(http(running)).authorize(authorization(300));
    expect(outcome).toEqual({ kind: "unknown", reason });
    expect(running.requests).toHaveLength(1);
  });

  it("is unknown when the answer drips in beyond the deadline", async () => {
    const running = await server({
      onRequest: (socket) => {
        let sent = 0;
        const drip = setInterval(() => socket.write(wholeAnswer.charAt(sent++)), 5);
        socket.once("close", () => clearInterval(drip));
      },
    });
    const startedAt = Date.now();
    const outcome = await client(http(running)).authorize(authorization(200));
    expect(outcome).toEqual({ kind: "unknown", reason: "no_answer:deadline" });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
  });

  it("gives its connection up: no later request meets the late answer", async () => {
    const closed = Promise.withResolvers<void>();
    const running = await server({
      onRequest: (socket, { ordinal }) => {
        if (ordinal > 1) socket.write(wholeAnswer);
        else socket.once("close", closed.resolve);
      },
    });
    const acquirer = client(http(running));
    expect(await acquirer.authorize(authorization(100))).toMatchObject({ kind: "unknown" });
    await closed.promise;
    expect(await acquirer.authorize(authorization())).toMatchObject({ kind: "approved" });
    expect(running.connections()).toBe(2);
  });

  it("is unknown after the longest call that the client allows, however late the deadline", async () => {
    const running = await server({ onRequest: silent });
    const acquirer = client(http(running), { callMsMax: 100 });
    expect(await acquirer.authorize(authorization(60_000))).toEqual({
      kind: "unknown",
      reason: "no_answer:deadline",
    });
  });

  it("goes nowhere else when it is redirected", async () => {
    const elsewhere = await server({ onRequest: (socket) => socket.end(wholeAnswer) });
    const running = await server({
      onRequest: (socket) => socket.end(httpAnswer(307, "", [`Location: ${http(elsewhere)}/`])),
    });
    expect(await client(http(running)).authorize(authorization())).toEqual({
      kind: "unknown",
      reason: "answer:http_307",
    });
    expect(elsewhere.connections()).toBe(0);
  });
});

describe("a whole answer", () => {
  it.each<{ what: string; answer: RawHandler }>([
    {
      what: "that ends where its connection ends",
      answer: (socket) => socket.end(`HTTP/1.1 201 Created\r\n\r\n${JSON.stringify(approved)}`),
    },
    {
      what: "in chunks",
      answer: (socket) => {
        const text = JSON.stringify(approved);
        const chunk = `${text.length.toString(16)}\r\n${text}\r\n`;
        socket.write(`HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`);
      },
    },
    {
      what: "after an interim one",
      answer: (socket) => socket.write(`HTTP/1.1 102 Processing\r\n\r\n${httpAnswer(201, approved)}`),
    },
    {
      what: "that says the connection closes",
      answer: (socket) => socket.end(httpAnswer(201, approved, ["Connection: close"])),
    },
  ])("$what counts", async ({ answer }) => {
    const running = await server({ onRequest: answer });
    const outcome = await client(http(running)).authorize(authorization());
    expect(outcome).toEqual({ kind: "approved", reference: "ref_1" });
  });
});

describe("a kept-alive socket", () => {
  it("serves one request after the other", async () => {
    const running = await server({ onRequest: (socket) => socket.write(httpAnswer(201, approved)) });
    const acquirer = client(http(running));
    for (let n = 0; n < 3; n++) {
      expect(await acquirer.authorize(authorization())).toEqual({ kind: "approved", reference: "ref_1" });
    }
    expect([running.connections(), running.requests.length]).toEqual([1, 3]);
  });

  it("that is reset under a request leaves it unknown, and it is not sent again", async () => {
    const running = await server({
      onRequest: (socket, { ordinal }) =>
        ordinal === 1 ? socket.write(httpAnswer(201, approved)) : socket.resetAndDestroy(),
    });
    const acquirer = client(http(running));
    await acquirer.authorize(authorization());
    expect(await acquirer.authorize(authorization())).toEqual({
      kind: "unknown",
      reason: "no_answer:ECONNRESET",
    });
    expect([running.connections(), running.requests.length]).toEqual([1, 2]);
  });

  it("that a waiting request takes over counts as one that carries bytes", async () => {
    const running = await server({
      onRequest: (socket, { ordinal }) => {
        if (ordinal === 1) setTimeout(() => socket.write(httpAnswer(201, approved)), 20);
        else socket.resetAndDestroy();
      },
    });
    const acquirer = client(http(running), { socketsMax: 1 });
    const outcomes = await Promise.all([
      acquirer.authorize(authorization()),
      acquirer.authorize(authorization()),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["approved", "unknown"]);
    expect(running.connections()).toBe(1);
  });

  it("that has been idle for too long is not used again: the server may have dropped it unseen", async () => {
    let now = Date.now();
    const running = await server({ onRequest: (socket) => socket.write(httpAnswer(201, approved)) });
    const acquirer = client(http(running), { clock: () => now });
    await acquirer.authorize(authorization());
    // A frozen environment: the clock goes on, and no timer has run.
    now += 60_000;
    expect(await acquirer.authorize(authorization(62_000))).toMatchObject({ kind: "approved" });
    expect(running.connections()).toBe(2);
  });

  it("does not hand the answer to an earlier request to a later one", async () => {
    const other = { ...approved, key: "pay_other:authorize:1", reference: "ref_of_another" };
    const running = await server({ onRequest: (socket) => socket.write(httpAnswer(201, other)) });
    expect(await client(http(running)).authorize(authorization())).toEqual({
      kind: "unknown",
      reason: "answer:of_another_request",
    });
  });
});

describe("over TLS", () => {
  const identity = selfSignedIdentity(Date.now());
  const trusted = getCACertificates("default");
  const trust = () => setDefaultCACertificates([...trusted, identity.cert]);
  afterEach(() => setDefaultCACertificates(trusted));

  it("sends not one byte of a request to a peer whose certificate is not trusted", async () => {
    const plaintext: Buffer[] = [];
    const running = await server({ identity, onRequest: (_, { text }) => plaintext.push(Buffer.from(text)) });
    const outcome = await client(`https://localhost:${running.port}`).authorize(authorization());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(outcome).toEqual({ kind: "not_attempted", reason: "no_connection:DEPTH_ZERO_SELF_SIGNED_CERT" });
    expect([running.connections(), plaintext.length]).toEqual([1, 0]);
  });

  it("is approved by a trusted peer", async () => {
    trust();
    const running = await server({
      identity,
      onRequest: (socket) => socket.write(httpAnswer(201, approved)),
    });
    const acquirer = client(`https://localhost:${running.port}`);
    expect(await acquirer.authorize(authorization())).toEqual({ kind: "approved", reference: "ref_1" });
    expect(await acquirer.authorize(authorization())).toEqual({ kind: "approved", reference: "ref_1" });
    expect(running.connections()).toBe(1);
  });

  it.each<{ what: string; answer: RawHandler; reason: string }>([
    { what: "never answers", answer: silent, reason: "no_answer:deadline" },
    { what: "vanishes", answer: (socket) => socket.destroy(), reason: "no_answer:ECONNRESET" },
    { what: "closes", answer: (socket) => socket.end(), reason: "no_answer:ECONNRESET" },
  ])("is unknown when a trusted peer $what", async ({ answer, reason }) => {
    trust();
    const running = await server({ identity, onRequest: answer });
    const outcome = await client(`https://localhost:${running.port}`).authorize(authorization(500));
    expect(outcome).toEqual({ kind: "unknown", reason });
    expect(running.requests).toHaveLength(1);
  });
});
