import { expect, test } from "vitest";
import { listDeadLetters, replayAll } from "./dead-letters.ts";

/** An API whose newest page has nothing open: pages are filtered after they were read. */
function apiOf(pages: readonly (readonly string[])[], fails: readonly string[] = []) {
  const replayed: string[] = [];
  const call = async (_method: "GET" | "POST", path: string): Promise<unknown> => {
    const id = /dead-letters\/(.+)\/replay/.exec(path)?.[1];
    if (id !== undefined) {
      if (fails.includes(id)) throw new Error("409 not_replayable");
      replayed.push(id);
      return letter(id, [{ at: "t", by: "ops", done: "sent" }]);
    }
    const at = Number(new URLSearchParams(path.split("?")[1]).get("cursor") ?? 0);
    const data = (pages[at] ?? []).map((each) => letter(each));
    return { data, next_cursor: at + 1 < pages.length ? String(at + 1) : null };
  };
  return { call, replayed };
}
const letter = (id: string, replays: readonly object[] = []) => ({
  ...{ id, kind: "message", state: "open", from: "checks", reason: "r", payment: null },
  ...{ received_at: "2026-01-01T00:00:00Z", replays, content: {} },
});

test("all pages are listed, though the first has nothing", async () => {
  const told = await listDeadLetters(apiOf([[], ["dl_2"], ["dl_1"]]), "open");
  expect(told).toContain("dl_2");
  expect(told).toContain("dl_1");
});

test("all letters of all pages are replayed, oldest first, and one that fails again stops no other", async () => {
  const api = apiOf([[], ["dl_4", "dl_3"], ["dl_2", "dl_1"]], ["dl_3"]);
  const lines: string[] = [];
  expect(await replayAll(api, (line) => lines.push(line))).toBe("3 replayed, 1 still open");
  expect(api.replayed).toEqual(["dl_1", "dl_2", "dl_4"]);
  expect(lines).toContain("dl_3: 409 not_replayable");
});

test("more pages than can be read are refused, not cut", async () => {
  await expect(listDeadLetters(apiOf(Array.from({ length: 501 }, () => [])), "open")).rejects.toThrow(
    "more than 500 pages",
  );
});
