import { z } from "zod";
import type { SubscriptionState } from "#adapters/sns/subscriptions.ts";
import { type Contact, channels, kindsOf, parseAddress, readsAsCard } from "#core/notifications/contact.ts";
import { newsKinds } from "#core/notifications/kinds.ts";

const forms = {
  email: "Send an e-mail address such as accounts@example.com",
  sms: "Send a phone number as E.164 has it, such as +4915112345678",
} as const;

const kinds = z
  .array(z.enum(newsKinds))
  .min(1, { error: "Name at least one kind of news" })
  .max(newsKinds.length, { error: "Name each kind of news once" })
  .transform(kindsOf);

export const contactBody = z
  .strictObject({ channel: z.enum(channels), address: z.string(), kinds })
  .transform(({ channel, address: text, kinds: wanted }, context) => {
    const address = parseAddress(channel, text);
    const refuse = (code: string, message: string): never => {
      context.addIssue({ code: "custom", path: ["address"], params: { code }, message });
      return z.NEVER;
    };
    if (address === undefined) return refuse("wrong_format", forms[channel]);
    if (readsAsCard(channel, address)) return refuse("card_number", "The address reads as a card number");
    return { channel, address, kinds: wanted };
  });

export const contactChange = z.strictObject({ kinds });

export const contactView = (contact: Contact, state: SubscriptionState) => ({
  id: contact.id,
  object: "contact",
  channel: contact.channel,
  address: contact.address,
  kinds: contact.kinds,
  state,
  version: contact.version,
  created_at: new Date(contact.createdAt).toISOString(),
});
