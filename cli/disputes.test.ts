import { expect, test } from "vitest";
import { listDisputes } from "./disputes.ts";

/** An API of these pages. */
function apiOf(pages: readonly (readonly object[])[]) {
  const asked: string[] = [];
  const call = async (_method: "GET" | "POST", path: string): Promise<unknown> => {
    asked.push(path);
    const at = Number(new URL(path, "http://api").searchParams.get("cursor") ?? "0");
    return { data: pages[at] ?? [], next_cursor: at + 1 < pages.length ? String(at + 1) : null };
  };
  return { call, asked };
}

const dispute = (id: string, due: string, more: object = {}) => ({
  ...{ id, merchant: "mer_demo", payment: "pay_1", amount: 12_34, currency: "USD" },
  ...{
    state: "needs_response",
    reason: "fraudulent",
    evidence_due_at: due,
    evidence_given_at: null,
    ...more,
  },
});

/** The lines of a table, cell by cell. */
const cellsOf = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));

test("all pages are listed, whatever has to be answered first at the top", async () => {
  const api = apiOf([
    [dispute("dsp_late", "2026-03-09T00:00:00.000Z")],
    [],
    [
      dispute("dsp_given", "2026-03-01T00:00:00.000Z", { evidence_given_at: "2026-02-28T00:00:00.000Z" }),
      dispute("dsp_soon", "2026-03-02T00:00:00.000Z", { merchant: "mer_other", reason: "never\narrived" }),
    ],
  ]);
  expect(cellsOf(await listDisputes(api, "open", undefined))).toEqual([
    ["ID", "MERCHANT", "PAYMENT", "AMOUNT", "STATE", "ANSWER BY", "REASON"],
    ["dsp_given", "mer_demo", "pay_1", "1234 USD", "needs_response", "-", "fraudulent"],
    [
      "dsp_soon",
      "mer_other",
      "pay_1",
      "1234 USD",
      "needs_response",
      "2026-03-02T00:00:00.000Z",
      "never arrived",
    ],
    ["dsp_late", "mer_demo", "pay_1", "1234 USD", "needs_response", "2026-03-09T00:00:00.000Z", "fraudulent"],
  ]);
  expect(api.asked).toEqual([
    "/v1/ops/disputes?state=open&limit=100",
    "/v1/ops/disputes?state=open&limit=100&cursor=1",
    "/v1/ops/disputes?state=open&limit=100&cursor=2",
  ]);
});

test("one merchant's that have ended say how, and have no deadline any more", async () => {
  const ended = { state: "lost", loss: { code: "accepted" } };
  const api = apiOf([[dispute("dsp_1", "2026-03-02T00:00:00.000Z", ended)]]);
  const [, line] = cellsOf(await listDisputes(api, "ended", "mer_demo"));
  expect(line?.slice(4)).toEqual(["lost: accepted", "-", "fraudulent"]);
  expect(api.asked).toEqual(["/v1/ops/disputes?state=ended&merchant=mer_demo&limit=100"]);
});

test.each([
  ["open", "no dispute is open"],
  ["all", "no disputes"],
])("none is said so: %s", async (state, said) => {
  expect(await listDisputes(apiOf([[]]), state, undefined)).toBe(said);
});

test("a state that is none is refused before anybody is asked", async () => {
  const api = apiOf([[]]);
  await expect(listDisputes(api, "replayed", undefined)).rejects.toThrow(
    "disputes are open, ended, all: --state replayed is none of them",
  );
  expect(api.asked).toEqual([]);
});

test("more pages than can be read are refused, not cut", async () => {
  await expect(listDisputes(apiOf(Array.from({ length: 501 }, () => [])), "open", undefined)).rejects.toThrow(
    "more than 500 pages",
  );
});
