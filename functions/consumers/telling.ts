import type { Logger } from "@aws-lambda-powertools/logger";
import type { ContactReader } from "#adapters/dynamodb/contact-reader.ts";
import type { ToldEvents } from "#adapters/dynamodb/told-events.ts";
import type { NewsTopic } from "#adapters/sns/news-topic.ts";
import type { PublishedEvent } from "#core/events/payment-event.ts";
import { newsOf } from "#core/events/payment-news.ts";
import { isOfDispute, isOfLedger, parseStreamed } from "#core/events/streamed.ts";
import type { Book } from "#core/ledger/account.ts";
import { wanting } from "#core/notifications/contact.ts";
import { newsKindOf } from "#core/notifications/kinds.ts";
import { renderNews } from "#core/notifications/message.ts";

const daySeconds = 24 * 3_600;
/** What is older is no news: as long as the stream remembers. */
const newsSecondsMax = 7 * daySeconds;
/** Longer than anything is news, by more than clocks differ: so nothing is told twice, however late it is replayed. */
export const claimsKeptSeconds: number = newsSecondsMax + daySeconds;

export interface TellerPorts {
  readonly contacts: Pick<ContactReader, "of">;
  readonly told: Pick<ToldEvents, "claim" | "release">;
  readonly topic: Pick<NewsTopic, "publish">;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly logger: Pick<Logger, "error" | "warn">;
}

/**
 * Tells people of one record of the stream, at most once for ever. It claims the event before it publishes: who dies
 * between the two has told nobody, and nobody tells it later (ADR 53).
 * @throws when nobody was told and the same record may be tried again.
 */
export function createTeller({ contacts, told, topic, now, logger }: TellerPorts) {
  return async (text: string): Promise<void> => {
    const read = parseStreamed(text);
    if (!read.ok) {
      // Parked by RecordEvents, which is shown all that is on the stream. A second letter would say nothing more.
      logger.warn("no schema knows this record", { reason: read.reason });
      return;
    }
    if (!isOfLedger(read.event) && !isOfDispute(read.event)) await tell(read.event);
  };

  async function tell(event: PublishedEvent): Promise<void> {
    const kind = newsKindOf(event.type);
    if (kind === undefined || isOld(event)) return;
    const to = wanting(await contacts.of(event.book as Book), kind);
    if (to.length === 0) return;
    // Before the claim: what cannot be rendered stays to be told.
    const message = renderNews(kind, event.type, newsOf(event));
    const claim = await told.claim(event);
    if (claim === undefined) return;
    let outcome: Awaited<ReturnType<NewsTopic["publish"]>>;
    try {
      outcome = await topic.publish({ merchant: event.book, kind, to, message });
    } catch (refused) {
      await told.release(claim).catch((error: unknown) => {
        logger.error("a merchant was not told, and will not be", {
          ...namesOf(event),
          error: error as Error,
        });
      });
      throw refused;
    }
    if (outcome === "unknown")
      logger.error("nobody knows whether a merchant was told", { ...namesOf(event) });
  }

  function isOld({ created_at: createdAt }: PublishedEvent): boolean {
    return now() - Date.parse(createdAt) > newsSecondsMax * 1_000;
  }
}

/** By what whoever is on call finds the event, and whose it is. */
const namesOf = ({ id, book, data }: PublishedEvent) => ({ event: id, merchant: book, payment: data.id });
