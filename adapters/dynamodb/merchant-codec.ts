import { type DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { Client, CurrencyTerms, Merchant } from "#core/merchants/merchant.ts";
import type { Currency } from "#core/money/currency.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";

/** A merchant as its table keeps it. */
export interface ProfileItem extends Key {
  readonly name: string;
  readonly terms: Readonly<
    Record<
      string,
      {
        readonly basis_points: number;
        readonly fixed: number;
        readonly dispute?: number;
        readonly payment_max: number;
      }
    >
  >;
  /** 1, and one more with each change. */
  readonly version: number;
}

/** An OAuth client's owner. The one key that does not start with a book: it is how the book is found. */
export interface ClientItem extends Key {
  readonly merchant?: string;
  readonly operator?: string;
}

export const profileKey = (id: Book): Key => ({ pk: id, sk: "profile" });
export const clientKey = (clientId: string): Key => ({ pk: `client#${clientId}`, sk: "client" });

export function merchantOf(item: ProfileItem): Merchant {
  const terms = Object.entries(item.terms).map(([currency, line]): [Currency, CurrencyTerms] => [
    currency as Currency,
    {
      fees: {
        basisPoints: line.basis_points,
        fixed: BigInt(line.fixed),
        ...(line.dispute === undefined ? {} : { dispute: BigInt(line.dispute) }),
      },
      paymentMax: BigInt(line.payment_max),
    },
  ]);
  return { id: item.pk as Book, name: item.name, terms: Object.fromEntries(terms) };
}

export function profileItem(merchant: Merchant, version: number): ProfileItem {
  const terms = Object.entries(merchant.terms).map(([currency, line]) => [
    currency,
    {
      basis_points: line.fees.basisPoints,
      fixed: Number(line.fees.fixed),
      ...(line.fees.dispute === undefined ? {} : { dispute: Number(line.fees.dispute) }),
      payment_max: Number(line.paymentMax),
    },
  ]);
  return { ...profileKey(merchant.id), name: merchant.name, terms: Object.fromEntries(terms), version };
}

export function clientItem(clientId: string, client: Client): ClientItem {
  return {
    ...clientKey(clientId),
    ...(client.kind === "merchant" ? { merchant: client.merchant } : { operator: client.operator }),
  };
}

/** Every merchant's item, in the order of their ids. Reads the whole table: merchants are few and this is rare. */
export async function allProfiles(client: DynamoDBClient, table: string): Promise<ProfileItem[]> {
  const pages = paginateScan(
    { client },
    {
      TableName: table,
      FilterExpression: "sk = :profile",
      ExpressionAttributeValues: marshall({ ":profile": "profile" }),
    },
  );
  const items: ProfileItem[] = [];
  await reach(
    (async () => {
      for await (const { Items = [] } of pages)
        items.push(...Items.map((item) => unmarshall(item) as ProfileItem));
    })(),
  );
  return items.toSorted((a, b) => (a.pk < b.pk ? -1 : 1));
}

/** The ids of all merchants, and nothing else of them. Reads the whole table, as above. */
export async function allMerchants(client: DynamoDBClient, table: string): Promise<Book[]> {
  const pages = paginateScan(
    { client },
    {
      TableName: table,
      ProjectionExpression: "pk, sk",
      Select: "SPECIFIC_ATTRIBUTES",
      FilterExpression: "sk = :profile",
      ExpressionAttributeValues: marshall({ ":profile": "profile" }),
    },
  );
  const ids: Book[] = [];
  await reach(
    (async () => {
      for await (const { Items = [] } of pages)
        ids.push(...Items.map((item) => (unmarshall(item) as ProfileItem).pk as Book));
    })(),
  );
  return ids;
}
