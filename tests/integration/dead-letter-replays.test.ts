import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { FaultRule } from "#local/door/faults.ts";
import type { Plan } from "#local/plan/plan.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { altered, impatient } from "#tests/support/impatient.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { arrivedFor, confirm } from "#tests/support/mailbox.ts";
import { Told } from "#tests/support/told.ts";

const longMs = 150_000;
const approved = "4242424242424242";
const accounts = "accounts@demo.example";
const silent = "4000000000005027";

let system: TestSystem;
let demo: ApiClient;
let operator: ApiClient;

/**
 * The estate's plan, which gives up sooner: queues after one receive, as soon as AWS lets a queue show a message again
 * to a function with its timeout; and the recovery without its eight retries.
 */
function hasty(plan: Plan): Plan {
  const visible: Readonly<Record<string, number>> = { ChecksQueue: 10, DeadLettersQueue: 30 };
  return altered(impatient(plan), ({ name, inputs }) => {
    const seconds = visible[name];
    if (seconds !== undefined) {
      const redrivePolicy = JSON.parse(String(inputs["redrivePolicy"])) as object;
      const maxReceiveCount = name === "ChecksQueue" ? 1 : 5;
      return {
        ...inputs,
        visibilityTimeoutSeconds: seconds,
        redrivePolicy: JSON.stringify({ ...redrivePolicy, maxReceiveCount }),
      };
    }
    if (name !== "RecoverySaga") return undefined;
    const definition = String(inputs["definition"]).replaceAll('"MaxAttempts":8', '"MaxAttempts":0');
    if (definition === inputs["definition"]) throw new Error("the recovery has no eight retries any more");
    return { ...inputs, definition };
  });
}

beforeAll(async () => {
  system = await startTestSystem({ plan: hasty(committedPlan()) });
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
  const body = { channel: "email", address: accounts, kinds: ["captured"] };
  await demo.send("POST", "/v1/merchants/me/contacts", { body });
  await confirm(system.endpoints, accounts);
});
afterEach(() => system.faults.clear());
afterAll(() => system?.stop());

/** Calls of one function that fail until the faults are cleared. */
const down = (caller: string, action: string): FaultRule => ({
  ...{ caller, action, count: 1_000 },
  fault: { kind: "refuse", error: "InternalServerError", statusCode: 400 },
});

interface Letter {
  readonly id: string;
  readonly kind: string;
  readonly payment: string | null;
  readonly replays: readonly { readonly done: string }[];
}

/** The payment's letters that nobody has replayed, once there are so many. */
const openLetters = (payment: string, count: number): Promise<readonly Letter[]> =>
  eventually(async () => {
    const { body } = await operator.get("/v1/ops/dead-letters?limit=100");
    const letters = (body.data as readonly Letter[]).filter((letter) => letter.payment === payment);
    return letters.length >= count ? letters : undefined;
  }, longMs);

async function replay({ id }: Letter): Promise<string | undefined> {
  const { statusCode, body } = await operator.send("POST", `/v1/ops/dead-letters/${id}/replay`);
  expect({ statusCode, body }).toMatchObject({ statusCode: 200 });
  return (body as Letter).replays.at(-1)?.done;
}

const sequencesOf = async (payment: string): Promise<readonly number[]> => {
  const { body } = await demo.get(`/v1/payments/${payment}/events`);
  return (body.data as readonly { readonly sequence: number }[]).map(({ sequence }) => sequence);
};
const toldWhole = (payment: string) =>
  eventually(
    async () => ((await sequencesOf(payment)).length >= 3 ? sequencesOf(payment) : undefined),
    longMs,
  );

const pay = async (number: string, headers: Record<string, string> = {}): Promise<string> => {
  const { body } = await demo.payWithCard({ number }, {}, headers);
  return body.id;
};

test.each([
  { of: "the relay could not tell", caller: "Relay", action: "PutRecords", to: "tallystick-local-relay" },
  {
    of: "could not be kept",
    caller: "RecordEvents",
    action: "BatchWriteItem",
    to: "tallystick-local-record-events",
  },
])(
  "changes that $of go back to $caller, and are told once, however often they go back",
  async ({ caller, action, to }) => {
    system.faults.inject(down(caller, action));
    const payment = await pay(approved);
    const letters = await openLetters(payment, 3);
    expect(letters.map(({ kind }) => kind)).toEqual(["record", "record", "record"]);
    expect(await sequencesOf(payment)).toEqual([]);

    system.faults.clear();
    for (const letter of letters) expect(await replay(letter)).toBe(`handed to ${to}`);
    expect(await toldWhole(payment)).toEqual([1, 2, 3]);
    for (const letter of letters) await replay(letter);

    const told = new Told(system.endpoints);
    expect(await told.findings()).toEqual([]);
    told.stop();
    expect(await sequencesOf(payment)).toEqual([1, 2, 3]);
  },
  2 * longMs,
);

test(
  "records of the journal that could not be told go back to their relay, and are told whole",
  async () => {
    system.faults.inject(down("JournalRelay", "PutRecords"));
    const payment = await pay(approved);
    const letters = await openLetters(payment, 2);
    expect(letters.map(({ kind }) => kind)).toEqual(["record", "record"]);

    system.faults.clear();
    for (const letter of letters)
      expect(await replay(letter)).toBe("handed to tallystick-local-journal-relay");
    const told = new Told(system.endpoints);
    expect(await told.findings()).toEqual([]);
    told.stop();
  },
  2 * longMs,
);

test(
  "news that SNS did not take go back to who tells them, and are told once, however often they go back",
  async () => {
    system.faults.inject(down("Notify", "Publish"));
    const payment = await pay(approved);
    const [letter] = await openLetters(payment, 1);
    const news = () => arrivedFor(system.endpoints, accounts).filter((mail) => mail.includes(payment));
    expect([letter?.kind, news()]).toEqual(["record", []]);

    system.faults.clear();
    for (let time = 1; time <= 2; time += 1)
      expect(await replay(letter as Letter)).toBe("handed to tallystick-local-notify");
    expect(news()).toHaveLength(1);
  },
  2 * longMs,
);

const captured = (payment: string) =>
  eventually(async () => {
    const { body } = await demo.get(`/v1/payments/${payment}`);
    return body.state === "captured" ? body : undefined;
  }, longMs);

test(
  "a reminder that nobody could follow goes back to its queue, and the payment is found out",
  async () => {
    system.faults.inject(down("Check", "GetItem"));
    const payment = await pay(silent, { prefer: "respond-async" });
    const [letter] = await openLetters(payment, 1);
    expect(letter).toMatchObject({ kind: "message" });

    system.faults.clear();
    expect(await replay(letter as Letter)).toBe("sent to tallystick-local-checks");
    expect(await captured(payment)).toMatchObject({ amount_captured: 12_34 });
  },
  2 * longMs,
);

test(
  "a recovery that failed goes on from where it failed, and captures once",
  async () => {
    system.faults.inject(down("RecoverTask", "GetItem"));
    const payment = await pay(silent, { prefer: "respond-async" });
    const [letter] = await openLetters(payment, 1);
    expect(letter).toMatchObject({ kind: "execution" });

    system.faults.clear();
    expect(await replay(letter as Letter)).toBe("redriven");
    expect(await captured(payment)).toMatchObject({ amount_captured: 12_34 });
    const again = await operator.send("POST", `/v1/ops/dead-letters/${(letter as Letter).id}/replay`);
    expect(again.statusCode).toBe(200);
    expect(await captured(payment)).toMatchObject({ amount_captured: 12_34 });
  },
  2 * longMs,
);
