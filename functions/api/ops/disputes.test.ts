import { expect, test } from "vitest";
import { type Dispute, evolveDispute } from "#core/disputes/dispute.ts";
import { disputeIdOf } from "#core/disputes/ids.ts";
import type { Book } from "#core/ledger/account.ts";
import { exampleDispute, noon } from "#tests/support/examples.ts";
import { apiRequest, problemFrom } from "#tests/support/requests.ts";
import { type DisputeListPorts, listAllDisputes } from "./disputes.ts";

const operator = {
  verdict: "accepted",
  client_id: "client-ops",
  scope: "tallystick/ops.read",
  operator: "ops",
};

const disputeOf = (book: string, reference: string): Dispute => ({
  ...exampleDispute(),
  ...{ book: book as Book, reference, id: disputeIdOf("alpha", reference) },
});
const won = (dispute: Dispute): Dispute =>
  evolveDispute(dispute, { type: "decided", outcome: "won" }, noon + 1);

/** Merchants with these disputes, newest first. A position is an index. */
function portsOf(all: Readonly<Record<string, readonly Dispute[]>>) {
  const read: string[] = [];
  const ports: DisputeListPorts = {
    merchants: { ids: async () => Object.keys(all) as Book[] },
    disputes: {
      list: async (book, { limit, before = "0" }) => {
        read.push(`${book} ${before}`);
        const end = Number(before) + limit;
        const own = all[book] ?? [];
        return {
          disputes: own.slice(Number(before), end),
          ...(end < own.length ? { next: String(end) } : {}),
        };
      },
    },
  };
  return { ports, read };
}

const request = (query: Readonly<Record<string, string>>) =>
  apiRequest({ query, verdict: operator as never });

/** All pages of a list, one after the other. */
async function pagesOf(ports: DisputeListPorts, query: Readonly<Record<string, string>>) {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const asked: Readonly<Record<string, string>> = cursor === null ? query : { ...query, cursor };
    const { json } = await listAllDisputes(ports)(request(asked));
    const page = JSON.parse(json) as {
      data: { merchant: string; reference: string }[];
      next_cursor: string | null;
    };
    pages.push(page.data.map(({ merchant, reference }) => `${merchant} ${reference}`));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return pages;
}

const three = {
  mer_c: [disputeOf("mer_c", "c1")],
  mer_a: [disputeOf("mer_a", "a3"), won(disputeOf("mer_a", "a2")), disputeOf("mer_a", "a1")],
  mer_b: [],
};

test("of all merchants, one after the other, page by page, each once", async () => {
  const pages = await pagesOf(portsOf(three).ports, { limit: "2", state: "all" });
  expect(pages).toEqual([
    ["mer_a a3", "mer_a a2"],
    ["mer_a a1", "mer_c c1"],
  ]);
});

test("open ones unless said, or those that have ended", async () => {
  expect((await pagesOf(portsOf(three).ports, {})).flat()).toEqual(["mer_a a3", "mer_a a1", "mer_c c1"]);
  expect((await pagesOf(portsOf(three).ports, { state: "ended" })).flat()).toEqual(["mer_a a2"]);
});

test("of one merchant, and nobody else's are read", async () => {
  const { ports, read } = portsOf(three);
  expect((await pagesOf(ports, { merchant: "mer_c" })).flat()).toEqual(["mer_c c1"]);
  expect(read).toEqual(["mer_c 0"]);
});

test("a page looks at so many merchants, and the next goes on behind them", async () => {
  const names = Array.from({ length: 45 }, (_, n) => `mer_${String(n).padStart(2, "0")}`);
  const { ports, read } = portsOf(
    Object.fromEntries(names.map((name) => [name, name === "mer_44" ? [disputeOf(name, "last")] : []])),
  );
  expect(await pagesOf(ports, {})).toEqual([[], [], ["mer_44 last"]]);
  expect(read).toEqual(names.map((name) => `${name} 0`));
});

test("what is shown is what an operator decides by, and nothing that a merchant wrote", async () => {
  const texts = { text: "signed for by Ann", fields: {} };
  const given = evolveDispute(
    disputeOf("mer_a", "a1"),
    { type: "evidence_given", texts, fingerprint: "f" },
    noon,
  );
  const { json } = await listAllDisputes(portsOf({ mer_a: [given] }).ports)(request({}));
  expect(json).not.toContain("Ann");
  expect(JSON.parse(json)).toMatchObject({
    data: [
      {
        ...{ merchant: "mer_a", reference: "a1", amount: 40_00, currency: "USD", state: "needs_response" },
        ...{ reason: "fraudulent", evidence_due_at: new Date(given.evidenceDueAt).toISOString() },
      },
    ],
  });
});

test.each([
  ["a merchant that cannot be", { merchant: "demo" }, "malformed_query"],
  ["a merchant that is not there", { merchant: "mer_nobody" }, "not_found"],
  ["a state that is none", { state: "replayed" }, "malformed_query"],
  ["a cursor of another list", { cursor: "bWVyX2E" }, "malformed_query"],
])("%s is refused", async (_what, query, code) => {
  const { ports, read } = portsOf(three);
  expect(await problemFrom(listAllDisputes(ports)(request(query)))).toMatchObject({ code });
  expect(read).toEqual([]);
});

test("a merchant sees no list of all", async () => {
  const asked = listAllDisputes(portsOf(three).ports)(apiRequest({ query: {} }));
  expect(await problemFrom(asked)).toMatchObject({ code: "scope_missing" });
});
