import { currencyOfLine, type FoldLine, type ShardFold } from "#core/ledger/shard-fold.ts";
import type { Key } from "./keys.ts";

/** Debits posted and pending, credits posted and pending, in minor units. */
type CountersItem = readonly [number | bigint, number | bigint, number | bigint, number | bigint];

export interface FoldItem extends Key {
  readonly watermark: string;
  readonly records: number;
  readonly newest_at: number;
  readonly counted_before?: number;
  /** By line. System accounts lie under `:<code>…`: the key says whose they are. */
  readonly lines: Readonly<Record<string, CountersItem>>;
}

export function foldItem(key: Key, fold: ShardFold): FoldItem {
  const book = bookIn(key);
  const lines = [...fold.lines].map(([line, counters]): [string, CountersItem] => [
    line.startsWith(`${book}:`) ? line.slice(book.length) : line,
    [counters.debitsPosted, counters.debitsPending, counters.creditsPosted, counters.creditsPending],
  ]);
  return {
    ...key,
    watermark: fold.watermark,
    records: fold.records,
    newest_at: fold.newestAt,
    ...(fold.countedBefore === undefined ? {} : { counted_before: fold.countedBefore }),
    lines: Object.fromEntries(lines),
  };
}

export function shardFold(item: FoldItem): ShardFold {
  const book = bookIn(item);
  const lines = Object.entries(item.lines).map(([name, counters]) => {
    const line = (name.startsWith(":") ? `${book}${name}` : name) as FoldLine;
    const [debitsPosted, debitsPending, creditsPosted, creditsPending] = counters;
    return [
      line,
      {
        currency: currencyOfLine(line),
        debitsPosted: BigInt(debitsPosted),
        debitsPending: BigInt(debitsPending),
        creditsPosted: BigInt(creditsPosted),
        creditsPending: BigInt(creditsPending),
      },
    ] as const;
  });
  return {
    watermark: item.watermark,
    records: item.records,
    newestAt: item.newest_at,
    ...(item.counted_before === undefined ? {} : { countedBefore: item.counted_before }),
    lines: new Map(lines),
  };
}

const bookIn = ({ pk }: Key): string => pk.slice(0, pk.indexOf("#"));
