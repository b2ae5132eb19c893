import { type DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import { entryIdOf } from "#core/ledger/journal.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Refund } from "#core/payments/refund.ts";
import { paymentView, refundView } from "#core/payments/view.ts";
import type { StoredBook } from "#core/proof/proof.ts";
import { type Answer, answer } from "#functions/api/http/answer.ts";
import { tagOf } from "#functions/api/http/precondition.ts";
import { Idempotency } from "#functions/api/idempotency.ts";

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

/** The answers that are kept, and say what the books do not: of what, and as what it was answered. */
export async function untrueAnswers(client: DynamoDBClient, books: StoredBook): Promise<string[]> {
  const versions = new Map<string, number>(
    [...books.payments, ...books.refunds].map(({ id, version }) => [id, version]),
  );
  const records = new Set(books.journal.map((record) => `${entryIdOf(record)} ${record.type}`));
  const { Items = [] } = await client.send(new ScanCommand({ TableName: "idempotency" }));
  return Items.map((item) => unmarshall(item))
    .filter(({ pk }) => pk.startsWith(`${books.book}#`))
    .map(({ data }) => ({ tag: data.headers?.etag ?? "", shown: JSON.parse(data.json) }))
    .filter(({ tag, shown: { id, object, resolution } }) =>
      object === "ledger_entry"
        ? !records.has(`${id} entry`) || (resolution !== undefined && !records.has(`${id} resolution`))
        : (versions.get(id) ?? 0) < Number(tag.replaceAll('"', "")),
    )
    .map(({ shown: { id, state } }) => `${id} ${state}`);
}
