import { randomBytes, randomUUID } from "node:crypto";
import { type AttributeValue, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KeysUnavailable } from "#adapters/kms/errors.ts";
import { CardDirectory } from "#adapters/vault/card-directory.ts";
import { publicAttributes } from "#adapters/vault/card-item.ts";
import { CardReader } from "#adapters/vault/card-reader.ts";
import { CardTokenizer, type Tokenized } from "#adapters/vault/card-tokenizer.ts";
import { concealedCard, type ParsedCard } from "#core/cards/card.ts";
import { CardUnreadable } from "#core/cards/card-unreadable.ts";
import type { Pan } from "#core/cards/pan.ts";
import type { CardToken } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";
import { keyArns, startKeys, type TestKeys } from "#tests/support/keys.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

const table = "vault";
const demo = "mer_demo" as Book;
const other = "mer_other" as Book;
const now = Date.parse("2025-11-23T12:00:00Z");

const visa = "4242424242424242";
const cardOf = (number: string, changes: Partial<ParsedCard> = {}) =>
  concealedCard({ number: number as Pan, expMonth: 12, expYear: 2030, holderName: "Zoë Müller", ...changes });

let tables: TestTables;
let keys: TestKeys;
let tokenizer: CardTokenizer;
let reader: CardReader;
let directory: CardDirectory;
/** Who calls KMS in this test: its calls are counted by these names. */
let tokenizing: string;
let reading: string;

beforeAll(async () => {
  [tables, keys] = await Promise.all([startTables(), startKeys()]);
});
afterAll(() => Promise.all([tables.stop(), keys.stop()]));

// Each test starts as a cold process does: with no keys in memory.
beforeEach(() => {
  tokenizing = `card-tokens-${randomUUID()}`;
  reading = `authorize-${randomUUID()}`;
  tokenizer = newTokenizer(keys.clientOf(tokenizing));
  reader = newReader(keys.clientOf(reading));
  directory = new CardDirectory(tables.client, table);
});

function newTokenizer(kms: KMSClient, keyArn = keyArns.vault) {
  const names = { table, keyArn, fingerprintKeyArn: keyArns.fingerprint };
  return new CardTokenizer(tables.client, kms, names, randomBytes);
}
const newReader = (kms: KMSClient, keyArn = keyArns.vault) =>
  new CardReader(tables.client, kms, { table, keyArn });

/** A key that no other test used. */
const newKey = () => randomUUID();

function tokenOf(result: Tokenized): CardToken {
  if (result.kind === "key_reused_with_another_card") throw new Error(result.kind);
  return result.token;
}
const put = async (card: ParsedCard, book = demo) => tokenOf(await tokenizer.tokenize({ book, card, now }));

const keyOf = (book: Book, token: CardToken) => ({ pk: { S: `${book}#${token.id}` }, sk: { S: "card" } });
async function itemOf(book: Book, token: CardToken): Promise<Record<string, AttributeValue>> {
  const { Item } = await tables.client.send(
    new GetItemCommand({ TableName: table, Key: keyOf(book, token) }),
  );
  if (Item === undefined) throw new Error(`${token.id} is not stored`);
  return Item;
}
const overwrite = (item: Record<string, AttributeValue>) =>
  tables.client.send(new PutItemCommand({ TableName: table, Item: item }));

describe("a card that was put into the vault", () => {
  test("is described by what anyone may know", async () => {
    const token = await put(cardOf(visa));
    expect(token).toEqual({
      id: expect.stringMatching(/^tok_[0-9a-hjkmnp-tv-z]{26}$/),
      brand: "visa",
      bin: "424242",
      last4: "4242",
      expMonth: 12,
      expYear: 2030,
      fingerprint: expect.stringMatching(/^[0-9a-z]{26}$/),
      createdAt: now,
    });
    expect(await directory.describe(demo, token.id)).toEqual(token);
  });

  test("comes out as it went in", async () => {
    const token = await put(cardOf(visa));
    const card = await reader.reveal(demo, token.id);
    expect(card?.number).toBe(visa);
    expect(card?.holderName).toBe("Zoë Müller");
    expect([card?.expMonth, card?.expYear]).toEqual([12, 2030]);
    expect(JSON.stringify(card)).toBe('"[card]"');
  });

  test("comes out without a name if it had none", async () => {
    const nameless = concealedCard({ number: visa as Pan, expMonth: 1, expYear: 2031 });
    const card = await reader.reveal(demo, (await put(nameless)).id);
    expect(card !== undefined && "holderName" in card).toBe(false);
  });

  test("is not found by another merchant", async () => {
    const token = await put(cardOf(visa));
    expect(await directory.describe(other, token.id)).toBeUndefined();
    expect(await reader.reveal(other, token.id)).toBeUndefined();
  });

  test.each(["", "tok_", "tok_unknown", `tok_${"0".repeat(26)}`, "pay_0"])(
    "is not found by the text %j",
    async (text) => {
      expect(await directory.describe(demo, text)).toBeUndefined();
      expect(await reader.reveal(demo, text)).toBeUndefined();
    },
  );
});

describe("a request that is repeated", () => {
  test("with the same key and card is the same token, as it was told first", async () => {
    const request = { book: demo, card: cardOf(visa), idempotencyKey: newKey() };
    const first = await tokenizer.tokenize({ ...request, now });
    // Days later, in another process.
    const later = newTokenizer(keys.clientOf("later"));
    const second = await later.tokenize({ ...request, now: now + 172_800_000 });
    expect([first.kind, second.kind]).toEqual(["created", "exists"]);
    expect(tokenOf(second)).toEqual(tokenOf(first));
  });

  test.each<[string, ParsedCard]>([
    ["number", cardOf("5555555555554444")],
    ["expiry", cardOf(visa, { expYear: 2031 })],
    ["name", cardOf(visa, { holderName: "Bea" })],
  ])("with the same key and another %s is refused, and the first card stays", async (_what, card) => {
    const idempotencyKey = newKey();
    const first = tokenOf(await tokenizer.tokenize({ book: demo, card: cardOf(visa), idempotencyKey, now }));
    const second = await tokenizer.tokenize({ book: demo, card, idempotencyKey, now });
    expect(second).toEqual({ kind: "key_reused_with_another_card" });
    expect((await reader.reveal(demo, first.id))?.number).toBe(visa);
  });

  test("with the same key by another merchant is that merchant's own", async () => {
    const request = { card: cardOf(visa), idempotencyKey: newKey(), now };
    const mine = await tokenizer.tokenize({ ...request, book: demo });
    const theirs = await tokenizer.tokenize({ ...request, book: other });
    expect([mine.kind, theirs.kind]).toEqual(["created", "created"]);
    expect(tokenOf(mine).id).not.toBe(tokenOf(theirs).id);
  });

  test("without a key is another token of the same fingerprint", async () => {
    const [one, two] = [await put(cardOf(visa)), await put(cardOf(visa, { expYear: 2031 }))];
    expect(one.id).not.toBe(two.id);
    expect(one.fingerprint).toBe(two.fingerprint);
    expect((await put(cardOf("5555555555554444"))).fingerprint).not.toBe(one.fingerprint);
    expect((await put(cardOf(visa), other)).fingerprint).not.toBe(one.fingerprint);
  });

  test("sixteen times at once makes one token", async () => {
    const request = { book: demo, card: cardOf(visa), idempotencyKey: newKey(), now };
    const results = await Promise.all(Array.from({ length: 16 }, () => tokenizer.tokenize(request)));
    expect(results.filter(({ kind }) => kind === "created")).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === "exists")).toHaveLength(15);
    expect(new Set(results.map((result) => tokenOf(result).id)).size).toBe(1);
  });
});

describe("what is stored", () => {
  test("shows neither the number nor the name in any byte of any item", async () => {
    // A number whose digits occur nowhere else.
    const number = "4929031867524163";
    await put(cardOf(number, { holderName: "Rosalind" }));
    const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: table }));
    const stored = Buffer.concat(Items.flatMap((item) => Object.entries(item).flatMap(bytesOf)));
    const packed = Buffer.from(number, "hex");
    const secrets = [
      ...[number, number.slice(4, 14), "Rosalind"].flatMap((text) => [
        Buffer.from(text),
        Buffer.from(text, "utf16le"),
        Buffer.from(Buffer.from(text).toString("hex")),
      ]),
      packed,
    ];
    expect(Items.length).toBeGreaterThan(0);
    expect(stored.includes(number.slice(0, 6))).toBe(true);
    for (const secret of secrets) expect(stored.includes(secret)).toBe(false);
  });

  /** AWS's key ARNs and wrapped data keys are longer than the local ones. */
  const longerOnAwsBytes = 160;

  test("is one item of one write unit, with nothing in it that is not known here", async () => {
    const item = await itemOf(demo, await put(cardOf("4000000000000000006", { holderName: "x".repeat(45) })));
    expect(Object.keys(item).toSorted()).toEqual(
      [...publicAttributes, "card", "pk", "request_digest", "sk"].toSorted(),
    );
    expect(Buffer.concat(Object.entries(item).flatMap(bytesOf)).length).toBeLessThan(
      1_024 - longerOnAwsBytes,
    );
  });

  test("is sealed anew each time", async () => {
    const [one, two] = await Promise.all([put(cardOf(visa)), put(cardOf(visa))]);
    const [first, second] = await Promise.all([itemOf(demo, one), itemOf(demo, two)]);
    expect(first["card"]?.B).not.toEqual(second["card"]?.B);
  });

  const bytesOf = ([name, value]: [string, AttributeValue]): Buffer[] => [
    Buffer.from(name),
    Buffer.from(value.B ?? value.S ?? value.N ?? expect.fail(`${name} is of another type`)),
  ];
});

describe("a vault that was tampered with gives no card", () => {
  test("when one card's ciphertext lies in another's item", async () => {
    const [mine, stolen] = [await put(cardOf(visa)), await put(cardOf("5555555555554444"))];
    const sealed = (await itemOf(demo, stolen))["card"];
    await overwrite({ ...(await itemOf(demo, mine)), ...(sealed && { card: sealed }) });
    await expect(reader.reveal(demo, mine.id)).rejects.toThrow(CardUnreadable);
    expect((await reader.reveal(demo, stolen.id))?.number).toBe("5555555555554444");
  });

  test("when a whole item was copied to another merchant", async () => {
    const token = await put(cardOf(visa));
    await overwrite({ ...(await itemOf(demo, token)), ...keyOf(other, token) });
    await expect(reader.reveal(other, token.id)).rejects.toThrow(CardUnreadable);
  });

  test("when any byte of it was changed", async () => {
    const token = await put(cardOf(visa));
    const item = await itemOf(demo, token);
    const sealed = item["card"]?.B ?? new Uint8Array();
    for (let at = 0; at < sealed.length; at += 7) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await overwrite({ ...item, card: { B: changed } });
      await expect(newReader(keys.clientOf("thief")).reveal(demo, token.id), `byte ${at}`).rejects.toThrow(
        CardUnreadable,
      );
    }
  });

  test.each([0, 1, 40, 300])("when only %i bytes of it are left", async (length) => {
    const token = await put(cardOf(visa));
    const item = await itemOf(demo, token);
    await overwrite({ ...item, card: { B: (item["card"]?.B ?? new Uint8Array()).slice(0, length) } });
    await expect(reader.reveal(demo, token.id)).rejects.toThrow(CardUnreadable);
  });

  test("when its ciphertext is gone", async () => {
    const token = await put(cardOf(visa));
    const { card: _card, ...item } = await itemOf(demo, token);
    await overwrite(item);
    await expect(reader.reveal(demo, token.id)).rejects.toThrow(CardUnreadable);
  });

  test("when another key sealed it", async () => {
    const rogue = newTokenizer(keys.clientOf("rogue"), keyArns.otherVault);
    const token = tokenOf(await rogue.tokenize({ book: demo, card: cardOf(visa), now }));
    await expect(reader.reveal(demo, token.id)).rejects.toThrow(CardUnreadable);
  });
});

describe("calls of the key service", () => {
  test("are two for twenty tokens of one merchant, and one to read them all", async () => {
    const tokens: CardToken[] = [];
    for (let i = 0; i < 20; i += 1) tokens.push(await put(cardOf(visa)));
    expect(keys.callsOf(tokenizing).toSorted()).toEqual(["GenerateDataKey", "GenerateMac"]);
    for (const token of tokens) await reader.reveal(demo, token.id);
    expect(keys.callsOf(reading)).toEqual(["Decrypt"]);
  });

  test("are made for each merchant apart", async () => {
    const mine = await put(cardOf(visa));
    const theirs = await put(cardOf(visa), other);
    expect(keys.callsOf(tokenizing).toSorted()).toEqual([
      "GenerateDataKey",
      "GenerateDataKey",
      "GenerateMac",
      "GenerateMac",
    ]);
    await reader.reveal(demo, mine.id);
    await reader.reveal(other, theirs.id);
    expect(keys.callsOf(reading)).toEqual(["Decrypt", "Decrypt"]);
  });

  test("are none to describe a card, whose ciphertext is not even asked for", async () => {
    const token = await put(cardOf(visa));
    const asked: unknown[] = [];
    tables.client.middlewareStack.add(
      (next) => (args) => {
        asked.push(args.input);
        return next(args);
      },
      { step: "initialize", name: "watch" },
    );
    await directory.describe(demo, token.id);
    tables.client.middlewareStack.remove("watch");
    expect(asked).toEqual([
      expect.objectContaining({
        ConsistentRead: true,
        ProjectionExpression: "brand, bin, last4, exp_month, exp_year, fingerprint, created_at",
      }),
    ]);
  });
});

describe("when the key service fails", () => {
  test("no card is stored, and the same request succeeds later", async () => {
    const request = { book: demo, card: cardOf(visa), idempotencyKey: newKey(), now };
    const failing = newTokenizer(keys.clientOf("card-tokens"), keyArns.disabled);
    await expect(failing.tokenize(request)).rejects.toThrow(KeysUnavailable);
    expect((await tokenizer.tokenize(request)).kind).toBe("created");
  });

  test("the merchant's key is asked for again", async () => {
    const kms = keys.clientOf("card-tokens");
    let down = true;
    kms.middlewareStack.add(
      (next) => (args) => {
        if (down) throw new Error("connect ECONNREFUSED");
        return next(args);
      },
      { step: "initialize" },
    );
    const failing = newTokenizer(kms);
    const request = { book: demo, card: cardOf(visa), now };
    await expect(failing.tokenize(request)).rejects.toThrow(KeysUnavailable);
    down = false;
    expect((await failing.tokenize(request)).kind).toBe("created");
  });

  test("a card cannot be read for now, which is not the same as unreadable", async () => {
    const token = await put(cardOf(visa));
    const kms = keys.clientOf("authorize");
    kms.middlewareStack.add(
      () => () => {
        throw new Error("connect ECONNREFUSED");
      },
      { step: "initialize" },
    );
    await expect(newReader(kms).reveal(demo, token.id)).rejects.toThrow(KeysUnavailable);
  });

  test("no error says what the card was", async () => {
    const failing = newTokenizer(keys.clientOf("card-tokens"), keyArns.disabled);
    const error = await failing.tokenize({ book: demo, card: cardOf(visa), now }).catch(String);
    expect(String(error)).toContain("KeysUnavailable");
    expect(String(error)).not.toContain(visa);
  });
});
