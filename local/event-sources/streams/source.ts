/** A record of a stream, ready to be handed to a function. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  /** Records with the same one are invoked in their order. */
  readonly orderKey: string;
  /** Epoch milliseconds. */
  readonly arrivedAtMs: number;
  /** The element of `Records`, as JSON text. */
  readonly text: string;
  /** What filters look at. */
  readonly filterView: () => unknown;
}

/** JSON text of the list of records. */
export function recordsText(records: readonly StreamRecord[]): string {
  return `[${records.map(({ text }) => text).join(",")}]`;
}

export interface Shard {
  readonly shardId: string;
  /** Shards whose records come first. */
  readonly parentIds: readonly string[];
}

export type ShardPosition =
  | { readonly at: "TRIM_HORIZON" | "LATEST" }
  | { readonly at: "AT_TIMESTAMP"; readonly timestampMs: number }
  | { readonly at: "AFTER_SEQUENCE_NUMBER"; readonly sequenceNumber: string };

export interface StreamPage {
  readonly records: readonly StreamRecord[];
  /** Where to read on; undefined once the shard has ended. */
  readonly next: string | undefined;
  /** Others have used up what the shard gives in a second: what there is, is still to be read. */
  readonly refused?: true;
}

/** A stream of any kind, as its emulator serves it. */
export interface StreamSource {
  /** `incarnation` changes when the stream is made anew under the same name: old checkpoints mean nothing then. */
  describe(): Promise<{ readonly incarnation: string; readonly shards: readonly Shard[] }>;
  /** @throws TrimmedPosition when the stream has no record of that position any more. */
  open(shardId: string, position: ShardPosition): Promise<string>;
  /** `iterator`: what `open` or the previous page gave. */
  read(shardId: string, iterator: string): Promise<StreamPage>;
  /** Longest wait between reads of a shard that brings nothing, in milliseconds. */
  readonly idleMsMax: number;
  /** Shortest time between two reads of a shard, whatever they bring, in milliseconds. */
  readonly readMsMin: number;
}

/** A checkpoint is older than what the stream still has. */
export class TrimmedPosition extends Error {
  override readonly name = "TrimmedPosition";
}

/** All pages of a list, `pagesMax` at most. `load` is given what the page before said of the next. */
export async function pagesOf<Page>(
  load: (next: string | undefined) => Promise<Page>,
  nextOf: (page: Page) => string | undefined,
  pagesMax: number,
): Promise<readonly Page[]> {
  const pages: Page[] = [];
  let next: string | undefined;
  do {
    const page: Page = await load(next);
    pages.push(page);
    next = nextOf(page);
  } while (next !== undefined && pages.length < pagesMax);
  return pages;
}
