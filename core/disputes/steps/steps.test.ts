import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DisputeWorld, type Fault } from "#tests/support/dispute-world.ts";
import { day, demo, minute, noon } from "#tests/support/examples.ts";
import { checkDisputes } from "../../proof/disputes.ts";
import { acceptDispute, giveEvidence } from "../decide.ts";
import { evolveDispute } from "../dispute.ts";
import { disputeIdOf, evidenceKeyOf } from "../ids.ts";
import { disputeStates, isOver } from "../states.ts";
import { look } from "./look.ts";
import { open } from "./open.ts";

const id = disputeIdOf("alpha", "case-1");
const execution = "run-1";
const texts = { text: "signed for", fields: { tracking_number: "T-1" } };

const looked = (world: DisputeWorld, attempt = 0) =>
  look(world.ports, { book: demo, id, attempt, execution, deadline: world.now + 10_000 });

async function opened(more: ConstructorParameters<typeof DisputeWorld>[0] = {}): Promise<DisputeWorld> {
  const world = new DisputeWorld(more);
  await open(world.ports, world.told, { execution });
  return world;
}

/** As the API writes down what a merchant says. */
function say(world: DisputeWorld, word: "evidence" | "accept"): void {
  const { dispute, now } = world;
  if (dispute === undefined) return;
  const decided = word === "accept" ? acceptDispute(dispute) : giveEvidence(dispute, texts, "f", now);
  if (decided.ok) world.versions.push(evolveDispute(dispute, decided.value, now));
}

describe("opening a dispute", () => {
  test("posts what the acquirer took, with the dispute", async () => {
    const world = await opened();
    expect(world.dispute).toMatchObject({ id, state: "needs_response", version: 1 });
    expect(world.entries).toEqual(["chargeback"]);
  });

  test("again changes nothing, also when the first reply was lost", async () => {
    const world = new DisputeWorld();
    world.losesReply = true;
    await expect(open(world.ports, world.told, { execution })).rejects.toThrow("StoreUnavailable");
    await open(world.ports, world.told, { execution: "run-2" });
    expect([world.versions.length, world.entries]).toEqual([1, ["chargeback"]]);
  });

  test("changes nothing either where it is told in other words", async () => {
    const world = await opened();
    await open(world.ports, { ...world.told, amount: 100_01n }, { execution: "run-2" });
    expect([world.versions.length, world.entries]).toEqual([1, ["chargeback"]]);
  });

  test("fails for a person where an account refuses it", async () => {
    const world = new DisputeWorld();
    const { disputes, payments, now } = world.ports;
    const refusing = {
      ...disputes,
      commitDispute: () => Promise.resolve({ kind: "refused", refusal: "account_not_found" } as const),
    };
    const opening = open({ disputes: refusing, payments, now }, world.told, { execution });
    await expect(opening).rejects.toThrow("account_not_found");
  });

  test("fails for a person where the books cannot take it, and writes nothing", async () => {
    const world = new DisputeWorld();
    const told = { ...world.told, amount: 100_01n };
    await expect(open(world.ports, told, { execution })).rejects.toThrow("exceeds_captured");
    expect([world.versions, world.journal]).toEqual([[], []]);
  });
});

describe("looking at a dispute", () => {
  test("waits for the merchant's word until its time is over, and an hour at most", async () => {
    const world = await opened();
    expect(await looked(world)).toMatchObject({ outcome: "waiting", wait: 3_600 });
    world.now = noon + 7 * day - 90_500;
    expect(await looked(world)).toMatchObject({ outcome: "waiting", wait: 91 });
    expect(world.versions).toHaveLength(1);
  });

  test("ends it when nobody said anything in time; the money stays gone", async () => {
    const world = await opened();
    world.now = noon + 7 * day;
    expect(await looked(world)).toMatchObject({ outcome: "concluded" });
    expect(world.dispute).toMatchObject({ state: "lost", because: "no_evidence" });
    expect(world.entries).toEqual(["chargeback"]);
  });

  test("says so too where the acquirer was quicker to", async () => {
    const world = await opened();
    [world.now, world.desk.outcome] = [noon + 7 * day, "lost"];
    await looked(world);
    expect(world.dispute).toMatchObject({ state: "lost", because: "no_evidence" });
  });

  test("says that it was decided where the acquirer decides before its time is over, or against evidence", async () => {
    const early = await opened();
    early.desk.outcome = "lost";
    await looked(early);
    const late = await opened();
    say(late, "evidence");
    [late.now, late.desk.outcome] = [noon + 7 * day, "lost"];
    await looked(late);
    for (const { dispute } of [early, late])
      expect(dispute).toMatchObject({ state: "lost", because: "decided" });
  });

  test("does not end it while nobody knows whether the acquirer has: it may be won", async () => {
    const world = await opened();
    world.now = noon + 8 * day;
    world.desk.fail("lost_reply");
    expect(await looked(world)).toMatchObject({ outcome: "ask_again", wait: 5 });
    world.desk.outcome = "won";
    await looked(world);
    expect(world.dispute?.state).toBe("won");
  });

  test("hands the evidence to the acquirer under one key, and waits for a day", async () => {
    const world = await opened();
    say(world, "evidence");
    expect(await looked(world)).toMatchObject({ outcome: "waiting", wait: 86_400 });
    expect(world.dispute?.state).toBe("under_review");
    const key = evidenceKeyOf(world.payment.id, id);
    expect(world.desk.evidence).toMatchObject([{ key, reference: "case-1", ...texts }]);
  });

  test("only waits for the decision once the acquirer has the evidence", async () => {
    const world = await opened();
    say(world, "evidence");
    await looked(world);
    expect(await looked(world)).toMatchObject({ outcome: "waiting", wait: 86_400 });
    expect([world.versions.length, world.desk.evidence.length]).toEqual([3, 1]);
  });

  test("writes nothing down where the acquirer does not find it, or takes no evidence", async () => {
    const unfound = await opened();
    unfound.now = noon + 8 * day;
    unfound.desk.inquireDispute = () => Promise.resolve({ kind: "not_found" });
    expect(await looked(unfound)).toMatchObject({ outcome: "ask_again", wait: 5 });
    expect(unfound.versions).toHaveLength(1);
    const closed = await opened();
    say(closed, "evidence");
    closed.desk.submitEvidence = () => Promise.resolve({ kind: "not_open" });
    expect(await looked(closed)).toMatchObject({ outcome: "ask_again", wait: 5 });
    expect(closed.dispute?.state).toBe("needs_response");
  });

  test("asks before it hands evidence over again, and finds what the lost reply had said", async () => {
    const world = await opened();
    say(world, "evidence");
    world.desk.fail();
    const submit = world.desk.submitEvidence.bind(world.desk);
    let sent = 0;
    world.desk.submitEvidence = async (request) => {
      sent += 1;
      await submit(request);
      return { kind: "unknown", reason: "no_answer:deadline" };
    };
    expect(await looked(world)).toMatchObject({ outcome: "ask_again" });
    expect(await looked(world, 1)).toMatchObject({ outcome: "waiting" });
    expect([sent, world.desk.evidence.length]).toEqual([1, 1]);
  });

  test("waits longer each time that the acquirer does not answer", async () => {
    const world = await opened();
    const waits: unknown[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      world.desk.fail("lost_reply");
      waits.push(await looked(world, attempt));
    }
    expect(waits).toMatchObject([5, 30, 300, 3_600, 3_600, 3_600].map((wait) => ({ wait })));
  });

  test("posts what is returned, once, also when the reply of the write was lost", async () => {
    const world = await opened();
    [world.desk.outcome, world.losesReply] = ["won", true];
    await expect(looked(world)).rejects.toThrow("StoreUnavailable");
    expect(await looked(world)).toMatchObject({ outcome: "concluded" });
    expect(world.entries).toEqual(["chargeback", "chargeback_won"]);
  });

  test("leaves to the next look what somebody else moved meanwhile", async () => {
    const world = await opened();
    world.now = noon + 7 * day;
    world.beforeWrite = () => {
      world.beforeWrite = () => undefined;
      world.now = noon;
      say(world, "evidence");
    };
    expect(await looked(world)).toMatchObject({ outcome: "ask_again" });
    expect(world.dispute).toMatchObject({ state: "needs_response", evidence: { texts } });
  });
});

type Act = "told" | "look" | "evidence" | "accept" | "hour" | "week" | "win" | "lose" | Fault;
/** What ends a dispute comes seldom, or hardly any would have evidence that is looked at. */
const acts = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<Act[]>("told", "look", "evidence", "hour") },
  { weight: 2, arbitrary: fc.constantFrom<Act[]>("lost_reply", "never_done") },
  { weight: 1, arbitrary: fc.constantFrom<Act[]>("accept", "week", "win", "lose") },
);

/** Whatever comes, in any order and again and again. */
async function act(world: DisputeWorld, what: Act): Promise<void> {
  switch (what) {
    case "told":
      await open(world.ports, world.told, { execution });
      return;
    case "look":
      if (world.dispute !== undefined) await looked(world);
      return;
    case "evidence":
    case "accept":
      say(world, what);
      return;
    case "hour":
    case "week":
      world.now += what === "hour" ? 60 * minute : 7 * day;
      return;
    case "win":
    case "lose":
      world.desk.outcome ??= what === "win" ? "won" : "lost";
      return;
    case "lost_reply":
    case "never_done":
      world.desk.fail(what);
  }
}

test("whatever comes, in any order and however often, a dispute ends once, and its entries say the same", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { maxLength: 25, size: "max" }), async (history) => {
      const world = new DisputeWorld();
      for (const each of history) await act(world, each);
      await act(world, "told");
      world.desk.outcome ??= "won";
      for (let looks = 0; looks < 30 && !isOver(world.dispute?.state ?? "lost"); looks += 1)
        await looked(world);
      const { dispute, payment, journal, versions } = world;
      for (const { state } of versions) seen.add(state);
      expect(isOver(dispute?.state ?? "needs_response")).toBe(true);
      expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index + 1));
      expect(world.entries.filter((kind) => kind === "chargeback")).toHaveLength(1);
      expect(world.entries.filter((kind) => kind === "chargeback_won")).toHaveLength(
        dispute?.state === "won" ? 1 : 0,
      );
      expect(world.desk.evidence.length).toBeLessThanOrEqual(1);
      expect(checkDisputes({ payments: [payment], disputes: dispute ? [dispute] : [], journal })).toEqual([]);
    }),
    { numRuns: 500 },
  );
  expect(seen).toEqual(new Set(disputeStates));
});
