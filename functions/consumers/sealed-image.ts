import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { disputeSortKey, paymentSortKey } from "#adapters/dynamodb/keys.ts";
import { paymentOf } from "#adapters/dynamodb/payment-codec.ts";
import { fixedEventId } from "#core/events/event-id.ts";
import { sealTexts } from "#core/events/sealed-texts.ts";

const image = z.record(z.string(), z.unknown());
const change = z
  .object({
    dynamodb: z
      .object({
        Keys: z.object({ sk: z.object({ S: z.enum([paymentSortKey, disputeSortKey]) }) }).loose(),
        OldImage: image.optional(),
        NewImage: image.optional(),
      })
      .loose(),
  })
  .loose();

/** What of a payment's item people wrote, and what opens it wherever it was told. */
const written = ["reference", "description", "metadata", "return_url", "text_key"];

/**
 * A change of a payment as a dead letter may keep it, for letters are kept for ever: what people wrote is sealed, as it will
 * be in the event that a replay makes of it, and the key stays with the payment alone. What is no such change stays as it
 * is; so does one that nobody can read, for which code is mended before it is replayed.
 * @param text a record of a table's stream, as Lambda has it
 */
export function withSealedTexts(text: string): string {
  const parsed = change.safeParse(jsonIn(text));
  if (!parsed.success) return text;
  const { NewImage, OldImage, ...rest } = parsed.data.dynamodb;
  if (rest.Keys.sk.S === disputeSortKey) {
    const kept = {
      ...(OldImage === undefined ? {} : { OldImage: withoutEvidence(OldImage) }),
      ...(NewImage === undefined ? {} : { NewImage: withoutEvidence(NewImage) }),
    };
    return JSON.stringify({ ...parsed.data, dynamodb: { ...rest, ...kept } });
  }
  // From before there were keys: nothing but what is there could tell the event.
  if ([NewImage, OldImage].every((item) => item?.["text_key"] === undefined)) return text;
  try {
    const kept = {
      ...(OldImage === undefined ? {} : { OldImage: withoutTexts(OldImage) }),
      ...(NewImage === undefined ? {} : { NewImage: { ...withoutTexts(NewImage), ...sealOf(NewImage) } }),
    };
    return JSON.stringify({ ...parsed.data, dynamodb: { ...rest, ...kept } });
  } catch {
    return text;
  }
}

/** What a merchant wrote for itself is told in no event, so that no replay needs it. */
const withoutEvidence = ({ evidence: _evidence, ...item }: z.output<typeof image>) => item;

const withoutTexts = (item: z.output<typeof image>) =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !written.includes(name)));

function sealOf(item: z.output<typeof image>): { readonly sealed?: AttributeValue } {
  const payment = paymentOf(item as Record<string, AttributeValue>);
  if (payment.textKey === undefined) return {};
  const id = fixedEventId(payment.id, payment.version, payment.updatedAt);
  return { sealed: { S: sealTexts(payment, payment.textKey, id) } };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
