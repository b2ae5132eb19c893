import type { Book } from "#core/ledger/account.ts";

export interface Sweep<Due> {
  /** Pages of what is due of a book. */
  readonly due: (book: Book) => AsyncGenerator<readonly Due[]>;
  /** Never throws: one that cannot be ended now does not keep the others. */
  readonly end: (book: Book, due: Due) => Promise<void>;
  /** Whether there is time for one more. */
  readonly mayGoOn: () => boolean;
  /** A book could not be read, or not to its end. */
  readonly failed: (book: Book, error: unknown) => void;
  /** 0 … 1, without 1. */
  readonly random: () => number;
}

/**
 * Ends what is due until nothing is left or time is up. Fair between books: a page of each before the next page of any, and
 * first comes now this book and now that one, for where time is up before each had its page.
 * @throws Error at the end when a book could not be read, for whoever watches the function.
 */
export async function sweep<Due>(books: readonly Book[], options: Sweep<Due>): Promise<void> {
  const { due, end, mayGoOn, failed, random } = options;
  const unread: Book[] = [];
  const start = Math.floor(random() * books.length);
  let open = [...books.slice(start), ...books.slice(0, start)].map((book) => ({ book, pages: due(book) }));
  while (open.length > 0 && mayGoOn()) {
    const further: typeof open = [];
    for (const each of open) {
      if (!mayGoOn()) break;
      try {
        const page = await each.pages.next();
        if (page.done === true) continue;
        further.push(each);
        for (const item of page.value) if (mayGoOn()) await end(each.book, item);
      } catch (error) {
        unread.push(each.book);
        failed(each.book, error);
      }
    }
    open = further;
  }
  if (unread.length > 0) throw new Error(`the sweep could not read ${unread.join(", ")}`);
}
