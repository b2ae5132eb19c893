import { Logger } from "@aws-lambda-powertools/logger";
import type { Preference } from "./http/prefer.ts";

/** Time to store the answer and send it, after the saga's. */
const answerReserveMs = 2_000;

const logger = new Logger({ serviceName: "api" });

type SagaEnd<Stood> =
  | ({ readonly kind: "ended" } & Stood)
  | { readonly kind: "unknown"; readonly reason: string };

/** A saga that is ready to go. */
interface ReadySaga<Stood> {
  /** Id of what it is about: of a payment or a refund. */
  readonly about: string;
  /** What there is before it runs. */
  readonly begun: Stood;
  start(): Promise<void>;
  /** Never rejects. */
  run(waitMs: number): Promise<SagaEnd<Stood>>;
}

/**
 * Runs the saga of what has been committed: it goes on, with us or without, and so the caller gets an answer whatever
 * happens. Never throws.
 * @returns how things stand at its end; or as they did before it, when the end is not known or not waited for
 */
export async function runSaga<Stood>(
  { about, begun, start, run }: ReadySaga<Stood>,
  preference: Preference,
  remainingMs: () => number,
): Promise<Stood> {
  const report = (reason: string) => logger.warn("the saga's end is not known yet", { about, reason });
  if (preference.respondAsync) {
    await start().catch((error: unknown) => report(String(error)));
    return begun;
  }
  const waitMs = Math.max(1, Math.min(preference.waitMs, remainingMs() - answerReserveMs));
  const end = await run(waitMs);
  if (end.kind === "ended") return end;
  report(end.reason);
  return begun;
}
