import { beforeEach, expect, test } from "vitest";
import type { Claim } from "#adapters/dynamodb/told-events.ts";
import { NewsRefused } from "#adapters/sns/errors.ts";
import type { Dispatch, Published } from "#adapters/sns/news-topic.ts";
import { eventOf, type PublishedEvent } from "#core/events/payment-event.ts";
import type { Book } from "#core/ledger/account.ts";
import { addressIdOf, type Contact, contactIdOf } from "#core/notifications/contact.ts";
import type { NewsKind } from "#core/notifications/kinds.ts";
import { exampleEvent } from "#tests/support/example-events.ts";
import { examplePayment } from "#tests/support/examples.ts";
import { createTeller } from "./telling.ts";

const noon = Date.UTC(2030, 0, 1, 12);
const days = 24 * 3_600_000;

let contacts: Contact[];
let claimed: Map<string, Claim>;
let published: Dispatch[];
let publish: () => Published;
let release: (claim: Claim) => Promise<void>;
let now: number;
let logged: string[];
/** What an error's line names. */
let named: unknown[];

beforeEach(() => {
  contacts = [contact("a@example.com", "declined", "in_review")];
  claimed = new Map();
  published = [];
  publish = () => "published";
  release = async ({ key }) => void claimed.delete(key.sk);
  now = noon + 1_000;
  logged = [];
  named = [];
});

function contact(address: string, ...kinds: NewsKind[]): Contact {
  const id = contactIdOf("mer_demo" as Book, "email", address);
  return { id, channel: "email", address, kinds, subscription: "arn", version: 1, createdAt: 0 };
}

const tell = createTeller({
  contacts: { of: async () => contacts },
  told: {
    claim: async (event) => {
      if (claimed.has(event.id)) return undefined;
      const claim = { key: { pk: event.book, sk: event.id }, by: "me" };
      claimed.set(event.id, claim);
      return claim;
    },
    release: (claim) => release(claim),
  },
  topic: {
    publish: async (dispatch) => {
      const outcome = publish();
      published.push(dispatch);
      return outcome;
    },
  },
  now: () => now,
  logger: {
    error: (line, ...details) => {
      logged.push(String(line));
      named.push(...details);
    },
    warn: (line) => void logged.push(String(line)),
  },
});
const telling = (event: object): Promise<void> => tell(JSON.stringify(event));

/** In review at noon. */
const inReview = (): PublishedEvent => exampleEvent({ version: 2, updatedAt: noon });
const to = addressIdOf("email", "a@example.com");

test("an event is told to those who asked for its kind, in one message", async () => {
  contacts.push(contact("b@example.com", "captured"), contact("c@example.com", "in_review"));
  await telling(inReview());
  expect(published).toEqual([
    expect.objectContaining({ kind: "in_review", to: [to, addressIdOf("email", "c@example.com")] }),
  ]);
});

test("it is told once, however often and in whatever order records come", async () => {
  const declined = eventOf(
    { ...examplePayment(), version: 2 },
    {
      ...examplePayment(),
      version: 3,
      updatedAt: noon,
      state: "declined",
      decline: "lost_card",
      acquirer: "alpha",
    },
  );
  for (const event of [inReview(), declined, inReview(), declined]) await telling(event);
  expect(published.map(({ kind }) => kind)).toEqual(["in_review", "declined"]);
});

test.each<{ of: string; who?: Contact[]; event?: PublishedEvent; at?: number }>([
  { of: "whose merchant has no contacts", who: [] },
  { of: "of a kind that nobody asked for", who: [contact("a@example.com", "captured")] },
  { of: "that is no news", event: exampleEvent({ updatedAt: noon }) },
  { of: "that is older than a week", at: noon + 7 * days + 1 },
])("an event $of costs no claim and no message", async ({ who, event, at }) => {
  contacts = who ?? contacts;
  now = at ?? now;
  await telling(event ?? inReview());
  expect([published, claimed.size]).toEqual([[], 0]);
});

test("an event of less than a week is told", async () => {
  now = noon + 7 * days;
  await telling(inReview());
  expect(published).toHaveLength(1);
});

test("what SNS refuses is thrown, and told by the next try", async () => {
  publish = () => {
    throw new NewsRefused("Throttled");
  };
  await expect(telling(inReview())).rejects.toThrow("Throttled");
  expect(claimed.size).toBe(0);
  publish = () => "published";
  await telling(inReview());
  expect(published).toHaveLength(1);
});

test("a claim that cannot be given back is said in the log", async () => {
  publish = () => {
    throw new NewsRefused("Throttled");
  };
  release = () => Promise.reject(new Error("the table is away"));
  await expect(telling(inReview())).rejects.toThrow("Throttled");
  expect(logged).toEqual(["a merchant was not told, and will not be"]);
});

test("what nobody knows of is not told again, and is said in the log", async () => {
  publish = () => "unknown";
  await telling(inReview());
  await telling(inReview());
  expect([published.length, logged]).toEqual([1, ["nobody knows whether a merchant was told"]]);
  const { id, book, data } = inReview();
  expect(named).toEqual([{ event: id, merchant: book, payment: data.id }]);
});

test("a payment that cannot be read is thrown before it is claimed", async () => {
  const event = inReview();
  await expect(telling({ ...event, data: { ...event.data, currency: "XXX" } })).rejects.toThrow();
  expect(claimed.size).toBe(0);
});

test("what no schema knows is passed over: it is parked elsewhere", async () => {
  await tell("no JSON");
  await telling({ ...inReview(), type: "payment.exploded" });
  expect([published, logged]).toEqual([[], Array(2).fill("no schema knows this record")]);
});
