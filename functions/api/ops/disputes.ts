import { z } from "zod";
import type { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import type { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import type { Dispute } from "#core/disputes/dispute.ts";
import { isOver } from "#core/disputes/states.ts";
import { disputeView } from "#core/disputes/view.ts";
import type { Book } from "#core/ledger/account.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import { type Answer, found } from "../http/answer.ts";
import { cursorOf, positionOf } from "../http/cursor.ts";
import { Problem } from "../http/problem.ts";
import { limit, readQuery } from "../http/query.ts";
import { type ApiRequest, requireOperator } from "../http/request.ts";

export interface DisputeListPorts {
  readonly disputes: Pick<DisputeStore, "list">;
  readonly merchants: Pick<MerchantStore, "ids">;
}

const listQuery = z.strictObject({
  limit,
  cursor: z.string().max(200).optional(),
  merchant: z.string().optional(),
  state: z.enum(["open", "ended", "all"]).default("open"),
});

/** Most merchants have no disputes: so many are looked at for one page at most, and `next_cursor` goes on behind them. */
const booksOfPageMax = 20;

/** How far a list over all merchants has come: of one, or where the next begins. */
interface Place {
  readonly book: Book;
  /** In the merchant's own list; absent at its beginning. */
  readonly before?: string;
}

/**
 * `GET /v1/ops/disputes`: those of one merchant, or of all, merchant by merchant; newest first of each. A page is filtered by
 * `state` after it was read: it may be short, or empty, and `next_cursor` still goes on. What merchants wrote is not shown.
 */
export function listAllDisputes({ disputes, merchants }: DisputeListPorts) {
  return async (request: ApiRequest): Promise<Answer> => {
    requireOperator(request, "ops.read", "ops.write");
    const { limit: pageSize, cursor, merchant, state } = readQuery(request, listQuery);
    const books = await booksOf(merchants, merchant);
    const scope = `disputes of ${merchant ?? "all"}`;
    let place = cursor === undefined ? beginOf(books) : parsePlace(positionOf(scope, cursor));
    const read: Dispute[] = [];
    for (let looked = 0; place !== undefined && looked < booksOfPageMax; looked += 1) {
      if (read.length === pageSize) break;
      const { book, before }: Place = place;
      const page = await disputes.list(book, {
        limit: pageSize - read.length,
        ...(before === undefined ? {} : { before }),
      });
      read.push(...page.disputes);
      place = page.next === undefined ? behind(books, book) : { book, before: page.next };
    }
    const shown = read.filter((dispute) => state === "all" || isOver(dispute.state) === (state === "ended"));
    return found({
      object: "list",
      data: shown.map((dispute) => ({
        merchant: dispute.book,
        ...disputeView(dispute),
        reference: dispute.reference,
      })),
      next_cursor: place === undefined ? null : cursorOf(scope, textOf(place)),
    });
  };
}

/** In an order that stays, so that a cursor finds its way. @throws Problem for a merchant that is none, or is not there. */
async function booksOf(
  merchants: DisputeListPorts["merchants"],
  named: string | undefined,
): Promise<readonly Book[]> {
  const all = (await merchants.ids()).toSorted();
  if (named === undefined) return all;
  const book = parseMerchantId(named);
  if (book === undefined)
    throw new Problem("malformed_query", {
      errors: [
        { parameter: "merchant", code: "wrong_format", detail: "A merchant is named as mer_… everywhere." },
      ],
    });
  if (!all.includes(book)) throw new Problem("not_found");
  return [book];
}

const beginOf = ([book]: readonly Book[]): Place | undefined => (book === undefined ? undefined : { book });

/** A merchant that came meanwhile is met too, where it stands behind. */
const behind = (books: readonly Book[], book: Book): Place | undefined =>
  beginOf(books.filter((other) => other > book));

const textOf = ({ book, before }: Place): string => (before === undefined ? book : `${book} ${before}`);

function parsePlace(text: string): Place {
  const [book = "", before] = text.split(" ");
  return { book: book as Book, ...(before === undefined ? {} : { before }) };
}
