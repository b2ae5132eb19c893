import { expect, test } from "vitest";
import { jsonRequest, problemFrom } from "#tests/support/requests.ts";
import type { ApiRequest } from "./http/request.ts";
import { ledgerHolds } from "./ledger-api/holds.ts";
import { cancelPayments, capturePayments } from "./operate-payment.ts";
import { refundPayments } from "./refund-payment.ts";

/** Nothing is asked of a port before the caller is known. */
const ports = {} as never;
const { postHold, voidHolds, reverseEntry } = ledgerHolds(ports);

test.each([
  ["capture", capturePayments(ports)],
  ["cancel", cancelPayments(ports)],
  ["refund", refundPayments(ports)],
  ["post a hold", postHold],
  ["void a hold", voidHolds],
  ["reverse an entry", reverseEntry],
])("%s: who has no token learns that, and nothing about the body", async (_what, act) => {
  const request: ApiRequest = { ...jsonRequest('{"nonsense": '), verdict: { verdict: "token_missing" } };
  const { code } = await problemFrom(act(request, () => 29_000));
  expect(code).toBe("token_missing");
});
