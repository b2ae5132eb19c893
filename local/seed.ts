import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { MerchantRegister } from "#adapters/dynamodb/merchant-register.ts";
import type { Book } from "#core/ledger/account.ts";
import type { Client as ApiClient, CurrencyTerms, Merchant } from "#core/merchants/merchant.ts";
import type { Credentials } from "./door/credentials.ts";
import type { ClientName, SeededClient } from "./issuer/clients.ts";

const terms = (basisPoints: number, fixed: bigint, paymentMax: bigint): CurrencyTerms => ({
  fees: { basisPoints, fixed },
  paymentMax,
});

/** The merchants that a local cloud starts with. Amounts in minor units. */
const merchants: readonly Merchant[] = [
  {
    id: "mer_demo" as Book,
    name: "Demo Coffee Roasters",
    terms: {
      EUR: terms(140, 25n, 10_000_000n),
      GBP: terms(140, 20n, 10_000_000n),
      JPY: terms(320, 0n, 1_000_000_000n),
      KWD: terms(250, 100n, 10_000_000n),
      USD: terms(290, 30n, 10_000_000n),
    },
  },
  {
    id: "mer_other" as Book,
    name: "Other Bicycles",
    terms: { EUR: terms(120, 10n, 5_000_000n), USD: terms(250, 25n, 5_000_000n) },
  },
];

/** Whom each OAuth client of the local cloud speaks for. */
const owners: Readonly<Record<ClientName, ApiClient>> = {
  demo: { kind: "merchant", merchant: "mer_demo" as Book },
  other: { kind: "merchant", merchant: "mer_other" as Book },
  operator: { kind: "operator", operator: "operator" },
  operator2: { kind: "operator", operator: "operator2" },
};

export interface SeedOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly merchantsTable: string;
  readonly clients: readonly SeededClient[];
}

/** Puts the demo merchants and their clients into their table. What operators changed since stays as it is. */
export async function seed(options: SeedOptions): Promise<void> {
  const { endpoint, region, credentials, merchantsTable, clients } = options;
  const client = new DynamoDBClient({ endpoint, region, credentials });
  try {
    const register = new MerchantRegister(client, merchantsTable);
    await Promise.all([
      ...merchants.map((merchant) => register.create(merchant)),
      ...clients.map(({ name, clientId }) => register.link(clientId, owners[name])),
    ]);
  } finally {
    client.destroy();
  }
}
