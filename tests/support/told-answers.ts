import { type DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import { entryIdOf } from "#core/ledger/journal.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Refund } from "#core/payments/refund.ts";
import { paymentView, refundView } from "#core/payments/view.ts";
import { type Answer, answer } from "#functions/api/http/answer.ts";
import { tagOf } from "#functions/api/http/precondition.ts";
import { Idempotency } from "#functions/api/idempotency.ts";
import type { storesOf } from "./torn-books.ts";

/** What the API has answered to a merchant, kept by its own class, each under a key of its own. */
export class ToldAnswers {
  readonly #idempotency: Idempotency;
  readonly #book: Book;
  #told = 0;

  constructor(client: DynamoDBClient, book: Book) {
    this.#idempotency = new Idempotency(client, "idempotency");
    this.#book = book;
  }

  payment(payment: Payment): Promise<void> {
    return this.tell(answer(201, paymentView(payment), { etag: tagOf(payment.version) }));
  }

  refund(refund: Refund): Promise<void> {
    return this.tell(answer(201, refundView(refund), { etag: tagOf(refund.version) }));
  }

  /** What was answered is kept, whatever it is. */
  async tell(told: Answer): Promise<void> {
    this.#told += 1;
    const once = { book: this.#book, route: "POST /v1/told", key: `${this.#told}`, fingerprint: "f" };
    await this.#idempotency.once(
      once,
      () => 29_000,
      async () => told,
    );
  }
}

/** The answers that are kept, and say what the books do not: a subject each, and what it was answered as. */
export async function untrueAnswers(
  client: DynamoDBClient,
  book: Book,
  stores: ReturnType<typeof storesOf>,
): Promise<string[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: "idempotency" }));
  const answers = Items.map((item) => unmarshall(item)).filter(({ pk }) => pk.startsWith(`${book}#`));
  const untrue: string[] = [];
  for (const { data } of answers) {
    const { id, state, resolution } = JSON.parse(data.json);
    const version = Number((data.headers?.etag ?? "").replaceAll('"', ""));
    if (!(await isSo(id, version, resolution))) untrue.push(`${id} ${state}`);
  }
  return untrue;

  async function isSo(id: string, version: number, resolution: unknown): Promise<boolean> {
    if (id.startsWith("pay_"))
      return ((await stores.payments.get(book, id as Payment["id"]))?.version ?? 0) >= version;
    if (id.startsWith("re_"))
      return ((await stores.refunds.get(book, id as Refund["id"]))?.version ?? 0) >= version;
    const records = await stores.journal.find(book, [id as EntryId]);
    const types = records.filter((record) => entryIdOf(record) === id).map(({ type }) => type);
    return types.includes("entry") && (resolution === undefined || types.includes("resolution"));
  }
}
