import { Logger } from "@aws-lambda-powertools/logger";
import type { DynamoDBRecord } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { disputeItem } from "#adapters/dynamodb/dispute-codec.ts";
import { paymentItem } from "#adapters/dynamodb/payment-codec.ts";
import type { DueCheck } from "#adapters/sqs/check-queue.ts";
import { type Dispute, evolveDispute } from "#core/disputes/dispute.ts";
import { disputeEventOf } from "#core/events/dispute-event.ts";
import { eventOf, type PublishedEvent } from "#core/events/payment-event.ts";
import type { MerchantEvent } from "#core/events/streamed.ts";
import { evolve } from "#core/payments/evolve.ts";
import type { Payment } from "#core/payments/payment.ts";
import {
  exampleAuthorization,
  exampleDispute,
  examplePayment,
  minute,
  noon,
} from "#tests/support/examples.ts";
import { createOutbox } from "./outbox.ts";
import { withSealedTexts } from "./sealed-image.ts";

const created = examplePayment();
const authorized = evolve(created, { type: "authorized", authorization: exampleAuthorization }, noon);
const review = { operation: "capture", acquirer: "alpha", reason: "timeout" } as const;
const inReview = evolve(authorized, { type: "review_required", review }, noon + minute);

/** A change as the table's stream tells it. Binary values, in which Lambda's types and the SDK's differ, are in none. */
function change(
  sequenceNumber: string,
  before: Payment | undefined,
  after: Payment,
  epoch = 2,
): DynamoDBRecord {
  const dynamodb = {
    SequenceNumber: sequenceNumber,
    NewImage: { ...paymentItem(after), epoch: { N: String(epoch) } },
    ...(before && { OldImage: paymentItem(before) }),
  };
  return { dynamodb } as DynamoDBRecord;
}

const records = [
  change("101", undefined, created),
  change("102", created, authorized),
  change("103", authorized, inReview),
];

let published: MerchantEvent[];
let asked: DueCheck[];
/** What was done, in its order. */
let done: string[];

beforeEach(() => {
  published = [];
  asked = [];
  done = [];
});

afterEach(() => vi.restoreAllMocks());

/** An outbox whose stream takes `takes` events of each batch. */
const outbox = (takes = Number.POSITIVE_INFINITY) =>
  createOutbox({
    stream: {
      publish: (events) => {
        published.push(...events.slice(0, takes));
        done.push("published");
        return Promise.resolve(Math.min(takes, events.length));
      },
    },
    checks: {
      send: (checks) => {
        asked.push(...checks);
        done.push("asked");
        return Promise.resolve();
      },
    },
    epoch: 2,
  });

const failing = (...sequenceNumbers: string[]) => ({
  batchItemFailures: sequenceNumbers.map((itemIdentifier) => ({ itemIdentifier })),
});

test("a change that waited among the dead letters is told with the seal that it was kept with", async () => {
  const textKey = Buffer.alloc(32, 7).toString("base64url");
  const [before, after] = [
    { ...created, textKey },
    { ...authorized, textKey },
  ];
  const kept = withSealedTexts(
    JSON.stringify({
      dynamodb: {
        Keys: { sk: { S: "payment" } },
        SequenceNumber: "102",
        OldImage: paymentItem(before),
        NewImage: paymentItem(after),
      },
    }),
  );
  expect(await outbox()({ Records: [JSON.parse(kept)] })).toEqual(failing());
  expect(published).toEqual([eventOf(before, after)]);
  expect((published[0] as PublishedEvent).sealed).toBeDefined();
});

test("each change is told, and a look asked for where the payment may get stuck", async () => {
  expect(await outbox()({ Records: records })).toEqual(failing());
  expect(published.map(({ type, sequence }) => [type, sequence])).toEqual([
    ["payment.created", 1],
    ["payment.authorized", 2],
    ["payment.in_review", 3],
  ]);
  const { book, id: payment } = created;
  expect(asked).toEqual([
    { check: { book, payment, version: 1 }, seconds: 60 },
    { check: { book, payment, version: 3 }, seconds: 5 },
  ]);
});

test("the look is asked for first: a relay that dies behind it tells late, and never of what nobody watches", async () => {
  await outbox()({ Records: records });
  expect(done).toEqual(["asked", "published"]);
});

describe("a change of a dispute", () => {
  const open = exampleDispute();
  const lost = evolveDispute(open, { type: "accepted" }, noon + minute);
  const changed = (before: Dispute | undefined, after: Dispute, epoch?: string): DynamoDBRecord =>
    ({
      dynamodb: {
        Keys: { sk: { S: "dispute" } },
        SequenceNumber: "201",
        ...(before && { OldImage: disputeItem(before) }),
        NewImage: { ...disputeItem(after), ...(epoch && { epoch: { N: epoch } }) },
      },
    }) as DynamoDBRecord;

  test("is told among those of payments, and nobody is reminded of it", async () => {
    expect(await outbox()({ Records: [changed(undefined, open), changed(open, lost)] })).toEqual(failing());
    expect(published).toEqual([disputeEventOf(undefined, open), disputeEventOf(open, lost)]);
    expect(asked).toEqual([]);
  });

  test("is no event where a failover only stamped it, or brought several as one", async () => {
    expect(await outbox()({ Records: [changed(lost, lost, "9"), changed(undefined, lost)] })).toEqual(
      failing(),
    );
    expect(published).toEqual([]);
  });

  test("that skips a version of this region's own is taken up again", async () => {
    expect(await outbox()({ Records: [changed(undefined, lost, "9")] })).toEqual(failing("201"));
  });
});

describe("a batch is taken up again", () => {
  test("from the first change that the stream did not take", async () => {
    expect(await outbox(1)({ Records: records })).toEqual(failing("102"));
    expect(published).toHaveLength(1);
  });

  test("from a change that cannot be read, behind which nothing is told", async () => {
    const unreadable = { dynamodb: { SequenceNumber: "102", NewImage: { pk: { S: "mer_demo#pay_1" } } } };
    const [first, , third] = records as [DynamoDBRecord, DynamoDBRecord, DynamoDBRecord];
    expect(await outbox()({ Records: [first, unreadable, third] })).toEqual(failing("102"));
    expect(published.map(({ sequence }) => sequence)).toEqual([1]);
  });

  test("from a change that skips a version: the one between is not lost in silence", async () => {
    expect(await outbox()({ Records: [change("103", created, inReview)] })).toEqual(failing("103"));
  });
});

describe("where another region was left", () => {
  test("a payment that is only stamped has no event, and nobody is reminded of it", async () => {
    expect(await outbox()({ Records: [change("105", inReview, inReview)] })).toEqual(failing());
    expect([published, asked]).toEqual([[], []]);
  });

  test("what it wrote may come with versions left out: that is passed by, and what follows is told", async () => {
    vi.spyOn(Logger.prototype, "warn").mockImplementation(() => undefined);
    const leap = change("103", created, inReview, 1);
    const [first] = records as [DynamoDBRecord];
    expect(await outbox()({ Records: [leap, first] })).toEqual(failing());
    expect(published.map(({ sequence }) => sequence)).toEqual([1]);
  });

  test("where versions were left out, a look is asked for at what the payment came to", async () => {
    vi.spyOn(Logger.prototype, "warn").mockImplementation(() => undefined);
    const { book, id: payment } = created;
    const unreadable = { dynamodb: { SequenceNumber: "104", NewImage: { pk: { S: "mer_demo#pay_1" } } } };
    const leap = change("103", created, inReview, 1);
    expect(await outbox()({ Records: [leap, unreadable] })).toEqual(failing("104"));
    expect(asked).toEqual([{ check: { book, payment, version: 3 }, seconds: 5 }]);
    expect(published).toEqual([]);
  });
});

test("the end of an item is no event: nothing here deletes payments", async () => {
  const removed = { dynamodb: { SequenceNumber: "104", OldImage: {} } };
  expect(await outbox()({ Records: [removed] })).toEqual(failing());
  expect(published).toEqual([]);
});

describe("what wants a person", () => {
  const watch = () => vi.spyOn(Logger.prototype, "warn").mockImplementation(() => undefined);

  test("is written down once it is published, and nothing else is", async () => {
    const warned = watch();
    await outbox()({ Records: records });
    expect(warned.mock.calls).toEqual([
      ["a payment is in review", { payment: created.id, type: "payment.in_review" }],
    ]);
  });

  test("is not written down twice when it comes again", async () => {
    const warned = watch();
    await outbox(2)({ Records: records });
    expect(warned).not.toHaveBeenCalled();
  });
});
