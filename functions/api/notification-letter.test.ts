import { describe, expect, test } from "vitest";
import { minute, noon } from "#tests/support/examples.ts";
import { letterOfNotification } from "./notification-letter.ts";

const payment = "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9";
const rawBody = JSON.stringify({
  id: "ntf_1",
  created_at: new Date(noon).toISOString(),
  type: "dispute.opened",
  key: `${payment}:capture:1`,
});
const arrived = { acquirer: "alpha", rawBody, signature: "t=1,v1=00", receivedAt: noon + minute };

test("a notification is kept whole, with who signed it and whom it is about", () => {
  expect(letterOfNotification(arrived)).toEqual({
    id: expect.stringMatching(/^dl_/),
    origin: { kind: "notification", acquirer: "alpha", body: rawBody, signature: "t=1,v1=00" },
    reason: "nothing here handles dispute.opened",
    payment,
    receivedAt: noon + minute,
    replays: [],
  });
});

describe("its letter", () => {
  const { id } = letterOfNotification(arrived);

  test("is the same when it arrives again, later and signed anew", () => {
    expect(
      letterOfNotification({ ...arrived, signature: "t=2,v1=11", receivedAt: noon + 9 * minute }).id,
    ).toBe(id);
  });

  test.each([
    ["from another acquirer", { acquirer: "beta" }],
    ["with other bytes under the same id", { rawBody: rawBody.replace("opened", "closed") }],
  ])("is another one %s", (_what, change) => {
    expect(letterOfNotification({ ...arrived, ...change }).id).not.toBe(id);
  });

  test("comes before that of a later notification", () => {
    const later = rawBody.replace(new Date(noon).toISOString(), new Date(noon + minute).toISOString());
    expect(letterOfNotification({ ...arrived, rawBody: later }).id > id).toBe(true);
  });
});

test.each([
  ["no JSON", "<notice/>"],
  ["no object", "null"],
  ["no type", '{"id":"ntf_2"}'],
  ["a type that is none", '{"type":7,"created_at":"yesterday"}'],
  ["a moment before all clocks", '{"created_at":"0001-01-01T00:00:00Z"}'],
])("what says nothing is kept as well: %s", (_what, text) => {
  const letter = letterOfNotification({ ...arrived, rawBody: text });
  expect(letter).toMatchObject({ origin: { body: text }, reason: "nothing here handles something" });
});

test("a card number in it is kept nowhere", () => {
  const pan = "4242424242424242";
  const text = JSON.stringify({ type: `lost.${pan}`, card: pan });
  expect(JSON.stringify(letterOfNotification({ ...arrived, rawBody: text }))).not.toContain(pan);
});
