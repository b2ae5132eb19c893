import { z } from "zod";
import type { Api } from "./api.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

const letter = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  from: z.string(),
  reason: z.string(),
  payment: z.string().nullable(),
  received_at: z.string(),
  replays: z.array(z.object({ at: z.string(), by: z.string(), done: z.string() })),
  content: z.unknown(),
});
type Letter = z.output<typeof letter>;
const page = z.object({ data: z.array(letter), next_cursor: z.string().nullable() });

const pageSize = 100;
/** Whoever has more letters than this has another problem than reading them. */
const pagesMax = 500;

/** All of them, newest first. @throws Refusal when there are more than can be read. */
async function readLetters(api: Pick<Api, "call">, state: string): Promise<readonly Letter[]> {
  const letters: Letter[] = [];
  let cursor: string | null = null;
  for (let read = 0; read < pagesMax; read += 1) {
    const query: URLSearchParams = new URLSearchParams({ state, limit: String(pageSize) });
    if (cursor !== null) query.set("cursor", cursor);
    const { data, next_cursor: next } = page.parse(await api.call("GET", `/v1/ops/dead-letters?${query}`));
    letters.push(...data);
    cursor = next;
    if (cursor === null) return letters;
  }
  throw new Refusal(
    `there are more than ${pagesMax} pages of dead letters: read them by GET /v1/ops/dead-letters`,
  );
}

export async function listDeadLetters(api: Pick<Api, "call">, state: string): Promise<string> {
  const letters = await readLetters(api, state);
  if (letters.length === 0) return state === "open" ? "no dead letters wait" : "no dead letters";
  return table(
    ["ID", "RECEIVED", "FROM", "PAYMENT", "STATE", "REASON"],
    letters.map(({ id, received_at, from, payment, state: now, reason }) => [
      id,
      received_at,
      from,
      payment ?? "-",
      now,
      reason,
    ]),
  );
}

export async function showDeadLetter(api: Pick<Api, "call">, id: string): Promise<string> {
  return JSON.stringify(
    letter.parse(await api.call("GET", `/v1/ops/dead-letters/${encodeURIComponent(id)}`)),
    null,
    2,
  );
}

export async function replayDeadLetter(api: Pick<Api, "call">, id: string): Promise<string> {
  const answer = await api.call("POST", `/v1/ops/dead-letters/${encodeURIComponent(id)}/replay`);
  const last = letter.parse(answer).replays.at(-1);
  return `${id}: ${last?.done ?? "replayed"}`;
}

/** Every open letter, oldest first, for the order in which things happened. One that fails again is told, and the rest goes on. */
export async function replayAll(api: Pick<Api, "call">, tell: (line: string) => void): Promise<string> {
  const letters = await readLetters(api, "open");
  let failed = 0;
  for (const { id } of letters.toReversed()) {
    try {
      tell(await replayDeadLetter(api, id));
    } catch (error) {
      failed += 1;
      tell(`${id}: ${(error as Error).message}`);
    }
  }
  return `${letters.length - failed} replayed, ${failed} still open`;
}
