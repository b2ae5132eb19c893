import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { close, listen } from "#local/process/http-server.ts";
import { Merchant } from "./merchant.ts";

const account = {
  account: "acc_lena",
  merchant: "demo",
  name: "Lena",
  currency: "USD",
  normal_side: "credit",
} as const;

let server: Server;
let away: string[];
afterEach(() => close(server, 0));

/** An API that answers with these codes, each with 409, and then opens the account. */
async function merchantAt(...codes: readonly string[]): Promise<{ merchant: Merchant; asked: () => number }> {
  let asked = 0;
  away = [];
  server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url === "/token") {
      response.end(JSON.stringify({ access_token: "t", expires_in: 3_600 }));
      return;
    }
    const code = codes[asked];
    asked += 1;
    response.statusCode = code === undefined ? 201 : 409;
    response.end(JSON.stringify({ title: "no", code }));
  });
  const api = `http://127.0.0.1:${await listen(server, 0)}`;
  const merchant = new Merchant({ api, tokenUrl: `${api}/token`, clientId: "c", clientSecret: "s" }, (why) =>
    away.push(why),
  );
  return { merchant, asked: () => asked };
}

test("what is busy is asked again", async () => {
  const { merchant, asked } = await merchantAt("idempotency_in_flight");
  await merchant.openAccount(account);
  expect(asked()).toBe(2);
});

test("what is gone is waited for, and then asked again", async () => {
  const { merchant, asked } = await merchantAt();
  const { port } = server.address() as AddressInfo;
  await merchant.openAccount(account);
  await close(server, 0);
  const opened = merchant.openAccount({ ...account, account: "acc_mia" });
  await expect.poll(() => away.length).toBe(1);
  expect(away[0]).toContain("nothing answers at");
  await listen(server, port);
  await opened;
  expect(asked()).toBe(2);
});

test("an account that is another one by now is refused at once, with the API's words", async () => {
  const { merchant, asked } = await merchantAt("exists_with_different_name");
  await expect(merchant.openAccount(account)).rejects.toThrow("409 exists_with_different_name: no");
  expect(asked()).toBe(1);
});
