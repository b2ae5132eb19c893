import { randomBytes } from "node:crypto";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, test } from "vitest";
import { disputeItem, disputeOf } from "#adapters/dynamodb/dispute-codec.ts";
import { paymentItem, paymentOf } from "#adapters/dynamodb/payment-codec.ts";
import { evolveDispute } from "#core/disputes/dispute.ts";
import { disputeEventOf } from "#core/events/dispute-event.ts";
import { eventOf } from "#core/events/payment-event.ts";
import { evolve } from "#core/payments/evolve.ts";
import type { Payment } from "#core/payments/payment.ts";
import { exampleDispute, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { withSealedTexts } from "./sealed-image.ts";

const created: Payment = {
  ...examplePayment(),
  description: "for Jane Doe",
  returnUrl: "https://shop.test/jane",
  textKey: randomBytes(32).toString("base64url"),
};
const declined = evolve(
  created,
  { type: "declined", acquirer: "alpha", code: "do_not_honor" },
  noon + minute,
);
const redacted = evolve(declined, { type: "redacted" }, noon + 2 * minute);

const recordOf = (before: Payment | undefined, after: Payment, sk = "payment"): string =>
  JSON.stringify({
    eventName: "MODIFY",
    dynamodb: {
      Keys: { pk: { S: "p" }, sk: { S: sk } },
      SequenceNumber: "1",
      ...(before && { OldImage: paymentItem(before) }),
      NewImage: paymentItem(after),
    },
  });
const imagesIn = (text: string) => JSON.parse(text).dynamodb;

describe("a change that was given up", () => {
  test("is kept without what people wrote, and without the key", () => {
    const kept = withSealedTexts(recordOf(created, declined));
    for (const text of ["Jane", "jane", "order-1001", "b-7", created.textKey ?? ""])
      expect(kept).not.toContain(text);
  });

  test("is told in the same words when it is replayed", () => {
    const { NewImage, OldImage } = imagesIn(withSealedTexts(recordOf(created, declined)));
    const { sealed } = eventOf(created, declined);
    expect(sealed).toBeDefined();
    expect(unmarshall(NewImage)["sealed"]).toBe(sealed);
    const again = eventOf(paymentOf(OldImage), paymentOf(NewImage));
    expect({ ...again, sealed }).toEqual(eventOf(created, declined));
  });

  test("forgets them too where it is the redaction itself", () => {
    const kept = withSealedTexts(recordOf(declined, redacted));
    expect(kept).not.toContain(created.textKey ?? "");
    expect(kept).not.toContain("Jane");
    const { NewImage, OldImage } = imagesIn(kept);
    expect(eventOf(paymentOf(OldImage), paymentOf(NewImage))).toEqual(eventOf(declined, redacted));
  });
});

test("a change of a dispute is kept without what its merchant wrote, and told in the same words", () => {
  const open = exampleDispute();
  const texts = { text: "signed by Ann Example", fields: { tracking_number: "T-1" } };
  const given = evolveDispute(open, { type: "evidence_given", texts, fingerprint: "f" }, noon + minute);
  const kept = withSealedTexts(
    JSON.stringify({
      eventName: "MODIFY",
      dynamodb: {
        Keys: { pk: { S: "p" }, sk: { S: "dispute" } },
        OldImage: disputeItem(open),
        NewImage: disputeItem(given),
      },
    }),
  );
  expect(kept).not.toMatch(/Ann|T-1/);
  const { NewImage, OldImage } = imagesIn(kept);
  expect(disputeEventOf(disputeOf(OldImage), disputeOf(NewImage))).toEqual(disputeEventOf(open, given));
});

test.each([
  ["a payment from before there were keys", recordOf(undefined, examplePayment())],
  ["what is no payment", recordOf(undefined, created, "refund")],
  ["what nobody can read", '{"dynamodb":{"Keys":{"sk":{"S":"payment"}},"NewImage":{"text_key":{"S":"k"}}}}'],
  ["no JSON", "…"],
])("%s stays as it is", (_what, text) => {
  expect(withSealedTexts(text)).toBe(text);
});
