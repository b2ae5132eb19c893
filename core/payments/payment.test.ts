import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import {
  acquirerOf,
  authorizationOf,
  capturedOf,
  createPayment,
  type PaymentRequest,
  type Review,
  refundedOf,
  type Standing,
} from "./payment.ts";

const authorization = exampleAuthorization;
const review: Review = { operation: "authorize", acquirer: "beta", reason: "timeout" };

test("a new payment is in processing, at version 1, and carries its request", () => {
  const { createdAt: _, updatedAt: __, version: ___, state: ____, ...request } = examplePayment();

  expect(createPayment(request as PaymentRequest, noon)).toStrictEqual(examplePayment());
});

describe("what is known of a payment, state by state", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ standing: Standing; captured: bigint; refunded: bigint; acquirer: string | undefined; held: boolean }>([
    { standing: { state: "processing" },                                                         captured: 0n, refunded: 0n, acquirer: undefined, held: false },
    { standing: { state: "requires_action", acquirer: "beta", acquirerReference: "b-1" },        captured: 0n, refunded: 0n, acquirer: "beta",    held: false },
    { standing: { state: "authorized", authorization },                                          captured: 0n, refunded: 0n, acquirer: "alpha",   held: true },
    { standing: { state: "captured", authorization, captured: 9n, refunded: 2n },                captured: 9n, refunded: 2n, acquirer: "alpha",   held: true },
    { standing: { state: "captured", captured: 9n, refunded: 0n },                               captured: 9n, refunded: 0n, acquirer: undefined, held: false },
    { standing: { state: "settled", authorization, captured: 9n, refunded: 9n, released: 0n },   captured: 9n, refunded: 9n, acquirer: "alpha",   held: true },
    { standing: { state: "declined", acquirer: "beta", decline: "lost_card" },                   captured: 0n, refunded: 0n, acquirer: "beta",    held: false },
    { standing: { state: "failed", failure: "no acquirer" },                                     captured: 0n, refunded: 0n, acquirer: undefined, held: false },
    { standing: { state: "canceled", authorization, cancellation: "x" },                         captured: 0n, refunded: 0n, acquirer: "alpha",   held: true },
    { standing: { state: "canceled", cancellation: "x" },                                        captured: 0n, refunded: 0n, acquirer: undefined, held: false },
    { standing: { state: "canceled", acquirer: "beta", cancellation: "x" },                      captured: 0n, refunded: 0n, acquirer: "beta",    held: false },
    { standing: { state: "expired", authorization },                                             captured: 0n, refunded: 0n, acquirer: "alpha",   held: true },
    { standing: { state: "in_review", authorization, review },                                   captured: 0n, refunded: 0n, acquirer: "alpha",   held: true },
    { standing: { state: "in_review", review },                                                  captured: 0n, refunded: 0n, acquirer: undefined, held: false },
  ])("$standing.state: captured $captured, refunded $refunded, by $acquirer", ({ standing, held, ...known }) => {
    const payment = examplePayment(standing);

    expect({ captured: capturedOf(payment), refunded: refundedOf(payment), acquirer: acquirerOf(payment) }).toEqual(known);
    expect(authorizationOf(payment)).toEqual(held ? authorization : undefined);
  });
});
