import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ContactList, ContactStore } from "#adapters/dynamodb/contact-store.ts";
import { StoreContention } from "#adapters/dynamodb/errors.ts";
import type { Subscriptions } from "#adapters/sns/subscriptions.ts";
import type { Book } from "#core/ledger/account.ts";
import {
  addressIdOf,
  type Contact,
  contactIdOf,
  contactsMax,
  parseContactId,
} from "#core/notifications/contact.ts";
import { type Answer, answer, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { requireMatch, requireSeen, tagOf } from "../http/precondition.ts";
import { invalidField, Problem } from "../http/problem.ts";
import { readQuery } from "../http/query.ts";
import { type ApiRequest, requireMerchant } from "../http/request.ts";
import { contactBody, contactChange, contactView } from "./contact-body.ts";

/** Writers of one merchant's list who meet: each try reads what the others wrote. */
const triesMax = 4;
const listQuery = z.strictObject({});

export interface ContactPorts {
  readonly store: ContactStore;
  readonly subscriptions: Subscriptions;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Whom a merchant wants to be told of its payments, and of what. Each merchant keeps its own list. */
export function contactEndpoints({ store, subscriptions, now }: ContactPorts) {
  return { add, list, show, change, remove };

  /** The same address again finds its contact; one that ended is subscribed anew. */
  async function add(request: ApiRequest): Promise<Answer> {
    const merchant = requireMerchant(request, "payments.write");
    const { channel, address, kinds } = readBody(request, contactBody);
    const id = contactIdOf(merchant, channel, address);
    const before = (await store.of(merchant)).contacts;
    const known = before.find((each) => each.id === id);
    if (known !== undefined && !isDeepStrictEqual(known.kinds, kinds)) throw new Problem("contact_exists");
    if (known === undefined) refuseFull(before);
    await store.hold(addressIdOf(channel, address), merchant);
    const subscribed = await subscriptions.subscribe(channel, address);
    if (!subscribed.ok) {
      if (known === undefined) await store.release(addressIdOf(channel, address), merchant);
      throw subscribed.error === "full"
        ? new Problem("subscriptions_exhausted")
        : invalidField("/address", "not_allowed", "Nothing can be sent to this address.");
    }
    const subscription = subscribed.value;
    const fresh: Contact = { id, channel, address, kinds, subscription, version: 1, createdAt: now() };
    const contact = await edit(merchant, ({ contacts }) => {
      const there = contacts.find((each) => each.id === id);
      if (there === undefined) {
        refuseFull(contacts);
        return { contacts: [...contacts, fresh], result: fresh };
      }
      if (!isDeepStrictEqual(there.kinds, kinds)) throw new Problem("contact_exists");
      const renewed = { ...there, subscription };
      return there.subscription === subscription
        ? { result: there }
        : { contacts: replaced(contacts, renewed), result: renewed };
    });
    return shown(contact, contact === fresh ? 201 : 200);
  }

  async function list(request: ApiRequest): Promise<Answer> {
    const merchant = requireMerchant(request, "payments.read");
    readQuery(request, listQuery);
    const { contacts } = await store.of(merchant);
    const data = await Promise.all(
      contacts.map(async (each) => contactView(each, await subscriptions.statusOf(each.subscription))),
    );
    return found({ object: "list", data, next_cursor: null });
  }

  async function show(request: ApiRequest): Promise<Answer> {
    const merchant = requireMerchant(request, "payments.read");
    return shown(named(request, await store.of(merchant)));
  }

  /** Of what it is told. News see it within the 30 s that `ContactReader` remembers a merchant's contacts for. */
  async function change(request: ApiRequest): Promise<Answer> {
    const merchant = requireMerchant(request, "payments.write");
    const { kinds } = readBody(request, contactChange);
    const contact = await edit(merchant, (list) => {
      const before = named(request, list);
      requireSeen(request, "contact", before.version);
      if (isDeepStrictEqual(before.kinds, kinds)) return { result: before };
      const after = { ...before, kinds, version: before.version + 1 };
      return { contacts: replaced(list.contacts, after), result: after };
    });
    return shown(contact);
  }

  /** Its subscription goes first, if nobody else is told by it: whoever did not get the answer asks again, and finds the contact. */
  async function remove(request: ApiRequest): Promise<Answer> {
    const merchant = requireMerchant(request, "payments.write");
    const contact = named(request, await store.of(merchant));
    requireMatch(request, "contact", contact.version);
    const isShared = await store.release(addressIdOf(contact.channel, contact.address), merchant);
    if (!isShared) await subscriptions.end(contact.subscription);
    await edit(merchant, ({ contacts }) => ({
      contacts: contacts.filter(({ id }) => id !== contact.id),
      result: undefined,
    }));
    return found({ id: contact.id, object: "contact", deleted: true });
  }

  /** Changes the list as it stands. `contacts` left out: nothing is to be written. @throws StoreContention */
  async function edit<T>(
    merchant: Book,
    act: (list: ContactList) => { readonly contacts?: readonly Contact[]; readonly result: T },
  ): Promise<T> {
    for (let attempt = 0; attempt < triesMax; attempt += 1) {
      const list = await store.of(merchant);
      const { contacts, result } = act(list);
      if (contacts === undefined || (await store.replace(merchant, contacts, list.version))) return result;
    }
    throw new StoreContention("others change the merchant's contacts at the same moment");
  }

  async function shown(contact: Contact, statusCode = 200): Promise<Answer> {
    const location = statusCode === 201 ? { location: `/v1/merchants/me/contacts/${contact.id}` } : {};
    const view = contactView(contact, await subscriptions.statusOf(contact.subscription));
    return answer(statusCode, view, { ...location, etag: tagOf(contact.version) });
  }
}

function refuseFull(contacts: readonly Contact[]): void {
  if (contacts.length >= contactsMax)
    throw new Problem("too_many_contacts", { detail: `A merchant has at most ${contactsMax} contacts.` });
}

const replaced = (contacts: readonly Contact[], contact: Contact): readonly Contact[] =>
  contacts.map((each) => (each.id === contact.id ? contact : each));

/** @throws Problem 404: also for another merchant's. */
function named(request: ApiRequest, { contacts }: ContactList): Contact {
  const id = parseContactId(request.parameters["id"] ?? "");
  const contact = contacts.find((each) => each.id === id);
  if (contact === undefined) throw new Problem("not_found");
  return contact;
}
