import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkApi } from "./check-api.mjs";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
type Answers = Readonly<Record<string, Answer>>;

const clientId = "canary";
const clientSecret = "not to be told";
const token = "eyJ.a.b";

const healthy: Answers = {
  "POST /oauth2/token": { status: 200, body: { access_token: token } },
  "GET /v1/payments?limit=1": { status: 200, body: { object: "list", data: [] } },
  "GET /v1/balances": { status: 200, body: { object: "balances", data: [] } },
  "GET /v1/payments": { status: 401, body: { code: "token_missing" } },
};

let answers: Answers;
let asked: { readonly request: string; readonly authorization: string | undefined }[];
let server: Server;
let origin: string;

function hear({ method, url, headers }: IncomingMessage): Answer {
  const request = `${method} ${url}`;
  asked.push({ request, authorization: headers.authorization });
  return answers[request] ?? { status: 404, body: {} };
}

beforeEach(async () => {
  answers = healthy;
  asked = [];
  server = createServer((request, response) => {
    const { status, body } = hear(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const visit = () => checkApi({ api: origin, tokenUrl: `${origin}/oauth2/token`, clientId, clientSecret });

test("a healthy API is signed in to, read, and found shut to strangers", async () => {
  await visit();
  expect(asked).toEqual([
    {
      request: "POST /oauth2/token",
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
    },
    { request: "GET /v1/payments?limit=1", authorization: `Bearer ${token}` },
    { request: "GET /v1/balances", authorization: `Bearer ${token}` },
    { request: "GET /v1/payments", authorization: undefined },
  ]);
});

describe("the visit fails", () => {
  test.each<[request: string, answer: Answer, reason: string]>([
    ["POST /oauth2/token", { status: 400, body: { error: "invalid_client" } }, "signing in: HTTP 400"],
    ["POST /oauth2/token", { status: 200, body: {} }, "signing in: no token"],
    ["GET /v1/payments?limit=1", { status: 503, body: {} }, "/v1/payments?limit=1: HTTP 503"],
    ["GET /v1/payments?limit=1", { status: 200, body: {} }, "/v1/payments answered no list"],
    ["GET /v1/balances", { status: 500, body: {} }, "/v1/balances: HTTP 500"],
    ["GET /v1/balances", { status: 200, body: {} }, "/v1/balances answered no balances"],
    ["GET /v1/payments", { status: 200, body: {} }, "without a token: HTTP 200, not 401"],
  ])("when %s is answered %o", async (request, answer, reason) => {
    answers = { ...healthy, [request]: answer };
    await expect(visit()).rejects.toThrow(new Error(reason));
  });

  test("when nobody answers, and tells no secret", async () => {
    server.close();
    server.closeAllConnections();
    const failed = await visit().catch((error: unknown) => String(error));
    expect(failed).toBe("Error: signing in: no answer (TypeError)");
  });
});

describe("what Synthetics is given", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-canary-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The archive of stacks/canary.ts, unpacked where the SDK can be found, as in Lambda. */
  function unpack(): void {
    cpSync(join(import.meta.dirname, "check-api.mjs"), join(folder, "check-api.mjs"));
    cpSync(join(import.meta.dirname, "entry.cjs"), join(folder, "entry.js"));
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
  }

  test("runs by itself: its secret is read, and its visit made", async () => {
    unpack();
    const SecretString = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
    answers = { ...healthy, "POST /": { status: 200, body: { SecretString } } };
    await promisify(execFile)(process.execPath, ["-e", `require("./entry.js").handler()`], {
      cwd: folder,
      env: {
        API_URL: origin,
        TOKEN_URL: `${origin}/oauth2/token`,
        CLIENT_SECRET_ARN: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:canary",
        AWS_ENDPOINT_URL_SECRETS_MANAGER: origin,
        AWS_REGION: "eu-west-1",
        AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
        AWS_SECRET_ACCESS_KEY: "example",
      },
    });
    expect(asked.map(({ request }) => request)).toEqual(["POST /", ...Object.keys(healthy)]);
  });
});
