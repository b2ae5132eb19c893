import { z } from "zod";
import { withoutPans } from "#core/cards/pan.ts";
import { type DeadLetter, deadLetterIdOf, paymentIn } from "#core/operations/dead-letter.ts";

interface Arrived {
  readonly acquirer: string;
  /** The body whose signature was found authentic. */
  readonly rawBody: string;
  readonly signature: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

/** What can be told even of a notification of a later version of the acquirer's protocol. */
const anyNotification = z.object({
  type: z.string().max(100).catch("something"),
  created_at: z.iso.datetime({ offset: true }).transform(Date.parse).pipe(z.int().min(0)).catch(0),
});
const nothing = { type: "something", created_at: 0 };

/**
 * What an acquirer told that nothing here handles, to be kept for a person. The same bytes are the same letter, however
 * often they arrive and under whichever signature; other bytes are another, also under the same notification id.
 */
export function letterOfNotification({ acquirer, rawBody, signature, receivedAt }: Arrived): DeadLetter {
  const { type, created_at: at } = anyNotification.catch(nothing).parse(jsonIn(rawBody));
  const body = withoutPans(rawBody);
  const payment = paymentIn(body);
  return {
    id: deadLetterIdOf(at, "notification", acquirer, rawBody),
    origin: { kind: "notification", acquirer, body, signature },
    reason: withoutPans(`nothing here handles ${type}`),
    ...(payment === undefined ? {} : { payment }),
    receivedAt,
    replays: [],
  };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
